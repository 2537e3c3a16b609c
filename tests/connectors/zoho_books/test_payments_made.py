"""Payments of both sides against the sandbox's ledger."""

from decimal import Decimal as D
from typing import Any

import pytest

from connectors.kit.faults import Conflict, Fault, Kind, Rejected
from connectors.kit.operations import Filter, Op, Sort
from tests.support.twin import Twin

CASH = {"name": "Petty Cash"}


@pytest.fixture
def twin() -> Twin:
    found = Twin()
    found.create("contacts", name="Beta", type="vendor")
    found.create("contacts", name="Acme")
    return found


def bill(twin: Twin, number: str, price: int, status: str = "authorised") -> str:
    line = {"account": {"name": "Office Supplies"}, "unit_price": price}
    body: dict[str, Any] = {"contact": {"name": "Beta"}, "line_items": [line], "status": status}
    return twin.create("bills", number=number, **body).record["id"]


def on(id: str, amount: Any) -> dict[str, Any]:
    return {"type": "bill", "id": id, "amount": amount}


def pay(twin: Twin, total: Any, *shares: dict[str, Any], **more: Any) -> dict[str, Any]:
    made = twin.create("payments", total_amount=total, account=CASH, allocations=list(shares), **more)
    assert made.issues == []
    return made.record


def test_one_payment_over_two_bills(twin: Twin) -> None:
    one, two = bill(twin, "B-1", 30), bill(twin, "B-2", 50)
    made = pay(
        twin, 100, on(one, 30), on(two, 20), payment_method="check", reference="x", memo="Wire",
        transaction_date="2026-06-02", fee_amount=1,
    )  # fmt: skip
    assert (made["payment_for"], made["contact"]["type"]) == ("bill", "vendor")
    assert (made["unapplied_amount"], made["fee_amount"], made["memo"]) == (D(50), D(1), "Wire")
    assert (made["payment_method"], made["status"], made["currency"]) == ("check", "cleared", "USD")
    assert [each["number"] for each in made["allocations"]] == ["B-1", "B-2"]
    assert twin.get("bills", one).record["status"] == "paid"

    more = twin.act("payments", made["id"], "apply", allocations=[on(two, D(30))]).record
    assert (more["unapplied_amount"], twin.get("bills", two).record["status"]) == (D(20), "paid")
    first = more["allocations"][0]["allocation_id"]
    less = twin.act("payments", made["id"], "unapply", allocation_ids=[first]).record
    assert (less["unapplied_amount"], less["invoice"]) == (D(50), {"id": two, "type": "bill"})
    back = twin.act("payments", made["id"], "refund", account=CASH, total_amount=D(15)).record
    assert (back["unapplied_amount"], back["refunds"][0]["total_amount"]) == (D(35), D(15))
    changed = twin.update("payments", made["id"], memo="Changed")
    assert (changed.record["memo"], changed.issues) == ("Changed", [])


@pytest.mark.parametrize(
    "told", [{"payment_for": "bill"}, {"contact": {"name": "Beta", "type": "vendor"}}, {}], ids=str
)
def test_the_side_is_told_or_found(twin: Twin, told: dict[str, Any]) -> None:
    made = pay(twin, 10, **{"contact": {"name": "Beta"}, **told})
    assert (made["payment_for"], made["unapplied_amount"]) == ("bill", D(10))


def test_what_cannot_be_paid(twin: Twin) -> None:
    owed, draft = bill(twin, "B-1", 30), bill(twin, "B-2", 5, "draft")

    def refused(**body: Any) -> list[tuple[str, str]]:
        given = {"total_amount": D(100), "account": CASH, **body}
        with pytest.raises(Rejected) as caught:
            twin.run(twin.resource("payments").create(given, twin.context))
        return [(error.code, error.pointer) for error in caught.value.errors]

    beta = {"contact": {"name": "Beta"}, "payment_for": "bill"}
    assert refused(**beta, account=None) == [("required", "/account")]
    assert refused(allocations=[on(owed, D(31))]) == [("over_allocated", "/allocations/0/amount")]
    assert refused(allocations=[on(owed, D(101))]) == [("over_allocated", "/allocations")]
    assert refused(allocations=[on("7", D(1))]) == [("reference_not_found", "/allocations/0/id")]
    assert refused(**beta, allocations=[{**on(owed, D(1)), "type": "invoice"}]) == [
        ("enum_value", "/allocations/0/type")
    ]
    mixed = [on(owed, D(1)), {"type": "invoice", "id": "1", "amount": D(1)}]
    assert refused(allocations=mixed) == [("enum_value", "/allocations")]
    assert refused(**beta, currency="EUR") == [("currency_mismatch", "/currency")]
    with pytest.raises(Conflict):
        refused(allocations=[on(draft, D(1))])


def test_both_sides_are_one_list(twin: Twin) -> None:
    made = [pay(twin, 10 * n, contact={"name": name}) for n, name in enumerate(("Acme", "Beta") * 2, 1)]
    received, paid = [made[0], made[2]], [made[1], made[3]]
    page = twin.list("payments", limit=1)
    found = [answer.record["id"] for answer in page.answers]
    while page.next is not None:
        page = twin.list("payments", limit=1, position=page.next)
        found += [answer.record["id"] for answer in page.answers]
    assert set(found[:2]) == {each["id"] for each in received}
    assert set(found[2:]) == {each["id"] for each in paid}
    only = twin.list("payments", Filter("payment_for", Op.EQ, "bill"))
    assert {answer.record["id"] for answer in only.answers} == {each["id"] for each in paid}
    largest = twin.list("payments", sort=Sort("total_amount", True), limit=3)
    assert [answer.record["total_amount"] for answer in largest.answers] == [D(40), D(30), D(20)]
    assert largest.next is not None
    (last,) = twin.list("payments", sort=Sort("total_amount", True), limit=3, position=largest.next).answers
    assert last.record["total_amount"] == D(10)
    both = twin.list("payments", Filter("transaction_date", Op.EQ, "2026-06-20"))
    assert both.answers


def test_writing_through_the_wrong_side_is_not_found(twin: Twin) -> None:
    made = pay(twin, 10, contact={"name": "Beta"})
    payments = twin.resource("payments")
    with pytest.raises(Fault) as gone:
        twin.run(payments.on("invoice").delete(made["id"], twin.context))
    assert gone.value.kind is Kind.NOT_FOUND
    assert twin.get("payments", made["id"]).record["payment_for"] == "bill"
    assert twin.run(payments.delete(made["id"], twin.context)) == made["id"]
    with pytest.raises(Fault) as gone:
        twin.get("payments", made["id"])
    assert gone.value.kind is Kind.NOT_FOUND
