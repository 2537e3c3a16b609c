"""Sales orders: confirmed, voided and invoiced."""

import json
from decimal import Decimal as D
from pathlib import Path
from typing import Any

import pytest

from connectors.kit.faults import Conflict, Fault, Kind, Rejected
from connectors.kit.operations import Filter, Op
from connectors.zoho_books import sales_orders
from tests.support.scripted import CONTEXT
from tests.support.twin import Twin
from unified_models.invoices import Invoice
from unified_models.types import READING


@pytest.fixture
def twin() -> Twin:
    found = Twin()
    found.create("contacts", name="Acme", emails=["ada@acme.test"])
    return found


def ordered(twin: Twin, **more: Any) -> dict[str, Any]:
    lines = [{"name": "Desk", "unit_price": "100", "quantity": 2}]
    answer = twin.create("sales_orders", **{"contact": {"name": "Acme"}, "line_items": lines, **more})
    assert answer.issues == []
    return answer.record


def test_a_recorded_webhook_is_read(specs: Path) -> None:
    """It holds the record as a get would."""
    text = (specs / "zoho-books-recordings/salesorders.webhook.1.json").read_text()
    native = json.loads(text, parse_float=D)["request"]["json"]["salesorder"]
    answer = sales_orders.RESOURCE.read(native, CONTEXT)
    assert answer.issues == []
    sales_orders.RESOURCE.model.model_validate(answer.record, context=READING)
    record = answer.record
    assert (record["status"], record["remote_status"]) == ("authorised", "shipped")
    assert (record["billed_status"], record["shipped_status"]) == ("full", "full")


@pytest.mark.parametrize(
    ("native", "status"),
    [
        ({"status": "draft", "order_status": "draft"}, "draft"),
        ({"status": "pending_approval", "order_status": "draft"}, "submitted"),
        ({"status": "approved"}, "authorised"),
        ({"status": "overdue", "order_status": "open"}, "authorised"),
        ({"status": "partially_invoiced"}, "authorised"),
        ({"status": "invoiced", "order_status": "closed"}, "closed"),
        ({"status": "closed"}, "closed"),
        ({"status": "void", "order_status": "void"}, "voided"),
        ({"status": "network_pending_approval"}, "network_pending_approval"),
    ],
)
def test_statuses(native: dict[str, Any], status: str) -> None:
    record = sales_orders.RESOURCE.read({"salesorder_id": "1", **native}, CONTEXT, detail=False).record
    assert (record["status"], record["remote_status"]) == (status, native["status"])


def test_the_life_of_an_order(twin: Twin) -> None:
    made = ordered(twin, reference="web-1", delivery_date="2026-07-01", total_amount=200)
    assert (made["status"], made["billed_status"], made["shipped_status"]) == ("draft", "none", "none")
    assert twin.act("sales_orders", made["id"], "authorise").record["status"] == "authorised"
    changed = twin.update(
        "sales_orders", made["id"], customer_note="thanks", billing_address={"city": "Bonn"}
    )
    assert (changed.record["customer_note"], changed.issues) == ("thanks", [])
    assert twin.act("sales_orders", made["id"], "void").record["status"] == "voided"
    assert twin.run(twin.resource("sales_orders").delete(made["id"], twin.context)) == made["id"]


def test_an_order_may_be_born_confirmed(twin: Twin) -> None:
    assert ordered(twin, status="authorised")["status"] == "authorised"


def test_approval(twin: Twin) -> None:
    id = ordered(twin)["id"]
    assert twin.act("sales_orders", id, "submit").record["status"] == "submitted"
    assert twin.act("sales_orders", id, "approve").record["remote_status"] == "approved"


def test_an_invoice_is_made_of_what_is_left(twin: Twin) -> None:
    made = ordered(twin, status="authorised")
    answer = twin.act("sales_orders", made["id"], "convert", to="invoice")
    assert (answer.outcome, answer.model, answer.record["total_amount"]) == ("created", Invoice, 200)
    assert answer.record["sources"][0]["id"] == made["id"]
    now = twin.get("sales_orders", made["id"]).record
    assert (now["status"], now["billed_status"]) == ("closed", "full")
    assert [each["id"] for each in now["invoices"]] == [answer.record["id"]]
    with pytest.raises(Conflict) as conflict:
        twin.act("sales_orders", made["id"], "convert", to="invoice")
    assert conflict.value.extra["from"] == "closed"


def test_only_an_invoice_is_made_of_an_order(twin: Twin) -> None:
    id = ordered(twin)["id"]
    with pytest.raises(Rejected) as rejection:
        twin.act("sales_orders", id, "convert", to="bill")
    assert [each.pointer for each in rejection.value.errors] == ["/to"]
    with pytest.raises(Conflict):
        twin.act("sales_orders", id, "convert", to="invoice")
    with pytest.raises(Fault) as caught:
        twin.act("sales_orders", "no-id", "convert", to="invoice")
    assert caught.value.kind is Kind.NOT_FOUND


def test_an_order_names_the_estimate_it_came_from(twin: Twin) -> None:
    lines = [{"name": "Desk", "unit_price": 100}]
    estimate = twin.create("estimates", contact={"name": "Acme"}, line_items=lines, number="Q-1").record
    made = ordered(twin, sources=[{"type": "estimate", "number": "Q-1"}])
    assert made["sources"][0]["id"] == estimate["id"]
    with pytest.raises(Rejected) as rejection:
        ordered(twin, sources=[{"type": "estimate", "id": "1"}, {"type": "estimate", "id": "2"}])
    assert rejection.value.errors[0].pointer == "/sources/1"


def test_lines_are_not_lost_by_accident(twin: Twin) -> None:
    made = ordered(twin)
    with pytest.raises(Rejected) as rejection:
        twin.update("sales_orders", made["id"], line_items=[{"name": "Chair", "unit_price": 1}])
    assert rejection.value.errors[0].code == "would_remove_lines"
    lines = [{"id": made["line_items"][0]["id"], "quantity": 3}]
    assert twin.update("sales_orders", made["id"], line_items=lines).record["total_amount"] == 300


def test_filters_find_exactly(twin: Twin) -> None:
    ordered(twin, reference="PO-1", delivery_date="2026-06-25")
    ordered(twin, reference="PO-10", delivery_date="2026-07-25", status="authorised")

    def found(*filters: Filter) -> list[str]:
        return sorted(answer.record["reference"] for answer in twin.list("sales_orders", *filters).answers)

    assert found(Filter("reference", Op.EQ, "PO-1")) == ["PO-1"]
    assert found(Filter("status", Op.EQ, "authorised")) == ["PO-10"]
    assert found(Filter("status", Op.EQ, "draft")) == ["PO-1"]
    assert found(Filter("delivery_date", Op.LTE, "2026-06-25")) == ["PO-1"]
    assert found(Filter("total_amount", Op.EQ, "200")) == ["PO-1", "PO-10"]
