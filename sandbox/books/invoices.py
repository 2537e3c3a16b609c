"""Invoices: numbering, what a body may say, the list."""

from collections.abc import Callable
from typing import Any

from . import addresses, locations, persons, sources
from .arithmetic import NO_DISCOUNT, Discount
from .call import Answer, Call, Refused, Row, in_use, invalid, missing
from .customfields import page_context
from .fields import Reader, boolean, choice, day, integer, objects, one_id, ref, text
from .invoice_lines import price, read_discount, read_lines
from .invoice_status import is_unpaid, status, words
from .invoice_views import DETAIL, ROW, contact_of
from .ledger import Ledger
from .listing import Filter, Listing
from .money import ONE, ZERO, number, rounded
from .resource import Messages, Resource, Route
from .times import later, stamp

UNKNOWN = "Invoice does not exist."


def _amount(ledger: Ledger, value: Any, name: str) -> Any:
    return rounded(number(value, name, default=ZERO), 6)


def _discount(ledger: Ledger, value: Any, name: str) -> Discount:
    return read_discount(value, name)


READERS: dict[str, Reader] = {
    "reference_number": text(100),
    "date": day,
    "due_date": day,
    "payment_terms": integer,
    "payment_terms_label": text(100),
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
    "exchange_rate": _amount,
    "salesperson_name": text(200),
    "salesperson_id": text(30),
    "payment_expected_date": day,
    "allow_partial_payments": boolean,
    "invoice_number": text(100),
    "location_id": locations.READ,
}
_DEFAULTS: Row = {
    "reference_number": "",
    "is_inclusive_tax": False,
    "is_discount_before_tax": True,
    "discount": NO_DISCOUNT,
    "shipping_charge": ZERO,
    "shipping_charge_tax_id": "",
    "adjustment": ZERO,
    "tax_rounding": "entity_level",
    "status": "draft",
    "issued_date": "",
    "payment_made": ZERO,
    "credits_applied": ZERO,
    "write_off_amount": ZERO,
    "tax_amount_withheld": ZERO,
    "last_payment_date": "",
}


def settle(ledger: Ledger, invoice: Row) -> None:
    """Works out what is still owed."""
    covered = invoice["payment_made"] + invoice["credits_applied"] + invoice["tax_amount_withheld"]
    invoice["balance"] = invoice["total"] - covered - invoice["write_off_amount"]


def _prepare(ledger: Ledger, invoice: Row, body: Row, call: Call, is_new: bool) -> None:
    if is_new:
        invoice["invoice_id"] = ledger.ids.take()
    elif invoice["status"] == "void":
        raise Refused(1007, "Void invoices cannot be edited.")
    _set_customer(ledger, invoice, body, is_new)
    _set_currency(ledger, invoice, body, is_new)
    _set_days(ledger, invoice, body, is_new)
    _set_discount_type(ledger, invoice, body, is_new)
    _set_lines(ledger, invoice, body, is_new)
    for name in ("billing_address", "shipping_address"):
        if name in body:
            invoice[name] = addresses.merged(invoice[name], body[name], name)
    if "contact_persons" in body:
        invoice["contact_persons"] = _people(ledger, invoice, body["contact_persons"])
    if invoice["shipping_charge"] < 0:
        raise invalid("shipping_charge")
    price(ledger, invoice)
    settle(ledger, invoice)
    if invoice["total"] < 0:
        raise invalid("total")
    if invoice["balance"] < 0:
        raise Refused(1007, "The invoice total cannot be less than the amount already paid.")
    _set_number(ledger, invoice, body, call, is_new)
    if is_new:
        sources.link(ledger, invoice, body, call)
    if is_new and call.flag("send"):
        mark_sent(ledger, invoice)
        invoice["is_emailed"] = True


def _set_discount_type(ledger: Ledger, invoice: Row, body: Row, is_new: bool) -> None:
    """Discounts stand on lines unless the document itself is given one."""
    if "discount_type" in body:
        return
    if is_new or invoice["discount"].value:
        invoice["discount_type"] = "entity_level" if invoice["discount"].value else "item_level"


def mark_sent(ledger: Ledger, invoice: Row) -> None:
    """A draft becomes issued; nothing happens to others."""
    if invoice["status"] in ("draft", "approved"):
        invoice["status"] = "sent"
        invoice["issued_date"] = ledger.today()


