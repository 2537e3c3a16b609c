"""The control total of a new document: reckoned before anything is sent, as far as Zoho's defaults are known."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from connectors.kit.codec import MONEY, flag
from connectors.kit.faults import Fault, FieldError, Rejected
from connectors.kit.flows import Draft
from connectors.kit.http import Flow, Request
from connectors.kit.operations import Record
from connectors.kit.paging import rows_of
from connectors.kit.resolving import rows_by
from connectors.kit.totals import Line, Rate, Terms, reckon
from connectors.zoho_books.lookups import TAXES

ZERO_DECIMALS = frozenset(
    (
        "BIF",
        "CLP",
        "DJF",
        "GNF",
        "ISK",
        "JPY",
        "KMF",
        "KRW",
        "PYG",
        "RWF",
        "UGX",
        "VND",
        "VUV",
        "XAF",
        "XOF",
        "XPF",
    )
)
THREE_DECIMALS = frozenset(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"))

Taxes = Mapping[str, tuple[Rate, ...]]


@dataclass(frozen=True, slots=True)
class Reckoned:
    """What a kind of document is reckoned by: the native key of its contact, and, where the organisation may
    round totals to whole units, the (path, list, object) of documents that tell whether it does."""

    party: str
    rounded: tuple[str, str, str] | None = None


def places_of(currency: str | None) -> int:
    """The decimals of a currency."""
    return 0 if currency in ZERO_DECIMALS else 3 if currency in THREE_DECIMALS else 2


def check_total(draft: Draft, kind: Reckoned) -> Flow[None]:
    """Raises Rejected(total_mismatch) on a difference no default of Zoho's can explain.

    Reads nothing while the figures agree and no tax is named; only a difference is worth more calls.
    """
    wanted = draft.body.get("total_amount")
    lines: list[tuple[Record, Mapping[str, Any]]] = [
        (line, native)
        for line, native in zip(
            draft.body.get("line_items") or [], draft.native.get("line_items") or [], strict=True
        )
        if line.get("type") != "heading"
    ]
    if wanted is None or any(native.get("rate") in (None, "") for _, native in lines):
        return
    taxes: Taxes = {}
    if any(_named_taxes(draft, lines)):
        taxes = yield from taxes_of(frozenset(_named_taxes(draft, lines)))
        if any(id not in taxes for id in _named_taxes(draft, lines)):
            return
    places = places_of(draft.body.get("currency") or draft.ctx.currency)
    expected = _expected(draft, lines, taxes, places)
    if wanted in expected:
        return
    if not draft.body.get("currency") or any("tax_rate" not in line for line, _ in lines):
        told = yield from _defaults(draft, lines, kind.party)
        if told is None:
            return
        expected = _expected(draft, lines, taxes, told if not draft.body.get("currency") else places)
    if wanted in expected or (yield from _is_rounded(wanted, expected[0], kind.rounded)):
        return
    detail = f"the lines come to {expected[0]:f}, total_amount says {wanted:f}"
    raise Rejected(FieldError("total_mismatch", "/total_amount", detail))


def _named_taxes(draft: Draft, lines: Sequence[tuple[Record, Mapping[str, Any]]]) -> Iterator[str]:
    ids = [native.get("tax_id") for _, native in lines] + [draft.native.get("shipping_charge_tax_id")]
    return (id for id in ids if id)


def _expected(
    draft: Draft, lines: Sequence[tuple[Record, Mapping[str, Any]]], taxes: Taxes, places: int
) -> list[Decimal]:
    """The total, with taxes rounded over the document or per line: the organisation's choice is not told."""
    body = draft.body
    reckoned = [
        Line(
            quantity=Decimal(1) if line.get("quantity") is None else line["quantity"],
            price=native["rate"],
            discount_percentage=line.get("discount_percentage"),
            discount_amount=line.get("discount_amount"),
            taxes=taxes.get(native.get("tax_id") or "", ()),
        )
        for line, native in lines
    ]
    return [
        reckon(
            reckoned,
            Terms(
                places=places,
                inclusive=bool(body.get("tax_inclusive")),
                discount_percentage=body.get("discount_percentage"),
                discount_amount=body.get("discount_amount"),
                discount_before_tax=body.get("discount_before_tax") is not False,
                shipping=body.get("shipping_amount") or Decimal(0),
                shipping_taxes=taxes.get(draft.native.get("shipping_charge_tax_id") or "", ()),
                adjustment=body.get("adjustment_amount") or Decimal(0),
                per_line=per_line,
            ),
        ).total
        for per_line in _roundings(body)
    ]


