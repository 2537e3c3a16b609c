"""Rows that Zoho's sales and purchase documents share."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from decimal import Decimal
from typing import Any

from connectors.kit.codec import BOOL, DATE, ID, MONEY, RATE, TEXT, flag
from connectors.kit.custom_fields import custom_fields
from connectors.kit.mapping import (
    ALWAYS,
    CREATE,
    Filters,
    Native,
    Row,
    Table,
    Words,
    coded,
    computed,
    field,
    many,
    one,
    ref,
    unmapped,
)
from connectors.kit.operations import Context, Op
from connectors.kit.references import Lookup
from connectors.kit.totals import rounded
from connectors.zoho_books import documents as doc
from connectors.zoho_books import filtering, standing
from connectors.zoho_books.attachments import files_row
from connectors.zoho_books.codecs import CUSTOM_FIELDS, INSTANT
from connectors.zoho_books.control_totals import places_of
from connectors.zoho_books.lookups import CURRENCIES, LOCATIONS, TAXES
from connectors.zoho_books.tracking import tracking
from unified_models.documents import Document, SalesDocument, TradeDocument
from unified_models.invoices import Invoice
from unified_models.line_items import LineItem
from unified_models.money import CurrencyBlock, TotalsBlock
from unified_models.references import ContactRef


def head(
    d: Document,
    key: str,
    *,
    created: Filters | None = None,
    modified_sort: str | None = "last_modified_time",
    number: Callable[[str], Filters] = filtering.text,
    reference: Callable[[str], Filters] = filtering.text,
    search: str | None = None,
) -> tuple[Row, ...]:
    """Ids, times, tracking and custom fields. `key` begins Zoho's names ("bill" in bill_id, bill_number).

    search: the parameter that looks into all custom fields.
    """
    return (
        field(d.id, f"{key}_id", ID),
        field(d.created_at, "created_time", INSTANT, sort="created_time", filters=created),
        field(
            d.updated_at, "last_modified_time", INSTANT, sort=modified_sort, filters=filtering.MODIFIED
        ),
        field(
            d.number, f"{key}_number", TEXT, write=ALWAYS, sort=f"{key}_number",
            filters=number(f"{key}_number"),
        ),
        field(d.reference, "reference_number", TEXT, write=ALWAYS, filters=reference("reference_number")),
        field(d.remote_status, "status", TEXT),
        custom_fields(d.custom_fields, CUSTOM_FIELDS, search=search),
        tracking(d.tracking_categories),
    )  # fmt: skip


def party(
    d: Document,
    side: str,
    to: Lookup,
    *,
    by: str | None = None,
    name: Callable[[str], Filters] = filtering.text,
) -> Row:
    """The customer or vendor; `by` begins the filters' names where those differ."""
    by = by or side
    return ref(
        d.contact, f"{side}_id", name=f"{side}_name", to=to, write=ALWAYS, sort=f"{side}_name",
        below={"id": filtering.only(f"{by}_id"), "name": name(f"{by}_name")},
    )  # fmt: skip


def vendor(field: ContactRef | None) -> Row:
    """The vendor again, under Truto's name."""

    def read(native: Native, ctx: Context) -> Any:
        id, name = native.get("vendor_id"), native.get("vendor_name")
        return {"id": id, "name": name or None, "type": "vendor"} if id else None

    return computed(field, read, uses=("vendor_id", "vendor_name"))


def in_records(rows: Iterable[Row], *unified: str) -> tuple[Row, ...]:
    """The rows, those named only of single records: list rows of this kind lack them."""
    return tuple(replace(row, detail_only=True) if row.unified in unified else row for row in rows)


def currency(d: CurrencyBlock, *, base_total: str | None = None) -> tuple[Row, ...]:
    """The currency block. Without a native `base_total` it is reckoned, as Zoho does it."""
    base = (
        computed(d.base_total_amount, _base_total, uses=("total", "exchange_rate"))
        if base_total is None
        else field(d.base_total_amount, base_total, MONEY, detail_only=True)
    )
    return (
        coded(d.currency, "currency_code", writes="currency_id", to=CURRENCIES, write=ALWAYS),
        field(d.exchange_rate, "exchange_rate", RATE, write=ALWAYS),
        computed(d.base_currency, lambda native, ctx: ctx.currency),
        base,
    )


def _base_total(native: Native, ctx: Context) -> Decimal | None:
    total, rate = native.get("total"), native.get("exchange_rate")
    if total in (None, "") or rate in (None, ""):
        return None
    amount, factor = MONEY.read(total), RATE.read(rate)
    if amount is None or not factor:
        return None
    return amount if factor == 1 else rounded(amount * factor, places_of(ctx.currency))


