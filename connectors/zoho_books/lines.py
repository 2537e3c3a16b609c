"""Lines of documents: how a line is read, and what its discount and its total become when written."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from connectors.kit.codec import ID, MONEY, QUANTITY, RATE, TEXT, CodecError
from connectors.kit.custom_fields import custom_fields
from connectors.kit.faults import FieldError
from connectors.kit.mapping import (
    ALWAYS,
    UPDATE,
    Native,
    Row,
    Table,
    computed,
    field,
    names,
    ref,
    unmapped,
)
from connectors.kit.operations import Context, Record
from connectors.kit.totals import HUNDRED, ZERO
from connectors.zoho_books import documents as doc
from connectors.zoho_books.codecs import LINE_CATEGORY, LINE_CUSTOM_FIELDS, percent, percentage_of
from connectors.zoho_books.lookups import ACCOUNTS, ITEMS, PROJECTS, TAXES
from connectors.zoho_books.tracking import tracking
from unified_models.line_items import LineItem

line = names(LineItem)

Reader = Callable[[Native, Context], Any]
Writer = Callable[[Any, Native, Context], None]


def _discount_percentage(native: Native, ctx: Context) -> Decimal | None:
    return percentage_of(native.get("discount"))


def _put_percentage(value: Decimal, native: Native, ctx: Context) -> None:
    native["discount"] = percent(value)


def _put_amount(value: Decimal, native: Native, ctx: Context) -> None:
    native["discount"] = value


def _discount_amount(native: Native, ctx: Context) -> Decimal | None:
    """The amount as reckoned; an amount that was given stands in `discount` itself."""
    reckoned = _amount(native.get("discount_amount"))
    if reckoned:
        return reckoned
    given = _amount(native.get("discount"))
    return reckoned if given is None else given


def _amount(told: Any) -> Decimal | None:
    """None for what is blank or a percentage."""
    if told.__class__ is Decimal:
        return told
    if told is None or (isinstance(told, str) and (not told or told.endswith("%"))):
        return None
    return MONEY.read(told) or ZERO


def _tax_amount(native: Native, ctx: Context) -> Decimal | None:
    """Zoho tells a line's tax only tax by tax. None when a taxed line tells nothing."""
    taxes = native.get("line_item_taxes")
    if not taxes or taxes.__class__ is not list:
        untaxed = not native.get("tax_percentage") and native.get("line_item_category") != "header"
        return ZERO if untaxed else None
    amount = ZERO
    for each in taxes:
        if told := each.get("tax_amount"):
            amount += told if told.__class__ is Decimal else MONEY.read(told) or ZERO
    return amount


@dataclass(frozen=True, slots=True)
class Origin:
    """A kind of document lines are made from: the native keys of it and of its line; "" where there is none."""

    type: str
    document: str
    line: str = ""


def _source(origins: tuple[Origin, ...]) -> tuple[Reader, Writer, tuple[str, ...]]:
    """How the document and line a line was made from are read and written, and the native keys of all."""
    keys = tuple(key for origin in origins for key in (origin.document, origin.line) if key)

    def read(native: Native, ctx: Context) -> dict[str, Any] | None:
        get = native.get
        for key in keys:
            if get(key):
                break
        else:
            return None
        for origin in origins:
            if get(origin.line) or get(origin.document):
                told = {"id": get(origin.document) or None, "line_id": get(origin.line) or None}
                return {"type": origin.type, **told}
        return None

    def put(value: Any, native: Native, ctx: Context) -> None:
        for origin in origins:
            if value.get("type") == origin.type:
                given = {origin.document: value.get("id"), origin.line: value.get("line_id")}
                native.update({key: id for key, id in given.items() if key and id is not None})
                return
        kinds = tuple(origin.type for origin in origins)
        raise CodecError(f"a line comes from {' or '.join(kinds)}", "enum_value", kinds)

    return read, put, keys


def _put_total(value: Decimal, native: Native, ctx: Context) -> None:
    native["line_total"] = value


