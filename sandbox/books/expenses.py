"""Money spent: simple, itemised or by the mile, with a receipt."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from . import locations
from .arithmetic import Line, Terms, reckon
from .call import Answer, Call, Refused, Row, done, in_use, invalid, missing
from .customfields import page_context, read_tags
from .expense_views import DETAIL, ROW, status
from .fields import Reader, amount, boolean, choice, day, objects, one_id, ref, text
from .ledger import Ledger
from .listing import Filter, Listing
from .money import ONE, ZERO, rounded
from .postings import SOURCES, Entry, Source
from .resource import Messages, Resource, Route
from .taxes import components, label

TAX_PAYABLE, REIMBURSED = "000000000376", "000000035003"
MILEAGE = ("non_mileage", "manual", "odometer", "device")


def _contact(kind: str) -> Reader:
    def read(ledger: Ledger, value: Any, name: str) -> str:
        found = ref("contacts", f"{kind.capitalize()} does not exist.")(ledger, value, name)
        if found and ledger.contacts.rows[found]["contact_type"] != kind:
            raise Refused(1002, f"{kind.capitalize()} does not exist.", 404)
        return found

    return read


READERS: dict[str, Reader] = {
    "date": day,
    "account_id": ref("accounts", "Account does not exist."),
    "paid_through_account_id": ref("accounts", "Account does not exist."),
    "amount": amount(),
    "tax_id": ref("taxes", "Tax does not exist."),
    "is_inclusive_tax": boolean,
    "is_billable": boolean,
    "reference_number": text(100),
    "description": text(500),
    "customer_id": _contact("customer"),
    "vendor_id": _contact("vendor"),
    "project_id": ref("projects", "Project does not exist."),
    "currency_id": ref("currencies", "Currency does not exist."),
    "exchange_rate": amount(places=12),
    "employee_id": ref("employees", "Employee does not exist."),
    "mileage_type": choice(MILEAGE),
    "mileage_unit": choice(("km", "mile")),
    "mileage_rate": amount(),
    "distance": amount(),
    "start_reading": amount(),
    "end_reading": amount(),
    "payment_mode": text(100),
    "location_id": locations.READ,
}
_DEFAULTS: Row = {
    "amount": ZERO,
    "account_id": "",
    "paid_through_account_id": "",
    "tax_id": "",
    "is_inclusive_tax": False,
    "is_billable": False,
    "reference_number": "",
    "description": "",
    "customer_id": "",
    "vendor_id": "",
    "project_id": "",
    "employee_id": "",
    "mileage_type": "non_mileage",
    "distance": ZERO,
    "mileage_rate": ZERO,
}


def _prepare(ledger: Ledger, expense: Row, body: Row, call: Call, is_new: bool) -> None:
    if is_new:
        expense["expense_id"] = ledger.ids.take()
    if not expense["date"]:
        raise missing("date")
    _set_way(ledger, expense)
    _set_currency(ledger, expense, body, is_new)
    _set_mileage(expense)
    _set_lines(ledger, expense, body)
    if expense["is_billable"] and not expense["customer_id"]:
        raise missing("customer_id")
    _reckon(ledger, expense)
    if expense["total"] <= 0:
        raise invalid("amount")


def _set_way(ledger: Ledger, expense: Row) -> None:
    """What it was paid through; the miles of an employee are owed to them."""
    if not expense["paid_through_account_id"]:
        if expense["mileage_type"] == "non_mileage" or not expense["employee_id"]:
            raise missing("paid_through_account_id")
        expense["paid_through_account_id"] = ledger.id(REIMBURSED)


def _set_currency(ledger: Ledger, expense: Row, body: Row, is_new: bool) -> None:
    """The currency of the account it was paid through, unless one is named."""
    before = expense.get("currency_id")
    if not body.get("currency_id") and (is_new or "paid_through_account_id" in body):
        expense["currency_id"] = ledger.accounts.rows[expense["paid_through_account_id"]]["currency_id"]
    if expense["currency_id"] == ledger.profile.currency_id:
        expense["exchange_rate"] = ONE
    elif not expense.get("exchange_rate") or (
        before != expense["currency_id"] and "exchange_rate" not in body
    ):
        expense["exchange_rate"] = ledger.rate_on(expense["currency_id"], expense["date"])


def _set_mileage(expense: Row) -> None:
    if expense["mileage_type"] == "non_mileage":
        return
    if expense["mileage_type"] == "odometer":
        expense["distance"] = expense.get("end_reading", ZERO) - expense.get("start_reading", ZERO)
    if expense["distance"] <= 0:
        raise invalid("distance")
    if expense["mileage_rate"]:
        expense["amount"] = rounded(expense["distance"] * expense["mileage_rate"], 6)


def _set_lines(ledger: Ledger, expense: Row, body: Row) -> None:
    """The lines of a body; without any, one line of the expense's own account and amount."""
    entries = objects(body.get("line_items"), "line_items")
    known = {line["line_item_id"]: line for line in expense.get("line_items", ())}
    if entries:
        expense["line_items"] = [_line(ledger, expense, entry, known) for entry in entries]
        expense["is_itemized"] = len(entries) > 1
        expense["account_id"] = expense["line_items"][0]["account_id"]
    elif not known or not expense["is_itemized"] or "account_id" in body or "amount" in body:
        if not expense["account_id"]:
            raise missing("account_id")
        old = next(iter(known.values()), {"line_item_id": "", "tags": []})
        names = ("account_id", "amount", "tax_id", "description")
        expense["line_items"] = [{**old, **{name: expense[name] for name in names}}]
        expense["is_itemized"] = False
    for position, line in enumerate(expense["line_items"], 1):
        line["line_item_id"] = line["line_item_id"] or ledger.ids.take_beside(expense["expense_id"])
        line["item_order"] = position


