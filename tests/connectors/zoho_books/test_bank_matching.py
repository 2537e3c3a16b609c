"""Imported transactions: categorized, matched, excluded, and back."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from connectors.kit.faults import Conflict, Rejected
from connectors.kit.operations import Answer, Filter, Op
from tests.support.twin import Twin


@pytest.fixture
def twin() -> Twin:
    twin = Twin()
    twin.create("bank_accounts", name="Checking", account_type="bank")
    return twin


def bank(twin: Twin) -> str:
    rows = twin.list("bank_accounts").answers
    return next(each.record["id"] for each in rows if each.record["name"] == "Checking")


def imported(twin: Twin, amount: str) -> str:
    """The id of a line of a statement that waits."""
    line = {"date": date(2026, 6, 3), "amount": Decimal(amount), "description": "Wire", "payee": "Acme"}
    twin.act("bank_accounts", bank(twin), "import-statement", lines=[line])
    rows = twin.list("transactions", Filter("status", Op.EQ, "uncategorized")).answers
    return next(each.record["id"] for each in rows if each.record["net_amount"] == Decimal(amount))


def act(twin: Twin, id: str, verb: str, **body: Any) -> Answer:
    answer = twin.act("transactions", id, verb, **body)
    assert (answer.issues, answer.outcome) == ([], "updated")
    return answer


def invoice(twin: Twin, amount: int) -> str:
    contact = twin.create("contacts", name="Acme").record["id"]
    lines = [{"name": "Work", "unit_price": amount}]
    return twin.create("invoices", contact=contact, line_items=lines, status="authorised").record["id"]


def test_an_imported_line_reads_as_what_the_bank_said(twin: Twin) -> None:
    record = twin.get("transactions", imported(twin, "-20")).record
    assert (record["status"], record["direction"], record["total_amount"]) == ("uncategorized", "outflow", 20)
    assert (record["payee"], record["description"], record["transaction_type"]) == ("Acme", "Wire", None)


def test_spending_becomes_an_expense(twin: Twin) -> None:
    id = imported(twin, "-20")
    lines = [{"account": {"name": "Office Supplies"}}]
    record = act(twin, id, "categorize", transaction_type="spend", line_items=lines).record
    assert (record["status"], record["transaction_type"], record["net_amount"]) == (
        "categorized", "spend", Decimal(-20),
    )  # fmt: skip
    assert twin.get("expenses", record["id"]).record["total_amount"] == 20
    back = act(twin, record["id"], "unmatch").record
    assert (back["id"], back["status"]) == (id, "uncategorized")
    assert twin.list("expenses").answers == []


def test_spending_on_several_things(twin: Twin) -> None:
    lines = [
        {"account": {"name": "Office Supplies"}, "unit_price": Decimal(15)},
        {"account": {"name": "Postage"}, "total_line_amount": Decimal(5), "description": "Stamps"},
    ]
    id = imported(twin, "-20")
    with pytest.raises(Rejected) as caught:
        act(twin, id, "categorize", transaction_type="spend", line_items=lines[:1] * 2)
    assert caught.value.errors[0].code == "total_mismatch"
    record = act(twin, id, "categorize", transaction_type="spend", line_items=lines).record
    assert len(twin.get("expenses", record["id"]).record["line_items"]) == 2


def test_a_payment_of_an_invoice(twin: Twin) -> None:
    owed, id = invoice(twin, 100), imported(twin, "100")
    shares = [{"type": "invoice", "id": owed, "amount": Decimal(100)}]
    record = act(twin, id, "categorize", transaction_type="receive", allocations=shares).record
    assert record["transaction_type"] == "receive"
    assert twin.get("invoices", owed).record["status"] == "paid"
    assert twin.get("payments", record["id"]).record["payment_method"] == "bank_transfer"


def test_a_payment_is_not_more_than_the_bank_moved(twin: Twin) -> None:
    owed, id = invoice(twin, 300), imported(twin, "100")
    shares = [{"type": "invoice", "id": owed, "amount": Decimal(101)}]
    with pytest.raises(Rejected) as caught:
        act(twin, id, "categorize", transaction_type="receive", allocations=shares)
    assert caught.value.errors[0].code == "over_allocated"


def test_transfers_out_and_in(twin: Twin) -> None:
    till = twin.create("bank_accounts", name="Till", account_type="cash").record["id"]
    out, back = imported(twin, "-30"), imported(twin, "40")
    moved = act(twin, out, "categorize", transaction_type="transfer", account={"name": "Till"}).record
    assert twin.get("transactions", moved["id"]).record["account"]["id"] == till
    moved = act(twin, back, "categorize", transaction_type="transfer", account_from={"id": till}).record
    assert twin.get("transactions", moved["id"]).record["account_from"]["id"] == till


@pytest.mark.parametrize(("amount", "word"), [("50", "spend"), ("-50", "deposit"), ("-50", "receive")])
def test_the_bank_says_which_way_money_went(twin: Twin, amount: str, word: str) -> None:
    lines = [{"account": {"name": "Sales"}}]
    with pytest.raises(Rejected) as caught:
        act(twin, imported(twin, amount), "categorize", transaction_type=word, line_items=lines)
    assert caught.value.errors[0].pointer == "/transaction_type"


def test_a_line_is_matched_with_what_is_there(twin: Twin) -> None:
    id = imported(twin, "100")
    payment = twin.create(
        "payments", contact={"name": _customer(twin)}, total_amount=100, account={"id": bank(twin)}
    ).record["id"]
    (found,) = twin.run(twin.resource("transactions").inside("matches", id, twin.context))
    assert (found["type"], found["id"], found["is_best_match"]) == ("payment", payment, True)
    record = act(twin, id, "match", records=[{"type": "payment", "id": payment}]).record
    assert (record["status"], record["match"]) == ("matched", {"type": "payment", "id": payment})
    with pytest.raises(Conflict):
        act(twin, imported(twin, "100"), "unmatch")
    assert act(twin, payment, "unmatch").record["id"] == id


def _customer(twin: Twin) -> str:
    return twin.create("contacts", name="Acme").record["name"]


def test_matches_must_fit(twin: Twin) -> None:
    id = imported(twin, "100")
    payment = twin.create(
        "payments", contact={"name": _customer(twin)}, total_amount=90, account={"id": bank(twin)}
    ).record["id"]
    for records, code in (
        ([{"type": "payment", "id": "1"}], "reference_not_found"),
        ([{"type": "expense", "id": payment}], "reference_not_found"),
        ([{"type": "payment", "id": payment}], "total_mismatch"),
    ):
        with pytest.raises(Rejected) as caught:
            act(twin, id, "match", records=records)
        assert caught.value.errors[0].code == code


def test_a_line_is_put_aside_and_brought_back(twin: Twin) -> None:
    id = imported(twin, "10")
    assert act(twin, id, "exclude").record["status"] == "excluded"
    with pytest.raises(Conflict) as caught:
        act(twin, id, "categorize", transaction_type="deposit", line_items=[{"account": {"name": "Sales"}}])
    assert caught.value.extra["allowed"] == ["restore"]
    assert act(twin, id, "restore").record["status"] == "uncategorized"
