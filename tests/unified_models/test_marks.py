from typing import Any

import pytest

from unified_models import Record
from unified_models.contacts import Contact
from unified_models.invoices import Invoice
from unified_models.items import Item
from unified_models.marks import violations
from unified_models.payments import Payment


def found(model: type[Record], body: dict[str, Any], *, creating: bool) -> set[tuple[str, str]]:
    return {(each.code, each.pointer) for each in violations(model.model_validate(body), creating=creating)}


TWO_DISCOUNTS = {"name": "x", "unit_price": 1, "discount_amount": 1, "discount_percentage": 1}
GOOD = {"contact": "1", "line_items": [{"name": "Work", "unit_price": 1}]}


def test_a_create_body_needs_its_required_fields() -> None:
    assert found(Item, {}, creating=True) == {("required", "/name"), ("required", "/unit_price")}
    assert found(Invoice, GOOD, creating=True) == set()
    assert found(Contact, {"name": "Acme"}, creating=True) == set()
    assert found(Payment, {"total_amount": 1, "contact": "7"}, creating=True) == set()


def test_null_does_not_fill_a_required_field() -> None:
    assert found(Item, {"name": None, "unit_price": 1}, creating=True) == {("required", "/name")}
    assert found(Item, {"name": None}, creating=False) == {("required", "/name")}
    assert found(Item, {}, creating=False) == set()


def test_read_only_fields_are_refused_wherever_they_stand() -> None:
    body = {**GOOD, "id": "9", "balance": 3, "line_items": [{"name": "x", "unit_price": 1, "tax_amount": 2}]}
    assert found(Invoice, body, creating=True) == {
        ("read_only", "/id"),
        ("read_only", "/balance"),
        ("read_only", "/line_items/0/tax_amount"),
    }
    assert found(Contact, {"name": "x", "addresses": [{"type": "billing", "id": "1"}]}, creating=True) == {
        ("read_only", "/addresses/0/id")
    }


def test_some_fields_are_for_create_only() -> None:
    assert found(Invoice, {"status": "draft"}, creating=False) == {("read_only", "/status")}
    assert found(Invoice, {"remote_data": {"x": 1}}, creating=False) == {("read_only", "/remote_data")}
    assert found(Invoice, {**GOOD, "status": "draft", "remote_data": {}}, creating=True) == set()


@pytest.mark.parametrize(
    ("line", "code", "pointer"),
    [
        ({"unit_price": 1}, "required", "item"),
        ({"name": "x"}, "required", "unit_price"),
        ({"item": "1"}, "required", "unit_price"),
        ({"type": "heading"}, "required", "name"),
        (TWO_DISCOUNTS, "wrong_type", "discount_percentage"),
    ],
)  # fmt: skip
def test_a_new_line_needs_what_is_sold_and_a_price(line: dict[str, Any], code: str, pointer: str) -> None:
    for creating in (True, False):
        body = {"contact": "1", "line_items": [line]}
        assert found(Invoice, body, creating=creating) == {(code, f"/line_items/0/{pointer}")}


def test_lines_that_need_no_price() -> None:
    assert (
        found(Invoice, {**GOOD, "line_items": [{"type": "heading", "name": "Part 1"}]}, creating=True)
        == set()
    )
    assert found(Invoice, {"line_items": [{"id": "5", "quantity": 2}]}, creating=False) == set()
    assert found(Invoice, {"line_items": [{"account": "5", "total_line_amount": 2}]}, creating=False) == set()


def test_an_invoice_without_lines_is_refused_on_create() -> None:
    assert found(Invoice, {"contact": "1", "line_items": []}, creating=True) == {("required", "/line_items")}


def test_elements_need_their_required_fields_unless_removed() -> None:
    assert found(Contact, {"addresses": [{"city": "Ulm"}]}, creating=False) == {
        ("required", "/addresses/0/type")
    }
    assert found(Contact, {"custom_fields": [{"api_name": "cf_a", "_delete": True}]}, creating=False) == set()
    assert found(Contact, {"custom_fields": [{"api_name": "cf_a"}]}, creating=False) == {
        ("required", "/custom_fields/0/value")
    }
    assert found(Payment, {"total_amount": 5, "allocations": [{"id": "1"}]}, creating=True) == {
        ("required", "/allocations/0/type"),
        ("required", "/allocations/0/amount"),
    }


def test_document_discount_is_given_once() -> None:
    body = {**GOOD, "discount_amount": 1, "discount_percentage": 1}
    assert found(Invoice, body, creating=True) == {("wrong_type", "/discount_percentage")}
