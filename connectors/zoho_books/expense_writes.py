"""What an expense needs beyond its rows when it is written."""

from decimal import Decimal

from connectors.kit.codec import flag
from connectors.kit.faults import FieldError, Rejected
from connectors.kit.flows import Draft
from connectors.kit.http import Flow
from connectors.kit.mapping import Native, When
from connectors.kit.resolving import rows_by
from connectors.kit.totals import Line, Rate, Terms, reckon
from connectors.zoho_books.control_totals import peek, places_of, taxes_of
from connectors.zoho_books.expense_lines import amounts, project_of, whole
from connectors.zoho_books.field_names import check_custom_fields
from connectors.zoho_books.lookups import TAXES

SIMPLE = frozenset({"account_id", "amount", "tax_id"})
"""What a line may hold to be written as the expense itself."""


def prepare(draft: Draft) -> Flow[None]:
    """Amounts, the project, mileage, custom fields, control total; raises Rejected with all it refuses."""
    body, native = draft.body, draft.native
    errors: list[FieldError] = []
    lines: list[Native] = native.get("line_items") or []
    amounts(lines, body.get("line_items") or [], errors)
    native.update(project_of(lines, errors))
    _accounts(draft, errors)
    if draft.when is When.CREATE:
        _trip(draft, lines, errors)
        if body.get("is_billable") and body.get("customer") is None:
            detail = "what may be charged on needs the customer to charge"
            errors.append(FieldError("required", "/customer", detail))
    if errors:
        raise Rejected(*errors)
    yield from check_custom_fields(body, "expense")
    if draft.when is When.CREATE:
        yield from _check_total(draft, lines)
        _as_a_whole(native, lines)
    elif draft.current is not None and lines:
        native["line_items"] = whole(lines, draft.current.get("line_items") or [])


def _accounts(draft: Draft, errors: list[FieldError]) -> None:
    for place, line in enumerate(draft.body.get("line_items") or []):
        if line.get("account", ...) is None:
            errors.append(
                FieldError(
                    "required", f"/line_items/{place}/account", "a line of an expense needs an account"
                )
            )


def _as_a_whole(native: Native, lines: list[Native]) -> None:
    """Zoho asks for an account and an amount of the expense itself; a plain line is nothing more."""
    native["account_id"] = lines[0]["account_id"]
    native["amount"] = sum((each["amount"] for each in lines), Decimal(0))
    if len(lines) == 1 and lines[0].keys() <= SIMPLE:
        native.update(lines[0])
        del native["line_items"]


def _trip(draft: Draft, lines: list[Native], errors: list[FieldError]) -> None:
    """Zoho reckons a trip by itself; lines that say something else would not stand."""
    trip = draft.body.get("mileage") or {}
    distance, rate = trip.get("distance"), trip.get("rate")
    if not trip:
        return
    if not distance or distance < 0:
        errors.append(FieldError("required", "/mileage/distance", "a trip needs how far it was"))
    elif rate is not None:
        places = places_of(draft.body.get("currency") or draft.ctx.currency)
        found = _reckoned([Line(distance, rate)], Terms(places))
        total = sum((each.get("amount", Decimal(0)) for each in lines), Decimal(0))
        if total not in found:
            detail = f"the trip comes to {found[0]:f}, the lines to {total:f}"
            errors.append(FieldError("total_mismatch", "/mileage/rate", detail))


def _check_total(draft: Draft, lines: list[Native]) -> Flow[None]:
    """Raises Rejected(total_mismatch) on a difference no default of Zoho's can explain."""
    wanted, body = draft.body.get("total_amount"), draft.body
    if wanted is None:
        return
    named = frozenset(str(each["tax_id"]) for each in lines if each.get("tax_id"))
    taxes: dict[str, tuple[Rate, ...]] = {}
    if named:
        taxes = dict((yield from taxes_of(named)))
    if named - taxes.keys():
        return
    spent = [
        Line(Decimal(1), each["amount"], taxes=taxes.get(each.get("tax_id") or "", ())) for each in lines
    ]
    inclusive = bool(body.get("tax_inclusive"))
    currency = body.get("currency")
    # Without a currency the expense takes that of the money account, whose decimals are not known here.
    several = (places_of(currency),) if currency else (places_of(draft.ctx.currency), 0, 2, 3)
    found = [
        total
        for places in several
        for total in _reckoned(spent, Terms(places, inclusive), Terms(places, inclusive, per_line=True))
    ]
    if wanted in found:
        return
    if any("tax_id" not in each for each in lines) and (yield from _adds_taxes(draft.native)):
        return
    detail = f"the lines come to {found[0]:f}, total_amount says {wanted:f}"
    raise Rejected(FieldError("total_mismatch", "/total_amount", detail))


def _reckoned(lines: list[Line], *terms: Terms) -> list[Decimal]:
    return [reckon(lines, each).total for each in terms]


def _adds_taxes(native: Native) -> Flow[bool]:
    """Whether Zoho may tax a line that names no tax: by a default, or as the vendor is taxed."""
    rows = yield from rows_by(TAXES, None, "")
    if any(flag(row.get("is_default_tax")) for row in rows):
        return True
    vendor = native.get("vendor_id")
    if not rows or not vendor:
        return False
    contact = yield from peek(f"/contacts/{vendor}", "contact", "the vendor")
    return contact is None or bool(contact.get("tax_id"))
