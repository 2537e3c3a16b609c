"""The commands of `ledgerway` that belong to no single room."""
