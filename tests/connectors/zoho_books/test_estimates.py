"""Estimates: offered, answered, and turned into orders and invoices."""

from datetime import date
from decimal import Decimal as D
from pathlib import Path
from typing import Any

import pytest

from connectors.kit.faults import Conflict, Rejected
from connectors.kit.operations import Filter, Op
from connectors.zoho_books import estimates
from connectors.zoho_books.estimates import RESOURCE as ESTIMATES
from tests.connectors.zoho_books.test_recordings import got, listed
from tests.support.script import Script
from tests.support.scripted import CONTEXT
from tests.support.twin import Twin
from unified_models.invoices import Invoice
from unified_models.sales_orders import SalesOrder


@pytest.fixture
def twin() -> Twin:
    found = Twin()
    found.create("contacts", name="Acme", emails=["ada@acme.test"])
    found.create("items", name="Widget", code="W-1", unit_price="12.50")
    found.create("tax_rates", name="VAT", total_tax_rate=20, type="tax")
    return found


def offer(twin: Twin, **more: Any) -> dict[str, Any]:
    lines = [
        {"item": {"code": "W-1"}, "unit_price": "12.50", "quantity": 2, "tax_rate": {"name": "VAT"}},
        {"name": "Freight", "unit_price": 5, "tax_rate": None},
    ]
    return twin.create("estimates", **{"contact": {"name": "Acme"}, "line_items": lines, **more}).record


def test_a_recorded_estimate(specs: Path) -> None:
    record = got(specs, "estimates", "estimates.get")
    assert (record["number"], record["status"], record["total_amount"]) == ("QT-000001", "draft", 299)
    assert (record["expiry_date"], record["contact"]["type"]) == (date(2026, 7, 9), "customer")
    assert record["billing_address"]["postal_code"] == "10001"
    assert record["line_items"][0]["account"] is None


def test_recorded_rows_tell_the_answer_and_the_mail(specs: Path) -> None:
    record = listed(specs, "estimates", "estimates.list")[0].record
    assert (record["is_emailed"], record["accepted_date"], record["currency"]) == (False, None, "USD")
    assert not {"line_items", "exchange_rate", "billing_address", "sub_total"} & set(record)


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("viewed", "sent"),
        ("approved", "submitted"),
        ("partially_invoiced", "invoiced"),
        ("rejected", "rejected"),
        ("signed", "signed"),
    ],
)
def test_statuses(word: str, status: str) -> None:
    record = estimates.RESOURCE.read({"estimate_id": "1", "status": word}, CONTEXT, detail=False).record
    assert (record["status"], record["remote_status"]) == (status, word)


def test_the_life_of_an_estimate(twin: Twin) -> None:
    made = offer(twin, number="Q-7", reference="deal-1", expiry_date="2026-07-20", total_amount=35)
    assert (made["number"], made["status"], made["total_amount"]) == ("Q-7", "draft", 35)
    with pytest.raises(Conflict) as conflict:
        twin.act("estimates", made["id"], "accept")
    assert conflict.value.extra["from"] == "draft"
    assert twin.act("estimates", made["id"], "authorise").record["status"] == "sent"
    assert twin.act("estimates", made["id"], "accept").record["status"] == "accepted"
    assert twin.act("estimates", made["id"], "decline").record["status"] == "declined"
    (row,) = twin.list("estimates", Filter("status", Op.EQ, "declined")).answers
    assert row.record["declined_date"] == date(2026, 6, 20)
    changed = twin.update("estimates", made["id"], customer_note="bye", shipping_address={"city": "Oslo"})
    assert (changed.record["customer_note"], changed.issues) == ("bye", [])
    assert changed.record["shipping_address"]["city"] == "Oslo"
    assert twin.run(twin.resource("estimates").delete(made["id"], twin.context)) == made["id"]


def test_an_estimate_may_be_born_sent(twin: Twin) -> None:
    assert offer(twin, status="sent")["status"] == "sent"
    assert not any(each.path.endswith("/email") for each in twin.seen)


def test_approval(twin: Twin) -> None:
    id = offer(twin)["id"]
    assert twin.act("estimates", id, "submit").record["status"] == "submitted"
    assert twin.act("estimates", id, "approve").record["remote_status"] == "approved"
    assert twin.act("estimates", id, "authorise").record["status"] == "sent"


@pytest.mark.parametrize(
    ("more", "pointer", "code"),
    [
        ({"total_amount": 36}, "/total_amount", "total_mismatch"),
        ({"memo": "x"}, "/memo", "unsupported_field"),
        ({"sources": [{"type": "invoice", "id": "1"}]}, "/sources", "unsupported_field"),
        ({"contact": {"name": "Acne"}}, "/contact", "reference_not_found"),
    ],
)
def test_what_cannot_be_is_refused(twin: Twin, more: dict[str, Any], pointer: str, code: str) -> None:
    twin.seen.clear()
    with pytest.raises(Rejected) as rejection:
        offer(twin, **more)
    assert [(each.pointer, each.code) for each in rejection.value.errors] == [(pointer, code)]
    assert {each.method for each in twin.seen} <= {"GET"}


