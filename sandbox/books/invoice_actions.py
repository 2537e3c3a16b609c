"""What can be done to an invoice besides writing it: status, mail, write-off, credits, comments, files, print."""

from collections.abc import Callable

from .addresses import merged
from .applications import CREDITS, PAYMENTS
from .call import Answer, Call, Refused, Row, done, missing
from .fields import text
from .invoice_print import page, printed
from .invoice_status import status
from .invoices import RESOURCE, mark_sent, settle
from .ledger import TEMPLATE, Ledger
from .money import ZERO
from .persons import primary
from .resource import Route, body_of, id_list

Change = Callable[[Ledger, Row], None]


def _not_from(invoice: Row, message: str) -> Refused:
    return Refused(1007, message.format(invoice["invoice_number"]))


def _sent(ledger: Ledger, invoice: Row) -> None:
    if invoice["status"] in ("void", "pending_approval", "rejected"):
        raise _not_from(invoice, "Invoice {} cannot be marked as sent.")
    mark_sent(ledger, invoice)


def _void(ledger: Ledger, invoice: Row) -> None:
    if invoice["payment_made"] or invoice["credits_applied"]:
        raise _not_from(invoice, "Invoice {} has payments applied and cannot be marked as void.")
    if invoice["status"] in ("pending_approval", "rejected"):
        raise _not_from(invoice, "Invoice {} cannot be marked as void.")
    invoice["status"] = "void"


def _draft(ledger: Ledger, invoice: Row) -> None:
    if invoice["status"] != "void":
        raise _not_from(invoice, "Invoice {} is not void and cannot be changed to draft.")
    invoice["status"], invoice["issued_date"] = "draft", ""
    invoice["write_off_amount"] = ZERO
    settle(ledger, invoice)


def _submit(ledger: Ledger, invoice: Row) -> None:
    if invoice["status"] not in ("draft", "rejected"):
        raise _not_from(invoice, "Only draft invoices can be submitted for approval.")
    invoice["status"] = "pending_approval"


def _approve(ledger: Ledger, invoice: Row) -> None:
    if invoice["status"] != "pending_approval":
        raise _not_from(invoice, "Invoice {} is not waiting for approval.")
    invoice["status"] = "approved"


def _reject(ledger: Ledger, invoice: Row) -> None:
    if invoice["status"] != "pending_approval":
        raise _not_from(invoice, "Invoice {} is not waiting for approval.")
    invoice["status"] = "rejected"


def _write_off(ledger: Ledger, invoice: Row) -> None:
    if status(ledger, invoice) not in ("sent", "viewed", "overdue", "partially_paid"):
        raise _not_from(invoice, "Only issued invoices with a balance can be written off.")
    invoice["write_off_amount"] = invoice["balance"]
    settle(ledger, invoice)


def _cancel_write_off(ledger: Ledger, invoice: Row) -> None:
    if not invoice["write_off_amount"]:
        raise _not_from(invoice, "Invoice {} is not written off.")
    invoice["write_off_amount"] = ZERO
    settle(ledger, invoice)


CHANGES: dict[str, Change] = {
    "sent": _sent,
    "void": _void,
    "submit": _submit,
    "approve": _approve,
    "write off": _write_off,
}
"""Changes of status by name, for those who make records rather than answer calls."""


def _reminders(on: bool) -> Change:
    def change(ledger: Ledger, invoice: Row) -> None:
        invoice["payment_reminder_enabled"] = on

    return change


def _apply(ledger: Ledger, invoice: Row, change: Change, message: str) -> None:
    change(ledger, invoice)
    invoice["last_modified_time"] = ledger.now()
    invoice["last_modified_by_id"] = ledger.user["user_id"]
    ledger.invoices.changed(invoice)
    ledger.comment(invoice["invoice_id"], message)


