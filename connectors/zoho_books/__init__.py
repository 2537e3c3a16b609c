"""Zoho Books, API version 3."""

import importlib
import pkgutil
from collections.abc import Mapping

from connectors.kit.connector import Connector
from connectors.kit.resource import Resource
from connectors.zoho_books.auth import OAUTH
from connectors.zoho_books.budget import BUDGET
from connectors.zoho_books.faults import is_good, judge
from connectors.zoho_books.guard import GUARD
from connectors.zoho_books.hooks import HOOKS
from connectors.zoho_books.native import NATIVE
from connectors.zoho_books.organizations import consenter, organizations
from connectors.zoho_books.upserting import UPSERT
from unified_models import MODELS


def _resources() -> Mapping[tuple[str, str], Resource]:
    """Every file named as a unified resource, by that resource's key."""
    files = {module.name for module in pkgutil.iter_modules(__path__)}
    return {
        key: importlib.import_module(f"{__name__}.{key[1]}").RESOURCE for key in MODELS if key[1] in files
    }


CONNECTOR = Connector(
    name="zoho_books",
    slug="zohobooks",
    aliases=("zoho_books", "zoho-books"),
    label="Zoho Books",
    settings_prefix="ZOHO_BOOKS",
    auth=OAUTH,
    budget=BUDGET,
    judge=judge,
    is_good=is_good,
    organizations=organizations,
    consenter=consenter,
    native=NATIVE,
    resources=_resources(),
    guard=GUARD,
    upsert=UPSERT,
    hooks=HOOKS,
)
