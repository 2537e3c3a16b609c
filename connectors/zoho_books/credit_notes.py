"""Credit notes: /creditnotes."""

from connectors.kit.mapping import Table, names
from connectors.zoho_books import filtering
from connectors.zoho_books.control_totals import Reckoned
from connectors.zoho_books.credits import UNSEEN, Credits, credit_rows
from connectors.zoho_books.document_resource import IDS, mail, numbered, printer, scopes, verb, verbs
from connectors.zoho_books.document_writes import Kind
from connectors.zoho_books.field_names import definitions
from connectors.zoho_books.ledger_lines import posted_as
from connectors.zoho_books.lines import Origin, line_table
from connectors.zoho_books.lookups import CREDIT_NOTES as LOOKUP
from connectors.zoho_books.lookups import CUSTOMERS, INVOICES
from connectors.zoho_books.settlement import CREDIT_NOTES
from connectors.zoho_books.settling import actions
from unified_models.credit_notes import CreditNote

LINE = line_table("credit note", origins=(Origin("invoice", "invoice_id", "invoice_item_id"),))

TABLE = Table(
    CreditNote,
    credit_rows(
        names(CreditNote), CREDIT_NOTES, LINE, noun="credit notes", to=CUSTOMERS, refund="creditnote_refund",
        number=filtering.only, ships=True,
    ),
)  # fmt: skip

ACTIONS = {
    **actions(CREDIT_NOTES, "authorised"),
    **verbs(
        "/creditnotes",
        verb("authorise", "status/open", "Makes a draft a live credit note, silently.", "draft"),
        verb("void", "status/void", "Takes the credit note out of the books.", "draft", "authorised"),
        verb("mark-draft", "status/draft", "Makes a voided credit note a draft again.", "voided"),
        verb("submit", "submit", "Hands a draft in for approval.", "draft", "rejected"),
        verb("approve", "approve", "Approves what was submitted.", "submitted"),
        verb("reject", "reject", "Sends what was submitted back.", "submitted"),
        mail("email", "email", "Mails the credit note to the customer.", "draft", "authorised", "paid"),
    ),
}

RESOURCE = Credits(
    name="credit_notes",
    path="/creditnotes",
    one="creditnote",
    many="creditnotes",
    table=TABLE,
    means=CREDIT_NOTES,
    sources=INVOICES,
    drafted=("is_draft", True),
    kind=Kind(
        path="/creditnotes",
        side="customer",
        entity="creditnote",
        letter=True,
        texts=("exchange_rate",),
        reckoned=Reckoned(party="customer_id", rounded=("/creditnotes", "creditnotes", "creditnote")),
    ),
    ids=IDS,
    removable=frozenset({"refunds"}),
    actions=ACTIONS,
    own=numbered(LOOKUP),
    scopes=scopes("creditnotes"),
    order="created_time",
    search="search_text",
    page_link="/app/{organization}#/creditnotes/{id}",
    statuses={"draft": None, "authorised": None},
    default_status="authorised",
    expansions={
        "line_items": "credit_notes",
        "allocations": "credit_notes",
        "attachments": "credit_notes",
        "contact": "contacts",
    },
    pdf=printer("/creditnotes", "credit note"),
    ledger=posted_as("creditnote"),
    unseen=UNSEEN,
    definitions=definitions("creditnote"),
)
