"""Journal entries: /journals, those made by hand. List rows lack lines, currency and the time of creation."""

from typing import Any

from connectors.kit.codec import DATE, ENUM, ID, MONEY, RATE, TEXT
from connectors.kit.custom_fields import custom_fields
from connectors.kit.faults import Fault, FieldError, Rejected
from connectors.kit.flows import Draft, explain
from connectors.kit.http import Flow, Request
from connectors.kit.mapping import (
    ALWAYS,
    BESIDE,
    CREATE,
    Newest,
    Table,
    When,
    Words,
    coded,
    computed,
    field,
    many,
    names,
    unmapped,
)
from connectors.kit.operations import Answer, Context, Op, Record
from connectors.kit.paging import merged_query, one_of
from connectors.kit.resource import Resource
from connectors.zoho_books import filtering
from connectors.zoho_books.attachments import files_row
from connectors.zoho_books.codecs import CUSTOM_FIELDS, INSTANT
from connectors.zoho_books.control_totals import places_of
from connectors.zoho_books.document_resource import IDS, scopes, verb, verbs
from connectors.zoho_books.field_names import check_custom_fields, definitions
from connectors.zoho_books.journal_lines import LINE, contactless, unbalanced, whole
from connectors.zoho_books.ledger_lines import posted_as
from connectors.zoho_books.lookups import CURRENCIES
from connectors.zoho_books.tracking import tracking
from unified_models.actions import Reverse
from unified_models.journal_entries import JournalEntry

journal = names(JournalEntry)

STATUS = ENUM(
    {
        "draft": "draft",
        "submitted": "submitted",
        "approved": "submitted",
        "rejected": "rejected",
        "published": "posted",
    }
)
"""What was approved is not posted before it is published."""

STATUS_WORDS = Words(
    "status",
    {
        "draft": "draft", "submitted": ("submitted", "approved"), "posted": "published", "rejected": "rejected",
    },
    native="status",
)  # fmt: skip

BASIS = ENUM({"both": "both", "cash": "cash"})

TABLE = Table(
    JournalEntry,
    (
        field(journal.id, "journal_id", ID),
        field(journal.created_at, "created_time", INSTANT, detail_only=True),
        field(
            journal.updated_at, "last_modified_time", INSTANT, sort="last_modified_time",
            # Zoho's own parameter answers what was changed in that very second.
            filters={
                Op.GTE: Newest("last_modified_time"), Op.GT: Newest("last_modified_time"),
                Op.LT: BESIDE, Op.LTE: BESIDE,
            },
        ),
        field(
            journal.transaction_date, "journal_date", DATE, write=ALWAYS, sort="journal_date",
            filters=filtering.day("date"),
        ),
        many(journal.lines, "line_items", LINE, write=ALWAYS, complete=True, detail_only=True),
        field(
            journal.status, "status", STATUS, write=CREATE,
            filters={Op.EQ: STATUS_WORDS, Op.IN: STATUS_WORDS},
        ),
        field(journal.remote_status, "status", TEXT),
        field(
            journal.number, "entry_number", TEXT, sort="entry_number", filters=filtering.text("entry_number")
        ),
        field(
            journal.reference, "reference_number", TEXT, write=ALWAYS, sort="reference_number",
            filters=filtering.text("reference_number"),
        ),
        field(journal.memo, "notes", TEXT, write=ALWAYS, filters=filtering.text("notes")),
        field(
            journal.basis, "journal_type", BASIS, write=ALWAYS,
            filters={Op.EQ: Words("journal_type", {"both": "both", "cash": "cash"})},
        ),
        coded(
            journal.currency, "currency_code", writes="currency_id", to=CURRENCIES, write=ALWAYS,
            detail_only=True,
        ),
        field(journal.exchange_rate, "exchange_rate", RATE, write=ALWAYS, detail_only=True),
        computed(journal.base_currency, lambda native, ctx: ctx.currency),
        field(journal.base_total_amount, "bcy_total", MONEY),
        field(
            journal.total_amount, "total", MONEY, sort="total", filters=filtering.amount("total")
        ),
        unmapped(journal.reversal_of, "does not link an entry with its reversal"),
        unmapped(journal.reversed_by, "does not link an entry with its reversal"),
        files_row(journal.attachments),
        unmapped(journal.source, "lists entries made by hand; those of documents are in transactions"),
        custom_fields(journal.custom_fields, CUSTOM_FIELDS),
        tracking(journal.tracking_categories),
    ),
)  # fmt: skip


