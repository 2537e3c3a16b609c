from decimal import Decimal as D
from typing import Any

import pytest

from connectors.kit.faults import Rejected
from connectors.kit.operations import Filter, Op, Sort
from tests.support.twin import Twin


@pytest.fixture
def twin() -> Twin:
    return Twin()


@pytest.mark.parametrize(
    ("given", "native"),
    [
        ({"is_sold": True}, "sales"),
        ({"is_purchased": True, "is_sold": False}, "purchases"),
        ({"is_purchased": True}, "sales_and_purchases"),
        ({"is_inventory": True}, "inventory"),
    ],
)
def test_three_flags_are_one_word(twin: Twin, given: dict[str, Any], native: str) -> None:
    flow = twin.resource("items").create(
        twin.body("items", {"name": "W", "unit_price": 1, **given}), twin.context
    )
    assert next(flow).body == {"name": "W", "rate": D(1), "item_type": native}


def test_an_item_that_is_neither_sold_nor_purchased_is_refused(twin: Twin) -> None:
    with pytest.raises(Rejected):
        twin.create("items", name="W", unit_price=1, is_sold=False)


def test_one_flag_changes_with_regard_to_the_other(twin: Twin) -> None:
    id = twin.create("items", name="W", unit_price=1, is_sold=True).record["id"]
    changed = twin.update("items", id, is_purchased=True)
    assert (changed.record["is_sold"], changed.record["is_purchased"]) == (True, True)
    assert changed.issues == []


def test_references_by_code_and_name(twin: Twin) -> None:
    account = {"name": "Sales"}
    made = twin.create("items", name="W", code="W-1", unit_price="12.345", sales_account=account, unit="pcs")
    assert made.record["sales_account"]["name"] == "Sales"
    assert made.record["unit_price"] == D("12.345")
    assert made.issues == []
    with pytest.raises(Rejected) as rejection:
        twin.create("items", name="X", unit_price=1, sales_account={"name": "Salse"})
    assert rejection.value.errors[0].did_you_mean == "Sales"


def test_lists_filter_and_sort(twin: Twin) -> None:
    for name, price in (("Bolt", 2), ("Nut", 1), ("Washer", 3)):
        twin.create("items", name=name, unit_price=price)

    def found(*filters: Filter, sort: Sort | None = None) -> list[str]:
        return [each.record["name"] for each in twin.list("items", *filters, sort=sort).answers]

    assert found(Filter("unit_price", Op.GT, "1"), Filter("unit_price", Op.LT, "3")) == ["Bolt"]
    assert found(Filter("name", Op.CONTAINS, "u")) == ["Nut"]
    assert found(sort=Sort("unit_price", True)) == ["Washer", "Bolt", "Nut"]
    with pytest.raises(Rejected):
        found(Filter("updated_at", Op.GTE, "2026-01-01T00:00:00Z"))