def _set_customer(ledger: Ledger, invoice: Row, body: Row, is_new: bool) -> None:
    if not is_new and "customer_id" not in body:
        return
    given = one_id(body.get("customer_id", ""), "customer_id")
    contact = ledger.must("contacts", given, "Customer does not exist.")
    if contact["contact_type"] != "customer":
        raise Refused(1002, "Customer does not exist.", 404)
    if not is_new and given != invoice["customer_id"] and invoice["payment_made"]:
        raise Refused(1007, "The customer of an invoice with payments cannot be changed.")
    if is_new or given != invoice["customer_id"]:
        invoice["customer_id"] = given
        invoice["billing_address"] = dict(contact["billing_address"])
        invoice["shipping_address"] = dict(contact["shipping_address"])
        person = persons.primary(contact)
        invoice["contact_persons"] = [person["contact_person_id"]] if person else []


def _set_currency(ledger: Ledger, invoice: Row, body: Row, is_new: bool) -> None:
    before = invoice.get("currency_id")
    if body.get("currency_id"):
        given = one_id(body["currency_id"], "currency_id")
        invoice["currency_id"] = ledger.must("currencies", given, "Currency does not exist.")["currency_id"]
    elif is_new:
        invoice["currency_id"] = contact_of(ledger, invoice)["currency_id"]
    if not is_new and before != invoice["currency_id"] and invoice["payment_made"]:
        raise Refused(1007, "The currency of an invoice with payments cannot be changed.")
    if invoice["currency_id"] == ledger.profile.currency_id:
        invoice["exchange_rate"] = ONE
    elif not body.get("exchange_rate"):
        if is_new or before != invoice["currency_id"]:
            on = invoice.get("date") or ledger.today()
            invoice["exchange_rate"] = ledger.rate_on(invoice["currency_id"], on)
    elif invoice["exchange_rate"] <= 0:
        raise invalid("exchange_rate")


def _set_days(ledger: Ledger, invoice: Row, body: Row, is_new: bool) -> None:
    if not invoice.get("date"):
        invoice["date"] = ledger.today()
    if "payment_terms" not in invoice:
        contact = contact_of(ledger, invoice)
        invoice["payment_terms"] = contact["payment_terms"]
        invoice["payment_terms_label"] = contact.get("payment_terms_label", "")
    if invoice["payment_terms"] < 0:
        raise invalid("payment_terms")
    moved = is_new or "date" in body or "payment_terms" in body
    if not invoice.get("due_date") or (moved and not body.get("due_date")):
        invoice["due_date"] = later(invoice["date"], invoice["payment_terms"])
    if invoice["due_date"] < invoice["date"]:
        raise invalid("due_date")


def _set_number(ledger: Ledger, invoice: Row, body: Row, call: Call, is_new: bool) -> None:
    """Automatic unless the call says otherwise; a number of one's own without the switch is refused."""
    given, manual = invoice.get("invoice_number", ""), call.flag("ignore_auto_number_generation")
    stored = ledger.invoices.get(invoice["invoice_id"])
    if not is_new and stored is not None and given in ("", stored["invoice_number"]):
        invoice["invoice_number"] = stored["invoice_number"]
        return
    if given and not manual:
        raise invalid("invoice_number")
    if manual and not given:
        raise missing("invoice_number")
    if not given:
        given = f"INV-{ledger.next_number('invoice'):06d}"
        while ledger.invoices.has_linked("invoice_number", given):
            given = f"INV-{ledger.next_number('invoice'):06d}"
    elif ledger.invoices.has_linked("invoice_number", given):
        raise Refused(1001, f'Invoice number "{given}" already exists.')
    invoice["invoice_number"] = given


def _set_lines(ledger: Ledger, invoice: Row, body: Row, is_new: bool) -> None:
    if "line_items" in body:
        entries = objects(body["line_items"], "line_items")
        if not entries:
            raise missing("line_items")
        invoice["line_items"] = read_lines(ledger, invoice, entries)
    else:
        invoice["line_items"] = [dict(line) for line in invoice["line_items"]]
    if all(line["category"] == "header" for line in invoice["line_items"]):
        raise missing("line_items")


def _people(ledger: Ledger, invoice: Row, value: Any) -> list[str]:
    known = [person["contact_person_id"] for person in contact_of(ledger, invoice)["persons"]]
    if not isinstance(value, list):
        raise invalid("contact_persons")
    given = [one_id(each, "contact_persons") for each in value]
    if any(each not in known for each in given):
        raise invalid("contact_persons")
    return given


def _deletable(ledger: Ledger, invoice: Row) -> None:
    if invoice["payment_made"] or invoice["credits_applied"]:
        raise in_use("Invoices which have payments or credits applied cannot be deleted.")


