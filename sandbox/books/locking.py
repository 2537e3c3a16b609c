"""Transaction locking: nothing may be booked on or before a day once it is locked."""

from .call import Answer, Call, Refused, Row, done, invalid, missing
from .fields import choice, day, text
from .ledger import Ledger
from .resource import Route, body_of

MODULES = ("all", "sales", "purchase", "accountant", "banking", "inventory_adjustments")
_OF: dict[str, tuple[str, ...]] = {
    "sales": (
        "/invoices",
        "/estimates",
        "/salesorders",
        "/salesreceipts",
        "/creditnotes",
        "/customerpayments",
    ),
    "purchase": ("/bills", "/purchaseorders", "/vendorcredits", "/vendorpayments", "/expenses"),
    "banking": ("/banktransactions",),
    "accountant": ("/journals",),
}
_POSTS = (
    "invoices", "creditnotes", "payments", "bills", "vendorcredits", "vendorpayments", "expenses", "journals",
    "banktransactions", "salesreceipts",
)  # fmt: skip
_TABLES = {"/customerpayments": "payments"}


def check(ledger: Ledger, call: Call) -> None:
    """Refuses a write that touches a locked day, by the day a body names or the record has."""
    if call.method == "GET" or not ledger.locks:
        return
    parts = call.path.split("/")
    root = f"/{parts[1]}"
    module = next((name for name, paths in _OF.items() if root in paths), "")
    lock = ledger.locks.get("all") or ledger.locks.get(module)
    table = _TABLES.get(root, parts[1])
    if not module or lock is None or table not in _POSTS:
        return
    body: Row = call.body if isinstance(call.body, dict) else {}
    days = [body.get(name) for name in ("date", "journal_date")]
    record = ledger.tables[table].get(parts[2]) if len(parts) > 2 else None
    if record is not None and (call.method in ("PUT", "DELETE") or "status" in parts):
        days.append(record.get("date") or record.get("journal_date"))
    until, partial = lock["transaction_lock_date"], lock.get("partial")
    for one in days:
        if not isinstance(one, str) or not one or one > until:
            continue
        if partial and partial["start_date"] <= one <= partial["end_date"]:
            continue
        raise Refused(
            1008, f"Transactions dated on or before {until} are locked. Reason: {lock['reason'] or 'none'}"
        )


def _shown(ledger: Ledger, lock: Row | None, module: str = "all") -> Row:
    found: Row = lock or {}
    return {
        "transaction_lock_id": found.get("transaction_lock_id", ""),
        "accounting_period_id": "",
        "transaction_lock_status": "enabled" if lock else "disabled",
        "transaction_lock_date": found.get("transaction_lock_date", ""),
        "lock_status": "locked" if lock else "unlocked",
        "lock_status_formatted": "Locked" if lock else "Unlocked",
        "lock_scope": MODULES.index(found.get("module", module)),
        "lock_scope_formatted": str(found.get("module", module)).replace("_", " ").capitalize(),
        "partial_lock_number": 1 if found.get("partial") else 0,
        "locked_by": found.get("locked_by", ""),
        "reason": found.get("reason", ""),
        "user_exceptions": [],
        "user_exceptions_count": 0,
        "account_exceptions": [],
        "account_exceptions_count": 0,
        **(found.get("partial") or {}),
    }


def _get(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    wanted = call.get("transaction_lock_id")
    lock = next((one for one in ledger.locks.values() if wanted in ("", one["transaction_lock_id"])), None)
    if wanted and lock is None:
        raise Refused(1002, "Transaction lock does not exist.", 404)
    return done(transaction_lock=_shown(ledger, lock))


def _list(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    context = {"page": 1, "per_page": 200, "has_more_page": False, "applied_filter": "Status.All"}
    rows = [_shown(ledger, one) for one in ledger.locks.values()]
    return done(transaction_locks=rows, page_context=context)


def _put(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    body = body_of(call)
    module = choice(MODULES)(ledger, body.get("transaction_lock_module") or "all", "transaction_lock_module")
    state = str(body.get("transaction_lock_status") or "enabled")
    if state not in ("enabled", "disabled"):
        raise invalid("transaction_lock_status")
    if state == "disabled":
        ledger.locks.pop(module, None)
        return done("Transaction lock has been updated.", transaction_lock=_shown(ledger, None, module))
    until = day(ledger, body.get("transaction_lock_date"), "transaction_lock_date")
    if not until:
        raise missing("transaction_lock_date")
    before: Row = ledger.locks.get(module) or {}
    ledger.locks[module] = {
        "transaction_lock_id": before.get("transaction_lock_id") or ledger.ids.take(),
        "module": module,
        "transaction_lock_date": until,
        "reason": text(500)(ledger, body.get("reason"), "reason"),
        "locked_by": ledger.user["name"],
    }
    return done("Transaction lock has been updated.", transaction_lock=_shown(ledger, ledger.locks[module]))


def _delete(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    wanted = call.get("transaction_lock_id")
    found = [name for name, one in ledger.locks.items() if wanted in ("", one["transaction_lock_id"])]
    if not found:
        raise Refused(1002, "Transaction lock does not exist.", 404)
    for name in found:
        del ledger.locks[name]
    return done("The transaction lock has been deleted.")


def _partial(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    body = body_of(call)
    module = choice(MODULES)(ledger, body.get("lock_module") or "all", "lock_module")
    lock = ledger.locks.get(module)
    if lock is None:
        raise Refused(1002, "Transaction lock does not exist.", 404)
    days = {name: day(ledger, body.get(name), name) for name in ("start_date", "end_date")}
    lock["partial"] = days if body.get("is_enabled") is not False else None
    if lock["partial"] and not all(days.values()):
        lock["partial"] = None
        raise missing("start_date")
    return done("Partial unlock settings have been updated.", transaction_lock=_shown(ledger, lock))


ROUTES = (
    Route("GET", "/transactionlock", "accountants.READ", _get),
    Route("PUT", "/transactionlock", "accountants.UPDATE", _put),
    Route("DELETE", "/transactionlock", "accountants.DELETE", _delete),
    Route("GET", "/transactionlocks", "accountants.READ", _list),
    Route("PUT", "/transactionlock/partialunlock", "accountants.UPDATE", _partial),
)
