from dataclasses import replace
from decimal import Decimal as D
from typing import Any

import pytest

from connectors.kit.faults import Conflict, Rejected
from connectors.kit.operations import Filter, Op
from connectors.zoho_books import invoices
from connectors.zoho_books.codecs import INSTANT
from tests.support.scripted import CONTEXT
from tests.support.twin import Twin


def read(**native: Any) -> dict[str, Any]:
    return invoices.RESOURCE.read({"invoice_id": "1", **native}, CONTEXT).record


@pytest.mark.parametrize(
    ("native", "status", "balance", "overdue"),
    [
        ({"status": "draft", "balance": 10}, "draft", 10, False),
        ({"status": "sent", "balance": 10}, "authorised", 10, False),
        ({"status": "viewed", "balance": 10}, "authorised", 10, False),
        ({"status": "overdue", "balance": 10}, "authorised", 10, True),
        ({"status": "overdue", "balance": 4}, "partially_paid", 4, True),
        ({"status": "partially_paid", "balance": 4}, "partially_paid", 4, True),
        ({"status": "sent", "balance": 4, "due_date": "2026-12-31"}, "partially_paid", 4, False),
        ({"status": "paid", "balance": 0}, "paid", 0, False),
        ({"status": "void", "balance": 10}, "voided", 0, False),
        ({"status": "pending_approval", "balance": 10}, "submitted", 10, False),
        ({"status": "approved", "balance": 10}, "authorised", 10, True),
    ],
)
def test_status_is_what_the_balance_says(
    native: dict[str, Any], status: str, balance: int, overdue: bool
) -> None:
    day = "2026-06-01" if native["status"] in ("overdue", "partially_paid", "approved") else "2026-07-01"
    record = read(**{"due_date": day, "total": 10, **native})
    assert (record["status"], record["balance"], record["is_overdue"]) == (status, balance, overdue)
    assert record["remote_status"] == native["status"]


def test_overdue_turns_at_midnight_of_the_company() -> None:
    due = {"invoice_id": "1", "status": "sent", "total": 1, "balance": 1, "due_date": "2026-06-19"}
    midnight = replace(CONTEXT, now=INSTANT.read("2026-06-20T03:59:00Z") or CONTEXT.now)
    assert invoices.RESOURCE.read(due, midnight).record["is_overdue"] is False
    later = replace(CONTEXT, now=INSTANT.read("2026-06-20T04:00:00Z") or CONTEXT.now)
    assert invoices.RESOURCE.read(due, later).record["is_overdue"] is True


def test_paid_on_is_told_only_of_paid_invoices() -> None:
    assert read(status="paid", last_payment_date="2026-06-09")["paid_on_date"].isoformat() == "2026-06-09"
    assert read(status="sent", last_payment_date="2026-06-09")["paid_on_date"] is None


@pytest.fixture
def twin() -> Twin:
    found = Twin()
    found.create("contacts", name="Acme", emails=["ada@acme.test"])
    found.create("items", name="Widget", code="W-1", unit_price="12.50")
    return found


def draft(twin: Twin, **more: Any) -> dict[str, Any]:
    lines = [
        {"item": {"code": "W-1"}, "unit_price": "12.50", "quantity": 2},
        {"name": "Freight", "unit_price": 5},
    ]
    return twin.create("invoices", contact={"name": "Acme"}, line_items=lines, **more).record


def test_the_life_of_an_invoice(twin: Twin) -> None:
    made = draft(twin, number="A-1", reference="order-7", customer_note="thanks", due_date="2026-07-01")
    assert (made["status"], made["number"], made["total_amount"]) == ("draft", "A-1", D(30))
    live = twin.act("invoices", made["id"], "authorise").record
    assert (live["status"], live["is_emailed"]) == ("authorised", False)
    changed = twin.update(
        "invoices", made["id"], customer_note="bye", payment_terms={"days": 10, "label": "Net 10"}
    )
    assert (changed.record["customer_note"], changed.issues) == ("bye", [])
    void = twin.act("invoices", made["id"], "void").record
    assert (void["status"], void["balance"]) == ("voided", 0)
    with pytest.raises(Conflict) as conflict:
        twin.act("invoices", made["id"], "authorise")
    assert conflict.value.extra == {"from": "voided", "allowed": ["mark-draft"]}
    assert twin.act("invoices", made["id"], "mark-draft").record["status"] == "draft"
    assert twin.run(twin.resource("invoices").delete(made["id"], twin.context)) == made["id"]


def test_lines_are_kept_changed_and_added(twin: Twin) -> None:
    made = draft(twin)
    widget, freight = (line["id"] for line in made["line_items"])
    given = [
        {"id": freight},
        {"id": widget, "quantity": 3},
        {"type": "heading", "name": "Extras"},
        {"name": "x", "unit_price": 1},
    ]
    changed = twin.update("invoices", made["id"], line_items=given)
    lines = changed.record["line_items"]
    assert [line["id"] for line in lines[:2]] == [freight, widget]
    assert [line["quantity"] for line in lines[:2]] == [1, 3]
    assert (lines[2]["type"], lines[2]["unit_price"], lines[2]["tax_amount"]) == ("heading", None, None)
    assert changed.record["total_amount"] == D("43.50")
    assert changed.issues == []


