"""Journal entries: balanced before they are sent, posted and reversed."""

from decimal import Decimal as D
from pathlib import Path
from typing import Any

import pytest

from connectors.kit.faults import Conflict, Rejected
from connectors.kit.http import Reply
from connectors.kit.operations import Filter, Op, Sort
from connectors.zoho_books import journal_entries
from connectors.zoho_books.journal_entries import RESOURCE
from tests.connectors.zoho_books.test_recordings import got, listed
from tests.support.script import Script
from tests.support.scripted import CONTEXT
from tests.support.twin import Twin

RENT, CASH, OWED = {"name": "Rent Expense"}, {"name": "Petty Cash"}, {"name": "Accounts Receivable"}


@pytest.fixture
def twin() -> Twin:
    found = Twin()
    found.create("contacts", name="Acme")
    return found


def debit(amount: str, account: dict[str, str] = RENT, **more: Any) -> dict[str, Any]:
    return {"account": account, "type": "debit", "amount": amount, **more}


def credit(amount: str, account: dict[str, str] = CASH, **more: Any) -> dict[str, Any]:
    return {"account": account, "type": "credit", "amount": amount, **more}


def post(twin: Twin, *lines: dict[str, Any], **more: Any) -> Any:
    body = {"transaction_date": "2026-06-18", "lines": list(lines), **more}
    return twin.create("journal_entries", **body)


def refused(twin: Twin, *lines: dict[str, Any], **more: Any) -> list[tuple[str, str]]:
    """(pointer, code) of what is wrong; nothing was written."""
    twin.seen.clear()
    with pytest.raises(Rejected) as rejection:
        post(twin, *lines, **more)
    assert {each.method for each in twin.seen} <= {"GET"}
    return [(each.pointer, each.code) for each in rejection.value.errors]


def test_a_recorded_entry(specs: Path) -> None:
    record = got(specs, "journal_entries", "journals.get")
    assert (record["status"], record["remote_status"], record["basis"]) == ("posted", "published", "both")
    assert [(each["type"], each["amount"], each["net_amount"]) for each in record["lines"]] == [
        ("debit", 100, 100),
        ("credit", 100, -100),
    ]
    assert record["custom_fields"] == []


def test_recorded_rows_lack_lines(specs: Path) -> None:
    record = listed(specs, "journal_entries", "journals.list")[0].record
    assert record["total_amount"] == 100
    assert not {"lines", "created_at", "currency"} & set(record)


def test_an_entry_is_posted_unless_it_is_a_draft(twin: Twin) -> None:
    made = post(twin, debit("10.50", description="June"), credit("10.50"), memo="rent", reference="R-1")
    assert made.issues == []
    assert (made.record["status"], made.record["total_amount"]) == ("posted", D("10.50"))
    draft = post(twin, debit("1"), credit("1"), status="draft")
    assert (draft.record["status"], draft.issues) == ("draft", [])
    assert twin.act("journal_entries", draft.record["id"], "post").record["status"] == "posted"


def test_signed_lines_say_the_same(twin: Twin) -> None:
    made = post(twin, {"account": RENT, "net_amount": "7"}, {"account": CASH, "net_amount": "-7"})
    assert made.issues == []
    assert [(each["type"], each["amount"]) for each in made.record["lines"]] == [("debit", 7), ("credit", 7)]


def test_an_unbalanced_change_is_refused_whatever_is_kept(twin: Twin) -> None:
    made = post(twin, debit("10"), credit("10")).record
    first, second = (each["id"] for each in made["lines"])
    with pytest.raises(Rejected) as rejection:
        twin.update("journal_entries", made["id"], lines=[{"id": first, "amount": 11}, {"id": second}])
    assert [(each.pointer, each.code) for each in rejection.value.errors] == [("/lines", "unbalanced")]
    lines = [{"id": first, "amount": 11}, {"id": second}, credit("1")]
    changed = twin.update("journal_entries", made["id"], lines=lines)
    assert (changed.record["total_amount"], changed.issues) == (11, [])
    assert changed.record["lines"][1] == made["lines"][1]
    sent = twin.seen[-1].body
    assert sent is not None
    assert all(each["debit_or_credit"] for each in sent["line_items"])


def test_unbalanced_lines_that_pass_the_model_are_refused() -> None:
    """The model does not see bodies made without it."""
    sides = [("debit", D("1.10")), ("credit", D("1.00"))]
    lines = [{"account": {"id": "1"}, "type": side, "amount": amount} for side, amount in sides]
    body = {"transaction_date": CONTEXT.today, "lines": lines}
    flow = journal_entries.RESOURCE.create(body, CONTEXT)
    request = next(flow)
    assert request.method == "GET"
    with pytest.raises(Rejected) as rejection:
        flow.send(_chart())
    assert [each.code for each in rejection.value.errors] == ["unbalanced"]


