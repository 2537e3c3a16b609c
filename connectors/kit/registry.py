"""Finds connectors: every folder beside `kit` whose package offers a `CONNECTOR`."""

import importlib
import pkgutil
from functools import cache

import connectors
from connectors.kit.connector import Connector


@cache
def load() -> tuple[Connector, ...]:
    """Every connector installed, by folder name. A folder without `CONNECTOR` is a fault of the build."""
    names = sorted(
        found.name
        for found in pkgutil.iter_modules(connectors.__path__)
        if found.ispkg and found.name != "kit"
    )
    return tuple(importlib.import_module(f"connectors.{name}").CONNECTOR for name in names)