class JournalEntries(Resource):
    """Nothing unbalanced is ever sent."""

    def needs_current(self, body: Record, *, replace_lines: bool) -> bool:
        """Kept lines count in the balance, and Zoho wants the day in every change."""
        return "lines" in body or "transaction_date" not in body

    def prepare(self, draft: Draft) -> Flow[None]:
        current = draft.current or {}
        if draft.when is not When.CREATE:
            draft.native.setdefault("journal_date", current.get("journal_date"))
        errors: list[FieldError] = []
        if "line_items" in draft.native:
            lines = whole(draft.native["line_items"], current.get("line_items") or [])
            draft.native["line_items"] = lines
            currency = draft.body.get("currency") or current.get("currency_code") or draft.ctx.currency
            errors += unbalanced(lines, places_of(currency))
            errors += yield from contactless(lines)
        if errors:
            raise Rejected(*errors)
        yield from check_custom_fields(draft.body, "journal")

    def act(self, action: str, id: str, body: Record, ctx: Context) -> Flow[Answer]:
        if action != "reverse":
            return (yield from super().act(action, id, body, ctx))
        return (yield from self._reverse(id, body, ctx))

    def _reverse(self, id: str, body: Record, ctx: Context) -> Flow[Answer]:
        """The answer is the new entry that takes the old one back."""
        day = DATE.write(body.get("transaction_date") or ctx.today)
        query = merged_query((("reversal_date", day), ("is_reversal_scheduled", "false")), ctx)
        try:
            reply = yield Request("POST", f"{self.at(id)}/reverse", query, step="reverse the journal")
        except Fault as fault:
            yield from explain(self, self.actions["reverse"], id, ctx, fault)
            raise
        told = one_of(reply.body, self.one, self.id_key)
        answer = (yield from self.get(id, ctx)) if told is None else self.read(told, ctx)
        answer.outcome = "updated"
        if answer.record["id"] != id:
            answer.outcome = "created"
            answer.record["reversal_of"] = {"type": "journal_entry", "id": id}
        return answer

    def describe(self) -> dict[str, Any]:
        told = super().describe()
        return {**told, "calls": {**told["calls"], "create": 2, "update": 3, "reverse": 1}}


ACTIONS = verbs(
    "/journals",
    verb("post", "status/publish", "Posts a draft to the books.", "draft", "submitted"),
    verb("submit", "submit", "Hands a draft in for approval.", "draft", "rejected"),
    verb("approve", "approve", "Approves what was submitted.", "submitted"),
    verb("reject", "reject", "Turns down what was submitted.", "submitted"),
    verb(
        "reverse",
        "reverse",
        "Books the opposite on another day; answers the new entry.",
        "posted",
        fields=Reverse,
        creates=(JournalEntry,),
    ),
)

RESOURCE = JournalEntries(
    name="journal_entries",
    path="/journals",
    one="journal",
    many="journals",
    table=TABLE,
    ids=IDS,
    actions=ACTIONS,
    scopes=scopes("accountants"),
    order="entry_number",
    search="search_text",
    page_link="/app/{organization}#/accountant/journals/{id}",
    statuses={"draft": None, "posted": None},
    default_status="posted",
    expansions={"lines": "journal_entries", "attachments": "journal_entries"},
    definitions=definitions("journal"),
    ledger=posted_as("journal"),
)
