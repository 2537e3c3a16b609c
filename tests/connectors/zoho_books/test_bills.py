"""Bills against the sandbox's ledger: written, settled, and reached as invoices."""

from decimal import Decimal as D
from typing import Any

import pytest

from connectors.kit.faults import Conflict, Fault, Kind, Rejected
from connectors.kit.operations import Filter, Op
from connectors.zoho_books.bills import RESOURCE
from tests.support.scripted import CONTEXT
from tests.support.twin import Twin


@pytest.fixture
def twin() -> Twin:
    found = Twin()
    found.create("contacts", name="Beta", type="vendor")
    found.create("contacts", name="Acme")
    return found


def bill(twin: Twin, number: str = "B-1", price: Any = 10, **more: Any) -> dict[str, Any]:
    line = {"account": {"name": "Office Supplies"}, "name": "Paper", "unit_price": price}
    body = {"contact": {"name": "Beta"}, "line_items": [line], **more}
    return twin.create("bills", number=number, **body).record


def codes(refusal: Rejected) -> list[tuple[str, str]]:
    return [(error.code, error.pointer) for error in refusal.errors]


def test_a_bill_is_written_and_read_alike(twin: Twin) -> None:
    line = {
        "account": {"name": "Office Supplies"}, "name": "Paper", "description": "A4", "quantity": 3, "unit": "box",
        "unit_price": "10", "customer": {"name": "Acme"}, "is_billable": True,
    }  # fmt: skip
    made = twin.create(
        "bills", contact={"name": "Beta"}, number="B-1", reference="order-7", line_items=[line],
        discount_percentage="10", adjustment_amount="1", customer_note="n", terms="t", issue_date="2026-06-01",
        due_date="2026-07-01", billing_address={"city": "Berlin"}, total_amount="28",
    )  # fmt: skip
    assert (made.outcome, made.issues) == ("created", [])
    record = made.record
    assert (record["type"], record["status"], record["contact"]["type"]) == ("bill", "authorised", "vendor")
    assert (record["sub_total"], record["discount_amount"], record["total_amount"]) == (D(30), D(3), D(28))
    assert (record["balance"], record["base_total_amount"], record["base_currency"]) == (D(28), D(28), "USD")
    assert record["line_items"][0]["customer"]["name"] == "Acme"
    assert record["line_items"][0]["is_billable"] is True
    assert record["billing_address"]["city"] == "Berlin"
    assert record == twin.get("bills", record["id"]).record


def test_lines_are_complete_lists(twin: Twin) -> None:
    made = bill(twin)
    added = {"account": {"name": "Office Supplies"}, "unit_price": 5}
    with pytest.raises(Rejected) as refused:
        twin.update("bills", made["id"], line_items=[added])
    assert codes(refused.value) == [("would_remove_lines", "/line_items")]
    kept = {"id": made["line_items"][0]["id"], "quantity": 2}
    changed = twin.update("bills", made["id"], line_items=[kept, added])
    assert (changed.record["total_amount"], changed.issues) == (D(25), [])
    assert twin.update("bills", made["id"], reference="r").record["reference"] == "r"


