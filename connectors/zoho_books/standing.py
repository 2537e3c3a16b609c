"""Where invoices and bills stand: their status, what is still owed, whether it is overdue (rule 5)."""

from collections.abc import Callable, Mapping
from decimal import Decimal

from connectors.kit.mapping import Native
from connectors.kit.operations import Context
from connectors.kit.totals import ZERO
from connectors.zoho_books.documents import amount_of

STATUS: Mapping[str, str] = {
    "draft": "draft", "sent": "authorised", "viewed": "authorised", "unpaid": "authorised", "overdue": "authorised",
    "open": "authorised", "approved": "authorised", "partially_paid": "partially_paid", "paid": "paid",
    "void": "voided", "pending_approval": "submitted", "rejected": "rejected",
}  # fmt: skip
"""Native status → ours, before the balance is looked at."""

LIVE = frozenset({"authorised", "partially_paid"})

OPEN = ("unpaid", "approved")
"""Zoho's query words for every live document: with a balance, whatever its status says, and not sent yet."""

COVERS: Mapping[str, frozenset[str]] = {
    "unpaid": frozenset({"sent", "viewed", "unpaid", "overdue", "open", "partially_paid"})
}


def status(native: Native, ctx: Context) -> str | None:
    """Partly paid is what the balance says: past due, Zoho calls it overdue."""
    word = native.get("status")
    if not word:
        return None
    found = STATUS.get(word, word)
    if found not in LIVE:
        return found
    owed, total = amount_of(native.get("balance")), amount_of(native.get("total"))
    return "partially_paid" if owed and total and 0 < owed < total else "authorised"


def balance(native: Native, ctx: Context) -> Decimal | None:
    """Zoho keeps the balance of what is void."""
    if native.get("status") == "void":
        return ZERO
    return amount_of(native.get("balance"))


def is_overdue(native: Native, ctx: Context) -> bool:
    due = native.get("due_date")
    if not due or due >= ctx.today.isoformat():
        return False
    return status(native, ctx) in LIVE and bool(balance(native, ctx))


def worded(words: Mapping[str, str]) -> Callable[[Native, Context], str | None]:
    """A status that is only a word: native → ours, unknown ones as they are."""

    def read(native: Native, ctx: Context) -> str | None:
        word = native.get("status")
        return words.get(word, word) if word else None

    return read
