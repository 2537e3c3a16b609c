"""Movements on money accounts, entered by hand: which way the money goes and what it was for."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from connectors.kit.faults import Fault, Rejected
from connectors.kit.operations import Filter, ListQuery, Op
from connectors.zoho_books.transactions import RESOURCE
from tests.support.scripted import CONTEXT, run
from tests.support.twin import Twin

DAY = date(2026, 6, 3)


@pytest.fixture
def twin() -> Twin:
    return Twin()


def money(twin: Twin, name: str = "Checking", kind: str = "bank") -> str:
    return twin.create("bank_accounts", name=name, account_type=kind).record["id"]


def move(twin: Twin, kind: str, account: str, **more: Any) -> dict[str, Any]:
    body = {"transaction_date": "2026-06-03", "total_amount": 100, **more}
    made = twin.create("transactions", transaction_type=kind, account=account, **body)
    assert (made.issues, made.outcome) == ([], "created")
    return made.record


def on(account: str, **more: Any) -> list[dict[str, Any]]:
    return [{"account": {"name": account}, "unit_price": 100, **more}]


def sent(twin: Twin) -> dict[str, Any]:
    return next(each for each in reversed(twin.seen) if each.method == "POST").body


def test_a_deposit_comes_in(twin: Twin) -> None:
    bank = money(twin)
    record = move(twin, "deposit", bank, line_items=on("Opening Balance Offset"), reference="D1")
    assert (record["direction"], record["net_amount"], record["status"]) == ("inflow", 100, "categorized")
    assert (record["account"]["id"], record["account_from"]) == (bank, None)
    (line,) = record["line_items"]
    assert (line["account"]["name"], line["total_line_amount"]) == ("Opening Balance Offset", 100)
    assert sent(twin)["to_account_id"] == bank


def test_a_transfer_goes_between_money_accounts(twin: Twin) -> None:
    bank, till = money(twin), money(twin, "Till", "cash")
    record = move(twin, "transfer", till, account_from={"name": "Checking"})
    assert (record["account"]["id"], record["account_from"]["id"]) == (till, bank)
    assert (record["direction"], record["line_items"]) == ("inflow", [])
    (row,) = twin.list("transactions", Filter("account.id", Op.EQ, bank)).answers
    assert (row.record["direction"], row.record["net_amount"]) == ("outflow", Decimal(-100))


def test_a_card_is_paid_and_refunded(twin: Twin) -> None:
    bank, card = money(twin), money(twin, "Card", "credit_card")
    assert move(twin, "credit_card", card, account_from=bank)["transaction_type"] == "credit_card"
    assert sent(twin)["transaction_type"] == "card_payment"
    back = move(twin, "refund", card, line_items=on("Office Supplies"))
    assert (sent(twin)["transaction_type"], back["transaction_type"]) == ("refund", "refund")
    assert move(twin, "refund", bank, line_items=on("Office Supplies"))["direction"] == "inflow"
    assert sent(twin)["transaction_type"] == "expense_refund"


def test_money_received_without_an_invoice(twin: Twin) -> None:
    record = move(twin, "receive", money(twin), line_items=on("Sales", description="Till"))
    assert (record["transaction_type"], record["description"]) == ("receive", "Till")


def test_money_spent_is_an_expense(twin: Twin) -> None:
    bank = money(twin)
    vendor = twin.create("contacts", name="Paper Ltd", type="vendor").record["id"]
    record = move(
        twin, "spend", bank, contact=vendor, line_items=on("Office Supplies"), description="Paper", reference="R"
    )  # fmt: skip
    assert (record["direction"], record["net_amount"]) == ("outflow", Decimal(-100))
    assert record["contact"] == {"id": vendor, "name": "Paper Ltd", "type": "vendor"}
    assert [each["account"]["name"] for each in record["line_items"]] == ["Office Supplies"]
    assert twin.get("expenses", record["id"]).record["memo"] == "Paper"
    (row,) = twin.list("transactions", Filter("account.id", Op.EQ, bank)).answers
    assert (row.record["id"], row.record["net_amount"]) == (record["id"], Decimal(-100))


def test_it_is_changed_and_deleted(twin: Twin) -> None:
    id = move(twin, "deposit", money(twin), line_items=on("Sales"))["id"]
    changed = twin.update("transactions", id, description="Late", total_amount=90)
    assert changed.issues == []
    assert (changed.record["total_amount"], changed.record["transaction_type"]) == (90, "deposit")
    twin.run(RESOURCE.delete(id, twin.context))
    with pytest.raises(Fault):
        twin.get("transactions", id)


def test_lists_are_narrowed_exactly(twin: Twin) -> None:
    bank = money(twin)
    kept = move(twin, "deposit", bank, line_items=on("Sales"), reference="A")["id"]
    move(twin, "deposit", bank, line_items=on("Sales"), transaction_date="2026-06-04", reference="AB")
    for given in (
        Filter("transaction_date", Op.EQ, "2026-06-03"),
        Filter("transaction_date", Op.LTE, "2026-06-03"),
        Filter("reference", Op.EQ, "A"),
    ):
        found = twin.list("transactions", Filter("account.id", Op.EQ, bank), given)
        assert [each.record["id"] for each in found.answers] == [kept], given


@pytest.mark.parametrize(
    ("body", "at", "code"),
    [
        ({"transaction_type": "deposit"}, "/line_items", "required"),
        ({"transaction_type": "transfer"}, "/account_from", "required"),
        ({"transaction_type": "spend"}, "/line_items", "required"),
        (
            {
                "transaction_type": "deposit",
                "line_items": [{"account": {"id": "9"}, "unit_price": Decimal(90)}],
            },
            "/line_items/0/unit_price",
            "total_mismatch",
        ),
        (
            {"transaction_type": "deposit", "line_items": [{"account": {"id": "9"}}] * 2},
            "/line_items",
            "unsupported_field",
        ),
        (
            {
                "transaction_type": "receive",
                "account_from": {"id": "8"},
                "line_items": [{"account": {"id": "9"}}],
            },
            "/account_from",
            "unsupported_field",
        ),
    ],
)
def test_what_cannot_be_written_is_refused_before_a_call(body: dict[str, Any], at: str, code: str) -> None:
    whole = {"account": {"id": "1"}, "transaction_date": DAY, "total_amount": Decimal(100), **body}
    with pytest.raises(Rejected) as caught:
        run(RESOURCE.create(whole, CONTEXT))
    assert [(each.pointer, each.code) for each in caught.value.errors] == [(at, code)]


def test_direction_is_told_by_the_account_where_the_type_does_not() -> None:
    row = {"transaction_id": "5", "transaction_type": "journal", "amount": Decimal(7), "account_id": "1"}
    pages = [{"banktransactions": [{**row, "debit_or_credit": word}]} for word in ("debit", "credit")]
    found = [
        run(RESOURCE.list(ListQuery(), CONTEXT), [page])[0].answers[0].record["net_amount"] for page in pages
    ]
    assert found == [7, -7]
