"""What documents with lines share on both sides, sales and purchases: reading, reckoning, numbering."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from . import addresses, locations, persons
from .arithmetic import NO_DISCOUNT, Discount
from .call import Call, Refused, Row, invalid, missing
from .fields import Reader, boolean, choice, day, integer, objects, one_id, ref, text
from .invoice_lines import SELLING, Side, price, read_discount, read_lines
from .ledger import Ledger
from .listing import Filter, Source
from .money import ONE, ZERO, number, rounded
from .resource import Prepare
from .times import later, stamp


def _amount(ledger: Ledger, value: Any, name: str) -> Any:
    return rounded(number(value, name, default=ZERO), 6)


def _rate(ledger: Ledger, value: Any, name: str) -> Any:
    return rounded(number(value, name, default=ZERO), 12)


def _discount(ledger: Ledger, value: Any, name: str) -> Discount:
    return read_discount(value, name)


READERS: dict[str, Reader] = {
    "reference_number": text(100),
    "date": day,
    "notes": text(),
    "terms": text(),
    "is_inclusive_tax": boolean,
    "is_discount_before_tax": boolean,
    "discount_type": choice(("entity_level", "item_level")),
    "discount": _discount,
    "shipping_charge": _amount,
    "shipping_charge_tax_id": ref("taxes", "Tax does not exist."),
    "adjustment": _amount,
    "adjustment_description": text(100),
    "tax_rounding": choice(("entity_level", "item_level")),
    "exchange_rate": _rate,
    "location_id": locations.READ,
}
TERMS: dict[str, Reader] = {"payment_terms": integer, "payment_terms_label": text(100), "due_date": day}
DEFAULTS: Row = {
    "reference_number": "",
    "notes": "",
    "is_inclusive_tax": False,
    "is_discount_before_tax": True,
    "discount": NO_DISCOUNT,
    "shipping_charge": ZERO,
    "shipping_charge_tax_id": "",
    "adjustment": ZERO,
    "tax_rounding": "entity_level",
}


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of document. `pattern` is how its numbers look ("PO-{:05d}"); without one, callers number it.

    `discount_type` is the type of a document that has no discount anywhere. `settled` tells whether money
    was moved on a document, which then keeps its party and currency.
    """

    table: str
    key: str
    number: str
    noun: str
    party: str = "customer_id"
    pattern: str = ""
    side: Side = SELLING
    discount_type: str = "item_level"
    settled: Callable[[Row], bool] = lambda document: False

    @property
    def party_type(self) -> str:
        return self.party.removesuffix("_id")


def prepare(kind: Kind, more: Callable[[Ledger, Row, Row, Call, bool], None]) -> Prepare:
    """Makes the document whole; `more` has the last word, before the number is taken."""

    def complete(ledger: Ledger, document: Row, body: Row, call: Call, is_new: bool) -> None:
        if is_new:
            document[kind.key] = ledger.ids.take()
        document["date"] = document.get("date") or ledger.today()
        set_party(ledger, kind, document, body, is_new)
        set_currency(ledger, kind, document, body, is_new)
        set_lines(ledger, kind, document, body)
        _set_discount_type(kind, document, body, is_new)
        for name in ("billing_address", "shipping_address"):
            if name in body:
                document[name] = addresses.merged(document[name], body[name], name)
        for name in ("contact_persons", "contact_persons_associated"):
            if name in body:
                document["contact_persons"] = _people(ledger, kind, document, body[name], name)
        if document["shipping_charge"] < 0:
            raise invalid("shipping_charge")
        price(ledger, document)
        if document["total"] < 0:
            raise invalid("total")
        more(ledger, document, body, call, is_new)
        if kind.pattern:
            _set_number(ledger, kind, document, body, call, is_new)

    return complete


