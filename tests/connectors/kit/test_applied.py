from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from connectors.kit.applied import not_applied, same
from connectors.zoho_books import contacts, invoices


@pytest.mark.parametrize(
    ("sent", "got"),
    [
        (Decimal("1.0688"), Decimal("1.069")),
        ("a  b ", "a b"),
        (None, None),
        (None, ""),
        ("", None),
        ([], None),
        (3, Decimal("3.0")),
        (date(2026, 1, 1), date(2026, 1, 1)),
        ({"id": "1"}, {"id": "1", "name": "x"}),
    ],
)
def test_the_same_as_far_as_a_caller_can_care(sent: Any, got: Any) -> None:
    assert same(sent, got)


@pytest.mark.parametrize(
    ("sent", "got"),
    [
        (Decimal("1.07"), Decimal("1.06")),
        ("a", "A"),
        ("a", None),
        (None, "a"),
        (True, False),
        (Decimal(1), None),
        (date(2026, 1, 1), date(2026, 1, 2)),
        ([1], [1, 2]),
        ({"id": "1"}, {"id": "2"}),
    ],
)
def test_not_the_same(sent: Any, got: Any) -> None:
    assert not same(sent, got)


def pointers(sent: dict[str, Any], got: dict[str, Any], table: Any = invoices.TABLE) -> list[str]:
    return [issue.pointer for issue in not_applied(table, sent, got)]


def test_money_may_be_rounded_to_the_cent_but_not_changed() -> None:
    assert pointers({"adjustment_amount": Decimal("1.004")}, {"adjustment_amount": Decimal("1.00")}) == []
    assert pointers({"adjustment_amount": Decimal("1.01")}, {"adjustment_amount": Decimal("1.00")}) == [
        "/adjustment_amount"
    ]


def test_lines_are_compared_by_id_else_by_place() -> None:
    got = {"line_items": [{"id": "1", "name": "a"}, {"id": "2", "name": "x"}]}
    assert pointers({"line_items": [{"id": "2", "name": "x"}, {"name": "y"}]}, got) == ["/line_items/1/name"]
    assert pointers({"line_items": [{"name": "a"}, {"name": "x"}, {"name": "z"}]}, got) == ["/line_items/2"]


def test_references_are_compared_by_id() -> None:
    got = {"contact": {"id": "1", "name": "Acme"}}
    assert pointers({"contact": {"id": "1"}}, got) == []
    assert pointers({"contact": {"name": "Other"}}, got) == []
    assert pointers({"contact": {"id": "2"}}, got) == ["/contact"]


def test_custom_fields_are_compared_by_name() -> None:
    got = {"custom_fields": [{"id": "5", "api_name": "cf_a", "value": "x"}]}
    assert pointers({"custom_fields": [{"api_name": "cf_a", "value": "x"}]}, got) == []
    assert pointers({"custom_fields": [{"id": "5", "value": "y"}]}, got) == ["/custom_fields/0/value"]
    assert pointers({"custom_fields": [{"api_name": "cf_b", "value": "x"}]}, got) == [
        "/custom_fields/0/value"
    ]


def test_what_was_not_fetched_is_not_judged() -> None:
    assert pointers({"customer_note": "x"}, {}) == []


def test_a_removed_element_that_is_still_there() -> None:
    sent = {"contact_persons": [{"id": "1", "_delete": True}]}
    assert pointers(sent, {"contact_persons": [{"id": "1"}]}, contacts.TABLE) == ["/contact_persons/0"]
    assert pointers(sent, {"contact_persons": []}, contacts.TABLE) == []
