"""Every operation the connectors claim, performed through the API on a record of its own."""

from collections.abc import Callable
from typing import Any

import pytest

from connectors.kit.resource import LISTS
from tests.flows.company import Company
from tests.flows.coverage import claimed, not_offered, refusal
from tests.flows.records import BODIES, CHANGES, furnish, made

CLAIMED = claimed()
PDF = b"%PDF-1.7\n% a scan\n"


def offering(operation: str) -> list[str]:
    return [name for name, offered in CLAIMED.items() if operation in offered]


def at(name: str) -> str:
    return f"/unified/user-directory/{name}" if name == "users" else name


@pytest.fixture(scope="module")
def company(connected: Callable[..., Company]) -> Company:
    return furnish(connected(seed="empty"))


@pytest.mark.parametrize("name", [name for name in offering("create") if name in BODIES])
def test_a_record_is_made_read_changed_and_deleted(company: Company, name: str) -> None:
    record = made(company, name)
    path = f"{name}/{record['id']}"
    found = company.get(path)
    assert found["id"] == record["id"]
    assert record["id"] in [row["id"] for row in company.get(name, limit=200)["result"]]
    if "update" in CLAIMED[name]:
        change = CHANGES.get(name, {"reference": "R-2"})
        changed = company.patch(path, change)
        assert {field: changed[field] for field in change} == change
        assert company.get(path)["id"] == record["id"]
    company.delete(path)
    company.refused("GET", path, 404, "not_found", reads=2)


@pytest.mark.parametrize("name", offering("meta"))
def test_meta_says_what_is_claimed(company: Company, name: str) -> None:
    meta = company.get(f"{at(name)}/meta")
    assert {*meta["methods"], *meta["actions"], *meta["lists"]} <= {*CLAIMED[name], "get"}
    assert meta["pdf"] is ("pdf" in CLAIMED[name])


@pytest.mark.parametrize("name", offering("custom-fields"))
def test_custom_fields_are_listed(company: Company, name: str) -> None:
    assert isinstance(company.get(f"{at(name)}/custom-fields")["result"], list)


@pytest.mark.parametrize("name", offering("pdf"))
def test_a_document_is_printed(company: Company, name: str) -> None:
    answer = company.call("GET", f"{name}/{made(company, name)['id']}/pdf")
    assert (answer.status_code, answer.content[:5]) == (200, b"%PDF-"), answer.text


@pytest.mark.parametrize("name", offering("attach"))
def test_a_file_is_attached_read_and_removed(company: Company, name: str) -> None:
    path = f"{name}/{made(company, name)['id']}/attachments"
    answer = company.call("POST", path, files={"file": ("scan.pdf", PDF, "application/pdf")})
    assert answer.status_code == 201, answer.text
    [row] = company.get(path)["result"]
    assert row["file_name"] == "scan.pdf" == company.get(f"{path}/{row['id']}")["file_name"]
    if "content" not in CLAIMED[name]:
        company.refused("GET", f"{path}/{row['id']}/content", 422, "not_implemented")
        company.refused("DELETE", f"{path}/{row['id']}", 422, "not_implemented")
        return
    assert company.call("GET", f"{path}/{row['id']}/content").content == PDF
    company.delete(f"{path}/{row['id']}")
    assert company.get(path)["result"] == []


# Actions: from a status, by a way, to a status

