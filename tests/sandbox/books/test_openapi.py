"""What we claim exists is in the published specification: methods, paths, scopes, parameters."""

import re
from pathlib import Path
from typing import Any

import pytest

from sandbox.books import (
    accounts,
    bank_accounts,
    bank_transactions,
    bills,
    contacts,
    credit_notes,
    estimates,
    expenses,
    invoices,
    items,
    journals,
    payments,
    projects,
    purchase_orders,
    sales_receipts,
    salesorders,
    vendor_credits,
    vendor_payments,
)
from sandbox.books.resource import Route
from sandbox.books.routes import ROUTES
from tests.support.specification import Operation, Specification

OUTSIDE = {
    "GET /settings/preferences/customfields",  # used by clients, in no specification
    "GET /chartofaccounts/transactions",  # seen live
}
FILE = re.compile(r"/attachment$|/documents/{}$")  # every document has them, whoever names them
SUFFIX = re.compile(
    r"_(startswith|contains|start|end|before|after|less_than|less_equals|greater_than|greater_equals)$"
)


@pytest.fixture(scope="module")
def operations(specs: Path) -> dict[str, list[Operation]]:
    """By "METHOD /path/{}", as every file has them."""
    return Specification(specs / "zoho-books-openapi").operations


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.pattern}")
def test_routes(operations: dict[str, list[Operation]], route: Route) -> None:
    key = f"{route.method} {route.pattern}"
    if (
        key in OUTSIDE
        or "/settings/tags" in key
        or "/reports/" in key
        or "/settings/webhooks" in key  # published later than these files
        or "/settings/workflows" in key
        or (key not in operations and FILE.search(key))
    ):
        return
    assert key in operations
    assert any(f"ZohoBooks.{route.scope}" in each.scopes for each in operations[key])


@pytest.mark.parametrize(
    "module",
    [
        contacts,
        items,
        invoices,
        payments,
        accounts,
        bills,
        vendor_payments,
        vendor_credits,
        purchase_orders,
        credit_notes,
        estimates,
        salesorders,
        sales_receipts,
        expenses,
        journals,
        projects,
        bank_accounts,
        bank_transactions,
    ],
    ids=lambda one: one.__name__,
)
def test_filters_and_sort_columns(operations: dict[str, list[Operation]], module: Any) -> None:
    listing = module.RESOURCE.listing
    known = {each.name: each for one in operations[f"GET {module.RESOURCE.path}"] for each in one.query}
    bases = {SUFFIX.sub("", name) for name in known}
    for name in listing.filters:
        assert name in known or SUFFIX.sub("", name) in bases, name
    sorts = f"{known['sort_column'].description} {known['sort_column'].schema.get('enum', '')}"
    if "Allowed" in sorts:
        assert set(listing.sorts) <= set(re.findall(r"\w+", sorts))
    if listing.filter_by and "filter_by" in known and "Allowed" in known["filter_by"].description:
        named = set(re.findall(r"\.(\w+)", known["filter_by"].description))
        assert named - {"All", "Allowed"} <= set(listing.filter_by)