def _roundings(body: Record) -> tuple[bool, ...]:
    """Whether taxes are rounded line by line, where the body says so; else both ways are possible."""
    said = (body.get("remote_data") or {}).get("tax_rounding")
    return {"entity_level": (False,), "item_level": (True,)}.get(str(said), (False, True))


def _is_rounded(wanted: Decimal, expected: Decimal, told: tuple[str, str, str] | None) -> Flow[bool]:
    """Whether the organisation may round its totals to whole units; only its documents tell."""
    if told is None or wanted != wanted.to_integral_value() or abs(wanted - expected) >= 1:
        return False
    newest = (("page", "1"), ("per_page", "1"), ("sort_column", "created_time"), ("sort_order", "D"))
    path, many, one = told
    listed = yield Request("GET", path, newest, step="read how totals are rounded", fresh_for=300)
    rows = rows_of(listed.body, many)
    if not rows:
        return True
    latest = yield from peek(f"{path}/{rows[0].get(f'{one}_id')}", one, f"the latest {one}")
    return latest is None or latest.get("transaction_rounding_type") not in (None, "", "no_rounding")


def taxes_of(wanted: frozenset[str]) -> Flow[Taxes]:
    """Tax id → its simple taxes; a group's stand in a record of its own."""
    rows = yield from rows_by(TAXES, None, "")
    found: dict[str, tuple[Rate, ...]] = {}
    for row in rows:
        id = str(row.get("tax_id"))
        if id not in wanted or row.get("tax_percentage") in (None, ""):
            continue
        if row.get("tax_type") != "tax_group":
            found[id] = (_rate(row),)
            continue
        group = yield from peek(f"/settings/taxgroups/{id}", "tax_group", "the group")
        if group is not None:
            found[id] = tuple(_rate(each) for each in group.get("taxes") or [])
    return found


def _rate(row: Mapping[str, Any]) -> Rate:
    percentage = MONEY.read(row["tax_percentage"]) or Decimal(0)
    return Rate(str(row["tax_id"]), percentage, row.get("tax_type") == "compound_tax")


def _defaults(
    draft: Draft, lines: Sequence[tuple[Record, Mapping[str, Any]]], party: str
) -> Flow[int | None]:
    """The places of the contact's currency, or None where Zoho may add a tax of its own choice."""
    untaxed = [native for line, native in lines if "tax_rate" not in line]
    contact = yield from peek(f"/contacts/{draft.native.get(party)}", "contact", "the contact")
    if contact is None or (untaxed and contact.get("tax_id")):
        return None
    for id in dict.fromkeys(native.get("item_id") for native in untaxed):
        if id:
            item = yield from peek(f"/items/{id}", "item", "the item")
            if item is None or item.get("tax_id") or item.get("item_tax_preferences"):
                return None
    if untaxed:
        rows = yield from rows_by(TAXES, None, "")
        if any(flag(row.get("is_default_tax")) for row in rows):
            return None
    precision = contact.get("price_precision")
    return precision if isinstance(precision, int) else places_of(contact.get("currency_code"))


def peek(path: str, one: str, noun: str) -> Flow[Any]:
    try:
        reply = yield Request("GET", path, step=f"read what tax {noun} brings", fresh_for=60)
    except Fault:
        return None
    found = reply.body.get(one) if isinstance(reply.body, dict) else None
    return found if isinstance(found, dict) else None
