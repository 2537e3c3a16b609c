"""Money accounts: written with their numbers, read without them, fed by statements."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from connectors.kit.faults import Rejected
from connectors.kit.operations import Filter, Op
from connectors.zoho_books.bank_accounts import RESOURCE
from tests.support.scripted import CONTEXT, run
from tests.support.twin import Twin


@pytest.fixture
def twin() -> Twin:
    return Twin()


def account(twin: Twin, **more: Any) -> dict[str, Any]:
    made = twin.create("bank_accounts", **{"name": "Checking", "account_type": "bank", **more})
    assert made.issues == []
    return made.record


def line(amount: str, **more: str) -> dict[str, Any]:
    return {"date": date(2026, 6, 3), "amount": Decimal(amount), **more}


def test_its_number_is_written_whole_and_read_masked(twin: Twin) -> None:
    record = account(twin, account_number="123456789", routing_number="021000021", bank_name="First")
    assert record["account_number"].endswith("6789")
    assert "12345" not in record["account_number"]
    assert twin.seen[-1].body["account_number"] == "123456789"
    assert record["account"]["id"] == record["id"]


def test_another_number_coming_back_is_told() -> None:
    native = {"account_id": "1", "account_name": "A", "account_type": "bank", "account_number": "xxxx1111"}
    answer, _ = run(RESOURCE.update("1", {"account_number": "2222"}, CONTEXT), [{"bankaccount": native}] * 2)
    assert [issue.pointer for issue in answer.issues] == ["/account_number"]


def test_it_lives(twin: Twin) -> None:
    id = account(twin, account_type="credit_card", currency="EUR")["id"]
    changed = twin.update("bank_accounts", id, name="Card", code="200")
    assert (changed.issues, changed.record["name"], changed.record["currency"]) == ([], "Card", "EUR")
    assert twin.act("bank_accounts", id, "deactivate").record["status"] == "archived"
    gone = twin.list("bank_accounts", Filter("status", Op.EQ, "archived"))
    assert [each.record["id"] for each in gone.answers] == [id]
    assert id in {each.record["id"] for each in twin.list("bank_accounts").answers}
    assert twin.act("bank_accounts", id, "activate").record["status"] == "active"
    twin.run(RESOURCE.delete(id, twin.context))


def test_a_statement_waits_to_be_dealt_with(twin: Twin) -> None:
    id = account(twin)["id"]
    lines = [line("120.50", payee="Acme", reference="T1"), line("-20", description="Fee")]
    answer = twin.act("bank_accounts", id, "import-statement", lines=lines)
    assert (answer.outcome, answer.record["uncategorized_count"]) == ("updated", 2)
    assert answer.record["bank_balance"] == Decimal("100.50")
    sent = next(each for each in twin.seen if each.path == "/bankstatements").body
    assert (sent["start_date"], sent["end_date"]) == ("2026-06-03", "2026-06-03")
    assert [(each["debit_or_credit"], each["amount"]) for each in sent["transactions"]] == [
        ("debit", Decimal("120.50")),
        ("credit", Decimal(20)),
    ]


def test_lines_left_out_are_told() -> None:
    native = {"account_id": "1", "last_import_duplicate_count": 1}
    body = {"lines": [line("1")]}
    answer, _ = run(RESOURCE.act("import-statement", "1", body, CONTEXT), [{}, {"bankaccount": native}])
    assert [issue.code for issue in answer.issues] == ["duplicates_skipped"]


def test_a_line_that_moves_nothing_is_refused() -> None:
    with pytest.raises(Rejected) as caught:
        run(RESOURCE.act("import-statement", "1", {"lines": [line("0")]}, CONTEXT))
    assert caught.value.errors[0].pointer == "/lines/0/amount"