def set_party(ledger: Ledger, kind: Kind, document: Row, body: Row, is_new: bool) -> None:
    """The customer or vendor, with the addresses and the person the document gets from them."""
    if not is_new and kind.party not in body:
        return
    unknown = Refused(1002, f"{kind.party_type.capitalize()} does not exist.", 404)
    contact = ledger.contacts.get(one_id(body.get(kind.party) or "", kind.party))
    if contact is None or contact["contact_type"] != kind.party_type:
        raise unknown
    if not is_new and contact["contact_id"] == document[kind.party]:
        return
    if not is_new and kind.settled(document):
        raise Refused(1007, f"The {kind.party_type} of a settled {kind.noun} cannot be changed.")
    document[kind.party] = contact["contact_id"]
    document["billing_address"] = dict(contact["billing_address"])
    document["shipping_address"] = dict(contact["shipping_address"])
    person = persons.primary(contact)
    document["contact_persons"] = [person["contact_person_id"]] if person else []


def set_currency(ledger: Ledger, kind: Kind, document: Row, body: Row, is_new: bool) -> None:
    """The currency named, else the party's; the rate named, else that of the document's day."""
    before = document.get("currency_id")
    if body.get("currency_id"):
        given = one_id(body["currency_id"], "currency_id")
        document["currency_id"] = ledger.must("currencies", given, "Currency does not exist.")["currency_id"]
    elif is_new:
        document["currency_id"] = party(ledger, kind, document)["currency_id"]
    if not is_new and before != document["currency_id"] and kind.settled(document):
        raise Refused(1007, f"The currency of a settled {kind.noun} cannot be changed.")
    if document["currency_id"] == ledger.profile.currency_id:
        document["exchange_rate"] = ONE
    elif not body.get("exchange_rate"):
        if is_new or before != document["currency_id"]:
            document["exchange_rate"] = ledger.rate_on(document["currency_id"], document["date"])
    elif document["exchange_rate"] <= 0:
        raise invalid("exchange_rate")


def set_terms(ledger: Ledger, kind: Kind, document: Row, body: Row, is_new: bool) -> None:
    """Terms of payment and the day they lead to; a day named wins."""
    if "payment_terms" not in document:
        contact = party(ledger, kind, document)
        document["payment_terms"] = contact["payment_terms"]
        document["payment_terms_label"] = contact.get("payment_terms_label", "")
    if not 0 <= document["payment_terms"] < 10_000:
        raise invalid("payment_terms")
    moved = is_new or "date" in body or "payment_terms" in body
    if not document.get("due_date") or (moved and not body.get("due_date")):
        try:
            document["due_date"] = later(document["date"], document["payment_terms"])
        except OverflowError:
            raise invalid("payment_terms") from None
    if document["due_date"] < document["date"]:
        raise invalid("due_date")


def set_lines(ledger: Ledger, kind: Kind, document: Row, body: Row) -> None:
    if "line_items" in body:
        entries = objects(body["line_items"], "line_items")
        if not entries:
            raise missing("line_items")
        document["line_items"] = read_lines(ledger, document, entries, kind.key, kind.side)
    else:
        document["line_items"] = [dict(line) for line in document["line_items"]]
    if all(line["category"] == "header" for line in document["line_items"]):
        raise missing("line_items")


def _set_discount_type(kind: Kind, document: Row, body: Row, is_new: bool) -> None:
    if "discount_type" in body or not (is_new or "discount" in body or "line_items" in body):
        return
    by_line = any(line["discount"].value for line in document["line_items"] if line["category"] != "header")
    if document["discount"].value:
        document["discount_type"] = "entity_level"
    else:
        document["discount_type"] = "item_level" if by_line else kind.discount_type


def _people(ledger: Ledger, kind: Kind, document: Row, value: Any, name: str) -> list[str]:
    """Ids of the party's persons, bare or as objects that hold them."""
    known = [person["contact_person_id"] for person in party(ledger, kind, document)["persons"]]
    if not isinstance(value, list):
        raise invalid(name)
    found: list[str] = []
    for entry in value:
        bare = entry.get("contact_person_id") if isinstance(entry, dict) else entry
        found.append(one_id(bare, name))
    if any(each not in known for each in found):
        raise invalid(name)
    return found


