"""Vendor credits: /vendorcredits. Their scope is `debitnotes`."""

from connectors.kit.mapping import CREATE, Table, names
from connectors.zoho_books import filtering
from connectors.zoho_books.control_totals import Reckoned
from connectors.zoho_books.credits import UNSEEN, Credits, credit_rows
from connectors.zoho_books.document_resource import IDS, numbered, printer, scopes, verb, verbs
from connectors.zoho_books.document_rows import vendor
from connectors.zoho_books.document_writes import Kind
from connectors.zoho_books.field_names import definitions
from connectors.zoho_books.ledger_lines import posted_as
from connectors.zoho_books.lines import line_table
from connectors.zoho_books.lookups import BILLS, VENDORS
from connectors.zoho_books.lookups import VENDOR_CREDITS as LOOKUP
from connectors.zoho_books.settlement import VENDOR_CREDITS
from connectors.zoho_books.settling import actions
from unified_models.vendor_credits import VendorCredit

credit = names(VendorCredit)

TABLE = Table(
    VendorCredit,
    (
        *credit_rows(
            credit, VENDOR_CREDITS, line_table("vendor credit", project="project_name"), noun="vendor credits",
            to=VENDORS, refund="vendor_credit_refund", number=filtering.text,
            search=filtering.CUSTOM_FIELDS,
        ),
        vendor(credit.vendor),
    ),
)  # fmt: skip

ACTIONS = {
    **actions(VENDOR_CREDITS, "authorised"),
    **verbs(
        "/vendorcredits",
        verb("authorise", "status/open", "Makes a draft a live vendor credit.", "draft", "voided"),
        verb("void", "status/void", "Takes the vendor credit out of the books.", "draft", "authorised"),
        verb("submit", "submit", "Hands a draft in for approval.", "draft", "rejected"),
        verb("approve", "approve", "Approves what was submitted.", "submitted"),
    ),
}

RESOURCE = Credits(
    name="vendor_credits",
    path="/vendorcredits",
    one="vendor_credit",
    many="vendor_credits",
    table=TABLE,
    means=VENDOR_CREDITS,
    sources=BILLS,
    kind=Kind(
        path="/vendorcredits",
        side="vendor",
        entity="vendor_credit",
        reckoned=Reckoned(party="vendor_id"),
        numbered=CREATE,
    ),
    ids=IDS,
    removable=frozenset({"refunds"}),
    actions=ACTIONS,
    own=numbered(LOOKUP),
    scopes=scopes("debitnotes"),
    order="created_time",
    repeats=("vendor_id",),
    search="search_text",
    page_link="/app/{organization}#/vendorcredits/{id}",
    statuses={"draft": None, "authorised": None},
    default_status="authorised",
    expansions={
        "line_items": "vendor_credits",
        "allocations": "vendor_credits",
        "attachments": "vendor_credits",
        "contact": "contacts",
    },
    pdf=printer("/vendorcredits", "vendor credit"),
    ledger=posted_as("vendor_credit"),
    unseen=UNSEEN,
    definitions=definitions("vendor_credit"),
)
