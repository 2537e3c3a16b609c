"""The control total of a new document: reckoned before anything is sent, as far as Zoho's defaults are known."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from connectors.kit.codec import MONEY, QUANTITY, flag
from connectors.kit.faults import Fault, FieldError, Rejected
from connectors.kit.flows import Draft
from connectors.kit.http import Flow, Request
from connectors.kit.mapping import Native
from connectors.kit.operations import Record
from connectors.kit.paging import object_of, rows_of
from connectors.kit.resolving import rows_by
from connectors.kit.totals import ONE, ZERO, Line, Rate, Terms, Totals, reckon
from connectors.zoho_books.codecs import percentage_of
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


@dataclass(frozen=True, slots=True)
class Whole:
    """A native document as it will stand: what is there, overlaid by what is written, without its headings."""

    native: Native
    lines: tuple[Native, ...]

    @property
    def taxes(self) -> frozenset[str]:
        """The taxes it names."""
        named = [line.get("tax_id") for line in self.lines]
        if self.native.get("shipping_charge"):
            named.append(self.native.get("shipping_charge_tax_id"))
        return frozenset(str(id) for id in named if id)

    @property
    def is_told(self) -> bool:
        """Whether every line has a price of its own."""
        return all(line.get("rate") not in (None, "") for line in self.lines)

    @property
    def is_taxed_by_default(self) -> bool:
        """Whether a line leaves its tax to Zoho."""
        return any("tax_id" not in line for line in self.lines)


def whole(draft: Draft) -> Whole:
    current = draft.current or {}
    present = {str(each.get("line_item_id")): each for each in current.get("line_items") or []}
    given: list[Native] = draft.native.get("line_items", current.get("line_items") or [])
    lines = ({**present.get(str(line.get("line_item_id")), {}), **line} for line in given)
    kept = tuple(line for line in lines if line.get("line_item_category") != "header")
    return Whole({**current, **draft.native}, kept)


def check_total(draft: Draft, kind: Reckoned) -> Flow[None]:
    """Raises Rejected(total_mismatch) on a difference no default of Zoho's can explain.

    Reads nothing while the figures agree and no tax is named; only a difference is worth more calls.
    """
    wanted, document = draft.body.get("total_amount"), whole(draft)
    if wanted is None or not document.is_told:
        return
    taxes = yield from taxes_of(document.taxes)
    if document.taxes - taxes.keys():
        return
    named = draft.body.get("currency")
    places = places_of(named or draft.ctx.currency)
    roundings = _roundings(draft.body)
    expected = _expected(document, taxes, places, roundings)
    if _is_among(wanted, expected):
        return
    if not named or document.is_taxed_by_default:
        told = yield from _defaults(document, kind.party)
        if told is None:
            return
        expected = _expected(document, taxes, places if named else told.places, roundings)
    if _is_among(wanted, expected) or (yield from _is_rounded(wanted, expected[0].total, kind.rounded)):
        return
    detail = f"the lines come to {expected[0].total:f}, total_amount says {wanted:f}"
    raise Rejected(FieldError("total_mismatch", "/total_amount", detail))


def show_totals(draft: Draft, kind: Reckoned) -> Flow[None]:
    """What the document will come to, for a preview: the figures, or why they cannot be told."""
    found = yield from _shown(draft, kind)
    draft.comes_to = {"totals": None, "totals_reason": found} if isinstance(found, str) else {"totals": found}


def _shown(draft: Draft, kind: Reckoned) -> Flow[Record | str]:
    document, currency = (
        whole(draft),
        draft.body.get("currency") or (draft.current or {}).get("currency_code"),
    )
    if not document.is_told:
        return "a line has no price of its own: it takes the item's"
    taxes = yield from taxes_of(document.taxes)
    if document.taxes - taxes.keys():
        return "the percentage of a tax is not told"
    places = (draft.current or {}).get("price_precision")
    if not currency or document.is_taxed_by_default:
        told = yield from _defaults(document, kind.party)
        if told is None:
            return "a line names no tax_rate, and one may be added to it by default"
        currency, places = currency or told.currency, places if currency else told.places
    places = places if isinstance(places, int) else places_of(currency)
    each = _expected(document, taxes, places, _roundings({**document.native, **draft.body}))
    if len(set(each)) > 1:
        return "it is not told whether taxes are rounded line by line or over the document"
    found = each[0]
    if found.total != found.total.to_integral_value() and kind.rounded is not None:
        latest = yield from _latest(kind.rounded)
        if _rounds(latest):
            return "the company rounds totals to whole units"
    return {
        "sub_total": found.sub_total,
        "discount_amount": found.discount,
        "shipping_amount": found.shipping,
        "adjustment_amount": found.total - found.sub_total + found.discount - found.shipping - found.tax,
        "total_tax_amount": found.tax,
        "total_amount": found.total,
        "currency": currency,
    }


def _is_among(wanted: Decimal, expected: Sequence[Totals]) -> bool:
    return any(wanted == each.total for each in expected)


def _expected(document: Whole, taxes: Taxes, places: int, roundings: Sequence[bool]) -> list[Totals]:
    """The figures, with taxes rounded over the document or per line: the organisation's choice is not told."""
    native = document.native
    on_document = native.get("discount_type") == "entity_level"
    own = native.get("discount") if on_document else None
    lines = [
        Line(
            quantity=_number(line.get("quantity"), ONE),
            price=_number(line.get("rate")),
            discount_percentage=None if on_document else percentage_of(line.get("discount")),
            discount_amount=None if on_document else _amount(line.get("discount")),
            taxes=taxes.get(str(line.get("tax_id") or ""), ()),
        )
        for line in document.lines
    ]
    return [
        reckon(
            lines,
            Terms(
                places=places,
                inclusive=bool(flag(native.get("is_inclusive_tax"))),
                discount_percentage=percentage_of(own),
                discount_amount=_amount(own),
                discount_before_tax=native.get("is_discount_before_tax") is not False,
                shipping=_number(native.get("shipping_charge")),
                shipping_taxes=taxes.get(str(native.get("shipping_charge_tax_id") or ""), ()),
                adjustment=_number(native.get("adjustment")),
                per_line=per_line,
            ),
        )
        for per_line in roundings
    ]