def test_accounts_and_projects_have_no_place_on_its_lines(twin: Twin) -> None:
    line = {"name": "x", "unit_price": 1, "account": {"name": "Sales"}, "project": "1"}
    with pytest.raises(Rejected) as rejection:
        offer(twin, line_items=[line])
    assert {each.pointer for each in rejection.value.errors} == {
        "/line_items/0/account",
        "/line_items/0/project",
    }


def test_mail_goes_to_the_customer_unless_told(twin: Twin) -> None:
    id = offer(twin)["id"]
    assert twin.act("estimates", id, "email").record["status"] == "sent"
    sent = [each.body for each in twin.seen if each.path.endswith("/email")]
    assert sent == [{"to_mail_ids": ["ada@acme.test"]}]
    twin.act("estimates", id, "email", to=["bob@acme.test"], subject="Hi")
    assert twin.seen[-2].body == {"to_mail_ids": ["bob@acme.test"], "subject": "Hi"}


def test_an_invoice_is_made_of_it(twin: Twin) -> None:
    made = offer(twin, status="sent")
    answer = twin.act("estimates", made["id"], "convert", to="invoice")
    assert (answer.outcome, answer.model) == ("created", Invoice)
    assert (answer.record["status"], answer.record["total_amount"]) == ("draft", 35)
    assert answer.record["sources"] == [{"type": "estimate", "id": made["id"], "number": None}]
    now = twin.get("estimates", made["id"]).record
    assert (now["status"], [each["id"] for each in now["invoices"]]) == ("invoiced", [answer.record["id"]])


def test_an_invoice_the_answer_tells_is_not_looked_for() -> None:
    estimate = {"estimate": {"estimate_id": "7", "status": "accepted"}}
    script = Script([estimate, {"code": 0, "invoice": {"invoice_id": "9", "status": "draft"}}])
    answer = script.run(ESTIMATES.act("convert", "7", {"to": "invoice"}, CONTEXT))
    assert (answer.record["id"], answer.outcome, answer.model) == ("9", "created", Invoice)


def test_an_order_is_made_of_it(twin: Twin) -> None:
    made = offer(twin, status="sent", discount_percentage=10, shipping_amount=4, reference="deal-1")
    answer = twin.act("estimates", made["id"], "convert", to="sales_order")
    assert (answer.outcome, answer.model) == ("created", SalesOrder)
    order = answer.record
    assert order["total_amount"] == made["total_amount"]
    assert (order["reference"], order["discount_percentage"]) == ("deal-1", D(10))
    assert order["sources"][0]["id"] == made["id"]
    discounted = [{"name": "x", "unit_price": 10, "discount_percentage": 50}]
    other = offer(twin, status="sent", line_items=discounted)
    order = twin.act("estimates", other["id"], "convert", to="sales_order").record
    assert (order["total_amount"], order["line_items"][0]["discount_percentage"]) == (5, 50)


def test_a_draft_becomes_nothing(twin: Twin) -> None:
    made = offer(twin)
    for kind in ("invoice", "sales_order"):
        with pytest.raises(Conflict) as conflict:
            twin.act("estimates", made["id"], "convert", to=kind)
        assert conflict.value.extra["from"] == "draft"
    with pytest.raises(Rejected) as rejection:
        twin.act("estimates", made["id"], "convert", to="bill")
    assert rejection.value.errors[0].allowed == ("invoice", "sales_order")


def test_it_is_printed(twin: Twin) -> None:
    printed = twin.resource("estimates").pdf
    assert printed is not None
    assert twin.run(printed(offer(twin)["id"], twin.context)).content.startswith(b"%PDF")


def test_filters_find_exactly(twin: Twin) -> None:
    first = offer(twin, reference="PO-1", expiry_date="2026-06-25")
    offer(twin, reference="PO-10", expiry_date="2026-07-25", status="sent")

    def found(*filters: Filter) -> list[str]:
        return sorted(answer.record["reference"] for answer in twin.list("estimates", *filters).answers)

    assert found(Filter("reference", Op.EQ, "PO-1")) == ["PO-1"]
    assert found(Filter("expiry_date", Op.GT, "2026-06-25")) == ["PO-10"]
    assert found(Filter("contact", Op.EQ, first["contact"]["id"])) == ["PO-1", "PO-10"]
    assert found(Filter("status", Op.EQ, "draft")) == ["PO-1"]
    assert found(Filter("status", Op.EQ, "sent")) == ["PO-10"]
    assert found(Filter("status", Op.IN, ("draft", "sent"))) == ["PO-1", "PO-10"]