def _action(path: str, change: Change, message: str) -> Route:
    def handle(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
        _apply(ledger, RESOURCE.find(ledger, ids[0]), change, message)
        return done(message)

    return Route("POST", f"/invoices/{{}}/{path}", "invoices.CREATE", handle)


def _bulk(path: str, change: Change, message: str) -> Route:
    """The same on several, all or nothing."""

    def handle(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
        found = [RESOURCE.find(ledger, each) for each in id_list(call, "invoice_ids")]
        for invoice in found:
            change(ledger, dict(invoice))
        for invoice in found:
            _apply(ledger, invoice, change, message)
        return done(message)

    return Route("POST", f"/invoices/{path}", "invoices.CREATE", handle)


def _delete_many(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    found = [RESOURCE.find(ledger, each) for each in dict.fromkeys(id_list(call, "invoice_ids"))]
    for invoice in found:
        RESOURCE.blocks_delete(ledger, invoice)
    for invoice in found:
        RESOURCE.drop(ledger, invoice)
    return done("The invoices have been deleted.")


def _address(call: Call, invoice: Row) -> list[str]:
    body: Row = call.body if isinstance(call.body, dict) else {}
    given = body.get("to_mail_ids")
    return [str(each) for each in given] if isinstance(given, list) else []


def _email(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    invoice = RESOURCE.find(ledger, ids[0])
    if call.malformed:
        body_of(call)
    _to(ledger, call, invoice)
    first = not invoice.get("is_emailed", False)
    if invoice["status"] in ("void", "pending_approval", "rejected"):
        raise _not_from(invoice, "Invoice {} cannot be sent by email.")
    invoice["is_emailed"] = True
    message = "Your invoice has been sent."
    _apply(ledger, invoice, mark_sent, message)
    return done(message, is_first_email=first)


def _to(ledger: Ledger, call: Call, invoice: Row) -> list[str]:
    """Who is written to: the addresses given, else the customer's primary person."""
    person = primary(ledger.contacts.rows[invoice["customer_id"]])
    own = str(person.get("email", ""))
    found = _address(call, invoice) or ([own] if own else [])
    if not found:
        raise missing("to_mail_ids")
    return found


def _remind(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    invoice = RESOURCE.find(ledger, ids[0])
    if status(ledger, invoice) not in ("sent", "viewed", "overdue", "partially_paid"):
        raise _not_from(invoice, "Reminders can be sent for issued invoices with a balance only.")
    _to(ledger, call, invoice)
    invoice["reminders_sent"] = invoice.get("reminders_sent", 0) + 1
    invoice["last_reminder_sent_date"] = ledger.today()
    ledger.invoices.changed(invoice)
    return done("Your payment reminder has been sent.")


def _mail_content(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    invoice = RESOURCE.find(ledger, ids[0])
    contact = ledger.contacts.rows[invoice["customer_id"]]
    keys = ("contact_person_id", "first_name", "last_name", "salutation", "email", "phone", "mobile")
    people = [
        {**{key: one.get(key, "") for key in keys}, "selected": one["is_primary_contact"]}
        for one in contact["persons"]
    ]
    number = invoice["invoice_number"]
    data: Row = {
        "subject": f"Invoice {number} from {ledger.profile.name}",
        "body": f"Dear customer,<br><br>the invoice {number} is attached.<br>",
        "customer_id": invoice["customer_id"],
        "customer_name": contact["contact_name"],
        "entity_id": invoice["invoice_id"],
        "attach_pdf": True,
        "file_name": f"{number}.pdf",
        "file_name_without_extension": number,
        "attachment_name": "",
        "documents": "",
        "to_contacts": people,
        "from_emails": [{"user_name": ledger.user["name"], "email": ledger.user["email"], "selected": True}],
        "emailtemplates": [
            {"selected": True, "name": "Default", "email_template_id": ledger.id("000000000067")}
        ],
        "error_list": [],
        "gateways_configured": False,
    }
    return done(data=data)


def _credits(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    """Applies what is left of payments and of credit notes, all or nothing."""
    invoice, body = RESOURCE.find(ledger, ids[0]), body_of(call)
    payments = PAYMENTS.give(ledger, invoice, body.get("invoice_payments"), "invoice_payments")
    credits = CREDITS.give(ledger, invoice, body.get("apply_creditnotes"), "apply_creditnotes")
    if not payments and not credits:
        raise missing("invoice_payments")
    PAYMENTS.check(invoice, sum((amount for _, amount in (*payments, *credits)), ZERO))
    for payment, amount in payments:
        PAYMENTS.add(ledger, payment, invoice, amount)
    for credit, amount in credits:
        CREDITS.add(ledger, credit, invoice, amount)
    return done("Credits have been applied to the invoice(s).")


def _payments(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    invoice = RESOURCE.find(ledger, ids[0])
    keys = ("payment_id", "payment_number", "payment_mode", "description", "date", "reference_number")
    return done(
        payments=[
            {
                **{key: payment[key] for key in keys},
                "invoice_id": ids[0],
                "invoice_payment_id": share["invoice_payment_id"],
                "exchange_rate": payment["exchange_rate"],
                "amount": share["amount_applied"],
                "tax_amount_withheld": share["tax_amount_withheld"],
                "online_transaction_id": "",
                "is_single_invoice_payment": len(payment["applied"]) == 1,
            }
            for payment, share in PAYMENTS.shares(ledger, invoice)
        ]
    )


def _unapply(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    """Takes an allocation off the invoice; its amount stays with the payment as unused."""
    invoice = RESOURCE.find(ledger, ids[0])
    if not PAYMENTS.take_back(ledger, lambda _, share: share["invoice_payment_id"] == ids[1], invoice):
        raise Refused(1002, "Payment does not exist.", 404)
    return done("The payment has been deleted.")


def _credits_applied(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    invoice = RESOURCE.find(ledger, ids[0])
    return done(
        credits=[
            {
                "creditnote_id": credit["creditnote_id"],
                "creditnotes_invoice_id": share["creditnote_invoice_id"],
                "creditnotes_number": credit["creditnote_number"],
                "credited_date": share["on"],
                "amount_applied": share["amount_applied"],
            }
            for credit, share in CREDITS.shares(ledger, invoice)
        ]
    )


def _no_credit(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    """Takes a credit off the invoice; its amount stays with the credit note."""
    invoice = RESOURCE.find(ledger, ids[0])
    if not CREDITS.take_back(ledger, lambda _, share: share["creditnote_invoice_id"] == ids[1], invoice):
        raise Refused(1002, "Credit Note does not exist.", 404)
    return done("Credits applied to an invoice have been deleted.")


def _comments(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    RESOURCE.find(ledger, ids[0])
    shared = {"invoice_id": ids[0], "transaction_id": ids[0], "transaction_type": "invoice"}
    return done(comments=[{**shared, **comment} for comment in ledger.comments.get(ids[0], [])])


def _add_comment(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    RESOURCE.find(ledger, ids[0])
    body = body_of(call)
    said = text(2000)(ledger, body.get("description"), "description")
    if not said:
        raise missing("description")
    comment = ledger.comment(ids[0], said, comment_type="internal", operation_type="Added")
    return done("Comments added.", comment={"invoice_id": ids[0], **comment})


def _comment(ledger: Ledger, ids: tuple[str, ...]) -> Row:
    RESOURCE.find(ledger, ids[0])
    for comment in ledger.comments.get(ids[0], []):
        if comment["comment_id"] == ids[1]:
            return comment
    raise Refused(1002, "Comment does not exist.", 404)


def _change_comment(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    comment = _comment(ledger, ids)
    comment["description"] = text(2000)(ledger, body_of(call).get("description"), "description")
    return done(comment={"invoice_id": ids[0], **comment})


def _delete_comment(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    ledger.comments[ids[0]].remove(_comment(ledger, ids))
    return done("The comment has been deleted.")


def _set_address(kind: str) -> Route:
    def handle(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
        invoice = RESOURCE.find(ledger, ids[0])
        invoice[f"{kind}_address"] = merged(invoice[f"{kind}_address"], body_of(call), "address")
        ledger.invoices.changed(invoice)
        return done(f"{kind.capitalize()} address updated")

    return Route("PUT", f"/invoices/{{}}/address/{kind}", "invoices.UPDATE", handle)


def _templates(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    name = {"template_name": "Standard Template", "template_type": "standard"}
    return done(templates=[{"template_id": ledger.id(TEMPLATE), **name}])


def _get(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    return page(ledger, call, RESOURCE.find(ledger, ids[0])) or RESOURCE.get(ledger, call, ids)


def _print(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    return printed(ledger, [RESOURCE.find(ledger, each) for each in id_list(call, "invoice_ids")])


_WRITTEN_OFF = "Invoice has been written off"
ROUTES = (
    Route("GET", "/invoices/{}", "invoices.READ", _get),
    Route("GET", "/invoices/pdf", "invoices.READ", _print),
    Route("GET", "/invoices/print", "invoices.READ", _print),
    Route("DELETE", "/invoices", "invoices.DELETE", _delete_many),
    _action("status/sent", _sent, "Invoice status has been changed to Sent."),
    _action("status/void", _void, "Invoice status has been changed to Void."),
    _action("status/draft", _draft, "Status of invoice changed from void to draft"),
    _action("submit", _submit, "The invoice has been submitted for approval successfully."),
    _action("approve", _approve, "You have approved the invoice."),
    _action("reject", _reject, "The invoice has been rejected."),
    _action("writeoff", _write_off, _WRITTEN_OFF),
    _action("writeoff/cancel", _cancel_write_off, "The write off done for this invoice has been cancelled."),
    _action("paymentreminder/enable", _reminders(True), "Reminders enabled."),
    _action("paymentreminder/disable", _reminders(False), "Reminders stopped."),
    _bulk("status/sent", _sent, "The invoices have been marked as sent."),
    _bulk("status/void", _void, "The selected invoices have been marked as void."),
    _bulk("submit", _submit, "The invoices have been submitted for approval."),
    _bulk("approve", _approve, "The selected invoices have been approved."),
    _bulk("writeoff", _write_off, "The invoices have been written off."),
    Route("POST", "/invoices/{}/email", "invoices.CREATE", _email),
    Route("GET", "/invoices/{}/email", "invoices.READ", _mail_content),
    Route("POST", "/invoices/{}/paymentreminder", "invoices.CREATE", _remind),
    Route("GET", "/invoices/{}/paymentreminder", "invoices.READ", _mail_content),
    Route("POST", "/invoices/{}/credits", "invoices.CREATE", _credits),
    Route("GET", "/invoices/{}/payments", "invoices.READ", _payments),
    Route("DELETE", "/invoices/{}/payments/{}", "invoices.DELETE", _unapply),
    Route("GET", "/invoices/{}/creditsapplied", "invoices.READ", _credits_applied),
    Route("DELETE", "/invoices/{}/creditsapplied/{}", "invoices.DELETE", _no_credit),
    Route("GET", "/invoices/{}/comments", "invoices.READ", _comments),
    Route("POST", "/invoices/{}/comments", "invoices.CREATE", _add_comment),
    Route("PUT", "/invoices/{}/comments/{}", "invoices.UPDATE", _change_comment),
    Route("DELETE", "/invoices/{}/comments/{}", "invoices.DELETE", _delete_comment),
    _set_address("billing"),
    _set_address("shipping"),
    Route("GET", "/invoices/templates", "invoices.READ", _templates),
)
