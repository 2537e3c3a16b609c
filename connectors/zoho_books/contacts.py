"""Customers and vendors: /contacts."""

from typing import Any

from connectors.kit.actions import masters
from connectors.kit.codec import BOOL, ID, MONEY, TEXT
from connectors.kit.custom_fields import custom_fields
from connectors.kit.faults import FieldError, Rejected
from connectors.kit.flows import Draft
from connectors.kit.http import Flow
from connectors.kit.mapping import (
    ALWAYS,
    BESIDE,
    Native,
    Newest,
    Table,
    Words,
    coded,
    computed,
    field,
    many,
    names,
    one,
    ref,
    unmapped,
)
from connectors.kit.operations import Context, Op, Record
from connectors.kit.resource import Issues, Resource
from connectors.zoho_books.attachments import files_row
from connectors.zoho_books.codecs import CONTACT_TYPE, CUSTOM_FIELDS, INSTANT, MASTER_STATUS
from connectors.zoho_books.contact_addresses import addresses, fold_addresses, put_addresses
from connectors.zoho_books.documents import TERMS
from connectors.zoho_books.field_names import check_custom_fields, definitions
from connectors.zoho_books.lookups import CONTACTS, CURRENCIES, TAX_EXEMPTIONS, TAXES, USERS
from connectors.zoho_books.people import PERSON, emails, fold_primary, phones, primary_emails, primary_phones
from connectors.zoho_books.tax_numbers import put_tax_number, spell_tax_number, tax_number
from connectors.zoho_books.tracking import tracking
from unified_models.contacts import Contact

contact = names(Contact)


def _text_filters(param: str) -> dict[Op, str]:
    return {Op.EQ: param, Op.STARTS_WITH: f"{param}_startswith", Op.CONTAINS: f"{param}_contains"}


def _is(kind: str) -> Any:
    def read(native: Native, ctx: Context) -> bool | None:
        told = native.get("contact_type")
        return told == kind if told else None

    return read


def _put_side(kind: str) -> Any:
    def put(value: bool, native: Native, ctx: Context) -> None:
        native.setdefault("sides", {})[kind] = value

    return put


def bank_accounts(native: Native, ctx: Context) -> list[dict[str, Any]]:
    """As much of the contact's bank accounts as Zoho shows."""
    found: list[dict[str, Any]] = []
    for each in native.get("bank_accounts") or []:
        number = str(each.get("last_four_digits") or each.get("account_number") or "")
        found.append(
            {"name": each.get("bank_name") or each.get("account_name") or None, "last4": number[-4:] or None}
        )
    return found


TABLE = Table(
    Contact,
    (
        field(contact.id, "contact_id", ID),
        field(contact.created_at, "created_time", INSTANT, sort="created_time"),
        field(
            contact.updated_at, "last_modified_time", INSTANT, sort="last_modified_time",
            filters={
                Op.GTE: Newest("last_modified_time"), Op.GT: Newest("last_modified_time"),
                Op.LT: BESIDE, Op.LTE: BESIDE,
            },
        ),
        field(
            contact.name, "contact_name", TEXT, write=ALWAYS, sort="contact_name",
            filters=_text_filters("contact_name"),
        ),
        field(contact.type, "contact_type", CONTACT_TYPE, write=ALWAYS, filters={Op.EQ: "contact_type"}),
        computed(
            contact.is_customer, _is("customer"), uses=("contact_type",), put=_put_side("customer"), write=ALWAYS,
            codec=BOOL, filters={Op.EQ: Words("contact_type", {"true": "customer", "false": "vendor"})},
        ),
        computed(
            contact.is_vendor, _is("vendor"), uses=("contact_type",), put=_put_side("vendor"), write=ALWAYS,
            codec=BOOL, filters={Op.EQ: Words("contact_type", {"true": "vendor", "false": "customer"})},
        ),
        field(contact.number, "contact_number", TEXT, write=ALWAYS, detail_only=True),
        field(
            contact.company_name, "company_name", TEXT, write=ALWAYS, filters=_text_filters("company_name")
        ),
        field(
            contact.first_name, "first_name", TEXT, write=ALWAYS, writes="primary.first_name", sort="first_name",
            filters=_text_filters("first_name"),
        ),
        field(
            contact.last_name, "last_name", TEXT, write=ALWAYS, writes="primary.last_name", sort="last_name",
            filters=_text_filters("last_name"),
        ),
        field(
            contact.title, "contact_salutation", TEXT, write=ALWAYS, writes="primary.salutation", detail_only=True
        ),
        computed(
            contact.emails, emails, uses=("email",), put=primary_emails, write=ALWAYS, key=("email",),
            below={"email": _text_filters("email")},
        ),
        computed(
            contact.phones, phones, uses=("phone", "mobile"), put=primary_phones, write=ALWAYS, key=("number",),
            below={"number": {Op.EQ: "phone"}},
        ),
        computed(
            contact.addresses, addresses, uses=("billing_address", "shipping_address", "addresses"),
            put=put_addresses, write=ALWAYS, key=("id", "type"), detail_only=True,
        ),
        many(contact.contact_persons, "contact_persons", PERSON, write=ALWAYS, detail_only=True),
        computed(
            contact.tax_number, tax_number, uses=("gst_no", "vat_reg_no", "tax_reg_no", "tax_id_value"),
            put=put_tax_number, clear={}, write=ALWAYS, detail_only=True,
        ),
        ref(contact.tax_rate, "tax_id", name="tax_name", to=TAXES, write=ALWAYS, detail_only=True),
        field(contact.is_taxable, "is_taxable", BOOL, write=ALWAYS, detail_only=True),
        ref(
            contact.tax_exemption, "tax_exemption_id", name="tax_exemption_code", to=TAX_EXEMPTIONS, write=ALWAYS,
            detail_only=True,
        ),
        unmapped(contact.tax_details, "keeps country fields by edition; send them in remote_data"),
        coded(contact.currency, "currency_code", writes="currency_id", to=CURRENCIES, write=ALWAYS),
        field(contact.language, "language_code", TEXT, write=ALWAYS),
        one(contact.payment_terms, "", TERMS, write=ALWAYS),
        field(contact.credit_limit, "credit_limit", MONEY, write=ALWAYS, detail_only=True),
        field(contact.website, "website", TEXT, write=ALWAYS),
        field(contact.memo, "notes", TEXT, write=ALWAYS, detail_only=True),
        ref(contact.owner, "owner_id", name="owner_name", to=USERS, write=ALWAYS, detail_only=True),
        field(
            contact.receivable_balance, "outstanding_receivable_amount", MONEY,
            sort="outstanding_receivable_amount",
        ),
        field(contact.payable_balance, "outstanding_payable_amount", MONEY),
        field(contact.unapplied_receivable, "unused_credits_receivable_amount", MONEY),
        field(contact.unapplied_payable, "unused_credits_payable_amount", MONEY),
        ref(contact.default_account, "account_id", name="account_name", detail_only=True),
        unmapped(contact.parent, "has no contacts below contacts"),
        files_row(contact.attachments),
        computed(contact.bank_accounts, bank_accounts, uses=("bank_accounts",), detail_only=True),
        field(
            contact.status, "status", MASTER_STATUS,
            filters={Op.EQ: Words("filter_by", {"active": "Status.Active", "archived": "Status.Inactive"})},
        ),
        field(contact.remote_status, "status", TEXT),
        field(contact.portal_status, "portal_status", TEXT),
        custom_fields(contact.custom_fields, CUSTOM_FIELDS),
        tracking(contact.tracking_categories, located=False),
    ),
)  # fmt: skip