def test_drafts_go_live_and_bills_are_voided(twin: Twin) -> None:
    made = bill(twin, status="draft")
    assert made["status"] == "draft"
    assert twin.act("bills", made["id"], "submit").record["status"] == "submitted"
    assert twin.act("bills", made["id"], "approve").record["status"] == "authorised"
    void = twin.act("bills", made["id"], "void").record
    assert (void["status"], void["balance"]) == ("voided", 0)
    with pytest.raises(Conflict) as conflict:
        twin.act("bills", made["id"], "submit")
    assert conflict.value.extra == {"from": "voided", "allowed": ["authorise"]}
    assert twin.run(twin.resource("bills").delete(made["id"], twin.context)) == made["id"]


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({"number": None}, [("required", "/number")]),
        ({"type": "invoice"}, [("enum_value", "/type")]),
        ({"status": "paid"}, [("enum_value", "/status")]),
        ({"salesperson": {"name": "Ada"}}, [("unsupported_field", "/salesperson")]),
        ({"shipping_amount": D(1)}, [("unsupported_field", "/shipping_amount")]),
        ({"memo": "x"}, [("unsupported_field", "/memo")]),
        ({"contact": {"name": "Acme"}}, [("reference_not_found", "/contact")]),
        ({"total_amount": D(11)}, [("total_mismatch", "/total_amount")]),
        ({"sources": [{"type": "estimate", "id": "1"}]}, [("unsupported_field", "/sources/0/type")]),
        (
            {"sources": [{"type": "purchase_order", "number": "PO-9"}]},
            [("reference_not_found", "/sources/0")],
        ),
        ({"balance": D(1)}, [("read_only", "/balance")]),
    ],
)
def test_what_cannot_be_billed(twin: Twin, body: dict[str, Any], errors: list[tuple[str, str]]) -> None:
    line = {"account": {"name": "Office Supplies"}, "unit_price": D(10)}
    given = {"contact": {"name": "Beta"}, "number": "B-1", "line_items": [line], **body}
    with pytest.raises(Rejected) as refused:
        twin.run(twin.resource("bills").create(given, twin.context))
    assert codes(refused.value) == errors
    assert all(request.is_read for request in twin.seen if request.path.startswith("/bills"))


def test_filters_narrow_at_the_provider(twin: Twin) -> None:
    one, two = bill(twin), bill(twin, "B-2", 20, reference="r-2", status="draft", due_date="2026-06-20")
    late = bill(twin, "C-3", 5, issue_date="2026-05-01", due_date="2026-05-02")

    def found(field: str, op: Op, value: Any) -> set[str]:
        return {answer.record["id"] for answer in twin.list("bills", Filter(field, op, value)).answers}

    assert found("number", Op.STARTS_WITH, "B-") == {one["id"], two["id"]}
    assert found("reference", Op.EQ, "r-2") == {two["id"]}
    assert found("status", Op.EQ, "draft") == {two["id"]}
    assert found("status", Op.IN, ("authorised", "partially_paid")) == {one["id"], late["id"]}
    assert found("is_overdue", Op.EQ, "true") == {late["id"]}
    assert found("contact", Op.EQ, one["contact"]["id"]) == {one["id"], two["id"], late["id"]}
    assert found("total_amount", Op.GT, "10") == {two["id"]}
    assert found("due_date", Op.LTE, "2026-05-31") == {late["id"]}


def test_payments_and_credits_settle_a_bill(twin: Twin) -> None:
    made = bill(twin, price=100)
    line = {"account": {"name": "Office Supplies"}, "unit_price": 30}
    credit = twin.create("vendor_credits", contact={"name": "Beta"}, line_items=[line]).record
    advance = twin.create(
        "payments", payment_for="bill", contact={"name": "Beta"}, total_amount=50,
        account={"name": "Petty Cash"},
    ).record  # fmt: skip
    shares = [
        {"type": "vendor_credit", "id": credit["id"], "amount": D(30)},
        {"type": "payment", "id": advance["id"], "amount": D(20)},
    ]
    part = twin.act("bills", made["id"], "apply", allocations=shares).record
    assert (part["status"], part["balance"], part["paid_on_date"]) == ("partially_paid", D(50), None)
    assert {(each["type"], each["amount"]) for each in part["allocations"]} == {
        ("vendor_credit", D(30)), ("payment", D(20)),
    }  # fmt: skip
    assert part["payments"] == [{"id": advance["id"], "name": None}]
    rest = {"type": "bill", "id": made["id"], "amount": D(50)}
    twin.create("payments", total_amount=50, account={"name": "Petty Cash"}, allocations=[rest])
    paid = twin.get("bills", made["id"]).record
    assert (paid["status"], paid["balance"]) == ("paid", 0)
    assert str(paid["paid_on_date"]) == "2026-06-20"


