"""Quotes: drafts that are sent, answered, and become invoices."""

from collections.abc import Callable

from . import locations, sources
from .call import Call, Refused, Row, in_use, invalid
from .customfields import page_context
from .document_actions import Desk
from .documents import DEFAULTS, READERS, Kind, filters, party_name, prepare, sorts
from .estimate_views import DETAIL, ROW, status
from .fields import day, text
from .ledger import Ledger
from .listing import Filter, Listing
from .resource import Messages, Resource, Route

KIND = Kind("estimates", "estimate_id", "estimate_number", "quote", pattern="QT-{:06d}")
SELLER = {"salesperson_name": text(200), "salesperson_id": text(30), "location_id": locations.READ}
COLUMNS = ("customer_name", "customer_id", "item_id", "item_name", "item_description", "total", "date")
ANSWERED = ("accepted", "declined")


def _more(ledger: Ledger, estimate: Row, body: Row, call: Call, is_new: bool) -> None:
    if estimate.get("expiry_date") and estimate["expiry_date"] < estimate["date"]:
        raise invalid("expiry_date")
    if is_new and call.flag("send"):
        mark_sent(ledger, estimate)
        estimate["is_emailed"] = True


def mark_sent(ledger: Ledger, estimate: Row) -> None:
    """A draft becomes sent; nothing happens to answered ones."""
    if estimate["status"] in ("pending_approval", "rejected"):
        raise DESK.refuse(estimate, "Quote {} cannot be marked as sent.")
    if estimate["status"] in ("draft", "approved"):
        estimate["status"] = "sent"


def _answer(word: str) -> Callable[[Ledger, Row], None]:
    def change(ledger: Ledger, estimate: Row) -> None:
        if status(ledger, estimate) not in ("sent", "viewed", "expired", *ANSWERED):
            raise DESK.refuse(estimate, f"Only sent quotes can be marked as {word}.")
        estimate["status"] = word
        other = next(each for each in ANSWERED if each != word)
        estimate[f"{word}_date"], estimate[f"{other}_date"] = ledger.today(), ""

    return change


def submit(ledger: Ledger, record: Row) -> None:
    if record["status"] not in ("draft", "rejected"):
        raise Refused(1007, "Only drafts can be submitted for approval.")
    record["status"] = "pending_approval"
    record["submitted_by_name"], record["submitter_id"] = ledger.user["name"], ledger.user["user_id"]
    record["submitted_date"] = ledger.today()


def approve(ledger: Ledger, record: Row) -> None:
    if record["status"] != "pending_approval":
        raise Refused(1007, "Only what waits for approval can be approved.")
    record["status"], record["approver_id"] = "approved", ledger.user["user_id"]


def _deletable(ledger: Ledger, estimate: Row) -> None:
    if sources.invoices(ledger, estimate["estimate_id"]):
        raise in_use("Quotes from which invoices were made cannot be deleted.")


def _removed(ledger: Ledger, estimate: Row) -> None:
    ledger.drop_history(estimate["estimate_id"])


def _is(*words: str) -> Callable[[Ledger, Row], bool]:
    return lambda ledger, estimate: status(ledger, estimate) in words


RESOURCE = Resource(
    path="/estimates",
    table="estimates",
    item_key="estimate",
    area="estimates",
    entity="estimate",
    listing=Listing(
        table="estimates",
        list_key="estimates",
        report_name="Quotes",
        columns=ROW,
        sorts=sorts(KIND, "estimate_number", "date", "total", "created_time", "last_modified_time"),
        sort_column="created_time",
        sort_order="D",
        default_filter="Status.All",
        filters={
            **filters(
                KIND, lambda ledger, one: (status(ledger, one),), *COLUMNS, "custom_field", "reference_number"
            ),
            "expiry_date": Filter("day", "expiry_date"),
        },
        filter_by={
            "Sent": _is("sent"),
            "Draft": _is("draft"),
            "Invoiced": _is("invoiced", "partially_invoiced"),
            "Accepted": _is("accepted"),
            "Declined": _is("declined"),
            "Expired": _is("expired"),
            "Viewed": _is("viewed"),
            "Pending": _is("pending_approval"),
            "Approved": _is("approved"),
        },
        search=("estimate_number", "reference_number", party_name(KIND)),
        context=page_context("estimate"),
        depends=("contacts", "invoices"),
    ),
    detail=DETAIL,
    readers={**READERS, **SELLER, "expiry_date": day, "subject_content": text(1000)},
    required=("customer_id", "line_items"),
    defaults={
        **DEFAULTS,
        "status": "draft",
        "terms": "",
        "expiry_date": "",
        "accepted_date": "",
        "declined_date": "",
    },
    messages=Messages(
        unknown="Estimate does not exist.",
        created="The quote has been created.",
        updated="Quote information has been updated.",
        deleted="The quote has been deleted.",
    ),
    prepare=prepare(KIND, _more),
    blocks_delete=_deletable,
    removed=_removed,
    has_tags=True,
    upserts=True,
)
DESK = Desk(RESOURCE, "Quote", "estimate_number")
ROUTES = (
    *RESOURCE.routes(),
    *DESK.paper("estimate_ids"),
    DESK.action("status/sent", mark_sent, "Quote status has been changed to Sent."),
    DESK.action("status/accepted", _answer("accepted"), "Quote status has been changed to Accepted."),
    DESK.action("status/declined", _answer("declined"), "Quote status has been changed to Declined."),
    DESK.action("submit", submit, "The quote has been successfully submitted for approval"),
    DESK.action("approve", approve, "You have approved the quote."),
    *DESK.mail(mark_sent, "Your quote has been sent."),
    DESK.bulk("email", "estimate_ids", mark_sent, "Mission accomplished! We've sent all the quotes."),
    *DESK.comments(created="Comments added"),
    *DESK.addresses(),
    *DESK.templates("Quote information has been updated."),
    Route("PUT", "/estimate/{}/customfields", "estimates.UPDATE", RESOURCE.set_custom_fields),
)
