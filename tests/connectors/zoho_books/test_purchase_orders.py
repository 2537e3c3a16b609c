"""Purchase orders against the sandbox's ledger: issued, billed, cancelled."""

from decimal import Decimal as D
from typing import Any

import pytest

from connectors.kit.faults import Conflict, Rejected
from connectors.kit.operations import Filter, Op
from connectors.zoho_books.purchase_orders import RESOURCE
from tests.support.script import Script
from tests.support.scripted import CONTEXT
from tests.support.twin import Twin
from unified_models.bills import Bill


@pytest.fixture
def twin() -> Twin:
    found = Twin()
    found.create("contacts", name="Beta", type="vendor", emails=["sales@beta.test"])
    found.create("items", name="Widget", code="W-1", unit_price=5)
    return found


def order(twin: Twin, **more: Any) -> dict[str, Any]:
    line = {"item": {"code": "W-1"}, "account": {"name": "Office Supplies"}, "unit_price": 20, "quantity": 2}
    made = twin.create("purchase_orders", contact={"name": "Beta"}, line_items=[line], **more)
    assert made.issues == []
    return made.record


def test_the_life_of_an_order(twin: Twin) -> None:
    made = order(
        twin, number="PO-X", reference="r-1", delivery_date="2026-07-01", customer_note="n", terms="t",
        billing_address={"city": "Rome"}, total_amount=40,
    )  # fmt: skip
    assert (made["status"], made["number"], made["total_amount"]) == ("draft", "PO-X", D(40))
    assert (made["billed_status"], made["received_status"]) == ("none", "none")
    assert (
        made["vendor"] == made["contact"] == {"id": made["contact"]["id"], "name": "Beta", "type": "vendor"}
    )
    assert (made["billing_address"]["city"], made["delivery_address"]["type"]) == ("Rome", "delivery")
    assert str(made["delivery_date"]) == "2026-07-01"
    assert twin.act("purchase_orders", made["id"], "submit").record["status"] == "submitted"
    assert twin.act("purchase_orders", made["id"], "reject").record["status"] == "rejected"
    assert twin.act("purchase_orders", made["id"], "submit").record["status"] == "submitted"
    assert twin.act("purchase_orders", made["id"], "approve").record["status"] == "authorised"
    assert twin.act("purchase_orders", made["id"], "issue").record["status"] == "authorised"
    assert twin.act("purchase_orders", made["id"], "mark-billed").record["status"] == "billed"
    with pytest.raises(Conflict) as conflict:
        twin.act("purchase_orders", made["id"], "cancel")
    assert conflict.value.extra["from"] == "billed"


def test_an_order_becomes_bills(twin: Twin) -> None:
    made = order(twin, status="authorised", reference="r-1")
    assert made["status"] == "authorised"
    answer = twin.act("purchase_orders", made["id"], "convert", to="bill", number="B-1")
    bill = answer.record
    assert (answer.outcome, answer.model) == ("created", Bill)
    assert (bill["type"], bill["number"], bill["total_amount"]) == ("bill", "B-1", D(40))
    source = {"type": "purchase_order", "id": made["id"], "number": made["number"]}
    assert bill["sources"] == [source]
    assert bill["line_items"][0]["source"]["line_id"] == made["line_items"][0]["id"]
    after = twin.get("purchase_orders", made["id"]).record
    assert (after["status"], after["billed_status"]) == ("billed", "full")
    assert [each["id"] for each in after["bills"]] == [bill["id"]]
    with pytest.raises(Conflict):
        twin.act("purchase_orders", made["id"], "convert", to="bill", number="B-2")