def _line(ledger: Ledger, expense: Row, entry: Row, known: dict[str, Row]) -> Row:
    given = one_id(entry.get("line_item_id") or "", "line_item_id")
    if given and given not in known:
        raise invalid("line_item_id")
    fresh = {
        "line_item_id": "",
        "account_id": "",
        "amount": ZERO,
        "tax_id": "",
        "description": "",
        "tags": [],
    }
    line = dict(known.get(given, fresh))
    for name in ("account_id", "amount", "tax_id", "description", "location_id"):
        if name in entry:
            reader = ref("locations", locations.UNKNOWN) if name == "location_id" else READERS[name]
            line[name] = reader(ledger, entry[name], name)
    if "tags" in entry:
        line["tags"] = read_tags(ledger, entry["tags"])
    if not line["account_id"]:
        raise missing("account_id")
    return line


def _reckon(ledger: Ledger, expense: Row) -> None:
    places = ledger.currency(expense["currency_id"])["price_precision"]
    lines = expense["line_items"]
    totals = reckon(
        [Line(rounded(one["amount"], places), taxes=components(ledger, one["tax_id"])) for one in lines],
        Terms(places=places, is_inclusive_tax=expense["is_inclusive_tax"], tax_rounding="item_level"),
    )
    for line, figures in zip(lines, totals.lines, strict=True):
        line["amount"] = rounded(line["amount"], places)
        line["item_total"] = figures.item_total
        line["taxes"] = [
            (tax.id, label(tax.name, tax.percentage), tax.percentage, tax_amount)
            for tax, tax_amount in figures.taxes
        ]
    expense["amount"] = sum((line["amount"] for line in lines), ZERO)
    expense["sub_total"], expense["tax_amount"] = totals.sub_total, totals.tax_total
    expense["taxes"] = [(label(tax.name, tax.percentage), tax_amount) for tax, tax_amount in totals.taxes]
    expense["total"] = totals.total


def entries(ledger: Ledger, expense: Row) -> list[Entry]:
    """Spent on one side, paid through on the other; the tax can be claimed back."""
    rate: Decimal = expense["exchange_rate"]
    found: list[Entry] = [
        (line["account_id"], ledger.in_base(line["item_total"], rate)) for line in expense["line_items"]
    ]
    if expense["tax_amount"]:
        found.append((ledger.id(TAX_PAYABLE), ledger.in_base(expense["tax_amount"], rate)))
    return [*found, (expense["paid_through_account_id"], -sum((each for _, each in found), ZERO))]