def totals(
    d: TotalsBlock,
    lines: list[LineItem] | None,
    table: Table[LineItem],
    *,
    noun: str,
    ships: bool = False,
    in_lists: bool = False,
) -> tuple[Row, ...]:
    """The totals block and the lines it sums.

    ships      the document has a shipping charge and is rounded
    in_lists   list rows tell shipping and adjustment
    """
    return (
        field(d.tax_inclusive, "is_inclusive_tax", BOOL, write=ALWAYS, detail_only=True),
        field(d.sub_total, "sub_total", MONEY, detail_only=True),
        computed(
            d.discount_percentage, doc.discount_percentage, uses=("discount", "discount_type"),
            put=doc.put_discount_percentage, clear=doc.NO_DISCOUNT, write=ALWAYS, detail_only=True,
        ),
        computed(
            d.discount_amount, doc.discount_amount, uses=("discount_total", "discount", "discount_type"),
            put=doc.put_discount_amount, clear=doc.NO_DISCOUNT, write=ALWAYS, detail_only=True, codec=MONEY,
        ),
        field(d.discount_before_tax, "is_discount_before_tax", BOOL, write=ALWAYS, detail_only=True),
        field(d.total_discount, "discount_total", MONEY, detail_only=True),
        *(_shipping(d, detail_only=not in_lists) if ships else _no_shipping(d, noun)),
        field(d.adjustment_amount, "adjustment", MONEY, write=ALWAYS, detail_only=not in_lists),
        field(d.adjustment_description, "adjustment_description", TEXT, write=ALWAYS, detail_only=True),
        field(d.total_tax_amount, "tax_total", MONEY, detail_only=True),
        computed(d.withheld_tax_amount, lambda native, ctx: None, detail_only=True),
        computed(
            d.total_amount, doc.money("total"), uses=("total",), write=CREATE, codec=MONEY, sort="total",
            filters=filtering.amount("total"),
        ),
        many(d.taxes, "taxes", doc.TAX_SUM, detail_only=True),
        many(lines, "line_items", table, write=ALWAYS, complete=True, detail_only=True),
    )  # fmt: skip


def _shipping(d: TotalsBlock, *, detail_only: bool) -> tuple[Row, ...]:
    return (
        computed(
            d.shipping_amount, doc.shipping_amount, put=doc.put_shipping, clear={"shipping_charge": 0},
            write=ALWAYS, codec=MONEY, detail_only=detail_only,
            uses=("shipping_charge", "shipping_charge_exclusive_of_tax", "shipping_charge_tax"),
        ),
        ref(
            d.shipping_tax_rate, "shipping_charge_tax_id", name="shipping_charge_tax_name", to=TAXES,
            write=ALWAYS, detail_only=True,
        ),
        field(d.rounding_amount, "roundoff_value", MONEY, detail_only=True),
    )  # fmt: skip


def _no_shipping(d: TotalsBlock, noun: str) -> tuple[Row, ...]:
    return (
        unmapped(d.shipping_amount, f"has no shipping charge on {noun}; make it a line"),
        unmapped(d.shipping_tax_rate, f"has no shipping charge on {noun}; make it a line"),
        unmapped(d.rounding_amount, f"tells no rounding of {noun}"),
    )


def owed(d: Invoice, words: Words) -> tuple[Row, ...]:
    """Where an invoice or bill stands, and its days. `words` narrow lists by status."""
    return (
        computed(
            d.status, standing.status, uses=("status", "balance", "total"), write=CREATE,
            filters={Op.EQ: words, Op.IN: words},
        ),
        computed(
            d.is_overdue, standing.is_overdue, uses=("status", "due_date", "balance"), codec=BOOL,
            filters={Op.EQ: replace(words, words={"true": words.words["authorised"]})},
        ),
        field(d.issue_date, "date", DATE, write=ALWAYS, sort="date", filters=filtering.day("date")),
        field(d.due_date, "due_date", DATE, write=ALWAYS, sort="due_date", filters=filtering.day("due_date")),
        one(d.payment_terms, "", doc.TERMS, write=ALWAYS, detail_only=True),
    )  # fmt: skip


def linked(type: str, many: str, prefix: str) -> Callable[[Native, Context], list[dict[str, Any]]]:
    """Reads the documents in the list `many`, whose native keys begin with `prefix`."""

    def read(native: Native, ctx: Context) -> list[dict[str, Any]]:
        return [
            {
                "type": type,
                "id": each.get(f"{prefix}_id") or None,
                "number": each.get(f"{prefix}_number") or None,
            }
            for each in native.get(many) or ()
        ]

    return read


def has_attachments(native: Native, ctx: Context) -> bool:
    told = native.get("has_attachment")
    return bool((told and flag(told)) or native.get("documents"))


def attached(d: TradeDocument) -> Row:
    return computed(d.has_attachments, has_attachments, uses=("has_attachment", "documents"))


def _salesperson(native: Native, ctx: Context) -> dict[str, Any] | None:
    id, name = native.get("salesperson_id") or None, native.get("salesperson_name") or None
    return {"id": id, "name": name} if id or name else None


def _put_salesperson(value: Any, native: Native, ctx: Context) -> None:
    """Zoho takes an unknown name as a new salesperson."""
    key = "id" if value.get("id") else "name"
    native[f"salesperson_{key}"] = value[key]


def salesperson(d: SalesDocument) -> Row:
    return computed(
        d.salesperson, _salesperson, uses=("salesperson_id", "salesperson_name"),
        needs=("salesperson_id", "salesperson_name"), put=_put_salesperson, clear={"salesperson_id": ""}, write=ALWAYS,
    )  # fmt: skip


def location(d: TradeDocument) -> Row:
    return ref(d.location, "location_id", name="location_name", to=LOCATIONS, write=ALWAYS, detail_only=True)


def printed(d: Document, noun: str) -> tuple[Row, ...]:
    """Zoho prints its notes and keeps no other."""
    return (
        field(d.customer_note, "notes", TEXT, write=ALWAYS, detail_only=True),
        unmapped(d.memo, f"keeps no internal note on {noun}; customer_note is printed"),
        files_row(d.attachments),
    )


def unplaced(d: TradeDocument) -> tuple[Row, ...]:
    """What trade documents have no place for."""
    return (
        unmapped(d.project, "links projects line by line"),
        unmapped(d.pdf_url, "prints no link; the gateway serves the PDF where there is one"),
        unmapped(d.tax_details, "keeps country fields by edition; send them in remote_data"),
    )


def contact_side(record: dict[str, Any], side: str) -> None:
    """Says of the contact which side it is."""
    if record["contact"] is not None:
        record["contact"]["type"] = side