def test_a_bill_may_take_a_part_of_an_order(twin: Twin) -> None:
    made = order(twin, status="authorised")
    line = {
        "account": {"name": "Office Supplies"}, "unit_price": 20, "quantity": 1,
        "source": {"type": "purchase_order", "id": made["id"], "line_id": made["line_items"][0]["id"]},
    }  # fmt: skip
    bill = twin.create("bills", contact={"name": "Beta"}, number="B-1", line_items=[line])
    assert (bill.issues, bill.record["sources"][0]["id"]) == ([], made["id"])
    assert twin.get("purchase_orders", made["id"]).record["billed_status"] == "partial"
    rest = twin.act("purchase_orders", made["id"], "convert", to="bill", number="B-2").record
    assert rest["line_items"][0]["quantity"] == 1


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({"to": "bill"}, ["/number"]),
        ({"to": "invoice", "number": "1"}, ["/to"]),
        ({"to": "invoice"}, ["/to", "/number"]),
    ],
)
def test_what_an_order_cannot_become(twin: Twin, body: dict[str, Any], pointers: list[str]) -> None:
    made = order(twin)
    calls = len(twin.seen)
    with pytest.raises(Rejected) as refused:
        twin.act("purchase_orders", made["id"], "convert", **body)
    assert [error.pointer for error in refused.value.errors] == pointers
    assert len(twin.seen) == calls


def test_orders_are_mailed_only_when_asked(twin: Twin) -> None:
    made = order(twin)
    assert made["is_emailed"] is False
    sent = twin.act(
        "purchase_orders",
        made["id"],
        "email",
        to=["sales@beta.test"],
        subject="Order",
        body="Please deliver.",
    )
    assert sent.record["is_emailed"] is True


def test_orders_are_found(twin: Twin) -> None:
    one, two = order(twin, reference="r-1"), order(twin, status="authorised")

    def found(field: str, value: Any, op: Op = Op.EQ) -> set[str]:
        page = twin.list("purchase_orders", Filter(field, op, value))
        return {answer.record["id"] for answer in page.answers}

    assert found("reference", "r-1") == {one["id"]}
    assert found("status", "draft") == {one["id"]}
    assert found("status", "authorised") == {two["id"]}
    assert found("contact.name", "Bet", Op.STARTS_WITH) == {one["id"], two["id"]}


@pytest.mark.parametrize(
    ("native", "billed"),
    [
        ({"billed_status": "to_be_billed"}, "none"),
        ({"billed_status": "partially_billed"}, "partial"),
        ({"billed_status": "billed"}, "full"),
        ({"billed_status": "on_hold"}, "on_hold"),
        ({"billed_status": ""}, None),
        ({"billed_status": "", "line_items": [{"quantity": 2, "quantity_billed": 0}]}, "none"),
        ({"billed_status": "", "line_items": [{"quantity": 2, "quantity_billed": 1}]}, "partial"),
        ({"billed_status": "", "line_items": [{"quantity": 2, "quantity_billed": 2}]}, "full"),
    ],
)
def test_how_much_is_billed(native: dict[str, Any], billed: str | None) -> None:
    record = RESOURCE.read({"purchaseorder_id": "1", "status": "open", **native}, CONTEXT).record
    assert record["billed_status"] == billed


ORDERED = {"purchaseorder": {"purchaseorder_id": "7", "status": "open", "vendor_id": "5"}}
WORDS = {"subject": "Order", "body": "Please deliver."}


def test_a_mail_nobody_is_named_for_goes_to_the_vendor() -> None:
    contact = {"contact": {"contact_id": "5", "email": "ada@acme.test"}}
    script = Script([ORDERED, contact, ORDERED, {"code": 0}, ORDERED])
    script.run(RESOURCE.act("email", "7", WORDS, CONTEXT))
    mailed = next(each for each in script.asked if each.method == "POST")
    assert (mailed.path, mailed.body["to_mail_ids"]) == ("/purchaseorders/7/email", ["ada@acme.test"])


def test_a_mail_to_nobody_is_refused() -> None:
    script = Script([ORDERED, {"contact": {"contact_id": "5", "email": ""}}, ORDERED])
    with pytest.raises(Rejected) as rejection:
        script.run(RESOURCE.act("email", "7", WORDS, CONTEXT))
    assert [(each.code, each.pointer) for each in rejection.value.errors] == [("required", "/to")]
    assert all(request.is_read for request in script.asked)
