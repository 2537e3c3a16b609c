"""Numbers as text, booleans as 1 and 0: what Zoho spells otherwise now and then reads the same."""

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connectors.kit.resource import Resource
from connectors.zoho_books import accounts, contacts, currencies, invoices, items, payments
from connectors.zoho_books.organizations import organization
from tests.support.scripted import CONTEXT

RECORDED: dict[str, tuple[Resource, str]] = {
    "chartofaccounts": (accounts.RESOURCE, "chart_of_account"),
    "contacts": (contacts.RESOURCE, "contact"),
    "customerpayments": (payments.RESOURCE, "payment"),
    "invoices": (invoices.RESOURCE, "invoice"),
    "items": (items.RESOURCE, "item"),
}


def spelled(native: Any, spell: Callable[[Any], Any]) -> Any:
    if isinstance(native, dict):
        return {name: spelled(value, spell) for name, value in native.items()}
    if isinstance(native, list):
        return [spelled(value, spell) for value in native]
    return spell(native)


def number_as_text(value: Any) -> Any:
    return str(value) if isinstance(value, int | Decimal) and not isinstance(value, bool) else value


def flag_as_number(value: Any) -> Any:
    return int(value) if isinstance(value, bool) else value


def flag_as_text(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


def blank_as_null(value: Any) -> Any:
    return None if value == "" else value


SPELLINGS = [number_as_text, flag_as_number, flag_as_text, blank_as_null]


def recorded(specs: Path, name: str) -> Any:
    text = (specs / "zoho-books-recordings" / f"{name}.json").read_text()
    return json.loads(text, parse_float=Decimal)["response"]["body"]


def told(resource: Resource, native: Any, *, detail: bool) -> Any:
    answer = resource.read(native, CONTEXT, detail=detail)
    assert answer.issues == []
    return {name: value for name, value in answer.record.items() if name not in ("remote_data", "etag")}


@pytest.mark.parametrize("spell", SPELLINGS)
@pytest.mark.parametrize("name", RECORDED)
def test_single_records(specs: Path, name: str, spell: Callable[[Any], Any]) -> None:
    resource, one = RECORDED[name]
    native = recorded(specs, f"{name}.get.1")[one]
    assert told(resource, spelled(native, spell), detail=True) == told(resource, native, detail=True)


@pytest.mark.parametrize("spell", SPELLINGS)
@pytest.mark.parametrize("name", RECORDED)
def test_list_rows(specs: Path, name: str, spell: Callable[[Any], Any]) -> None:
    resource, _ = RECORDED[name]
    rows = recorded(specs, f"{name}.list.1")[name]
    assert rows
    for row in rows:
        assert told(resource, spelled(row, spell), detail=False) == told(resource, row, detail=False)


@pytest.mark.parametrize("spell", SPELLINGS)
def test_currencies_and_organisations(specs: Path, spell: Callable[[Any], Any]) -> None:
    for row in recorded(specs, "currencies.list.1")["currencies"]:
        found = told(currencies.RESOURCE, spelled(row, spell), detail=False)
        assert found == told(currencies.RESOURCE, row, detail=False)
    (row,) = recorded(specs, "organizations.list.1")["organizations"]
    found, plain = organization(spelled(row, spell)), organization(row)
    assert found is not None and plain is not None
    assert (found.id, found.is_default, found.plan) == (plain.id, True, plain.plan)


@pytest.mark.parametrize("off", [False, 0, "0", "false"])
def test_an_organisation_that_is_switched_off_is_left_out(off: Any) -> None:
    assert organization({"organization_id": "1", "is_org_active": off}) is None