def _set_number(ledger: Ledger, kind: Kind, document: Row, body: Row, call: Call, is_new: bool) -> None:
    """Automatic unless the call switches that off; a number of one's own without the switch is refused."""
    table = ledger.tables[kind.table]
    manual = call.flag("ignore_auto_number_generation") or body.get("ignore_auto_number_generation") is True
    given = text(100)(ledger, body.get(kind.number), kind.number)
    if not is_new and given in ("", document[kind.number]):
        return
    if given and not manual:
        raise invalid(kind.number)
    if manual and not given:
        raise missing(kind.number)
    if given and table.has_linked(kind.number, given):
        raise Refused(1001, f'{kind.noun.capitalize()} number "{given}" already exists.')
    while not given:
        found = kind.pattern.format(ledger.next_number(kind.table))
        given = "" if table.has_linked(kind.number, found) else found
    document[kind.number] = given


def party(ledger: Ledger, kind: Kind, document: Row) -> Row:
    return ledger.contacts.rows[document[kind.party]]


def party_name(kind: Kind) -> Callable[[Ledger, Row], str]:
    def get(ledger: Ledger, document: Row) -> str:
        return ledger.contacts.rows[document[kind.party]]["contact_name"]

    return get


def line_part(part: str) -> Callable[[Ledger, Row], list[str]]:
    def get(ledger: Ledger, document: Row) -> list[str]:
        return [line.get(part, "") for line in document["line_items"]]

    return get


def _created_day(ledger: Ledger, document: Row) -> str:
    return stamp(document["created_time"], ledger.zone)[:10]


def _custom(ledger: Ledger, document: Row) -> list[str]:
    return [str(value) for value in (document.get("custom") or {}).values()]


def filters(kind: Kind, words: Callable[[Ledger, Row], tuple[str, ...]], *names: str) -> dict[str, Filter]:
    """The named ones of the columns lists of documents can be filtered by; `words` are the statuses."""
    known = {
        kind.number: Filter("text", kind.number),
        "reference_number": Filter("text", "reference_number"),
        f"{kind.party_type}_name": Filter("text", party_name(kind)),
        "customer_name": Filter("text", party_name(kind)),
        kind.party: Filter("exact", kind.party),
        "item_id": Filter("member", "item_ids"),
        "item_name": Filter("member", line_part("name")),
        "item_description": Filter("member", line_part("description")),
        "line_item_id": Filter("member", line_part("line_item_id")),
        "tax_id": Filter("member", line_part("tax_id")),
        "project_id": Filter("member", line_part("project_id")),
        "description": Filter("text", "notes"),
        "notes": Filter("text", "notes"),
        "custom_field": Filter("member", _custom),
        "total": Filter("amount", "total"),
        "date": Filter("day", "date"),
        "due_date": Filter("day", "due_date"),
        "created_date": Filter("day", _created_day),
        "last_modified_time": Filter("since", "last_modified_time"),
        "status": Filter("member", words),
    }
    return {name: known[name] for name in (*names, kind.number, "last_modified_time", "status")}


def sorts(kind: Kind, *names: str) -> dict[str, Source]:
    return {f"{kind.party_type}_name": party_name(kind), **{name: name for name in names}}


def has_status(
    status: Callable[[Ledger, Row], str], **words: str
) -> dict[str, Callable[[Ledger, Row], bool]]:
    """Tests for `filter_by`, such as Open="open": the word after the dot and the status it means."""

    def one(wanted: str) -> Callable[[Ledger, Row], bool]:
        return lambda ledger, document: status(ledger, document) == wanted

    return {name: one(wanted) for name, wanted in words.items()}
