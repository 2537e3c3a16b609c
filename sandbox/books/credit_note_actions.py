"""What can be done to a credit note besides writing it: status, use on invoices, mail, custom fields."""

from collections.abc import Callable

from . import customfields
from .applications import CREDITS
from .call import Answer, Call, Refused, Row, done, invalid, missing
from .credit_notes import RESOURCE, invoices_credited
from .document_actions import Desk
from .ledger import Ledger
from .resource import Route, body_of

DESK = Desk(RESOURCE, "Credit note", "creditnote_number")


def _void(ledger: Ledger, credit: Row) -> None:
    if credit["applied"] or credit["refunds"] or credit["status"] in ("pending_approval", "rejected"):
        raise DESK.refuse(credit, "Credit note {} cannot be marked as void.")
    credit["status"] = "void"


def _draft(ledger: Ledger, credit: Row) -> None:
    if credit["status"] != "void":
        raise DESK.refuse(credit, "Credit note {} is not void and cannot be changed to draft.")
    credit["status"], credit["issued_date"] = "draft", ""


def _open(ledger: Ledger, credit: Row) -> None:
    if credit["status"] in ("void", "pending_approval", "rejected"):
        raise DESK.refuse(credit, "Credit note {} cannot be marked as open.")
    _issue(ledger, credit)


def _issue(ledger: Ledger, credit: Row) -> None:
    if credit["status"] != "open":
        credit["status"], credit["issued_date"] = "open", ledger.today()


def _submit(ledger: Ledger, credit: Row) -> None:
    if credit["status"] not in ("draft", "rejected"):
        raise DESK.refuse(credit, "Only draft credit notes can be submitted for approval.")
    credit["status"] = "pending_approval"


def _decide(word: str) -> Callable[[Ledger, Row], None]:
    def change(ledger: Ledger, credit: Row) -> None:
        if credit["status"] != "pending_approval":
            raise DESK.refuse(credit, "Credit note {} is not waiting for approval.")
        credit["status"] = word

    return change


def _mailed(ledger: Ledger, credit: Row) -> None:
    if credit["status"] in ("void", "pending_approval", "rejected"):
        raise DESK.refuse(credit, "Credit note {} cannot be sent by email.")
    _issue(ledger, credit)


CHANGES = {"void": _void, "draft": _draft, "open": _open, "submit": _submit, "approve": _decide("approved")}
"""Changes of status by name, for those who make records rather than answer calls."""


def _invoices(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    return done(invoices_credited=invoices_credited(ledger, RESOURCE.find(ledger, ids[0])))


def _apply(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    """Adds to what is applied; what was applied before stays. One invoice may stand bare in the body."""
    credit, body = RESOURCE.find(ledger, ids[0]), body_of(call)
    if credit["status"] != "open":
        raise DESK.refuse(credit, "Credit note {} is not open.")
    entries = body.get("invoices")
    if entries is None and "invoice_id" in body:
        entries = [{"invoice_id": body["invoice_id"], "amount_applied": body.get("amount_applied")}]
    CREDITS.add_all(ledger, credit, entries, "invoices")
    return done("Credits have been applied to the invoice(s).")


def _unapply(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    credit = RESOURCE.find(ledger, ids[0])
    left = [share for share in credit["applied"] if share["creditnote_invoice_id"] != ids[1]]
    if len(left) == len(credit["applied"]):
        raise Refused(1002, "Invoice does not exist.", 404)
    credit["last_modified_time"] = ledger.now()
    CREDITS.put(ledger, credit, left)
    return done("Credits applied to an invoice have been deleted.")


def _custom_fields(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    found = customfields.detail("creditnote")(ledger, RESOURCE.find(ledger, ids[0]))
    return done(custom_fields=found["custom_fields"])


def _set_custom_fields(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    credit, body = RESOURCE.find(ledger, ids[0]), body_of(call)
    if "custom_fields" not in body:
        raise missing("custom_fields")
    if not isinstance(body["custom_fields"], list):
        raise invalid("custom_fields")
    credit["custom"] = customfields.merged(ledger, "creditnote", "creditnotes", credit, body["custom_fields"])
    DESK.touch(ledger, credit)
    return done("The custom fields have been updated.")


_ALL = "/creditnotes/{}/invoices"
ROUTES = (
    *(route for route in DESK.paper("creditnote_ids") if not route.pattern.endswith("/pdf")),
    DESK.action("status/void", _void, "The credit note has been marked as void."),
    DESK.action("status/draft", _draft, "The credit note has been marked as Draft."),
    DESK.action("status/open", _open, "Status of the credit note has been changed to open."),
    DESK.action("submit", _submit, "The Credit Note has been successfully submitted for approval."),
    DESK.action("approve", _decide("approved"), "You have approved the Credit Note."),
    DESK.action("approve/final", _decide("approved"), "The credit note has been approved."),
    DESK.action("reject", _decide("rejected"), "The credit note has been rejected."),
    DESK.bulk(
        "submit", "creditnote_ids", _submit, "The selected credit notes have been submitted for approval."
    ),
    DESK.bulk(
        "approve", "creditnote_ids", _decide("approved"), "The selected credit notes have been approved."
    ),
    Route("GET", _ALL, "creditnotes.READ", _invoices),
    Route("POST", _ALL, "creditnotes.CREATE", _apply),
    Route("DELETE", f"{_ALL}/{{}}", "creditnotes.DELETE", _unapply),
    Route("GET", "/creditnotes/{}/customfields", "creditnotes.READ", _custom_fields),
    Route("POST", "/creditnotes/{}/customfields", "creditnotes.CREATE", _set_custom_fields),
    *DESK.mail(_mailed, "Your creditnote has been sent.", wrapped=True),
    *DESK.addresses(),
    *DESK.templates("The credit note has been updated."),
    *DESK.comments(methods="GET POST DELETE"),
)
