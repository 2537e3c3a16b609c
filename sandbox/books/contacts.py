"""Customers and vendors."""

from . import balances, persons
from .addresses import empty, merged
from .call import Answer, Call, Row, done, in_use
from .contact_views import DETAIL, ROW, mirrors, trades
from .customfields import page_context
from .fields import amount, boolean, choice, integer, objects, ref, text
from .ledger import Ledger
from .listing import Filter, Listing
from .resource import Messages, Resource, Route, body_of, id_list

UNKNOWN = "Contact does not exist."


def _prepare(ledger: Ledger, contact: Row, body: Row, call: Call, is_new: bool) -> None:
    if is_new:
        key = contact["contact_id"] = ledger.ids.take()
        contact["currency_id"] = contact.get("currency_id") or ledger.profile.currency_id
        contact["billing_address"], contact["shipping_address"] = empty(ledger, key), empty(ledger, key)
        contact["entity_address_id"] = ledger.ids.take_beside(key)
        contact["persons"], contact["addresses"] = [], []
    for name in ("billing_address", "shipping_address"):
        if name in body:
            contact[name] = merged(contact[name], body[name], name)
    if "contact_persons" in body:
        entries = objects(body["contact_persons"], "contact_persons")
        contact["persons"] = persons.replaced(ledger, contact, entries)


def _deletable(ledger: Ledger, contact: Row) -> None:
    if trades(ledger, contact):
        kind = contact["contact_type"].capitalize()
        raise in_use(f"{kind} cannot be deleted as there are transactions associated with it.")


def _delete(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    contact = RESOURCE.find(ledger, ids[0])
    RESOURCE.drop(ledger, contact)
    return done(f"The {contact['contact_type']} has been deleted.")


def _delete_many(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    found = [RESOURCE.find(ledger, each) for each in id_list(call, "contact_ids")]
    for contact in found:
        _deletable(ledger, contact)
    for contact in found:
        RESOURCE.drop(ledger, contact)
    return done("The contacts have been deleted.")


def _addresses(contact: Row) -> list[str]:
    places = (contact["billing_address"], contact["shipping_address"], *contact["addresses"])
    return [str(part) for address in places for part in address.values() if part]


def _switch(field: str, value: object, message: str) -> Route:
    names = {
        "payment_reminder_enabled": "paymentreminder/enable" if value else "paymentreminder/disable",
        "track_1099": "track1099" if value else "untrack1099",
    }

    def handle(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
        contact = RESOURCE.find(ledger, ids[0])
        contact[field] = value
        ledger.contacts.changed(contact)
        return done(message)

    return Route("POST", f"/contacts/{{}}/{names[field]}", "contacts.CREATE", handle)


def _email(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    RESOURCE.find(ledger, ids[0])
    body_of(call)
    return done("Email has been sent.")


def _statement(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    RESOURCE.find(ledger, ids[0])
    body_of(call)
    return done("Statement has been sent to the Customer.")


def _mirror(part: str) -> Filter:
    return Filter("text", lambda ledger, contact: persons.primary(contact).get(part, ""))


RESOURCE = Resource(
    path="/contacts",
    table="contacts",
    item_key="contact",
    area="contacts",
    entity="contact",
    listing=Listing(
        table="contacts",
        list_key="contacts",
        report_name="Contacts",
        columns=ROW,
        sorts={
            "contact_name": "contact_name",
            "first_name": lambda ledger, one: persons.primary(one).get("first_name", ""),
            "last_name": lambda ledger, one: persons.primary(one).get("last_name", ""),
            "email": lambda ledger, one: persons.primary(one).get("email", ""),
            "outstanding_receivable_amount": balances.receivable,
            "created_time": "created_time",
            "last_modified_time": "last_modified_time",
        },
        sort_column="contact_name",
        default_filter="Status.All",
        filters={
            "contact_name": Filter("text", "contact_name"),
            "company_name": Filter("text", "company_name"),
            "contact_type": Filter("exact", "contact_type"),
            "first_name": _mirror("first_name"),
            "last_name": _mirror("last_name"),
            "email": _mirror("email"),
            "phone": _mirror("phone"),
            "address": Filter("among", lambda ledger, one: _addresses(one)),
        },
        filter_by={
            "Active": lambda ledger, one: one["status"] == "active",
            "Inactive": lambda ledger, one: one["status"] == "inactive",
            "Duplicate": lambda ledger, one: False,
            "PortalEnabled": lambda ledger, one: False,
            "PortalDisabled": lambda ledger, one: True,
            "CreditLimitExceed": lambda ledger, one: False,
            "Crm": lambda ledger, one: False,
            "Unpaid": lambda ledger, one: balances.receivable(ledger, one) > 0,
            "OverDue": lambda ledger, one: _is_late(ledger, one),
            "Customers": lambda ledger, one: one["contact_type"] == "customer",
            "Vendors": lambda ledger, one: one["contact_type"] == "vendor",
        },
        search=("contact_name", "company_name", "notes", lambda ledger, one: mirrors(ledger, one)["email"]),
        context=page_context("contact"),
        depends=("invoices", "payments", "creditnotes", "bills", "vendorpayments", "vendorcredits"),
    ),
    detail=DETAIL,
    readers={
        "contact_name": text(200),
        "company_name": text(200),
        "contact_type": choice(("customer", "vendor")),
        "customer_sub_type": choice(("business", "individual")),
        "website": text(200),
        "language_code": text(10),
        "notes": text(),
        "payment_terms": integer,
        "payment_terms_label": text(100),
        "currency_id": ref("currencies", "Currency does not exist."),
        "twitter": text(100),
        "facebook": text(100),
        "track_1099": boolean,
        "tax_id_type": text(20),
        "tax_id_value": text(50),
        "owner_id": ref("users", "User does not exist."),
        "credit_limit": amount(),
        "contact_number": text(200),
    },
    required=("contact_name",),
    defaults={"contact_type": "customer", "status": "active", "payment_terms": 0, "source": "api"},
    messages=Messages(
        unknown=UNKNOWN,
        created="The contact has been added.",
        updated="Contact has been updated successfully",
        active="The contact has been marked as active.",
        inactive="The contact has been marked as inactive.",
    ),
    unique={
        "contact_name": (3062, 'The customer "{}" already exists. Please specify a different name.'),
    },
    prepare=_prepare,
    blocks_delete=_deletable,
    has_tags=True,
    upserts=True,
    extra=(
        Route("DELETE", "/contacts/{}", "contacts.DELETE", _delete),
        Route("DELETE", "/contacts", "contacts.DELETE", _delete_many),
        Route("POST", "/contacts/{}/email", "contacts.CREATE", _email),
        Route("POST", "/contacts/{}/statements/email", "contacts.CREATE", _statement),
        _switch("payment_reminder_enabled", True, persons.REMINDERS_ON),
        _switch("payment_reminder_enabled", False, persons.REMINDERS_OFF),
        _switch("track_1099", True, "1099 tracking is enabled."),
        _switch("track_1099", False, "1099 tracking is disabled."),
        *persons.ROUTES,
    ),
)


def _is_late(ledger: Ledger, contact: Row) -> bool:
    today = ledger.today()
    return any(
        invoice["balance"] > 0 and invoice["due_date"] < today and invoice["status"] not in balances.NOT_OWED
        for invoice in ledger.invoices.linked("customer_id", contact["contact_id"])
    )


ROUTES = RESOURCE.routes()