def _removed(ledger: Ledger, invoice: Row) -> None:
    ledger.comments.pop(invoice["invoice_id"], None)
    ledger.attachments.pop(invoice["invoice_id"], None)


def _create(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    answer = RESOURCE.create(ledger, call, ids)
    key = answer.headers["Location"].rpartition("/")[2]
    ledger.comment(key, "Invoice created.", operation_type="Added")
    return answer


def _update(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    answer = RESOURCE.update(ledger, call, ids)
    ledger.comment(ids[0], "Invoice updated.")
    return answer


def _is(*wanted: str) -> Callable[[Ledger, Row], bool]:
    def test(ledger: Ledger, invoice: Row) -> bool:
        return status(ledger, invoice) in wanted

    return test


def _lines(part: str) -> Callable[[Ledger, Row], list[str]]:
    def get(ledger: Ledger, invoice: Row) -> list[str]:
        return [line[part] for line in invoice["line_items"]]

    return get


def _customer(part: str) -> Callable[[Ledger, Row], str]:
    def get(ledger: Ledger, invoice: Row) -> str:
        return contact_of(ledger, invoice).get(part, "")

    return get


def _custom(ledger: Ledger, invoice: Row) -> list[str]:
    return [str(value) for value in (invoice.get("custom") or {}).values()]


RESOURCE = Resource(
    path="/invoices",
    table="invoices",
    item_key="invoice",
    area="invoices",
    entity="invoice",
    listing=Listing(
        table="invoices",
        list_key="invoices",
        report_name="Invoices",
        columns=ROW,
        sorts={
            "customer_name": _customer("contact_name"),
            **{
                name: name
                for name in ("invoice_number", "date", "due_date", "total", "balance", "created_time")
            },
        },
        sort_column="created_time",
        sort_order="D",
        default_filter="Status.All",
        filters={
            "invoice_number": Filter("text", "invoice_number"),
            "reference_number": Filter("text", "reference_number"),
            "customer_name": Filter("text", _customer("contact_name")),
            "customer_id": Filter("exact", "customer_id"),
            "email": Filter(
                "text", lambda ledger, one: persons.primary(contact_of(ledger, one)).get("email", "")
            ),
            "item_id": Filter("member", "item_ids"),
            "item_name": Filter("member", _lines("name")),
            "item_name_contains": Filter("among", _lines("name")),
            "item_description": Filter("member", _lines("description")),
            "item_description_contains": Filter("among", _lines("description")),
            "custom_field": Filter("member", _custom),
            "custom_field_contains": Filter("among", _custom),
            "total": Filter("amount", "total"),
            "balance": Filter("amount", "balance"),
            "date": Filter("day", "date"),
            "due_date": Filter("day", "due_date"),
            "created_date": Filter("day", lambda ledger, one: stamp(one["created_time"], ledger.zone)[:10]),
            "last_modified_time": Filter("since", "last_modified_time"),
            "status": Filter("member", words),
        },
        filter_by={
            "Sent": _is("sent", "viewed"),
            "Draft": _is("draft"),
            "OverDue": _is("overdue"),
            "Paid": _is("paid"),
            "Void": _is("void"),
            "Unpaid": is_unpaid,
            "PartiallyPaid": _is("partially_paid"),
            "Viewed": _is("viewed"),
            "PendingApproval": _is("pending_approval"),
            "Approved": _is("approved"),
            "PaymentExpectedDate": lambda ledger, one: bool(one.get("payment_expected_date")),
            "Invoice": lambda ledger, one: True,
            "DebitNote": lambda ledger, one: False,
        },
        search=("invoice_number", "reference_number", _customer("contact_name")),
        context=lambda ledger: {**page_context("invoice")(ledger), "seller_app_sales_channels": ""},
        depends=("contacts",),
    ),
    detail=DETAIL,
    readers=READERS,
    required=("customer_id", "line_items"),
    defaults=_DEFAULTS,
    messages=Messages(
        unknown=UNKNOWN,
        created="The invoice has been created.",
        updated="Invoice information has been updated.",
        deleted="The invoice has been deleted.",
    ),
    prepare=_prepare,
    blocks_delete=_deletable,
    removed=_removed,
    has_tags=True,
    upserts=True,
    extra=(
        Route("POST", "/invoices", "invoices.CREATE", _create),
        Route("PUT", "/invoices/{}", "invoices.UPDATE", _update),
    ),
)
ROUTES = (
    *RESOURCE.routes(),
    Route("PUT", "/invoice/{}/customfields", "invoices.UPDATE", RESOURCE.set_custom_fields),
)
