"""Where an invoice stands. Stored are draft, sent, void and the steps of approval; the rest is worked out."""

from .call import Row
from .ledger import Ledger
from .times import days_between

STORED = ("draft", "void", "pending_approval", "approved", "rejected")


def status(ledger: Ledger, invoice: Row) -> str:
    """The native word: a past due date wins over part payment, part payment over being seen."""
    stored = invoice["status"]
    if stored in STORED:
        return stored
    if invoice["balance"] <= 0:
        return "paid"
    if invoice["due_date"] < ledger.today():
        return "overdue"
    if invoice["balance"] < invoice["total"]:
        return "partially_paid"
    return "viewed" if invoice.get("client_viewed_time") else "sent"


def words(ledger: Ledger, invoice: Row) -> tuple[str, ...]:
    """The words `status=` finds it by: "unpaid" is any issued invoice with a balance."""
    word = status(ledger, invoice)
    return (word, "unpaid") if is_unpaid(ledger, invoice) else (word,)


def is_unpaid(ledger: Ledger, invoice: Row) -> bool:
    return invoice["status"] not in STORED and invoice["balance"] > 0


def due_days(ledger: Ledger, invoice: Row) -> str:
    """What rows tell of open invoices."""
    if not is_unpaid(ledger, invoice):
        return ""
    return due_text(days_between(ledger.today(), invoice["due_date"]))


def due_text(days: int) -> str:
    if days == 0:
        return "Due today"
    plural = "" if abs(days) == 1 else "s"
    return f"Due in {days} day{plural}" if days > 0 else f"Overdue by {-days} day{plural}"
