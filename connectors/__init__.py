"""Where providers keep things. `kit.registry.load` finds the connectors; nobody imports one by name."""