MOVES = [
    *(
        (name, {}, [*before, action], status)
        for name in offering("deactivate")
        if name != "users"
        for before, action, status in (([], "deactivate", "archived"), (["deactivate"], "activate", "active"))
    ),
    ("invoices", {}, ["authorise"], "authorised"),
    ("invoices", {}, ["void"], "voided"),
    ("invoices", {}, ["void", "mark-draft"], "draft"),
    ("invoices", {}, ["submit"], "submitted"),
    ("invoices", {}, ["submit", "approve"], "authorised"),
    ("invoices", {}, ["authorise", "write-off"], "paid"),
    ("invoices", {}, ["email"], "authorised"),
    (
        "invoices",
        {"due_date": "2026-01-01", "issue_date": "2026-01-01"},
        ["authorise", "remind"],
        "authorised",
    ),
    ("bills", {"status": "draft"}, ["authorise"], "authorised"),
    ("bills", {}, ["void"], "voided"),
    ("bills", {"status": "draft"}, ["submit"], "submitted"),
    ("bills", {"status": "draft"}, ["submit", "approve"], "authorised"),
    ("credit_notes", {"status": "draft"}, ["authorise"], "authorised"),
    ("credit_notes", {}, ["void"], "voided"),
    ("credit_notes", {}, ["void", "mark-draft"], "draft"),
    ("credit_notes", {"status": "draft"}, ["submit"], "submitted"),
    ("credit_notes", {"status": "draft"}, ["submit", "approve"], "authorised"),
    ("credit_notes", {"status": "draft"}, ["submit", "reject"], "rejected"),
    ("vendor_credits", {"status": "draft"}, ["authorise"], "authorised"),
    ("vendor_credits", {}, ["void"], "voided"),
    ("vendor_credits", {"status": "draft"}, ["submit"], "submitted"),
    ("vendor_credits", {"status": "draft"}, ["submit", "approve"], "authorised"),
    ("estimates", {}, ["authorise"], "sent"),
    ("estimates", {}, ["submit"], "submitted"),
    ("estimates", {}, ["submit", "approve"], "submitted"),
    ("estimates", {"status": "sent"}, ["accept"], "accepted"),
    ("estimates", {"status": "sent"}, ["decline"], "declined"),
    ("estimates", {}, ["email"], "sent"),
    ("sales_orders", {}, ["authorise"], "authorised"),
    ("sales_orders", {}, ["void"], "voided"),
    ("sales_orders", {}, ["submit"], "submitted"),
    ("sales_orders", {}, ["submit", "approve"], "authorised"),
    ("sales_orders", {}, ["email"], "authorised"),
    ("purchase_orders", {}, ["issue"], "authorised"),
    ("purchase_orders", {}, ["cancel"], "cancelled"),
    ("purchase_orders", {}, ["submit"], "submitted"),
    ("purchase_orders", {}, ["submit", "approve"], "authorised"),
    ("purchase_orders", {}, ["submit", "reject"], "rejected"),
    ("purchase_orders", {}, ["issue", "mark-billed"], "billed"),
    ("journal_entries", {}, ["post"], "posted"),
    ("journal_entries", {}, ["submit"], "submitted"),
    ("journal_entries", {}, ["submit", "approve"], "submitted"),
    ("journal_entries", {}, ["submit", "reject"], "rejected"),
]


@pytest.mark.parametrize(
    ("name", "born", "way", "status"), [pytest.param(*each, id=f"{each[0]}-{each[2][-1]}") for each in MOVES]
)
def test_an_action_moves_a_record(
    company: Company, name: str, born: dict[str, Any], way: list[str], status: str
) -> None:
    path = f"{name}/{made(company, name, **born)['id']}"
    for action in way:
        record = company.act(f"{path}/{action}")
    assert record["status"] == status == company.get(path)["status"]


@pytest.mark.parametrize("name", ["sales_receipts", "credit_notes", "purchase_orders"])
def test_a_document_is_mailed_to_whom_the_caller_names(company: Company, name: str) -> None:
    letter = {"to": ["buyer@trade.example"], "subject": "Thanks", "body": "Here it is"}
    path = f"{name}/{made(company, name)['id']}"
    assert company.act(f"{path}/email", **letter)["id"] == path.rpartition("/")[2]


@pytest.mark.parametrize(
    ("name", "born", "asked", "model"),
    [
        ("estimates", {"status": "sent"}, {"to": "invoice"}, "invoices"),
        ("estimates", {"status": "sent"}, {"to": "sales_order"}, "sales_orders"),
        ("sales_orders", {"status": "authorised"}, {"to": "invoice"}, "invoices"),
        ("purchase_orders", {"status": "authorised"}, {"to": "bill", "number": "V-77"}, "bills"),
    ],
)
def test_an_order_is_converted(
    company: Company, name: str, born: dict[str, Any], asked: dict[str, Any], model: str
) -> None:
    path = f"{name}/{made(company, name, **born)['id']}/convert"
    found = company.good(company.call("POST", path, json=asked), 201)
    assert found["total_amount"] == 80
    assert company.get(f"{model}/{found['id']}")["id"] == found["id"]


# Settling: a record with something left, the documents it settles, and back

