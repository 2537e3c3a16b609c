"""What becomes of the lines of a statement: categorised, matched, excluded, and back."""

from collections.abc import Callable, Sequence
from decimal import Decimal

from . import bank_transactions, credit_notes, expenses, payments, refunds, vendor_credits, vendor_payments
from .bank_rows import matched_line, movements
from .call import Answer, Call, Refused, Row, done, invalid, missing
from .fields import objects
from .ledger import Ledger
from .money import ZERO, number
from .resource import Route, body_of
from .times import days_between, read_day

UNKNOWN = "Transaction does not exist."


def _line(ledger: Ledger, key: str, *statuses: str) -> Row:
    """A line of a statement in one of these states."""
    line = ledger.must("banktransactions", key, UNKNOWN)
    if not line.get("is_imported"):
        line = ledger.must("banktransactions", "", UNKNOWN)
    if line["status"] not in statuses:
        raise Refused(1007, f"The transaction is {line['status']}.")
    return line


def _set(ledger: Ledger, line: Row, status: str, matched: Sequence[str] = ()) -> None:
    table = ledger.tables["banktransactions"]
    table.unlink(line)
    line["status"], line["matched_ids"] = status, list(matched)
    table.put(line)
    ledger.accounts.changed(ledger.accounts.rows[line["account_id"]])


def _is_in(line: Row) -> bool:
    return line["debit_or_credit"] == "debit"


