"""Where a bill stands. Stored are draft, open, void and the steps of approval; the rest is worked out."""

from .call import Row
from .invoice_status import STORED, due_text
from .ledger import Ledger
from .times import days_between


def status(ledger: Ledger, bill: Row) -> str:
    """The native word: a past due date wins over part payment."""
    stored = bill["status"]
    if stored in STORED:
        return stored
    if bill["balance"] <= 0:
        return "paid"
    if bill["due_date"] < ledger.today():
        return "overdue"
    return "partially_paid" if bill["balance"] < bill["total"] else "open"


def words(ledger: Ledger, bill: Row) -> tuple[str, ...]:
    """The words `status=` finds it by: "unpaid" is any open bill with a balance."""
    word = status(ledger, bill)
    return (word, "unpaid") if is_unpaid(bill) else (word,)


def is_unpaid(bill: Row) -> bool:
    return bill["status"] not in STORED and bill["balance"] > 0


def due(ledger: Ledger, bill: Row) -> Row:
    """What rows tell of open bills in words, and details in days."""
    if not is_unpaid(bill):
        return {"due_days": "", "due_by_days": "", "due_in_days": ""}
    days = days_between(ledger.today(), bill["due_date"])
    late, left = (-days, "") if days < 0 else ("", days)
    return {"due_days": due_text(days), "due_by_days": late, "due_in_days": left}
