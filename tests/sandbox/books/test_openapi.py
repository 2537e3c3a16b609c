"""What we claim exists is in the published specification: methods, paths, scopes, parameters."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

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

FILES = (
    "contacts",
    "contact-persons",
    "items",
    "invoices",
    "customer-payments",
    "chart-of-accounts",
    "taxes",
    "currency",
    "users",
    "estimates",
    "sales-order",
    "sales-receipt",
    "expenses",
    "journals",
    "bank-accounts",
    "bank-transactions",
    "projects",
    "reporting-tags",
    "locations",
    "transaction-locking",
    "bills",
    "vendor-payments",
    "vendor-credits",
    "purchase-order",
    "credit-notes",
)
OUTSIDE = {
    "GET /settings/preferences/customfields",  # used by clients, in no specification
    "GET /chartofaccounts/transactions",  # seen live
}
FILE = re.compile(r"/attachment$|/documents/{}$")  # every document has them, whoever names them
ID = re.compile(r"{[^}]+}|\(\\d\+\)")  # some paths are written as patterns
SUFFIX = re.compile(
    r"_(startswith|contains|start|end|before|after|less_than|less_equals|greater_than|greater_equals)$"
)


@pytest.fixture(scope="module")
def operations(specs: Path) -> dict[str, dict[str, Any]]:
    """By "METHOD /path/{}": the scopes and the query parameters."""
    found: dict[str, dict[str, Any]] = {}
    for name in FILES:
        document = yaml.load((specs / "zoho-books-openapi" / f"{name}.yml").read_text(), yaml.CSafeLoader)
        shared = document.get("components", {}).get("parameters", {})
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                if method not in ("get", "post", "put", "delete"):
                    continue
                key = f"{method.upper()} {ID.sub('{}', path)}"
                one = found.setdefault(key, {"scopes": set(), "parameters": {}})
                for each in operation.get("security", []):
                    one["scopes"] |= {scope for scopes in each.values() for scope in scopes}
                for each in operation.get("parameters", []):
                    each = shared[each["$ref"].rpartition("/")[2]] if "$ref" in each else each
                    if each["in"] == "query":
                        words = each.get("description", "")
                        if each["name"] == "sort_column":
                            words += str(each.get("schema", {}).get("enum", ""))
                        one["parameters"][each["name"]] = words
    return found


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.pattern}")
def test_routes(operations: dict[str, Any], route: Route) -> None:
    key = f"{route.method} {route.pattern}"
    if (
        key in OUTSIDE
        or "/settings/tags" in key
        or "/reports/" in key
        or (key not in operations and FILE.search(key))
    ):
        return
    assert key in operations
    assert f"ZohoBooks.{route.scope}" in operations[key]["scopes"]


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
def test_filters_and_sort_columns(operations: dict[str, Any], module: Any) -> None:
    listing = module.RESOURCE.listing
    known = operations[f"GET {module.RESOURCE.path}"]["parameters"]
    bases = {SUFFIX.sub("", name) for name in known}
    for name in listing.filters:
        assert name in known or SUFFIX.sub("", name) in bases, name
    sorts = known["sort_column"]
    if "Allowed" in sorts:
        assert set(listing.sorts) <= set(re.findall(r"\w+", sorts))
    if listing.filter_by and "filter_by" in known and "Allowed" in known["filter_by"]:
        named = set(re.findall(r"\.(\w+)", known["filter_by"]))
        assert named - {"All", "Allowed"} <= set(listing.filter_by)