def _categorize(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    line, body = _line(ledger, ids[0], "uncategorized"), body_of(call)
    own = "to_account_id" if _is_in(line) else "from_account_id"
    filled = {
        own: line["account_id"],
        "amount": line["amount"],
        "date": line["date"],
        "reference_number": line["reference_number"],
        "description": line["description"],
        **{name: value for name, value in body.items() if value not in (None, "")},
    }
    made = bank_transactions.RESOURCE.add(ledger, filled, Call("POST", "/banktransactions", user=call.user))
    if made["amount"] != line["amount"] or line["account_id"] not in made["account_ids"]:
        bank_transactions.RESOURCE.drop(ledger, made)
        raise invalid("amount" if made["amount"] != line["amount"] else own)
    _set(ledger, line, "categorized", [made["transaction_id"]])
    return _done("The transaction(s) have been categorized.")


def _done(message: str) -> Answer:
    answer = done(message)
    answer.status = 201
    return answer


def _as(
    word: str, routes: Sequence[Route], pattern: str, account: str, outgoing: bool, parent: str = ""
) -> Route:
    """Categorises by making a record of another kind, with the handler that makes such records."""
    create = next(route for route in reversed(routes) if (route.method, route.pattern) == ("POST", pattern))

    def handle(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
        line, body = _line(ledger, ids[0], "uncategorized"), body_of(call)
        if _is_in(line) is outgoing:
            raise Refused(1007, f"The transaction cannot be categorized as {word}.")
        filled = {
            account: line["account_id"],
            "amount": line["amount"],
            "date": line["date"],
            "reference_number": line["reference_number"],
            "description": line["description"],
            **{name: value for name, value in body.items() if value not in (None, "")},
        }
        if word.endswith("payments"):
            filled.setdefault("payment_mode", "banktransfer")
        owners: tuple[str, ...] = ()
        if parent:
            if not body.get(parent) and not call.get(parent):
                raise missing(parent)
            owners = (str(body.get(parent) or call.get(parent)),)
        if number(filled["amount"], "amount") != line["amount"]:
            raise invalid("amount")
        answer = create.handle(ledger, Call("POST", pattern, call.query, body=filled, user=call.user), owners)
        _set(ledger, line, "categorized", [_made_id(answer)])
        return _done("The transaction(s) have been categorized.")

    return Route("POST", f"/banktransactions/uncategorized/{{}}/categorize/{word}", "banking.CREATE", handle)


def _made_id(answer: Answer) -> str:
    """The id of what a create answered with."""
    assert answer.body is not None
    made = next(value for value in answer.body.values() if isinstance(value, (dict, list)))
    record: Row = made[0] if isinstance(made, list) else made
    for name in (
        "expense_id", "vendorpayment_refund_id", "payment_refund_id", "creditnote_refund_id",
        "vendor_credit_refund_id", "payment_id",
    ):  # fmt: skip
        if record.get(name):
            return str(record[name])
    return ""


def _candidates(ledger: Ledger, line: Row) -> list[Row]:
    """Movements of the account in the same direction that no line stands for yet, the nearest first."""
    rows = [
        row
        for row in movements(ledger, line["account_id"])
        if row["status"] == "manually_added" and row["debit_or_credit"] == line["debit_or_credit"]
    ]

    def distance(row: Row) -> tuple[Decimal, int, str]:
        days = abs(days_between(row["date"], line["date"]))
        return abs(row["amount"] - line["amount"]), days, row["transaction_id"]

    return sorted(rows, key=distance)


def _matches(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    line = _line(ledger, ids[0], "uncategorized")
    rows = _candidates(ledger, line)
    best = next((row["transaction_id"] for row in rows if row["amount"] == line["amount"]), "")
    low, high = call.get("amount_start"), call.get("amount_end")
    after, before = call.get("date_after"), call.get("date_before")
    kind, contact = call.get("transaction_type"), call.get("contact").casefold()
    reference = call.get("reference_number").casefold()
    narrow = bool(low or high or after or before or kind or contact or reference)
    if not narrow and not call.flag("show_all_transactions"):
        rows = [row for row in rows if row["amount"] == line["amount"]]
    tests: list[tuple[str, Callable[[Row], bool]]] = [
        (low, lambda row: row["amount"] >= number(low, "amount_start")),
        (high, lambda row: row["amount"] <= number(high, "amount_end")),
        (after, lambda row: row["date"] >= read_day(after, "date_after")),
        (before, lambda row: row["date"] <= read_day(before, "date_before")),
        (kind, lambda row: row["transaction_type"] == kind),
        (contact, lambda row: contact in _contact(ledger, row).casefold()),
        (reference, lambda row: reference in row["reference_number"].casefold()),
    ]
    for given, test in tests:
        if given:
            rows = [row for row in rows if test(row)]
    names = ("transaction_id", "date", "transaction_type", "reference_number", "amount", "debit_or_credit")
    shown = [
        {
            **{name: row[name] for name in names},
            "transaction_number": row["transaction_number"],
            "is_paid_via_print_check": False,
            "contact_name": _contact(ledger, row),
            "is_best_match": row["transaction_id"] == best,
        }
        for row in rows[:200]
    ]
    context = {"page": 1, "per_page": 200, "has_more_page": False, "report_name": "Matching Transactions"}
    return done(matching_transactions=shown, page_context=context)


def _contact(ledger: Ledger, row: Row) -> str:
    contact = ledger.contacts.get(row["customer_id"])
    return contact["contact_name"] if contact else ""


def _match(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    """Several records may stand for one line; together they must come to its amount."""
    line = _line(ledger, ids[0], "uncategorized")
    chosen = objects(body_of(call).get("transactions_to_be_matched"), "transactions_to_be_matched")
    if not chosen:
        raise missing("transactions_to_be_matched")
    known = {row["transaction_id"]: row for row in _candidates(ledger, line)}
    keys = list(dict.fromkeys(str(entry.get("transaction_id", "")) for entry in chosen))
    if any(key not in known for key in keys):
        raise Refused(1002, UNKNOWN, 404)
    if sum((known[key]["amount"] for key in keys), ZERO) != line["amount"]:
        raise Refused(1007, "The amounts of the transactions do not come to the amount of the statement.")
    _set(ledger, line, "matched", keys)
    return _done("The transaction has been matched.")


def _standing(ledger: Ledger, key: str, status: str) -> Row:
    """The line by its own id or by the id of what it stands for."""
    line = ledger.tables["banktransactions"].get(key)
    if line is None or not line.get("is_imported"):
        line = matched_line(ledger, key)
    if line is None:
        raise Refused(1002, UNKNOWN, 404)
    if line["status"] != status:
        raise Refused(1007, f"The transaction is not {status}.")
    return line


def _unmatch(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    _set(ledger, _standing(ledger, ids[0], "matched"), "uncategorized")
    return _done("The transaction has been unmatched.")


def _uncategorize(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    """What was made by categorising goes away again."""
    line = _standing(ledger, ids[0], "categorized")
    for key in line["matched_ids"]:
        _unmake(ledger, key)
    _set(ledger, line, "uncategorized")
    return _done("Transaction(s) have been uncategorized.")


def _unmake(ledger: Ledger, key: str) -> None:
    for table, routes, path in (
        ("banktransactions", bank_transactions.ROUTES, ""),
        ("expenses", expenses.ROUTES, "/expenses/{}"),
        ("payments", payments.ROUTES, "/customerpayments/{}"),
        ("vendorpayments", vendor_payments.ROUTES, "/vendorpayments/{}"),
    ):
        record = ledger.tables[table].get(key)
        if record is None:
            continue
        if not path:
            bank_transactions.RESOURCE.drop(ledger, record)
            return
        drop = next(one for one in reversed(routes) if (one.method, one.pattern) == ("DELETE", path))
        drop.handle(ledger, Call("DELETE", path), (key,))


def _exclude(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    _set(ledger, _line(ledger, ids[0], "uncategorized"), "excluded")
    return _done("The transaction has been excluded.")


def _restore(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    _set(ledger, _line(ledger, ids[0], "excluded"), "uncategorized")
    return _done("The excluded transaction(s) have been restored.")


_ONE, _WAITING = "/banktransactions/{}", "/banktransactions/uncategorized/{}"
ROUTES = (
    Route("POST", f"{_WAITING}/categorize", "banking.CREATE", _categorize),
    _as("expenses", expenses.ROUTES, "/expenses", "paid_through_account_id", True),
    _as("customerpayments", payments.ROUTES, "/customerpayments", "account_id", False),
    _as("vendorpayments", vendor_payments.ROUTES, "/vendorpayments", "paid_through_account_id", True),
    _as("paymentrefunds", refunds.ROUTES, "/customerpayments/{}/refunds", "from_account_id", True, "payment_id"),
    _as(
        "creditnoterefunds", credit_notes.ROUTES, "/creditnotes/{}/refunds", "from_account_id", True,
        "creditnote_id",
    ),
    _as(
        "vendorcreditrefunds", vendor_credits.ROUTES, "/vendorcredits/{}/refunds", "account_id", False,
        "vendor_credit_id",
    ),
    _as(
        "vendorpaymentrefunds", vendor_payments.ROUTES, "/vendorpayments/{}/refunds", "to_account_id", False,
        "vendorpayment_id",
    ),
    Route("GET", f"{_WAITING}/match", "banking.READ", _matches),
    Route("POST", f"{_WAITING}/match", "banking.CREATE", _match),
    Route("POST", f"{_WAITING}/exclude", "banking.CREATE", _exclude),
    Route("POST", f"{_WAITING}/restore", "banking.CREATE", _restore),
    Route("POST", f"{_ONE}/unmatch", "banking.CREATE", _unmatch),
    Route("POST", f"{_ONE}/uncategorize", "banking.CREATE", _uncategorize),
)  # fmt: skip