def line_table(
    noun: str, *more: Row, origins: tuple[Origin, ...] = (), project: str | None = None
) -> Table[LineItem]:
    """The lines of one kind of document. `more`: rows of `customer` and `is_billable`, where it has them."""
    given = {row.unified for row in more}
    source, put_source, keys = _source(origins)
    return Table(
        LineItem,
        (
            field(line.id, "line_item_id", ID, write=UPDATE),
            field(line.type, "line_item_category", LINE_CATEGORY, write=ALWAYS),
            ref(line.item, "item_id", name="name", to=ITEMS, write=ALWAYS),
            ref(line.account, "account_id", name="account_name", to=ACCOUNTS, write=ALWAYS),
            field(line.name, "name", TEXT, write=ALWAYS),
            field(line.description, "description", TEXT, write=ALWAYS),
            field(line.quantity, "quantity", QUANTITY, write=ALWAYS),
            field(line.unit, "unit", TEXT, write=ALWAYS),
            field(line.unit_price, "rate", RATE, write=ALWAYS),
            computed(
                line.discount_percentage, _discount_percentage, uses=("discount",), put=_put_percentage,
                clear={"discount": 0}, write=ALWAYS,
            ),
            computed(
                line.discount_amount, _discount_amount, uses=("discount_amount", "discount"), put=_put_amount,
                clear={"discount": 0}, write=ALWAYS, codec=MONEY,
            ),
            ref(line.tax_rate, "tax_id", name="tax_name", to=TAXES, write=ALWAYS),
            computed(line.tax_amount, _tax_amount, uses=("line_item_taxes", "tax_percentage")),
            field(line.sub_total, "item_total", MONEY),
            computed(
                line.total_line_amount, doc.money("item_total"), uses=("item_total",), put=_put_total,
                write=ALWAYS, codec=MONEY,
            ),
            ref(line.project, "project_id", name=project, to=PROJECTS, write=ALWAYS),
            *more,
            *(
                unmapped(name, why)
                for name, why in (
                    (line.customer, f"has one contact per {noun}, not per line"),
                    (line.is_billable, "bills lines on only from expenses, bills and projects"),
                )
                if name not in given
            ),
            computed(line.source, source, uses=keys, needs=keys, put=put_source, write=ALWAYS)
            if origins
            else unmapped(line.source, f"does not tell where lines of a {noun} come from"),
            tracking(line.tracking_categories),
            custom_fields(line.custom_fields, LINE_CUSTOM_FIELDS),
        ),
    )  # fmt: skip


LINE = line_table(
    "invoice",
    origins=(
        Origin("bill", "bill_id", "bill_item_id"),
        Origin("expense", "expense_id"),
        Origin("sales_order", "", "salesorder_item_id"),
    ),
)
"""Of invoices."""


def price(
    lines: list[Native], given: list[Record], present: Mapping[str, Native], errors: list[FieldError]
) -> None:
    """Turns `total_line_amount` into a price, or checks it where there is one (rule 9).

    `present` holds the lines as they stand by id: a line that is kept keeps its quantity.
    """
    for place, (native, unified) in enumerate(zip(lines, given, strict=True)):
        total = native.pop("line_total", None)
        if total is None:
            continue
        at = f"/line_items/{place}/total_line_amount"
        kept = present.get(str(unified.get("id"))) or {}
        quantity = unified.get("quantity") or QUANTITY.read(kept.get("quantity") or 1) or Decimal(1)
        percentage, amount = unified.get("discount_percentage"), unified.get("discount_amount") or ZERO
        if unified.get("unit_price") is not None:
            gross = quantity * unified["unit_price"]
            expected = gross - (gross * percentage / HUNDRED if percentage else amount)
            if abs(expected - total) > MONEY_STEP:
                errors.append(
                    FieldError("total_mismatch", at, f"the line comes to {expected:f}, not {total:f}")
                )
            continue
        if percentage and percentage >= HUNDRED:
            errors.append(
                FieldError("total_mismatch", at, "a line discounted in full has no total to price it by")
            )
            continue
        gross = total / (1 - percentage / HUNDRED) if percentage else total + amount
        found = (gross / quantity).quantize(PRICE_STEP)
        if abs(found * quantity - gross) > MONEY_STEP:
            errors.append(
                FieldError("precision", at, f"no price of 6 decimals makes {quantity:f} come to {total:f}")
            )
        native["rate"] = found.normalize() + 0


MONEY_STEP = Decimal("0.005")
PRICE_STEP = Decimal("0.000001")
