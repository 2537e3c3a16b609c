"""Amounts no finer than their currency: Zoho would round them, and the sum would not be what was meant."""

from collections.abc import Iterator

from connectors.kit.faults import FieldError
from connectors.kit.operations import Record
from connectors.kit.totals import rounded
from connectors.zoho_books.control_totals import places_of

_DOCUMENT = ("discount_amount", "shipping_amount", "adjustment_amount", "total_amount")
_LINE = ("discount_amount", "total_line_amount")


def too_fine(
    amounts: Record, names: tuple[str, ...], currency: str | None, at: str = ""
) -> Iterator[FieldError]:
    """An error for each of these amounts; none where the currency is not known yet."""
    if not currency:
        return
    places = places_of(currency)
    for name in names:
        amount = amounts.get(name)
        if amount is not None and amount != rounded(amount, places):
            yield FieldError("precision", f"{at}/{name}", f"{currency} has {places} decimals")


def of_document(body: Record, currency: str | None) -> Iterator[FieldError]:
    """The amounts of a document and of its lines; prices of a unit may be as fine as they like."""
    yield from too_fine(body, _DOCUMENT, currency)
    for place, line in enumerate(body.get("line_items") or []):
        yield from too_fine(line, _LINE, currency, f"/line_items/{place}")


def of_settlement(body: Record, currency: str | None) -> Iterator[FieldError]:
    """What a payment, a credit or a refund moves."""
    yield from too_fine(body, ("total_amount",), currency)
    for place, each in enumerate(body.get("allocations") or []):
        yield from too_fine(each, ("amount", "withheld_tax_amount"), currency, f"/allocations/{place}")
