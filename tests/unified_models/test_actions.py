"""Bodies of actions, as a request gives them."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from pydantic import BaseModel

from app.core.errors import Problem
from app.unified.body import validate
from app.unified.schemas import schema_of
from unified_models import actions
from unified_models.actions import (
    Apply,
    Categorize,
    Convert,
    ImportStatement,
    Mail,
    Match,
    PayBack,
    Reverse,
    Unapply,
)

ALL = [Apply, Categorize, Convert, ImportStatement, Mail, Match, PayBack, Reverse, Unapply]
PAID = {"type": "bill", "id": "4", "amount": "3.10"}
BACK = {"account": {"name": "Bank"}, "total_amount": 3}


def refused(model: type[BaseModel], body: dict[str, Any]) -> set[tuple[str, str]]:
    with pytest.raises(Problem) as caught:
        validate(body, model, "act")
    return {(each.code, each.pointer) for each in caught.value.errors}


@pytest.mark.parametrize(
    ("model", "body"),
    [
        (Apply, {"allocations": [PAID]}),
        (Unapply, {"allocation_ids": ["1", "2"]}),
        (PayBack, {**BACK, "payment_method": "check", "transaction_date": "2026-03-01"}),
        (Convert, {"to": "sales_order"}),
        (Reverse, {}),
        (Reverse, {"transaction_date": "2026-04-01"}),
        (Mail, {}),
        (Mail, {"to": ["ada@b.example"], "subject": "Hello", "body": "…"}),
        (Match, {"records": [{"type": "expense", "id": "1"}]}),
        (Categorize, {"transaction_type": "spend", "line_items": [{"account": {"name": "Fees"}}]}),
        (Categorize, {"transaction_type": "transfer", "account": "8"}),
        (Categorize, {"transaction_type": "receive", "contact": "7", "allocations": [PAID]}),
        (ImportStatement, {"lines": [{"date": "2026-03-01", "amount": "-4.20", "payee": "Post"}]}),
    ],
)
def test_ordinary_bodies_are_taken(model: type[BaseModel], body: dict[str, Any]) -> None:
    assert validate(body, model, "act").keys() == body.keys()


@pytest.mark.parametrize(
    ("model", "body", "wrong"),
    [
        (Apply, {}, {("required", "/allocations")}),
        (Apply, {"allocations": []}, {("wrong_type", "/allocations")}),
        (Apply, {"allocations": [{"type": "bill", "id": "4"}]}, {("required", "/allocations/0/amount")}),
        (Apply, {"allocations": [{**PAID, "number": "B-1"}]}, {("read_only", "/allocations/0/number")}),
        (Unapply, {"allocation_ids": [1]}, {("wrong_type", "/allocation_ids/0")}),
        (PayBack, {"total_amount": -1}, {("required", "/account"), ("wrong_type", "/total_amount")}),
        (PayBack, {**BACK, "payment_method": "beads"}, {("enum_value", "/payment_method")}),
        (Convert, {"to": "estimate"}, {("enum_value", "/to")}),
        (Convert, {}, {("required", "/to")}),
        (Reverse, {"date": "2026-04-01"}, {("unknown_field", "/date")}),
        (Mail, {"to": []}, {("wrong_type", "/to")}),
        (Match, {"records": [{"id": "1"}]}, {("required", "/records/0/type")}),
        (Categorize, {"line_items": []}, {("required", "/transaction_type")}),
        (Categorize, {"transaction_type": "spend", "line_items": [{}]}, {("required", "/line_items/0/item")}),
        (ImportStatement, {"lines": [{"date": "2026-02-30", "amount": 1}]}, {("wrong_type", "/lines/0/date")}),
        (ImportStatement, {"lines": [{"date": "2026-02-28"}]}, {("required", "/lines/0/amount")}),
    ],
)  # fmt: skip
def test_anything_else_is_refused_where_it_stands(
    model: type[BaseModel], body: dict[str, Any], wrong: set[tuple[str, str]]
) -> None:
    assert refused(model, body) == wrong


def test_amounts_and_days_become_exact_values() -> None:
    body = validate({"lines": [{"date": "2026-03-01", "amount": "-4.20"}]}, ImportStatement, "act")
    assert body == {"lines": [{"date": date(2026, 3, 1), "amount": Decimal("-4.20")}]}


@pytest.mark.parametrize("model", ALL)
def test_the_documentation_can_show_it(model: type[BaseModel]) -> None:
    schema = schema_of(model, "create")
    assert all(member["description"] for member in schema["properties"].values())
    assert schema["additionalProperties"] is False
    assert model.__doc__
    assert model.__name__ in vars(actions)