@pytest.mark.parametrize(
    ("share", "error"),
    [
        ({"type": "payment", "id": "1", "amount": D(1)}, ("reference_not_found", "/allocations/0/id")),
        ({"type": "credit_note", "id": "1", "amount": D(1)}, ("enum_value", "/allocations/0/type")),
        ({"type": "payment", "id": "1", "amount": D(11)}, ("over_allocated", "/allocations")),
    ],
)
def test_nothing_is_applied_that_is_not_there(
    twin: Twin, share: dict[str, Any], error: tuple[str, str]
) -> None:
    made = bill(twin)
    with pytest.raises(Rejected) as refused:
        twin.act("bills", made["id"], "apply", allocations=[share])
    assert codes(refused.value) == [error]


def test_bills_are_invoices_of_type_bill(twin: Twin) -> None:
    made = bill(twin)
    invoices = twin.resource("invoices")
    assert twin.list("invoices").answers == []
    (row,) = twin.list("invoices", Filter("type", Op.EQ, "bill")).answers
    assert (row.record["id"], row.record["type"]) == (made["id"], "bill")
    assert twin.get("invoices", made["id"]).record["type"] == "bill"
    changed = twin.run(invoices.update(made["id"], {"customer_note": "x"}, twin.context))
    assert changed.record["customer_note"] == "x"
    with pytest.raises(Fault) as gone:
        twin.run(invoices.on("invoice").update(made["id"], {"customer_note": "y"}, twin.context))
    assert gone.value.kind is Kind.NOT_FOUND
    again = twin.create(
        "invoices", type="bill", number="B-2", contact={"name": "Beta"}, line_items=[
            {"account": {"name": "Office Supplies"}, "unit_price": 1}
        ],
    )  # fmt: skip
    assert (again.record["type"], again.record["number"]) == ("bill", "B-2")


@pytest.mark.parametrize(
    ("native", "status", "balance", "overdue"),
    [
        ({"status": "open", "balance": 10}, "authorised", 10, True),
        ({"status": "overdue", "balance": 4}, "partially_paid", 4, True),
        ({"status": "pending_approval", "balance": 10}, "submitted", 10, False),
        ({"status": "void", "balance": 10}, "voided", 0, False),
        ({"status": "paid", "balance": 0}, "paid", 0, False),
        ({"status": "held", "balance": 10}, "held", 10, False),
    ],
)
def test_where_a_bill_stands(native: dict[str, Any], status: str, balance: int, overdue: bool) -> None:
    record = RESOURCE.read({"bill_id": "1", "total": 10, "due_date": "2026-06-01", **native}, CONTEXT).record
    assert (record["status"], record["balance"], record["is_overdue"]) == (status, balance, overdue)


def test_what_settled_a_document_is_listed_by_itself(twin: Twin) -> None:
    owed = bill(twin, price=100)["id"]
    share = {"type": "bill", "id": owed, "amount": 40}
    twin.create("payments", total_amount=40, account={"name": "Petty Cash"}, allocations=[share])
    line = {"account": {"name": "Sales"}, "name": "Work", "unit_price": 50}
    invoice = twin.create("invoices", contact={"name": "Acme"}, line_items=[line], status="authorised")
    note = twin.create("credit_notes", contact={"name": "Acme"}, line_items=[{**line, "unit_price": 20}])
    id = invoice.record["id"]
    paid = twin.create(
        "payments", total_amount=10, allocations=[{**share, "type": "invoice", "id": id, "amount": 10}]
    )
    used = {"type": "credit_note", "id": note.record["id"], "amount": D(20)}
    twin.act("invoices", id, "apply", allocations=[used])

    def inside(resource: str, name: str, id: str) -> list[tuple[str, Any]]:
        rows = twin.run(twin.resource(resource).inside(name, id, twin.context))
        assert all(row["allocation_id"] and row["id"] for row in rows)
        return [(row["type"], row["amount"]) for row in rows]

    assert inside("invoices", "allocations", id) == [("payment", D(10)), ("credit_note", D(20))]
    assert (
        inside("invoices", "allocations", owed)
        == inside("bills", "allocations", owed)
        == [("payment", D(40))]
    )
    assert inside("payments", "allocations", paid.record["id"]) == [("invoice", D(10))]
    assert inside("payments", "refunds", paid.record["id"]) == []
    assert twin.resource("invoices").lists == {"allocations", "ledger-lines"}
    assert twin.resource("contacts").lists == set()
