"""A resource that joins two collections, from the query string down."""

from typing import Any

import pytest

from app.core.errors import Problem
from app.unified.changes import side_of
from app.unified.query import Query
from connectors.zoho_books import CONNECTOR

INVOICES = CONNECTOR.resources["accounting", "invoices"]
CONTACTS = CONNECTOR.resources["accounting", "contacts"]
BILLS = CONNECTOR.resources["accounting", "bills"]


@pytest.mark.parametrize(
    ("resource", "query", "side"),
    [
        (INVOICES, "", None),
        (INVOICES, "type=invoice", "invoice"),
        (INVOICES, "type=bill", "bill"),
        (BILLS, "type=bill", None),
        (BILLS, "type=invoice", "invoice"),
        (CONTACTS, "type=bill", None),
    ],
)
def test_the_side_a_caller_names(resource: Any, query: str, side: str | None) -> None:
    assert side_of(resource, Query(query.encode())) == side


def test_there_is_no_third_side() -> None:
    with pytest.raises(Problem):
        side_of(INVOICES, Query(b"type=loan"))


def test_a_named_side_stands_for_the_resource() -> None:
    assert INVOICES.on("bill") is BILLS
    assert INVOICES.on(None) is INVOICES
    assert CONTACTS.on("bill") is CONTACTS