SETTLING = {
    "payments": ("invoices", "invoice"), "credit_notes": ("invoices", "invoice"), "vendor_credits": ("bills", "bill"),
}  # fmt: skip


@pytest.mark.parametrize("name", SETTLING)
def test_what_is_left_settles_and_comes_back(company: Company, name: str) -> None:
    target, kind = SETTLING[name]
    document = made(company, target, status="authorised")
    path = f"{name}/{made(company, name)['id']}"
    shares = [{"type": kind, "id": document["id"], "amount": 30}]
    settled = company.act(f"{path}/apply", allocations=shares)
    [share] = company.get(f"{path}/allocations")["result"]
    assert (share["id"], share["amount"]) == (document["id"], 30)
    assert settled["allocations"] == [share]
    assert [each["amount"] for each in company.get(f"{target}/{document['id']}/allocations")["result"]] == [
        30
    ]
    assert company.get(f"{target}/{document['id']}")["balance"] == 50
    back = company.act(f"{path}/unapply", allocation_ids=[share["allocation_id"]])
    assert back["allocations"] == []
    assert company.get(f"{target}/{document['id']}")["balance"] == 80


@pytest.mark.parametrize("name", SETTLING)
def test_what_is_left_is_paid_back(company: Company, name: str) -> None:
    path = f"{name}/{made(company, name)['id']}"
    company.act(f"{path}/refund", account={"name": "Till"}, total_amount=30, payment_method="cash")
    [refund] = company.get(f"{path}/refunds")["result"]
    assert refund["total_amount"] == 30
    assert company.get(f"{path}/refunds/{refund['id']}") == refund
    company.delete(f"{path}/refunds/{refund['id']}")
    assert company.get(f"{path}/refunds")["result"] == []


@pytest.mark.parametrize(("name", "source", "kind"), [
    ("invoices", "credit_notes", "credit_note"), ("bills", "vendor_credits", "vendor_credit"),
])  # fmt: skip
def test_a_document_is_settled_from_its_own_side(company: Company, name: str, source: str, kind: str) -> None:
    path = f"{name}/{made(company, name, status='authorised')['id']}"
    share = {"type": kind, "id": made(company, source)["id"], "amount": 80}
    assert company.act(f"{path}/apply", allocations=[share])["status"] == "paid"
    [settled] = company.get(f"{path}/allocations")["result"]
    assert company.act(f"{path}/unapply", allocation_ids=[settled["allocation_id"]])["balance"] == 80


# Banking


@pytest.fixture
def waiting(company: Company) -> Callable[[int], str]:
    """Takes in a statement of one line and gives that line's id."""

    def imported(amount: int) -> str:
        bank = made(company, "bank_accounts")["id"]
        line = {"date": "2026-11-03", "amount": amount, "payee": "Buyer"}
        company.act(f"bank_accounts/{bank}/import-statement", lines=[line])
        [row] = company.rows("transactions", status="uncategorized", **{"account[id]": bank})
        return row["id"]

    return imported


def test_a_statement_is_taken_in(company: Company) -> None:
    bank = made(company, "bank_accounts")["id"]
    line = {"date": "2026-11-03", "amount": 12, "payee": "Buyer"}
    found = company.act(f"bank_accounts/{bank}/import-statement", lines=[line])
    assert found["uncategorized_count"] == 1


def test_a_line_is_categorized_and_waits_again(company: Company, waiting: Callable[[int], str]) -> None:
    id = waiting(-20)
    asked = {"transaction_type": "spend", "line_items": [{"account": {"name": "Office Supplies"}}]}
    spent = company.act(f"transactions/{id}/categorize", **asked)
    assert (spent["status"], spent["net_amount"]) == ("categorized", -20)
    back = company.act(f"transactions/{spent['id']}/unmatch")
    assert (back["id"], back["status"]) == (id, "uncategorized")


def test_a_line_is_matched(company: Company, waiting: Callable[[int], str]) -> None:
    id = waiting(80)
    bank = company.get(f"transactions/{id}")["account"]["id"]
    payment = made(company, "payments", account={"id": bank})
    [found] = company.get(f"transactions/{id}/matches")["result"]
    assert (found["type"], found["id"]) == ("payment", payment["id"])
    matched = company.act(f"transactions/{id}/match", records=[{"type": "payment", "id": payment["id"]}])
    assert (matched["status"], matched["match"]) == ("matched", {"type": "payment", "id": payment["id"]})
    assert company.act(f"transactions/{payment['id']}/unmatch")["status"] == "uncategorized"