PERSONAL = frozenset({"first_name", "last_name", "title", "emails", "phones", "addresses"})
"""What is written through the primary person or merged into addresses."""


class Contacts(Resource):
    """Persons, addresses, the side of the ledger and the tax number need more than their row."""

    def complete(self, record: Record, native: Any, ctx: Context, issues: Issues, *, detail: bool) -> None:
        if detail and record["title"] is None:
            primary = (each for each in record["contact_persons"] if each["is_primary"])
            record["title"] = next((each["title"] for each in primary), None)

    def needs_current(self, body: dict[str, Any], *, replace_lines: bool) -> bool:
        return bool(PERSONAL & body.keys()) or super().needs_current(body, replace_lines=replace_lines)

    def prepare(self, draft: Draft) -> Flow[None]:
        errors: list[FieldError] = []
        _choose_side(draft, errors)
        fold_primary(draft)
        fold_addresses(draft, errors)
        if errors:
            raise Rejected(*errors)
        if draft.body.get("number") is not None and draft.current is None:
            draft.native["ignore_auto_number_generation"] = True
        yield from check_custom_fields(draft.body, "contact")
        yield from spell_tax_number(draft)


def _choose_side(draft: Draft, errors: list[FieldError]) -> None:
    """A contact is a customer or a vendor; two flags and a type must say the same."""
    sides = draft.native.pop("sides", {})
    chosen = {kind for kind, value in sides.items() if value}
    refused = {kind for kind, value in sides.items() if not value}
    if draft.native.get("contact_type"):
        chosen.add(draft.native["contact_type"])
    if not chosen and len(refused) == 1:
        chosen = {"customer", "vendor"} - refused
    if len(chosen) > 1 or chosen & refused or len(refused) > 1:
        detail = "a contact is either a customer or a vendor here"
        errors.append(FieldError("unsupported_field", "/is_vendor", detail, ("customer", "vendor")))
    elif chosen:
        draft.native["contact_type"] = chosen.pop()


RESOURCE = Contacts(
    name="contacts",
    path="/contacts",
    one="contact",
    many="contacts",
    table=TABLE,
    ids=r"[0-9]{1,24}",
    actions=masters("/contacts"),
    own=CONTACTS,
    scopes={verb: f"ZohoBooks.contacts.{verb.upper()}" for verb in ("create", "read", "update", "delete")},
    order="created_time",
    repeats=("contact_name", "contact_type"),
    search="search_text",
    page_link="/app/{organization}#/contacts/{id}",
    expansions={"addresses": "contacts", "contact_persons": "contacts", "attachments": "contacts"},
    definitions=definitions("contact"),
)
