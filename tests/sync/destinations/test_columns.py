"""Columns follow the unified models, and ours never collide with theirs."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

import pytest

from app.sync.destinations.columns import OWN, columns_of, kind_of, models_of
from connectors.kit.registry import load
from unified_models.invoices import Invoice
from unified_models.types import Money


@pytest.mark.parametrize(
    ("annotation", "kind"),
    [
        (str | None, "text"),
        (bool | None, "boolean"),
        (int, "integer"),
        (Decimal, "number"),
        (Annotated[Money, "noted"] | None, "number"),
        (date, "date"),
        (datetime | None, "instant"),
        (list[str] | None, "json"),
        (dict[str, Any], "json"),
        (Invoice | None, "json"),
        (int | str, "json"),
        (Any, "json"),
    ],
)
def test_what_a_field_holds_decides_the_kind_of_its_column(annotation: Any, kind: str) -> None:
    assert kind_of(annotation) == kind


def test_no_model_has_a_field_that_is_called_like_a_column_of_ours() -> None:
    own = {column.name for column in OWN}
    for connector in load():
        for name, model in models_of(connector).items():
            assert not own & set(model.model_fields), name
            names = [column.name for column in columns_of(model)]
            assert len(names) == len(set(names)) and "id" in names and "remote_data" not in names
            assert all(len(each) <= 63 for each in names), "PostgreSQL would cut them"


def test_a_field_that_is_new_is_a_column_that_is_new() -> None:
    class Later(Invoice):
        carbon_footprint: Decimal | None = None

    assert {column.name for column in columns_of(Later)} - {
        column.name for column in columns_of(Invoice)
    } == {"carbon_footprint"}


def test_columns_of_an_invoice() -> None:
    kinds = {column.name: column.kind for column in columns_of(Invoice)}
    told = ("total_amount", "issue_date", "updated_at", "line_items", "is_overdue", "number", "deleted_at")
    assert [kinds[name] for name in told] == [
        "number",
        "date",
        "instant",
        "json",
        "boolean",
        "text",
        "instant",
    ]
