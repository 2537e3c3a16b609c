"""What Zoho's sales and purchase documents have in common: addresses, discounts, totals."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from connectors.kit.codec import ID, INTEGER, MONEY, RATE, TEXT, CodecError
from connectors.kit.mapping import ALWAYS, Native, Plain, Table, computed, field, names, ref, unmapped
from connectors.kit.operations import Context, Issue, Record
from connectors.kit.reading import objects
from connectors.kit.totals import HUNDRED, ZERO, difference, rounded
from connectors.zoho_books.codecs import country_code, percent, percentage_of
from connectors.zoho_books.lookups import TAXES
from unified_models.money import TaxSum
from unified_models.parts import DocumentAddress, PaymentTerms

address, terms, tax = names(DocumentAddress), names(PaymentTerms), names(TaxSum)


def address_table(kind: str) -> Table[DocumentAddress]:
    """The address printed on a document; list rows spell the postal code otherwise."""
    return Table(
        DocumentAddress,
        (
            field(address.id, "address_id", ID),
            computed(address.type, lambda native, ctx: kind),
            field(address.attention, "attention", TEXT, write=ALWAYS),
            field(address.street_1, "address", TEXT, write=ALWAYS),
            field(address.street_2, "street2", TEXT, write=ALWAYS),
            field(address.city, "city", TEXT, write=ALWAYS),
            field(address.state, "state", TEXT, write=ALWAYS),
            field(address.state_code, "state_code", TEXT),
            field(address.postal_code, "zip", TEXT, write=ALWAYS, list_native="zipcode"),
            field(address.country, "country", TEXT, write=ALWAYS),
            computed(address.country_code, country_code, uses=("country_code", "country")),
            field(address.phone, "phone", TEXT, write=ALWAYS),
        ),
    )


TERMS = Table(
    PaymentTerms,
    (
        field(terms.days, "payment_terms", INTEGER, write=ALWAYS),
        field(terms.label, "payment_terms_label", TEXT, write=ALWAYS),
    ),
)

TAX_SUM = Table(
    TaxSum,
    (
        ref(tax.tax_rate, "tax_id", name="tax_name", nameable=True, to=TAXES),
        unmapped(tax.taxable_amount, "tells no taxable amount per rate"),
        field(tax.tax_amount, "tax_amount", MONEY),
        unmapped(tax.is_withheld, "keeps withheld tax apart"),
        unmapped(tax.is_reverse_charge, "tells no reverse charge per rate"),
    ),
)


def money(key: str) -> Callable[[Native, Context], Decimal | None]:
    """Reads an amount that is written another way than it is read."""
    return Plain(key, MONEY)


def amount_of(value: Any) -> Decimal | None:
    """A native amount; None for blank."""
    if value.__class__ is Decimal:
        return value
    return None if value is None or value == "" else MONEY.read(value)


def is_document_discount(native: Native) -> bool:
    return native.get("discount_type") == "entity_level"


def discount_percentage(native: Native, ctx: Context) -> Decimal | None:
    return percentage_of(native.get("discount")) if is_document_discount(native) else None


def discount_amount(native: Native, ctx: Context) -> Decimal | None:
    """The document's own discount; 0 where the lines carry theirs."""
    if not is_document_discount(native):
        return ZERO
    total = amount_of(native.get("discount_total"))
    if total is not None:
        return total
    given = native.get("discount")
    return None if percentage_of(given) is not None else amount_of(given)


def put_discount_percentage(value: Decimal, native: Native, ctx: Context) -> None:
    native["discount"], native["discount_type"] = percent(value), "entity_level"


def put_discount_amount(value: Decimal, native: Native, ctx: Context) -> None:
    native["discount"], native["discount_type"] = value, "entity_level"


def shipping_amount(native: Native, ctx: Context) -> Decimal | None:
    """Without its tax, which stands among the taxes."""
    if native.get("shipping_charge_tax") and (net := native.get("shipping_charge_exclusive_of_tax")):
        return MONEY.read(net)
    return amount_of(native.get("shipping_charge"))


NO_DISCOUNT: Native = {"discount": 0, "discount_type": "entity_level"}


def put_shipping(value: Decimal, native: Native, ctx: Context) -> None:
    native["shipping_charge"] = value


