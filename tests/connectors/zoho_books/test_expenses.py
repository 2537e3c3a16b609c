"""Expenses: simple, itemised and by the mile, against the sandbox's ledger."""

from datetime import date
from decimal import Decimal as D
from pathlib import Path
from typing import Any

import pytest

from connectors.kit.faults import Rejected
from connectors.kit.operations import Filter, Op
from connectors.zoho_books import expenses
from tests.connectors.zoho_books.test_recordings import got, listed
from tests.support.scripted import CONTEXT
from tests.support.twin import Twin

CHECKING = {"name": "Petty Cash"}
TRAVEL = {"name": "Travel Expense"}
MEALS = {"name": "Meals and Entertainment"}


@pytest.fixture
def twin() -> Twin:
    found = Twin()
    found.create("contacts", name="Acme")
    found.create("contacts", name="Airline", type="vendor")
    found.create("tax_rates", name="VAT", total_tax_rate=20, type="tax")
    return found


def spend(twin: Twin, *lines: dict[str, Any], **more: Any) -> Any:
    body = {"transaction_date": "2026-06-18", "account": CHECKING, "line_items": list(lines), **more}
    return twin.create("expenses", **body)


def plain(amount: str, **more: Any) -> dict[str, Any]:
    return {"account": TRAVEL, "unit_price": amount, "tax_rate": None, **more}


def read(**native: Any) -> dict[str, Any]:
    native = {"expense_id": "1", "line_items": [], **native}
    return expenses.RESOURCE.read(native, CONTEXT).record


def test_a_recorded_expense(specs: Path) -> None:
    record = got(specs, "expenses", "expenses.get")
    assert (record["transaction_date"], record["total_amount"]) == (date(2026, 6, 9), D("320.5"))
    assert record["account"]["name"] == "Undeposited Funds"
    (line,) = record["line_items"]
    assert (line["account"]["name"], line["unit_price"], line["sub_total"]) == (
        "Travel Expense", D("320.5"), D("320.5"),
    )  # fmt: skip
    assert (record["status"], record["billable_status"]) == ("authorised", "non_billable")
    assert (record["reimbursement_status"], record["mileage"]) == ("none", None)


def test_recorded_rows_name_the_money_account_without_its_id(specs: Path) -> None:
    record = listed(specs, "expenses", "expenses.list")[0].record
    assert record["account"] == {"name": "Test Checking Account Updated"}
    assert record["sub_total"] == 100
    assert "line_items" not in record
    assert "reimbursement_status" not in record


def test_a_plain_line_is_the_expense_itself(twin: Twin) -> None:
    made = spend(twin, plain("75"), memo="taxi", reference="R-1", contact={"name": "Airline"})
    assert made.issues == []
    sent = twin.seen[-1].body
    assert sent is not None
    assert "line_items" not in sent
    assert (sent["amount"], made.record["total_amount"]) == (D(75), D(75))
    assert (made.record["contact"]["type"], made.record["memo"]) == ("vendor", "taxi")


def test_several_lines_are_itemised(twin: Twin) -> None:
    lines = [
        plain("100", description="flight"),
        {"account": MEALS, "total_line_amount": "30", "tax_rate": {"name": "VAT"}},
    ]
    made = spend(twin, *lines, total_amount="136")
    assert made.issues == []
    assert [line["sub_total"] for line in made.record["line_items"]] == [100, 30]
    assert (made.record["sub_total"], made.record["total_tax_amount"]) == (130, 6)
    assert made.record["taxes"][0]["tax_rate"]["name"] == "VAT"
    sent = next(each.body for each in twin.seen if each.method == "POST" and each.path == "/expenses")
    assert sent is not None
    assert (sent["amount"], len(sent["line_items"])) == (D(130), 2)


def test_prices_that_contain_tax(twin: Twin) -> None:
    line = {"account": MEALS, "unit_price": "120", "tax_rate": {"name": "VAT"}}
    made = spend(twin, line, tax_inclusive=True, total_amount=120)
    assert made.issues == []
    assert (made.record["sub_total"], made.record["total_tax_amount"]) == (100, 20)