def test_a_line_may_be_given_by_its_total(twin: Twin) -> None:
    lines = [
        {"name": "a", "quantity": 4, "total_line_amount": 10},
        {"name": "b", "quantity": 2, "discount_percentage": 50, "total_line_amount": 9},
        {"name": "c", "unit_price": 3, "quantity": 2, "total_line_amount": 6},
    ]
    made = twin.create("invoices", contact={"name": "Acme"}, line_items=lines)
    assert [line["unit_price"] for line in made.record["line_items"]] == [D("2.5"), D(9), D(3)]
    assert made.issues == []
    with pytest.raises(Rejected) as rejection:
        twin.create("invoices", contact={"name": "Acme"}, line_items=[{**lines[2], "total_line_amount": 7}])
    assert rejection.value.errors[0].pointer == "/line_items/0/total_line_amount"


def test_a_kept_line_keeps_its_quantity_when_priced_by_total(twin: Twin) -> None:
    made = draft(twin)
    widget, freight = (line["id"] for line in made["line_items"])
    given = [{"id": widget, "total_line_amount": 50}, {"id": freight}]
    assert twin.update("invoices", made["id"], line_items=given).record["line_items"][0]["unit_price"] == D(
        25
    )


def test_addresses_are_set_by_calls_of_their_own(twin: Twin) -> None:
    made = draft(twin, shipping_address={"city": "Oslo", "country": "Norway"}, status="authorised")
    assert (made["shipping_address"]["city"], made["status"]) == ("Oslo", "authorised")
    changed = twin.update("invoices", made["id"], billing_address={"city": "Bergen"})
    assert changed.record["billing_address"]["city"] == "Bergen"
    assert changed.issues == []


def test_filters_find_exactly(twin: Twin) -> None:
    first = draft(twin, reference="PO-1", status="authorised")
    draft(twin, reference="PO-10")
    contact = first["contact"]["id"]

    def found(*filters: Filter) -> list[str]:
        return [answer.record["reference"] for answer in twin.list("invoices", *filters).answers]

    assert found(Filter("reference", Op.EQ, "PO-1")) == ["PO-1"]
    assert found(Filter("reference", Op.STARTS_WITH, "PO")) == ["PO-1", "PO-10"]
    assert found(Filter("status", Op.EQ, "authorised")) == ["PO-1"]
    assert found(Filter("status", Op.EQ, "draft")) == ["PO-10"]
    assert found(Filter("contact", Op.EQ, contact), Filter("total_amount", Op.GTE, "30")) == ["PO-1", "PO-10"]
    assert found(Filter("updated_at", Op.GT, "2026-06-20T14:00:00+02:00")) == []
    assert found(Filter("updated_at", Op.GTE, "2026-06-20T14:00:00+02:00")) == ["PO-1", "PO-10"]


def test_custom_fields_come_back_as_written(twin: Twin) -> None:
    twin.books.define_custom_field("invoice", "Region")
    twin.books.define_custom_field("invoice", "Cost", "decimal")
    given = [{"api_name": "cf_region", "value": "EU"}, {"api_name": "cf_cost", "value": "5026.80"}]
    made = draft(twin, custom_fields=given)
    values = {each["api_name"]: each["value"] for each in made["custom_fields"]}
    assert values == {"cf_region": "EU", "cf_cost": D("5026.80")}
    (row,) = twin.list("invoices").answers
    assert {each["api_name"]: each["value"] for each in row.record["custom_fields"]} == values
    merged = twin.update(
        "invoices", made["id"], custom_fields=[{"api_name": "cf_region", "_delete": True, "value": "x"}]
    )
    assert {each["api_name"]: each["value"] for each in merged.record["custom_fields"] if each["value"]} == {
        "cf_cost": D("5026.80")
    }
    with pytest.raises(Rejected) as rejection:
        draft(twin, custom_fields=[{"api_name": "cf_regoin", "value": "EU"}])
    assert rejection.value.errors[0].did_you_mean == "cf_region"


def test_mail_leaves_only_by_the_two_actions(twin: Twin) -> None:
    made = draft(twin, status="authorised")
    assert not any("email" in request.path for request in twin.seen)
    assert twin.act("invoices", made["id"], "email", to=["x@acme.test"]).record["is_emailed"] is True


def test_a_thousand_rows_are_paged_without_doubles() -> None:
    twin = Twin("furnished")
    position, seen = None, list[str]()
    while True:
        page = twin.list("invoices", limit=50, position=position)
        seen += [answer.record["id"] for answer in page.answers]
        assert page.issues == []
        assert [issue for answer in page.answers for issue in answer.issues] == []
        if page.next is None:
            break
        assert page.answers
        position = page.next
    assert len(seen) == len(set(seen)) > 100


def test_furnished_invoices_add_up() -> None:
    twin = Twin("furnished")
    for row in twin.list("invoices", limit=60).answers:
        assert twin.get("invoices", row.record["id"]).issues == []


def test_the_definitions_of_custom_fields(twin: Twin) -> None:
    twin.books.define_custom_field("invoice", "Region", "dropdown", options=("EU", "US"))
    definitions = twin.resource("invoices").definitions
    assert definitions is not None
    (found,) = twin.run(definitions(twin.context))
    assert (found["api_name"], found["label"], found["type"]) == ("cf_region", "Region", "select")
    assert (found["options"], found["is_required"]) == (["EU", "US"], False)
    assert found["id"]