def choose_discount_level(native: Native, current: Native | None = None) -> None:
    """Zoho reckons a discount on the document or on its lines, never both; the body must say which.

    `current` is the document as it stands, where a body may rest on it. Naming one level silently drops the
    discounts of the other, so a body that would have both is refused (CodecError).
    """
    told = "discount" in native or any("discount" in line for line in native.get("line_items") or [])
    if not told:
        return
    now = current or {}
    own = native.get("discount", now.get("discount") if is_document_discount(now) else None)
    kept = {
        line.get("line_item_id"): line for line in objects(now, "line_items") if not is_document_discount(now)
    }
    lines = native.get("line_items", list(kept.values()))
    on_lines = (
        line.get("discount", kept.get(line.get("line_item_id"), {}).get("discount")) for line in lines
    )
    if not any(map(_takes_off, on_lines)):
        return
    if _takes_off(own):
        raise CodecError("takes a discount on the document or on its lines, not both", "unsupported_field")
    native.pop("discount", None)
    native["discount_type"] = "item_level"


def _takes_off(discount: Any) -> bool:
    """Whether a native discount (10, "10%", "") is any."""
    percentage = percentage_of(discount)
    return bool(discount if percentage is None else percentage)


def settle_totals(record: Record, native: Any, issues: list[Issue]) -> None:
    """Fills what only the whole document tells, and checks that it adds up (rule 1)."""
    lines: list[Record] = record.get("line_items") or []
    discount, untold = record.get("discount_amount") or ZERO, False
    for line in lines:
        if line["tax_amount"] is None:
            untold = True
        if taken := line["discount_amount"]:
            discount += taken
    if untold:
        _tell_taxes(lines, native)
    record["total_discount"] = discount
    if record.get("tax_inclusive") is True:
        _line_totals(lines, are_gross=_are_gross(lines, native))
    if taxes := record.get("taxes"):
        named_taxes(taxes, lines)
    missing = _unwithheld(record, native, difference(record))
    if missing:
        detail = (
            f"the parts come to {record['total_amount'] + missing:f}, the total is {record['total_amount']:f}"
        )
        issues.append(Issue("totals_mismatch", "/total_amount", detail, native_path="total"))


WITHHELD = ("tds_tax_amount", "tds_total")
REVERSED = ("reverse_charge_tax_total", "reverse_charge_vat_total")


def _unwithheld(record: Record, native: Any, missing: Decimal | None) -> Decimal | None:
    """What is still missing once tax the customer withholds, or owes instead of the seller, is out of the total.

    Only some editions take it out of the total, and none says so: it is out where that is what is missing.
    """
    if not missing:
        return missing
    if missing in _told(native, WITHHELD):
        record["withheld_tax_amount"] = missing
    elif missing in _told(native, REVERSED) and record.get("total_tax_amount") is not None:
        record["total_tax_amount"] -= missing
    return difference(record)


def _told(native: Any, names: Sequence[str]) -> list[Decimal]:
    return [MONEY.read(native[name]) or ZERO for name in names if native.get(name)]


def _tell_taxes(lines: list[Record], native: Any) -> None:
    """The tax of each taxed line that tells none: its rate on its amount, as the currency rounds."""
    places = native.get("price_precision")
    for line, told in zip(lines, objects(native, "line_items"), strict=False):
        if line["tax_amount"] is None and line["sub_total"] is not None:
            rate = _percentage(told.get("tax_percentage"))
            if rate is not None:
                amount = line["sub_total"] * rate / HUNDRED
                line["tax_amount"] = rounded(amount, places if isinstance(places, int) else 2)


def _percentage(told: Any) -> Decimal | None:
    try:
        return None if told in (None, "") else RATE.read(told)
    except CodecError:
        return None


def named_taxes(taxes: list[Record], lines: list[Record]) -> None:
    """Zoho sums taxes by name alone, sometimes "VAT (7.5%)"; the lines know which rate that is."""
    known = {rate["name"]: rate for line in lines if (rate := line.get("tax_rate"))}
    for tax in taxes:
        told = tax["tax_rate"]
        if told and "id" not in told:
            name = told["name"]
            tax["tax_rate"] = known.get(name) or known.get(name.rpartition(" (")[0]) or told


def _are_gross(lines: list[Record], native: Any) -> bool:
    """Whether the lines' amounts include their tax, against Zoho's habit."""
    gross = native.get("sub_total_inclusive_of_tax")
    if not gross or gross == native.get("sub_total"):
        return False
    told = ZERO
    for line in lines:
        if amount := line["sub_total"]:
            told += amount
    return told == gross


def _line_totals(lines: list[Record], *, are_gross: bool) -> None:
    for line in lines:
        net, tax_amount = line["sub_total"], line["tax_amount"]
        if net is None or tax_amount is None:
            continue
        if are_gross:
            line["sub_total"] = net - tax_amount
        else:
            line["total_line_amount"] = net + tax_amount
