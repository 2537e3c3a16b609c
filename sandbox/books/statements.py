"""Bank statements: imported lines that wait to be matched or categorised."""

from . import bank_accounts
from .call import Answer, Call, Refused, Row, done, in_use, invalid, missing
from .fields import choice, day, objects, text
from .ledger import Ledger
from .money import ZERO, number, rounded
from .resource import Route, body_of


def _line(ledger: Ledger, account: Row, entry: Row) -> Row:
    places = ledger.currency(account["currency_id"])["price_precision"]
    for name in ("date", "debit_or_credit", "amount"):
        if entry.get(name) in (None, ""):
            raise missing(name)
    amount = rounded(number(entry["amount"], "amount"), places)
    if amount <= 0:
        raise invalid("amount")
    return {
        "transaction_id": "",
        "is_imported": True,
        "external_id": text(200)(ledger, entry.get("transaction_id"), "transaction_id"),
        "account_id": account["account_id"],
        "account_ids": [account["account_id"]],
        "matched_ids": [],
        "date": day(ledger, entry["date"], "date"),
        "amount": amount,
        "debit_or_credit": choice(("debit", "credit"))(ledger, entry["debit_or_credit"], "debit_or_credit"),
        "payee": text(200)(ledger, entry.get("payee"), "payee"),
        "description": text(500)(ledger, entry.get("description"), "description"),
        "reference_number": text(100)(ledger, entry.get("reference_number"), "reference_number"),
        "currency_id": account["currency_id"],
        "status": "uncategorized",
        "created_time": ledger.now(),
    }


def take_in(ledger: Ledger, account: Row, entries: list[Row], start: str = "", end: str = "") -> Row:
    """Stores a statement; lines whose own id is known for the account already are counted and left out."""
    table = ledger.tables["banktransactions"]
    known = {
        line["external_id"]
        for line in table.linked("account_ids", account["account_id"])
        if line.get("external_id")
    }
    lines = [_line(ledger, account, entry) for entry in entries]
    fresh = [line for line in lines if not line["external_id"] or line["external_id"] not in known]
    days = [line["date"] for line in lines]
    before = bank_accounts.latest(ledger, account)
    moved = sum(
        (one["amount"] if one["debit_or_credit"] == "debit" else -one["amount"] for one in fresh), ZERO
    )
    statement: Row = {
        "statement_id": ledger.ids.take(),
        "account_id": account["account_id"],
        "from_date": start or min(days),
        "to_date": end or max(days),
        "source": "api",
        "line_ids": [],
        "imported_on": ledger.today(),
        "closing_balance": (before["closing_balance"] if before else ZERO) + moved,
    }
    for line in fresh:
        line["transaction_id"] = ledger.ids.take_beside(statement["statement_id"])
        line["statement_id"] = statement["statement_id"]
        table.put(line)
        statement["line_ids"].append(line["transaction_id"])
    account["last_import_duplicate_count"] = len(lines) - len(fresh)
    ledger.accounts.changed(account)
    return ledger.tables["statements"].put(statement)


def _import(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    body = body_of(call)
    if not body.get("account_id"):
        raise missing("account_id")
    account = bank_accounts.find(ledger, str(body["account_id"]))
    entries = objects(body.get("transactions"), "transactions")
    if not entries:
        raise missing("transactions")
    start, end = (day(ledger, body.get(name), name) for name in ("start_date", "end_date"))
    take_in(ledger, account, entries, start, end)
    answer = done("Your bank statement has been imported.")
    answer.status = 201
    return answer


def _last(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    found = bank_accounts.latest(ledger, bank_accounts.find(ledger, ids[0]))
    if found is None:
        return done(statement=[])
    table = ledger.tables["banktransactions"]
    names = ("transaction_id", "debit_or_credit", "date", "payee", "reference_number", "amount", "status")
    lines = [table.rows[key] for key in found["line_ids"] if key in table.rows]
    shown = [
        {**{name: line[name] for name in names}, "customer_id": "", "transaction_type": ""} for line in lines
    ]
    face = {name: found[name] for name in ("statement_id", "from_date", "to_date", "source")}
    return done(statement=[{**face, "transactions": shown}])


def _delete(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    account = bank_accounts.find(ledger, ids[0])
    found = bank_accounts.latest(ledger, account)
    if found is None or found["statement_id"] != ids[1]:
        raise Refused(1002, "Statement does not exist.", 404)
    table = ledger.tables["banktransactions"]
    lines = [table.rows[key] for key in found["line_ids"] if key in table.rows]
    if any(line["matched_ids"] for line in lines):
        raise in_use("Statements with matched or categorized transactions cannot be deleted.")
    for line in lines:
        table.remove(line)
    ledger.tables["statements"].remove(found)
    ledger.accounts.changed(account)
    return done("You have successfully deleted the last imported statement.")


ROUTES = (
    Route("POST", "/bankstatements", "banking.CREATE", _import),
    Route("GET", "/bankaccounts/{}/statement/lastimported", "banking.READ", _last),
    Route("DELETE", "/bankaccounts/{}/statement/{}", "banking.DELETE", _delete),
)