def test_a_line_is_put_aside_and_brought_back(company: Company, waiting: Callable[[int], str]) -> None:
    path = f"transactions/{waiting(15)}"
    assert company.act(f"{path}/exclude")["status"] == "excluded"
    assert company.act(f"{path}/restore")["status"] == "uncategorized"


# Reports


@pytest.mark.parametrize("type", [each for each in CLAIMED["reports"] if "_" in each])
def test_a_report_is_read(company: Company, type: str) -> None:
    found = company.get(f"reports/{type}")
    assert (found["type"], found["is_partial"]) == (type, False)
    assert isinstance(found["rows"], list)


# What is not offered


@pytest.mark.parametrize("name", CLAIMED)
def test_what_is_not_offered_says_so(company: Company, name: str) -> None:
    """Nothing of it reaches the provider."""
    for operation in not_offered(name):
        status, code = refusal(name, operation).split()
        method, below, more = ASKING[operation]
        company.refused(method, at(name) + below, int(status), code, json=more)
    problem = company.refused("POST", f"{at(name)}/1/fly", 404, "unknown_action")
    assert problem["allowed"] == sorted(company.get(f"{at(name)}/meta")["actions"])


ASKING: dict[str, tuple[str, str, Any]] = {
    "list": ("GET", "", None), "get": ("GET", "/1", None), "create": ("POST", "", {"name": "X"}),
    "update": ("PATCH", "/1", {"name": "X"}), "delete": ("DELETE", "/1", None),
    "custom-fields": ("GET", "/custom-fields", None), "attachments": ("GET", "/1/attachments", None),
    "pdf": ("GET", "/1/pdf", None), **{part: ("GET", f"/1/{part}", None) for part in LISTS},
}  # fmt: skip


# The general ledger


@pytest.mark.parametrize("name", offering("ledger-lines"))
def test_what_a_document_posted(company: Company, name: str) -> None:
    live = {"invoices": "authorised", "journal_entries": "posted"}
    record = made(company, name, **({"status": live[name]} if name in live else {}))
    lines = company.get(f"{name}/{record['id']}/ledger-lines")["result"]
    assert sum(each["net_amount"] for each in lines) == 0 < len(lines)
    assert all(each["account"]["id"] and each["type"] in ("debit", "credit") for each in lines)
    company.refused("GET", f"{name}/999/ledger-lines", 404, "not_found", reads=4)


# What stands on documents besides


def test_tags_and_places_stand_on_documents_and_lines(company: Company) -> None:
    region = company.create(
        "tracking_categories", name="Market", options=[{"name": "East"}, {"name": "West"}]
    )
    east, west = ({"name": "Market", "option": each["name"]} for each in region["options"])
    lines = [{"item": {"code": "M-1"}, "unit_price": 40, "tracking_categories": [west]}]
    record = made(company, "invoices", tracking_categories=[east], line_items=lines)
    found = company.get(f"invoices/{record['id']}")
    told = [*found["tracking_categories"], *found["line_items"][0]["tracking_categories"]]
    assert [(each["id"], each["option"]) for each in told] == [(region["id"], "East"), (region["id"], "West")]


def test_a_journey_is_an_expense_by_its_mileage(company: Company) -> None:
    ada = made(company, "employees")["id"]
    journey = {"distance": 120, "unit": "km", "rate": "0.5"}
    lines = [{"account": {"name": "Travel Expense"}, "unit_price": 60}]
    spent = made(company, "expenses", employee=ada, mileage=journey, line_items=lines)
    assert (spent["total_amount"], spent["mileage"]["distance"], spent["employee"]["id"]) == (60, 120, ada)


def test_several_things_are_one_expense(company: Company) -> None:
    lines = [{"account": {"name": name}, "unit_price": 30} for name in ("Travel Expense", "Office Supplies")]
    spent = made(company, "expenses", line_items=lines)
    assert [each["account"]["name"] for each in spent["line_items"]] == ["Travel Expense", "Office Supplies"]
