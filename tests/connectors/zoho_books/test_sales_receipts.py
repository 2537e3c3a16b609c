"""Sales receipts: what the specification allows; the rest points to an invoice and its payment."""

from decimal import Decimal as D
from typing import Any

import pytest

from connectors.kit.faults import Rejected
from connectors.kit.operations import Filter, Op
from connectors.zoho_books import sales_receipts
from tests.support.scripted import CONTEXT
from tests.support.twin import Twin


@pytest.fixture
def twin() -> Twin:
    found = Twin()
    found.create("contacts", name="Acme", emails=["ada@acme.test"])
    found.create("items", name="Widget", code="W-1", unit_price="12.50")
    found.create("tax_rates", name="VAT", total_tax_rate=20, type="tax")
    return found


LINE = {"item": {"code": "W-1"}, "quantity": 2, "unit_price": 10, "tax_rate": {"name": "VAT"}}


def sold(twin: Twin, **more: Any) -> Any:
    body = {"contact": {"name": "Acme"}, "payment_method": "card", "line_items": [LINE], **more}
    return twin.create("sales_receipts", **body)


def test_the_life_of_a_receipt(twin: Twin) -> None:
    made = sold(twin, number="S-1", issue_date="2026-06-18", customer_note="thanks", total_amount=24)
    assert made.issues == []
    record = made.record
    assert (record["number"], record["status"], record["payment_method"]) == ("S-1", "draft", "card")
    assert (record["sub_total"], record["total_tax_amount"], record["total_amount"]) == (20, 4, 24)
    changed = twin.update("sales_receipts", record["id"], customer_note="bye")
    assert (changed.record["customer_note"], changed.issues) == ("bye", [])
    assert twin.seen[-1].body == {"notes": "bye", "customer_id": record["contact"]["id"]}
    assert twin.run(twin.resource("sales_receipts").delete(record["id"], twin.context)) == record["id"]


@pytest.mark.parametrize(
    ("more", "pointer"),
    [
        ({"status": "paid"}, "/status"),
        ({"discount_amount": 1}, "/discount_amount"),
        ({"account": {"name": "Petty Cash"}}, "/account"),
        ({"currency": "EUR"}, "/currency"),
        ({"reference": "x"}, "/reference"),
        ({"line_items": [{**LINE, "description": "x"}]}, "/line_items/0/description"),
        ({"line_items": [{"account": {"name": "Sales"}, "unit_price": 1}]}, "/line_items/0/account"),
        ({"payment_method": "direct_debit"}, "/payment_method"),
    ],
)
def test_what_has_no_place_is_pointed_to_where_it_has(twin: Twin, more: dict[str, Any], pointer: str) -> None:
    with pytest.raises(Rejected) as rejection:
        sold(twin, **more)
    (error,) = rejection.value.errors
    assert error.pointer == pointer
    assert "make an invoice and record its payment" in error.detail
    assert not any(each.path == "/salesreceipts" for each in twin.seen)


def test_lines_sell_items(twin: Twin) -> None:
    with pytest.raises(Rejected) as rejection:
        flow = sales_receipts.RESOURCE.create(
            {"contact": {"id": "1"}, "payment_method": "cash", "line_items": [{"unit_price": D(1)}]}, CONTEXT
        )
        twin.run(flow)
    assert [each.pointer for each in rejection.value.errors] == ["/line_items/0/item"]


def test_a_control_total_is_checked(twin: Twin) -> None:
    with pytest.raises(Rejected) as rejection:
        sold(twin, total_amount=20)
    assert [each.code for each in rejection.value.errors] == ["total_mismatch"]


def test_a_mail_needs_its_words(twin: Twin) -> None:
    id = sold(twin).record["id"]
    with pytest.raises(Rejected) as rejection:
        twin.act("sales_receipts", id, "email")
    assert [each.pointer for each in rejection.value.errors] == ["/subject", "/body"]
    mailed = twin.act("sales_receipts", id, "email", subject="Receipt", body="Thanks")
    assert (mailed.record["status"], mailed.record["remote_status"]) == ("paid", "sent")
    sent = [each.body for each in twin.seen if each.path.endswith("/email")]
    assert sent == [{"to_mail_ids": ["ada@acme.test"], "subject": "Receipt", "body": "Thanks"}]


def test_it_is_printed(twin: Twin) -> None:
    printed = twin.resource("sales_receipts").pdf
    assert printed is not None
    assert twin.run(printed(sold(twin).record["id"], twin.context)).content.startswith(b"%PDF")


@pytest.mark.parametrize(
    ("word", "method"), [("creditcard", "card"), ("credit_card", "card"), ("Gift", "Gift")]
)
def test_modes_are_read_however_they_are_spelled(word: str, method: str) -> None:
    record = sales_receipts.RESOURCE.read({"sales_receipt_id": "1", "payment_mode": word}, CONTEXT).record
    assert record["payment_method"] == method


def test_filters_find_exactly(twin: Twin) -> None:
    first = sold(twin, number="S-1", issue_date="2026-06-18").record
    sold(twin, number="S-10", issue_date="2026-06-19")

    def found(*filters: Filter) -> list[str]:
        return sorted(answer.record["number"] for answer in twin.list("sales_receipts", *filters).answers)

    assert found(Filter("number", Op.EQ, "S-1")) == ["S-1"]
    assert found(Filter("issue_date", Op.GTE, "2026-06-19")) == ["S-10"]
    assert found(Filter("contact", Op.EQ, first["contact"]["id"])) == ["S-1", "S-10"]
