"""Journal entries: balanced debits and credits, published, approved and reversed."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from . import locations, postings
from .call import Answer, Call, Refused, Row, done, in_use, invalid, missing
from .customfields import page_context, read_tags
from .document_actions import Desk
from .fields import Reader, amount, boolean, choice, day, objects, one_id, ref, text
from .journal_views import DETAIL, ROW, TRANSACTION
from .ledger import Ledger
from .listing import Filter, Listing
from .money import ONE, ZERO, formatted, number, rounded
from .postings import SOURCES, Entry, Source
from .resource import Messages, Resource, Route, id_list

CONTROL = ("accounts_receivable", "accounts_payable")
READERS: dict[str, Reader] = {
    "journal_date": day,
    "reference_number": text(100),
    "notes": text(500),
    "journal_type": choice(("both", "cash")),
    "currency_id": ref("currencies", "Currency does not exist."),
    "exchange_rate": amount(places=12),
    "project_id": ref("projects", "Project does not exist."),
    "location_id": locations.READ,
    "include_in_vat_return": boolean,
}
_LINE: dict[str, Reader] = {
    "account_id": ref("accounts", "Account does not exist."),
    "customer_id": ref("contacts", "Customer does not exist."),
    "description": text(500),
    "tax_id": ref("taxes", "Tax does not exist."),
    "project_id": ref("projects", "Project does not exist."),
    "location_id": ref("locations", locations.UNKNOWN),
}


def _prepare(ledger: Ledger, journal: Row, body: Row, call: Call, is_new: bool) -> None:
    if not journal["journal_date"]:
        raise missing("journal_date")
    if is_new:
        journal["journal_id"] = ledger.ids.take()
        given = body.get("status") or "published"
        if given not in ("draft", "published"):
            raise invalid("status")
        journal["status"] = given
    journal["currency_id"] = journal.get("currency_id") or ledger.profile.currency_id
    if journal["currency_id"] == ledger.profile.currency_id:
        journal["exchange_rate"] = ONE
    elif not journal.get("exchange_rate") or ("currency_id" in body and "exchange_rate" not in body):
        journal["exchange_rate"] = ledger.rate_on(journal["currency_id"], journal["journal_date"])
    if is_new or "line_items" in body:
        entries = objects(body.get("line_items"), "line_items")
        if len(entries) < 2:
            raise missing("line_items")
        journal["line_items"] = [_line(ledger, journal, entry) for entry in entries]
        for position, line in enumerate(journal["line_items"], 1):
            line["item_order"] = position
    _balance(journal)
    if is_new:
        journal["entry_number"] = str(ledger.next_number("journal"))


def _line(ledger: Ledger, journal: Row, entry: Row) -> Row:
    given = one_id(entry.get("line_id") or "", "line_id")
    known = {line["line_id"]: line for line in journal.get("line_items", ())}
    if given and given not in known:
        raise invalid("line_id")
    line: Row = (
        dict(known[given]) if given else {"line_id": "", "account_id": "", "customer_id": "", "tags": []}
    )
    for name, read in _LINE.items():
        if name in entry:
            line[name] = read(ledger, entry[name], name)
    if "tags" in entry:
        line["tags"] = read_tags(ledger, entry["tags"])
    if "amount" in entry or not given:
        places = ledger.currency(journal["currency_id"])["price_precision"]
        line["amount"] = rounded(number(entry.get("amount"), "amount"), places)
    if "debit_or_credit" in entry or not given:
        line["debit_or_credit"] = choice(("debit", "credit"))(
            ledger, entry.get("debit_or_credit"), "debit_or_credit"
        )
    if not line["account_id"]:
        raise missing("account_id")
    if line["amount"] < 0:
        raise invalid("amount")
    kind = ledger.accounts.rows[line["account_id"]]["account_type"]
    if kind in CONTROL and not line["customer_id"]:
        raise Refused(11, "Please associate a contact with the lines of receivable and payable accounts.")
    line["line_id"] = line["line_id"] or ledger.ids.take_beside(journal["journal_id"])
    return line


def signed(line: Row) -> Decimal:
    """Debit positive."""
    return line["amount"] if line["debit_or_credit"] == "debit" else -line["amount"]


def _balance(journal: Row) -> None:
    if sum((signed(line) for line in journal["line_items"]), ZERO) != 0:
        raise Refused(11018, "The debits and credits of the journal do not match.")
    debits = (line["amount"] for line in journal["line_items"] if line["debit_or_credit"] == "debit")
    journal["total"] = sum(debits, ZERO)
    if not journal["total"]:
        raise invalid("amount")


def entries(ledger: Ledger, journal: Row) -> list[Entry]:
    """Published entries post; what rounding leaves goes with the last line."""
    if journal["status"] != "published":
        return []
    rate = journal["exchange_rate"]
    found = [(line["account_id"], ledger.in_base(signed(line), rate)) for line in journal["line_items"]]
    off = sum((each for _, each in found), ZERO)
    account, last = found.pop()
    return [*found, (account, last - off)]


SOURCES["journals"] = Source("journal", "entry_number", "", entries, date="journal_date")


def _create(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    answer = RESOURCE.create(ledger, call, ids)
    key = answer.headers["Location"].rpartition("/")[2]
    journal = ledger.tables["journals"].rows[key]
    shown = formatted(journal["total"], ledger.look(journal["currency_id"]))
    ledger.comment(key, f"Journal created for {shown}", operation_type="Added")
    assert answer.body is not None
    answer.body["journal"] = DETAIL.show(ledger, journal)
    return answer


def _to(word: str, *origins: str) -> Callable[[Ledger, Row], None]:
    def change(ledger: Ledger, journal: Row) -> None:
        if journal["status"] not in origins:
            raise DESK.refuse(journal, f"Journal {{}} cannot become {word}.")
        journal["status"] = word

    return change


def _reverse(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    """Books the opposite, on the day given or today; a scheduled one is noted and not yet booked."""
    journal = RESOURCE.find(ledger, ids[0])
    if journal["status"] != "published":
        raise DESK.refuse(journal, "Only published journals can be reversed.")
    on = day(ledger, call.get("reversal_date"), "reversal_date") or ledger.today()
    if on < journal["journal_date"]:
        raise invalid("reversal_date")
    journal["reversal_date"] = on
    if call.flag("is_reversal_scheduled"):
        journal["is_scheduled_reversal"] = True
        DESK.touch(ledger, journal)
        return RESOURCE.show(ledger, journal, "The journal entry has been reversed.")
    names = ("account_id", "customer_id", "description", "amount", "project_id", "location_id")
    turned = {"debit": "credit", "credit": "debit"}
    lines: list[Row] = [
        {
            **{name: line[name] for name in names if line.get(name) not in (None, "")},
            "debit_or_credit": turned[line["debit_or_credit"]],
        }
        for line in journal["line_items"]
    ]
    body = {
        "journal_date": on,
        "reference_number": journal["reference_number"],
        "notes": f"Reversal of journal {journal['entry_number']}",
        "currency_id": journal["currency_id"],
        "exchange_rate": journal["exchange_rate"],
        "journal_type": journal["journal_type"],
        "line_items": lines,
    }
    made = RESOURCE.add(ledger, body, Call("POST", "/journals"))
    DESK.touch(ledger, journal, "Journal reversed.")
    return RESOURCE.show(ledger, made, "The journal entry has been reversed.")


def _delete_many(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    found = [RESOURCE.find(ledger, each) for each in dict.fromkeys(id_list(call, "journal_ids"))]
    for journal in found:
        RESOURCE.blocks_delete(ledger, journal)
    for journal in found:
        RESOURCE.drop(ledger, journal)
    return done("The selected journal entry has been deleted.")


def _credits(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    """Lines on control accounts that work as credits."""
    journal = RESOURCE.find(ledger, ids[0])
    wanted = {"accounts_receivable": "credit", "accounts_payable": "debit"}
    return done(
        credits=[
            {"credit_id": line["line_id"], "amount": line["amount"], "balance": line["amount"]}
            for line in journal["line_items"]
            if wanted.get(ledger.accounts.rows[line["account_id"]]["account_type"]) == line["debit_or_credit"]
        ]
    )


def _transaction(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    """GET /transactions/{id}/journals: the ledger lines of any document that posts, of the kind that was named."""
    kind = call.get("entity_type")
    if not kind:
        raise Refused(4, "Invalid value passed for entity_type")
    for name, source in SOURCES.items():
        document = ledger.tables[name].get(ids[0])
        if document is not None and kind == document.get("transaction_type", source.kind):
            rows = source.entries(ledger, document)
            return done(journal=TRANSACTION.show(ledger, {**document, "_source": source, "_entries": rows}))
    raise Refused(1002, "Transaction does not exist.", 404)


def _within(days: Callable[[date], date]) -> Callable[[Ledger, Row], bool]:
    def test(ledger: Ledger, journal: Row) -> bool:
        today = date.fromisoformat(ledger.today())
        return days(today).isoformat() <= journal["journal_date"] <= today.isoformat()

    return test


def _modified(ledger: Ledger, journal: Row) -> Any:
    return journal["last_modified_time"]


def _on_lines(name: str) -> Callable[[Ledger, Row], list[str]]:
    return lambda ledger, journal: [line.get(name, "") for line in journal["line_items"]]


def _deletable(ledger: Ledger, journal: Row) -> None:
    if postings.reconciled(ledger, journal["journal_id"]):
        raise in_use("Journals matched with bank transactions cannot be deleted.")


RESOURCE = Resource(
    path="/journals",
    table="journals",
    item_key="journal",
    area="accountants",
    entity="journal",
    listing=Listing(
        table="journals",
        list_key="journals",
        report_name="Manual Journals",
        columns=ROW,
        sorts={
            "entry_number": lambda ledger, one: int(one["entry_number"]),
            **{name: name for name in ("journal_date", "reference_number", "total", "last_modified_time")},
        },
        sort_column="journal_date",
        sort_order="D",
        default_filter="JournalDate.All",
        filters={
            "entry_number": Filter("text", "entry_number"),
            "reference_number": Filter("text", "reference_number"),
            "date": Filter("day", "journal_date"),
            "notes": Filter("text", "notes"),
            "total": Filter("amount", "total"),
            "status": Filter("exact", "status"),
            "journal_type": Filter("exact", "journal_type"),
            "customer_id": Filter("member", _on_lines("customer_id")),
            "vendor_id": Filter("member", _on_lines("customer_id")),
            "account_id": Filter("member", _on_lines("account_id")),
            "tax_id": Filter("member", _on_lines("tax_id")),
            "project_id": Filter("member", _on_lines("project_id")),
            "last_modified_time": Filter("at", _modified),
        },
        filter_by={
            "Today": _within(lambda today: today),
            "ThisWeek": _within(lambda today: today - timedelta(days=(today.weekday() + 1) % 7)),
            "ThisMonth": _within(lambda today: today.replace(day=1)),
            "ThisQuarter": _within(
                lambda today: today.replace(month=today.month - (today.month - 1) % 3, day=1)
            ),
            "ThisYear": _within(lambda today: today.replace(month=1, day=1)),
        },
        search=("entry_number", "reference_number", "notes"),
        context=page_context("journal"),
    ),
    detail=DETAIL,
    readers=READERS,
    required=("journal_date",),
    defaults={"reference_number": "", "notes": "", "journal_type": "both"},
    messages=Messages(
        unknown="Journal does not exist.",
        created="The journal entry has been created.",
        updated="The journal entry has been updated.",
        deleted="The selected journal entry has been deleted.",
    ),
    prepare=_prepare,
    blocks_delete=_deletable,
    removed=lambda ledger, journal: ledger.drop_history(journal["journal_id"]),
    has_tags=True,
    extra=(Route("POST", "/journals", "accountants.CREATE", _create),),
)
DESK = Desk(RESOURCE, "Journal", "entry_number")
_publish = _to("published", "draft", "approved")
_submit = _to("submitted", "draft", "rejected")
_approve = _to("approved", "submitted")
ROUTES = (
    *RESOURCE.routes(),
    DESK.action("status/publish", _publish, "Journal has been published."),
    DESK.action("submit", _submit, "success"),
    DESK.action("approve", _approve, "success"),
    DESK.action("reject", _to("rejected", "submitted"), "success"),
    DESK.bulk("submit", "journal_ids", _submit, "success"),
    DESK.bulk("approve", "journal_ids", _approve, "success"),
    DESK.bulk("status/publish", "journal_ids", _publish, "success"),
    *DESK.comments(created="Journal comment has been added successfully.", methods="POST DELETE"),
    Route("POST", "/journals/{}/reverse", "accountants.CREATE", _reverse),
    Route("DELETE", "/journals/bulkdelete", "accountants.DELETE", _delete_many),
    Route("GET", "/journals/{}/credits", "accountants.READ", _credits),
    Route("GET", "/transactions/{}/journals", "accountants.READ", _transaction),
)
