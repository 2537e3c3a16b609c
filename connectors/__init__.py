"""Where providers keep things. `load` finds the connectors; nobody imports one by name."""

from connectors.kit.connector import Connector as Connector
from connectors.kit.registry import load as load
