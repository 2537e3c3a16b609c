"""Zoho Books, API version 3."""

from collections.abc import Mapping

from connectors.kit.connector import Connector
from connectors.kit.resource import Resource
from connectors.zoho_books.auth import OAUTH
from connectors.zoho_books.budget import BUDGET
from connectors.zoho_books.faults import judge
from connectors.zoho_books.native import NATIVE
from connectors.zoho_books.organizations import organizations

RESOURCES: Mapping[tuple[str, str], Resource] = {}

CONNECTOR = Connector(
    name="zoho_books",
    slug="zohobooks",
    aliases=("zoho_books", "zoho-books"),
    label="Zoho Books",
    settings_prefix="ZOHO_BOOKS",
    auth=OAUTH,
    budget=BUDGET,
    judge=judge,
    organizations=organizations,
    native=NATIVE,
    resources=RESOURCES,
)
