"""What a document posted, whichever collection asks."""

from typing import Any

import pytest

from connectors.kit.faults import Fault
from tests.support.twin import Twin


@pytest.fixture
def twin() -> Twin:
    found = Twin()
    found.create("contacts", name="Acme")
    return found


def lines(twin: Twin, name: str, id: str) -> list[dict[str, Any]]:
    return twin.run(twin.resource(name).inside("ledger-lines", id, twin.context))


def test_an_invoice_is_owed_and_earned(twin: Twin) -> None:
    work = [{"name": "Work", "unit_price": 40}]
    invoice = twin.create("invoices", contact={"name": "Acme"}, line_items=work, status="authorised").record
    found = {each["account"]["name"]: each for each in lines(twin, "invoices", invoice["id"])}
    assert {name: each["net_amount"] for name, each in found.items()} == {
        "Accounts Receivable": 40,
        "Sales": -40,
    }
    assert found["Sales"]["contact"]["id"] == invoice["contact"]["id"]
    assert twin.seen[-1].query[0] == ("entity_type", "invoice")


def test_a_draft_posted_nothing(twin: Twin) -> None:
    draft = twin.create(
        "invoices", contact={"name": "Acme"}, line_items=[{"name": "W", "unit_price": 4}]
    ).record
    assert lines(twin, "invoices", draft["id"]) == []


def test_a_bank_row_tells_what_its_document_posted(twin: Twin) -> None:
    bank = twin.create("bank_accounts", name="Checking", account_type="bank").record["id"]
    spent = twin.create(
        "transactions", transaction_type="spend", account=bank, transaction_date="2026-06-03", total_amount=9,
        line_items=[{"account": {"name": "Postage"}, "unit_price": 9}],
    ).record  # fmt: skip
    for name in ("transactions", "expenses"):
        assert sorted(each["net_amount"] for each in lines(twin, name, spent["id"])) == [-9, 9]


@pytest.mark.parametrize("name", ["invoices", "bills", "payments", "journal_entries", "transactions"])
@pytest.mark.parametrize("id", ["999", "a/b"])
def test_nothing_is_posted_by_what_is_not_there(twin: Twin, name: str, id: str) -> None:
    with pytest.raises(Fault):
        lines(twin, name, id)