SOURCES["expenses"] = Source("expense", "reference_number", "vendor_id", entries)


def _deletable(ledger: Ledger, expense: Row) -> None:
    if status(ledger, expense) == "invoiced":
        raise in_use("Expenses that have been invoiced cannot be deleted.")


def _removed(ledger: Ledger, expense: Row) -> None:
    ledger.attachments.pop(expense["expense_id"], None)


def _update(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    if call.flag("delete_receipt"):
        files = ledger.attachments.get(RESOURCE.find(ledger, ids[0])["expense_id"], [])
        ledger.attachments[ids[0]] = [one for one in files if not one.get("is_receipt")]
    return RESOURCE.update(ledger, call, ids)


def _comments(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    RESOURCE.find(ledger, ids[0])
    shared = {"expense_id": ids[0], "transaction_id": ids[0], "transaction_type": "expense"}
    return done(comments=[{**shared, **each} for each in ledger.comments.get(ids[0], [])])


def _status_words(ledger: Ledger, expense: Row) -> tuple[str, ...]:
    word = status(ledger, expense)
    billable = ("billable",) if expense["is_billable"] else ()
    return (word, "non-billable") if word == "nonbillable" else (word, *billable)


def _is(*wanted: str) -> Callable[[Ledger, Row], bool]:
    return lambda ledger, expense: status(ledger, expense) in wanted


def _account(ledger: Ledger, expense: Row) -> str:
    return ledger.account_name(expense["account_id"])


def party(field: str) -> Callable[[Ledger, Row], str]:
    def name(ledger: Ledger, record: Row) -> str:
        contact = ledger.contacts.get(record.get(field, ""))
        return contact["contact_name"] if contact else ""

    return name


RESOURCE = Resource(
    path="/expenses",
    table="expenses",
    item_key="expense",
    area="expenses",
    entity="expense",
    listing=Listing(
        table="expenses",
        list_key="expenses",
        report_name="Expenses",
        columns=ROW,
        sorts={
            "account_name": _account,
            "customer_name": party("customer_id"),
            "bcy_total": lambda ledger, one: one["total"] * one["exchange_rate"],
            **{name: name for name in ("date", "total", "reference_number", "created_time")},
        },
        sort_column="created_time",
        sort_order="D",
        default_filter="Status.All",
        filters={
            "description": Filter("text", "description"),
            "reference_number": Filter("text", "reference_number"),
            "date": Filter("day", "date"),
            "status": Filter("member", _status_words),
            "amount": Filter("amount", "total"),
            "account_name": Filter("text", _account),
            "customer_name": Filter("text", party("customer_id")),
            "vendor_name": Filter("text", party("vendor_id")),
            "customer_id": Filter("exact", "customer_id"),
            "vendor_id": Filter("exact", "vendor_id"),
            "paid_through_account_id": Filter("exact", "paid_through_account_id"),
            "project_id": Filter("exact", "project_id"),
        },
        filter_by={
            "Billable": lambda ledger, expense: expense["is_billable"],
            "Nonbillable": _is("nonbillable"),
            "Reimbursed": _is("reimbursed"),
            "Invoiced": _is("invoiced"),
            "Unbilled": _is("unbilled"),
        },
        search=("description", "reference_number", _account, party("customer_id"), party("vendor_id")),
        context=page_context("expense"),
        depends=("contacts", "accounts", "invoices"),
    ),
    detail=DETAIL,
    readers=READERS,
    required=("date",),
    defaults=_DEFAULTS,
    messages=Messages(
        unknown="Expense does not exist.",
        created="The expense has been recorded.",
        updated="Expense information has been updated.",
        deleted="The expense has been deleted.",
    ),
    prepare=_prepare,
    blocks_delete=_deletable,
    removed=_removed,
    has_tags=True,
    upserts=True,
    extra=(Route("PUT", "/expenses/{}", "expenses.UPDATE", _update),),
)
ROUTES = (*RESOURCE.routes(), Route("GET", "/expenses/{}/comments", "expenses.READ", _comments))
