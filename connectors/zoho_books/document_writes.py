"""What every document needs beyond its rows when it is written."""

from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import quote

from connectors.kit.codec import CodecError, flag
from connectors.kit.faults import FieldError, Rejected
from connectors.kit.flows import Draft, Step
from connectors.kit.http import Flow, Request
from connectors.kit.mapping import Native, When
from connectors.kit.reading import objects
from connectors.kit.totals import ONE, effective, rounded
from connectors.zoho_books.codecs import spelled
from connectors.zoho_books.control_totals import Reckoned, check_total, places_of, show_totals, taxes_of
from connectors.zoho_books.documents import choose_discount_level, shipping_amount
from connectors.zoho_books.field_names import check_custom_fields
from connectors.zoho_books.lines import price
from connectors.zoho_books.precision import of_document

AUTO_NUMBER = ("ignore_auto_number_generation", "true")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of document, as far as writing differs.

    side       whose contact it names: customer or vendor
    type       what `type` says of it, where the model has a type
    reckoned   how its control total is reckoned
    entity     the kind of record its custom fields are defined for
    numbered   when Zoho, which numbers it, takes a number only with a word of its own
    letter     its mail must carry a subject and a text; Zoho tells its own
    texts      native numbers its specification spells as text
    addresses  which of its addresses are set by calls of their own
    """

    path: str
    side: str
    reckoned: Reckoned
    entity: str
    type: str | None = None
    numbered: When = When.ALWAYS
    letter: bool = False
    texts: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()


def prepare(draft: Draft, kind: Kind, errors: list[FieldError]) -> Flow[None]:
    """Number, prices, discounts, addresses, custom fields, control total; raises Rejected with all it refuses."""
    if kind.numbered & draft.when and draft.body.get("number") is not None:
        draft.query.append(AUTO_NUMBER)
    if kind.type is not None and draft.body.get("type") not in (None, kind.type):
        detail = f"only {kind.type}s are written here"
        errors.append(FieldError("enum_value", "/type", detail, (kind.type,)))
    lines: list[Native] = draft.native.get("line_items") or []
    present = {str(each.get("line_item_id")): each for each in objects(draft.current, "line_items")}
    price(lines, draft.body.get("line_items") or [], present, errors)
    errors += of_document(
        draft.body, draft.body.get("currency") or (draft.current or {}).get("currency_code")
    )
    try:
        choose_discount_level(draft.native, draft.current)
    except CodecError as error:
        errors.append(FieldError(error.code, "/discount_amount", str(error)))
    if errors:
        raise Rejected(*errors)
    for address in kind.addresses:
        _address(draft, kind, address)
    yield from check_custom_fields(draft.body, kind.entity)
    yield from _shipping(draft)
    if draft.when is When.CREATE:
        yield from check_total(draft, kind.reckoned)
    if draft.ctx.reckons:
        yield from show_totals(draft, kind.reckoned)
    for part in (draft.native, *lines):
        part.update({name: spelled(Decimal(part[name])) for name in kind.texts if _is_number(part.get(name))})


def _is_number(value: object) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def _shipping(draft: Draft) -> Flow[None]:
    """Shipping is told without its tax. Among prices that contain tax Zoho wants it with, and splits it itself."""
    net, now, native = draft.body.get("shipping_amount"), draft.current or {}, draft.native
    tax = native.get("shipping_charge_tax_id", now.get("shipping_charge_tax_id"))
    if net is None or not tax or not native.get("is_inclusive_tax", flag(now.get("is_inclusive_tax"))):
        return
    is_same = now.get("shipping_charge_tax_id") == tax and bool(flag(now.get("is_inclusive_tax")))
    if is_same and shipping_amount(now, draft.ctx) == net:
        native["shipping_charge"] = now["shipping_charge"]  # what was read says just as much
        return
    taxes = (yield from taxes_of(frozenset({str(tax)}))).get(str(tax))
    if taxes is not None:
        places = now.get("price_precision")
        currency = draft.body.get("currency") or now.get("currency_code") or draft.ctx.currency
        decimals = places if isinstance(places, int) else places_of(currency)
        native["shipping_charge"] = rounded(net * (ONE + effective(taxes)), decimals)


def _address(draft: Draft, kind: Kind, which: str) -> None:
    """A document's addresses are set by a call of their own; without one they come from the contact."""
    part = draft.native.pop(f"{which}_address", None)
    if part is None:
        return

    def call(id: str) -> Request:
        path = f"{kind.path}/{quote(id, safe='{}')}/address/{which}"
        return Request("PUT", path, body=part, step=f"set the {which} address", repeatable=True)

    draft.steps.append(Step(f"set the {which} address", f"/{which}_address", call))
