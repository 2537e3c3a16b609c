"""What happens while somebody pages through a list: rows come and go, and change."""

import json
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

from .books import Call
from .faults import Fault
from .front import PREFIX
from .journal import Entry
from .people import Organization
from .wire import Received, Reply
from .world import World

_numbers = count(1)


def drift(world: World, call: Received, entry: Entry, fault: Fault, reply: Reply) -> None:
    """Change the list just answered, if that is the fault. The changes pass no journal and no limits."""
    act = {"insert_rows": _insert, "delete_rows": _delete, "meanwhile": _meanwhile}.get(fault.kind)
    organization = world.organization_at(call.location, entry.organization_id)
    if act is None or organization is None or reply.status != 200:
        return
    path = PREFIX.sub("", call.path).rstrip("/")
    act(organization, path, fault, json.loads(reply.content))


def _insert(organization: Organization, path: str, fault: Fault, page: Mapping[str, Any]) -> None:
    for _ in range(int(fault.number("count", 1))):
        body = fault.options.get("body") or NEW_ROWS[path](organization, next(_numbers))
        created = organization.books.handle(Call("POST", path, body=body))
        if created.status != 201:
            raise ValueError(f"no row could be made at {path}: {created.body}")


def _delete(organization: Organization, path: str, fault: Fault, page: Mapping[str, Any]) -> None:
    rows: list[dict[str, Any]] = next((value for value in page.values() if isinstance(value, list)), [])
    left = int(fault.number("count", 1))
    for row in rows:
        if left == 0:
            return
        row_id = next(value for key, value in row.items() if key == ID_KEYS[path])
        left -= organization.books.handle(Call("DELETE", f"{path}/{row_id}")).status == 200


def _meanwhile(organization: Organization, _: str, fault: Fault, __: Mapping[str, Any]) -> None:
    late = fault.number("late", 0)
    for told in fault.options["calls"]:
        organization.books.act(Call(told["method"], told["path"], body=told.get("body")), late)


def _first(organization: Organization, path: str, key: str) -> str:
    answer = organization.books.handle(Call("GET", path, (("per_page", "1"),)))
    rows = (answer.body or {}).get(path.rpartition("/")[2]) or [{}]
    return str(rows[0].get(key, ""))


def _contact(_: Organization, number: int) -> dict[str, Any]:
    return {"contact_name": f"Drifted contact {number}"}


def _item(_: Organization, number: int) -> dict[str, Any]:
    return {"name": f"Drifted item {number}", "rate": 10}


def _invoice(organization: Organization, number: int) -> dict[str, Any]:
    line = {"name": f"Drifted line {number}", "rate": 10, "quantity": 1}
    return {"customer_id": _first(organization, "/contacts", "contact_id"), "line_items": [line]}


def _account(_: Organization, number: int) -> dict[str, Any]:
    return {"account_name": f"Drifted account {number}", "account_type": "expense"}


def _tax(_: Organization, number: int) -> dict[str, Any]:
    return {"tax_name": f"Drifted tax {number}", "tax_percentage": 5}


def _payment(organization: Organization, number: int) -> dict[str, Any]:
    customer = _first(organization, "/contacts", "contact_id")
    return {"customer_id": customer, "payment_mode": "cash", "amount": 10, "date": "2026-01-15"}


NEW_ROWS: Mapping[str, Callable[[Organization, int], dict[str, Any]]] = {
    "/contacts": _contact,
    "/items": _item,
    "/invoices": _invoice,
    "/chartofaccounts": _account,
    "/settings/taxes": _tax,
    "/customerpayments": _payment,
}

ID_KEYS: Mapping[str, str] = {
    "/contacts": "contact_id",
    "/items": "item_id",
    "/invoices": "invoice_id",
    "/chartofaccounts": "account_id",
    "/settings/taxes": "tax_id",
    "/customerpayments": "payment_id",
    "/settings/currencies": "currency_id",
    "/users": "user_id",
}
