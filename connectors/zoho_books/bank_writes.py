"""How transactions on money accounts are written: which accounts the money goes between, and what it was for."""

from collections.abc import Mapping
from decimal import Decimal

from connectors.kit.faults import FieldError, Rejected
from connectors.kit.flows import Draft
from connectors.kit.http import Flow
from connectors.kit.mapping import Native
from connectors.kit.operations import Answer, Context, Record
from connectors.zoho_books import expenses
from connectors.zoho_books.bank_rows import BETWEEN, is_outflow, shaped
from connectors.zoho_books.settlement import peek

STEP = Decimal("0.005")

_SPENT = {
    "transaction_date": "transaction_date",
    "account": "account",
    "line_items": "line_items",
    "total_amount": "total_amount",
    "reference": "reference",
    "description": "memo",
    "currency": "currency",
    "exchange_rate": "exchange_rate",
    "custom_fields": "custom_fields",
    "tracking_categories": "tracking_categories",
    "remote_data": "remote_data",
}
"""Field of a transaction → field of the expense it is written as."""


def spend(body: Record, ctx: Context) -> Flow[Answer]:
    """Money spent is an expense, of the same total, its amounts with their tax."""
    if body.get("account_from") is not None:
        detail = "money spent leaves `account`; only a transfer has another account it comes from"
        raise Rejected(FieldError("unsupported_field", "/account_from", detail))
    if body.get("custom"):
        detail = "money spent is an expense, which has no mapped fields here; write its custom_fields"
        raise Rejected(FieldError("unsupported_field", "/custom", detail))
    if not body.get("line_items"):
        raise Rejected(FieldError("required", "/line_items", "say which account the money was spent on"))
    told = {to: body[name] for name, to in _SPENT.items() if name in body}
    told["tax_inclusive"] = True
    contact = body.get("contact")
    if contact is not None:
        told[(yield from side_of(contact, "vendor"))] = contact
    try:
        return (yield from expenses.RESOURCE.create(told, ctx))
    except Rejected as refusal:
        raise Rejected(*(_ours(error) for error in refusal.errors)) from None


def _ours(error: FieldError) -> FieldError:
    """What an expense refuses, in words of a transaction."""
    pointer = {"/memo": "/description", "/customer": "/contact"}.get(error.pointer, error.pointer)
    return FieldError(error.code, pointer, error.detail, error.allowed, error.did_you_mean)


def side_of(contact: Mapping[str, str | None], usual: str) -> Flow[str]:
    """The field of an expense a contact belongs in: `contact` (a vendor) or `customer`."""
    kind = contact.get("type")
    if kind is None and contact.get("id") is not None:
        found = yield from peek("/contacts", "contact", str(contact["id"]))
        kind = str((found or {}).get("contact_type") or "")
    return "customer" if (kind or usual) == "customer" else "contact"


def prepare(draft: Draft) -> Flow[None]:
    """Spells a transaction entered by hand. Raises Rejected."""
    native, body = draft.native, draft.body
    now = shaped(draft.current) if draft.current is not None else {}
    kind = str(native.get("transaction_type") or now.get("transaction_type") or "")
    own, source = native.pop("account_id", None), native.pop("from_account_id", None)
    lines: list[Native] = native.pop("line_items", None) or []
    if native.get("transaction_type") == "expense_refund" and (yield from _is_card(own)):
        kind = "refund"
    native["transaction_type"] = kind
    total = body.get("total_amount") or now.get("amount")
    native.update(sides(kind, own, source, lines, body, is_new=draft.current is None, out=is_outflow(now)))
    native.update(purpose(lines, body.get("line_items") or [], total))


def _is_card(account: str | None) -> Flow[bool]:
    """Zoho has another word for money that comes back to a card."""
    if not account:
        return False
    found = yield from peek("/bankaccounts", "bankaccount", account)
    return (found or {}).get("account_type") == "credit_card"


def sides(
    kind: str,
    own: str | None,
    source: str | None,
    lines: list[Native],
    body: Record,
    *,
    is_new: bool,
    out: bool = False,
) -> Native:
    """The accounts money goes between, as far as they are told. `out`: it leaves the money account."""
    between = kind in BETWEEN
    errors: list[FieldError] = []
    if between and lines:
        errors.append(
            FieldError("unsupported_field", "/line_items", "money moved between accounts is for nothing")
        )
    if between and is_new and not source:
        errors.append(FieldError("required", "/account_from", "say which account the money comes from"))
    if not between and source:
        detail = "only a transfer comes from another money account; say on a line what the money was for"
        errors.append(FieldError("unsupported_field", "/account_from", detail))
    if not between and len(lines) > 1:
        errors.append(FieldError("unsupported_field", "/line_items", "a transaction was for one thing"))
    if not between and is_new and (not lines or not lines[0].get("account_id")):
        at = "/line_items/0/account" if lines else "/line_items"
        errors.append(FieldError("required", at, "say which account the money was for"))
    if errors:
        raise Rejected(*errors)
    other = source if between else lines[0].get("account_id") if lines else None
    first, second = (own, other) if out and not between else (other, own)
    told = {"from_account_id": first, "to_account_id": second}
    return {name: id for name, id in told.items() if id is not None}


def purpose(lines: list[Native], given: list[Record], total: Decimal | None) -> Native:
    """What the one line says, as the transaction's own. Its amount, where it has one, is the whole."""
    if not lines:
        return {}
    line = dict(lines[0])
    told = [each for each in (line.pop("amount", None), line.pop("line_total", None)) if each is not None]
    if total is not None and any(abs(each - total) > STEP for each in told):
        name = "unit_price" if given[0].get("unit_price") is not None else "total_line_amount"
        detail = f"the line comes to {told[0]:f}, the transaction to {total:f}"
        raise Rejected(FieldError("total_mismatch", f"/line_items/0/{name}", detail))
    line.pop("account_id", None)
    if line.get("tax_id"):
        line["is_inclusive_tax"] = True
    return line
