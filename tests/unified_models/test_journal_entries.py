"""Journal lines in both styles, and that they balance."""

from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from app.core.errors import Problem
from app.unified.body import validate
from unified_models.journal_entries import JournalEntry, JournalLine
from unified_models.marks import violations
from unified_models.types import READING

DEBIT = {"account": "1", "type": "debit", "amount": "10.50"}
CREDIT = {"account": {"name": "Bank"}, "type": "credit", "amount": Decimal("10.50")}


def body(*lines: dict[str, Any]) -> dict[str, Any]:
    return {"transaction_date": "2026-03-31", "lines": list(lines)}


def found(given: dict[str, Any], *, creating: bool = True) -> set[tuple[str, str]]:
    record = JournalEntry.model_validate(given)
    return {(each.code, each.pointer) for each in violations(record, creating=creating)}


@pytest.mark.parametrize(
    "lines",
    [
        (DEBIT, CREDIT),
        (DEBIT, {"account": "2", "net_amount": "-10.5"}),
        tuple({"account": "1", "net_amount": net} for net in ("0.30", "-0.1", "-0.2")),
        ({**DEBIT, "net_amount": "10.5"}, CREDIT),
    ],
)  # fmt: skip
def test_both_styles_of_lines_are_taken(lines: tuple[dict[str, Any], ...]) -> None:
    assert found(body(*lines)) == set()


@pytest.mark.parametrize(
    "lines",
    [
        (DEBIT, DEBIT),
        (DEBIT, {**CREDIT, "amount": "10.51"}),
        (DEBIT, {"account": "2", "net_amount": "10.50"}),
        (DEBIT,),
    ],
)
def test_what_does_not_balance_is_refused(lines: tuple[dict[str, Any], ...]) -> None:
    with pytest.raises(ValidationError) as caught:
        JournalEntry.model_validate(body(*lines))
    assert [(e["type"], e["loc"]) for e in caught.value.errors()] == [("unbalanced", ("lines",))]


def test_the_contract_names_what_is_unbalanced() -> None:
    with pytest.raises(Problem) as caught:
        validate(body(DEBIT, {**CREDIT, "amount": 4}), JournalEntry, "create")
    (error,) = caught.value.errors
    assert (error.code, error.pointer) == ("unbalanced", "/lines")
    assert "10.50" in error.detail and "4" in error.detail


def test_what_was_read_passes_as_it_is() -> None:
    assert JournalEntry.model_validate(body(DEBIT, DEBIT), context=READING).lines


def test_lines_that_keep_their_amounts_are_not_added_up() -> None:
    given = {"lines": [{"id": "5", "description": "Wages"}, DEBIT]}
    assert found(given, creating=False) == set()


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ({"account": "1"}, {("required", "type"), ("required", "amount")}),
        ({"account": "1", "amount": 1}, {("required", "type")}),
        ({"type": "debit", "amount": 1}, {("required", "account")}),
        ({**DEBIT, "net_amount": "10"}, {("wrong_type", "net_amount")}),
        ({**DEBIT, "net_amount": "-10.50"}, {("wrong_type", "net_amount")}),
        ({**DEBIT, "amount": 0, "net_amount": 0}, set[tuple[str, str]]()),
    ],
)
def test_a_line_says_how_much_and_which_way(line: dict[str, Any], wrong: set[tuple[str, str]]) -> None:
    record = JournalLine.model_validate(line)
    assert {(each.code, each.pointer[1:]) for each in violations(record, creating=True)} == wrong


def test_an_entry_has_two_lines() -> None:
    assert found(body()) == {("required", "/lines")}
    assert found(body({"account": "1", "net_amount": 0})) == {("required", "/lines")}
    assert found({}) == {("required", "/lines"), ("required", "/transaction_date")}


def test_only_the_book_says_what_was_reversed() -> None:
    given = {**body(DEBIT, CREDIT), "reversal_of": "1", "total_amount": 5, "source": "3"}
    assert found(given) == {("read_only", f"/{name}") for name in ("reversal_of", "total_amount", "source")}
    with pytest.raises(ValidationError):
        JournalEntry.model_validate({"status": "authorised"})