def _number(told: Any, absent: Decimal = ZERO) -> Decimal:
    return absent if told in (None, "") else QUANTITY.read(told) or ZERO


def _amount(discount: Any) -> Decimal | None:
    """A native discount that is no percentage."""
    return None if percentage_of(discount) is not None else _number(discount) or None


def _roundings(body: Record) -> tuple[bool, ...]:
    """Whether taxes are rounded line by line, where the body says so; else both ways are possible."""
    said = (body.get("remote_data") or {}).get("tax_rounding")
    return {"entity_level": (False,), "item_level": (True,)}.get(str(said), (False, True))


def _is_rounded(wanted: Decimal, expected: Decimal, told: tuple[str, str, str] | None) -> Flow[bool]:
    """Whether the organisation may round its totals to whole units; only its documents tell."""
    if told is None or wanted != wanted.to_integral_value() or abs(wanted - expected) >= 1:
        return False
    latest = yield from _latest(told)
    return latest is None or _rounds(latest)


def _latest(told: tuple[str, str, str]) -> Flow[Any]:
    """The newest document of its kind; None where there is none or it cannot be read."""
    newest = (("page", "1"), ("per_page", "1"), ("sort_column", "created_time"), ("sort_order", "D"))
    path, many, one = told
    listed = yield Request("GET", path, newest, step="read how totals are rounded", fresh_for=300)
    rows = rows_of(listed.body, many)
    return (yield from peek(f"{path}/{rows[0].get(f'{one}_id')}", one, f"the latest {one}")) if rows else None


def _rounds(document: Any) -> bool:
    return document is not None and document.get("transaction_rounding_type") not in (None, "", "no_rounding")


def taxes_of(wanted: frozenset[str]) -> Flow[Taxes]:
    """Tax id → its simple taxes; a group's stand in a record of its own."""
    found: dict[str, tuple[Rate, ...]] = {}
    if not wanted:
        return found
    rows = yield from rows_by(TAXES, None, "")
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


@dataclass(frozen=True, slots=True)
class Defaults:
    """What a contact lends a document."""

    currency: str | None
    places: int


def _defaults(document: Whole, party: str) -> Flow[Defaults | None]:
    """What the contact lends, or None where Zoho may add a tax of its own choice."""
    untaxed = [line for line in document.lines if "tax_id" not in line]
    contact = yield from peek(f"/contacts/{document.native.get(party)}", "contact", "the contact")
    if contact is None or (untaxed and contact.get("tax_id")):
        return None
    for id in dict.fromkeys(line.get("item_id") for line in untaxed):
        if id:
            item = yield from peek(f"/items/{id}", "item", "the item")
            if item is None or item.get("tax_id") or item.get("item_tax_preferences"):
                return None
    if untaxed:
        rows = yield from rows_by(TAXES, None, "")
        if any(flag(row.get("is_default_tax")) for row in rows):
            return None
    currency, precision = contact.get("currency_code") or None, contact.get("price_precision")
    return Defaults(currency, precision if isinstance(precision, int) else places_of(currency))


def peek(path: str, one: str, noun: str) -> Flow[Any]:
    try:
        reply = yield Request("GET", path, step=f"read what tax {noun} brings", fresh_for=60)
    except Fault:
        return None
    return object_of(reply.body, one)