@pytest.mark.parametrize(
    ("line", "more", "pointer", "code"),
    [
        (plain("10"), {"total_amount": 12}, "/total_amount", "total_mismatch"),
        (plain("10", tax_rate={"name": "VAT"}), {"total_amount": 10}, "/total_amount", "total_mismatch"),
        (plain("10", total_line_amount=12), {}, "/line_items/0/total_line_amount", "total_mismatch"),
        (plain("10", quantity=2), {}, "/line_items/0/quantity", "unsupported_field"),
        (plain("10", name="x"), {}, "/line_items/0/name", "unsupported_field"),
        (plain("10", discount_amount=1), {}, "/line_items/0/discount_amount", "unsupported_field"),
        (plain("10"), {"is_billable": True}, "/customer", "required"),
        (plain("10"), {"discount_amount": 1}, "/discount_amount", "unsupported_field"),
        (plain("10"), {"status": "draft"}, "/status", "enum_value"),
        (plain("10"), {"mileage": {"distance": 10, "rate": 2}}, "/mileage/rate", "total_mismatch"),
        (plain("10"), {"mileage": {"rate": 2}}, "/mileage/distance", "required"),
        (plain("10"), {"payment_method": "card"}, "/payment_method", "read_only"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_written(
    twin: Twin, line: dict[str, Any], more: dict[str, Any], pointer: str, code: str
) -> None:
    twin.seen.clear()
    with pytest.raises(Rejected) as rejection:
        spend(twin, line, **more)
    assert [(each.pointer, each.code) for each in rejection.value.errors] == [(pointer, code)]
    assert {each.method for each in twin.seen} <= {"GET"}


def test_a_total_no_default_tax_explains(twin: Twin) -> None:
    line = {"account": TRAVEL, "unit_price": "10"}
    with pytest.raises(Rejected):
        spend(twin, line, total_amount=11)
    made = spend(twin, line, total_amount=10)
    assert made.issues == []


def test_miles_of_an_employee(twin: Twin) -> None:
    twin.create("employees", name="Ada", emails=["ada@acme.test"])
    trip = {"distance": "12.5", "unit": "mile", "rate": "0.5"}
    made = spend(twin, plain("6.25"), employee={"name": "Ada"}, mileage=trip)
    assert made.issues == []
    assert made.record["mileage"] == {"distance": D("12.5"), "unit": "mile", "rate": D("0.5")}
    assert made.record["employee"]["name"] == "Ada"


def test_odometers_tell_the_distance() -> None:
    record = read(mileage_type="odometer", start_reading=100, end_reading=142, mileage_unit="km")
    assert record["mileage"] == {"distance": D(42), "unit": "km", "rate": None}


@pytest.mark.parametrize(
    ("native", "billable", "reimbursement"),
    [
        ({"status": "unbilled"}, "unbilled", "none"),
        ({"status": "invoiced"}, "invoiced", "none"),
        ({"status": "nonbillable", "is_reimbursable": True}, "non_billable", "due"),
        ({"status": "reimbursed", "is_billable": False}, "non_billable", "reimbursed"),
        ({"status": "reimbursed", "is_billable": True, "invoice_id": "7"}, "invoiced", "reimbursed"),
    ],
)
def test_one_word_says_two_things(native: dict[str, Any], billable: str, reimbursement: str) -> None:
    record = read(**native)
    assert (record["billable_status"], record["reimbursement_status"]) == (billable, reimbursement)
    assert (record["status"], record["remote_status"]) == ("authorised", native["status"])


def test_lines_are_kept_changed_and_added(twin: Twin) -> None:
    made = spend(twin, plain("10", description="a"), plain("20", description="b")).record
    first, second = (line["id"] for line in made["line_items"])
    lines = [{"id": second}, {"id": first, "unit_price": 15}, plain("5")]
    changed = twin.update("expenses", made["id"], line_items=lines)
    assert changed.issues == []
    assert [line["unit_price"] for line in changed.record["line_items"]] == [20, 15, 5]
    with pytest.raises(Rejected) as rejection:
        twin.update("expenses", made["id"], line_items=[{"id": first}])
    assert rejection.value.errors[0].code == "would_remove_lines"


def test_the_rest_is_changed_alone(twin: Twin) -> None:
    made = spend(twin, plain("10")).record
    changed = twin.update("expenses", made["id"], memo="late", customer={"name": "Acme"}, is_billable=True)
    assert changed.issues == []
    assert (changed.record["billable_status"], changed.record["memo"]) == ("unbilled", "late")
    assert twin.run(twin.resource("expenses").delete(made["id"], twin.context)) == made["id"]


def test_lines_name_one_project() -> None:
    record = read(
        project_id="5",
        project_name="Roof",
        line_items=[{"line_item_id": "1", "account_id": "2", "amount": 3}],
    )
    assert record["line_items"][0]["project"] == {"id": "5", "name": "Roof"}


def test_filters_find_exactly(twin: Twin) -> None:
    first = spend(twin, plain("10"), reference="PO-1", customer={"name": "Acme"}, is_billable=True).record
    spend(twin, plain("20"), reference="PO-10", contact={"name": "Airline"})

    def found(*filters: Filter) -> list[str]:
        return sorted(answer.record["reference"] for answer in twin.list("expenses", *filters).answers)

    assert found(Filter("reference", Op.EQ, "PO-1")) == ["PO-1"]
    assert found(Filter("total_amount", Op.GT, "10")) == ["PO-10"]
    assert found(Filter("billable_status", Op.EQ, "unbilled")) == ["PO-1"]
    assert found(Filter("contact.name", Op.EQ, "Airline")) == ["PO-10"]
    assert found(Filter("account", Op.EQ, first["account"]["id"])) == ["PO-1", "PO-10"]
    assert found(Filter("account", Op.EQ, "1")) == []
    assert found(Filter("transaction_date", Op.LT, "2026-06-18")) == []