def _chart() -> Any:
    return Reply(200, {}, {"code": 0, "chartofaccounts": [{"account_id": "1", "account_type": "cash"}]})


def test_amounts_are_no_finer_than_the_currency(twin: Twin) -> None:
    assert refused(twin, debit("1.005"), credit("1.005")) == [
        ("/lines/0/amount", "precision"),
        ("/lines/1/amount", "precision"),
    ]
    yen = Twin(currency_code="JPY")
    assert refused(yen, debit("1.5"), credit("1.5"))[0] == ("/lines/0/amount", "precision")


def test_control_accounts_need_a_contact(twin: Twin) -> None:
    assert refused(twin, debit("5", OWED), credit("5")) == [
        ("/lines/0/contact", "control_account_needs_contact")
    ]
    made = post(twin, debit("5", OWED, contact={"name": "Acme"}), credit("5"))
    assert made.issues == []
    assert made.record["lines"][0]["contact"]["name"] == "Acme"


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"basis": "accrual"}, ("/basis", "enum_value")),
        ({"number": "7"}, ("/number", "read_only")),
    ],
)
def test_what_zoho_cannot_take_is_refused(twin: Twin, more: dict[str, Any], error: tuple[str, str]) -> None:
    assert refused(twin, debit("1"), credit("1"), **more) == [error]


def test_a_reversal_is_a_new_entry(twin: Twin) -> None:
    made = post(twin, debit("10"), credit("10")).record
    answer = twin.act("journal_entries", made["id"], "reverse")
    assert answer.outcome == "created"
    assert answer.record["id"] != made["id"]
    assert answer.record["reversal_of"]["id"] == made["id"]
    assert [each["net_amount"] for each in answer.record["lines"]] == [-10, 10]
    assert twin.seen[-1].query == (("reversal_date", "2026-06-20"), ("is_reversal_scheduled", "false"))


def test_a_reversal_nothing_is_told_of_answers_the_entry_as_it_stands() -> None:
    script = Script([{"code": 0}, {"journal": {"journal_id": "7", "status": "published"}}])
    answer = script.run(RESOURCE.act("reverse", "7", {}, CONTEXT))
    assert (script.calls[-1], answer.record["id"], answer.outcome) == ("GET /journals/7", "7", "updated")


def test_a_draft_is_not_reversed(twin: Twin) -> None:
    made = post(twin, debit("10"), credit("10"), status="draft").record
    with pytest.raises(Conflict) as conflict:
        twin.act("journal_entries", made["id"], "reverse")
    assert conflict.value.extra["from"] == "draft"
    assert "post" in conflict.value.extra["allowed"]


def test_approval(twin: Twin) -> None:
    id = post(twin, debit("1"), credit("1"), status="draft").record["id"]
    words = [
        twin.act("journal_entries", id, each).record["status"] for each in ("submit", "reject", "submit")
    ]
    assert words == ["submitted", "rejected", "submitted"]
    approved = twin.act("journal_entries", id, "approve").record
    assert (approved["status"], approved["remote_status"]) == ("submitted", "approved")
    assert twin.act("journal_entries", id, "post").record["status"] == "posted"


def test_a_change_names_the_day_zoho_wants(twin: Twin) -> None:
    made = post(twin, debit("1"), credit("1")).record
    changed = twin.update("journal_entries", made["id"], memo="late")
    assert (changed.record["memo"], changed.issues) == ("late", [])
    assert twin.seen[-1].body == {"notes": "late", "journal_date": "2026-06-18"}
    assert twin.run(twin.resource("journal_entries").delete(made["id"], twin.context)) == made["id"]


def test_filters_find_exactly(twin: Twin) -> None:
    post(twin, debit("10"), credit("10"), reference="P-1", memo="payroll")
    post(twin, debit("20"), credit("20"), reference="P-10", status="draft")

    def found(*filters: Filter, **query: Any) -> list[str]:
        page = twin.list("journal_entries", *filters, **query)
        return [answer.record["reference"] for answer in page.answers]

    assert found(Filter("reference", Op.EQ, "P-1")) == ["P-1"]
    assert found(Filter("status", Op.EQ, "draft")) == ["P-10"]
    assert found(Filter("total_amount", Op.GTE, "20")) == ["P-10"]
    assert found(Filter("memo", Op.STARTS_WITH, "pay")) == ["P-1"]
    assert found(Filter("updated_at", Op.GTE, "2026-06-20T00:00:00Z"))
    assert found(Filter("updated_at", Op.GTE, "2026-06-21T00:00:00Z")) == []
    assert found(sort=Sort("total_amount", descending=True)) == ["P-10", "P-1"]
