from decimal import Decimal
from typing import Any

import pytest

from app.unified.changes import Change
from app.unified.documents import document_of

D = Decimal
TEA = {"name": "Tea", "unit_price": D("2.50"), "quantity": D(4)}
BODY: dict[str, Any] = {"reference": "order-1", "contact": {"id": "7"}, "line_items": [TEA]}


def document(operation: str = "create", **more: Any) -> str | None:
    return document_of(Change(operation, None, BODY | more, None), "/invoices")


@pytest.mark.parametrize(
    "more",
    [
        {"reference": " ORDER-1 "},
        {"total_amount": D("11.90")},
        {"memo": "again"},
        {"line_items": [{"name": "Tea", "total_line_amount": D(10)}]},
        {"line_items": [{"name": "Tea", "unit_price": D("10.00")}]},
    ],
)
def test_the_same_document_however_it_is_said(more: dict[str, Any]) -> None:
    assert document() == document(**more) is not None


@pytest.mark.parametrize(
    "more",
    [
        {"reference": "order-2"},
        {"contact": {"id": "8"}},
        {"line_items": [TEA, TEA]},
        {"line_items": None, "total_amount": D(11)},
    ],
)
def test_another_document(more: dict[str, Any]) -> None:
    assert document(**more) not in (None, document())


def test_what_has_no_reference_or_makes_nothing_is_no_document() -> None:
    assert document(reference=None) is None
    assert document(reference=" ") is None
    assert document("update") is None
