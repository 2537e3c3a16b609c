"""What things are: the unified records, one file per resource, named as the resource is in the URL."""

import importlib
import inspect
import pkgutil
from collections.abc import Mapping
from types import MappingProxyType

from unified_models.record import Record as Record


def _find() -> Mapping[tuple[str, str], type[Record]]:
    """A file is a resource when it defines exactly one record that no other record extends from elsewhere."""
    found: dict[tuple[str, str], type[Record]] = {}
    for module in pkgutil.iter_modules(__path__):
        content = importlib.import_module(f"{__name__}.{module.name}")
        records = [
            item
            for _, item in inspect.getmembers(content, inspect.isclass)
            if issubclass(item, Record) and item.__module__ == content.__name__
        ]
        if module.name not in _SHARED and len(records) == 1:
            found[records[0].MODEL, module.name] = records[0]
    return MappingProxyType(found)


_SHARED = frozenset({"record", "documents"})
"""Files whose record is only extended."""

MODELS = _find()
"""(model, resource) → the record class: ("accounting", "invoices"), ("user-directory", "users")."""
