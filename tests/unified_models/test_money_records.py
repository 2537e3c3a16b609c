"""Expenses, money accounts, their transactions, and what stands around them."""

from decimal import Decimal
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from unified_models import Record
from unified_models.attachments import Attachment
from unified_models.bank_accounts import BankAccount
from unified_models.employees import Employee
from unified_models.expenses import Expense
from unified_models.fields import mark_of, words_of
from unified_models.marks import violations
from unified_models.projects import Project
from unified_models.reports import Report
from unified_models.tracking_categories import TrackingCategory
from unified_models.transactions import Transaction
from unified_models.types import READING

SPENT = {"transaction_date": "2026-03-01", "account": "9", "line_items": [{"account": "1", "unit_price": 5}]}
MOVED = {"transaction_type": "spend", "account": "9", "transaction_date": "2026-03-01", "total_amount": "5"}
PROJECT = {"name": "Roof", "contact": {"name": "Acme"}}


def found(model: type[BaseModel], body: dict[str, Any], *, creating: bool = True) -> set[tuple[str, str]]:
    return {(each.code, each.pointer) for each in violations(model.model_validate(body), creating=creating)}


def required(model: type[Record]) -> set[str]:
    return {name for name, info in model.model_fields.items() if mark_of(info) == "required"}


@pytest.mark.parametrize(
    ("model", "names", "body"),
    [
        (Expense, "transaction_date account line_items", SPENT),
        (Transaction, "transaction_type account transaction_date total_amount", MOVED),
        (BankAccount, "name account_type", {"name": "Giro", "account_type": "bank"}),
        (Employee, "name emails", {"name": "Ada", "emails": ["ada@b.example"]}),
        (Project, "name contact", PROJECT),
        (TrackingCategory, "name", {"name": "Region", "options": [{"name": "North"}]}),
        (Attachment, "file_name parent", {"file_name": "a.pdf", "parent": {"type": "bill", "id": "1"}}),
    ],
)
def test_what_a_new_record_needs(model: type[Record], names: str, body: dict[str, Any]) -> None:
    assert required(model) == set(names.split())
    assert found(model, {}) == {("required", f"/{name}") for name in names.split()}
    assert found(model, body) == set()


def test_an_expense_says_what_it_was_for() -> None:
    lines = [{"name": "Taxi", "unit_price": 5}, {"item": "1", "total_line_amount": 5}]
    assert found(Expense, {**SPENT, "line_items": lines}) == {("required", "/line_items/0/item")}
    assert found(Expense, {**SPENT, "line_items": []}) == {("required", "/line_items")}
    trip = {"distance": "12.5", "unit": "km", "rate": "0.30"}
    body = {**SPENT, "mileage": trip, "employee": "1", "is_billable": True, "billable_status": "unbilled"}
    assert found(Expense, body) == {("read_only", "/billable_status")}
    words = [words_of(Expense, name) for name in ("billable_status", "reimbursement_status")]
    assert [each.known for each in words if each] == [
        ("non_billable", "unbilled", "invoiced"),
        ("none", "due", "reimbursed"),
    ]


def test_a_transfer_needs_both_accounts() -> None:
    body = {**MOVED, "transaction_type": "transfer"}
    assert found(Transaction, body) == {("required", "/account_from")}
    assert found(Transaction, {**body, "account_from": {"name": "Till"}}) == set()
    assert found(Transaction, {"transaction_type": "transfer"}, creating=False) == set()


def test_the_direction_of_a_transaction_follows_from_its_type() -> None:
    body = {**MOVED, "direction": "outflow", "net_amount": -5, "match": {"type": "expense", "id": "1"}}
    assert found(Transaction, body) == {
        ("read_only", f"/{name}") for name in ("direction", "net_amount", "match")
    }
    with pytest.raises(ValidationError):
        Transaction.model_validate({"total_amount": "-5"})


def test_types_only_a_provider_knows_can_be_read() -> None:
    for word in ("owner_drawings", "spend_prepayment"):
        assert Transaction.model_validate({"transaction_type": word}, context=READING)
        with pytest.raises(ValidationError):
            Transaction.model_validate({"transaction_type": word})


@pytest.mark.parametrize("word", ["bank", "credit_card", "cash", "payment_clearing"])
def test_money_is_kept_in_four_kinds_of_accounts(word: str) -> None:
    assert BankAccount.model_validate({"account_type": word})
    with pytest.raises(ValidationError):
        BankAccount.model_validate({"account_type": word + "s"})


def test_options_are_named_changed_and_removed() -> None:
    options = [{"id": "1", "name": "South"}, {"id": "2", "_delete": True}, {"id": "3", "status": "archived"}]
    assert found(TrackingCategory, {"options": options}, creating=False) == set()
    assert found(TrackingCategory, {"options": [{"parent": "1"}]}, creating=False) == {
        ("required", "/options/0/name")
    }
    assert found(TrackingCategory, {"category_type": "tag"}, creating=False) == {
        ("read_only", "/category_type")
    }


def test_names_of_employees_are_split_for_reading_only() -> None:
    body = {"name": "Ada L", "emails": [{"email": "ada@b.example"}], "first_name": "Ada", "last_name": "L"}
    assert found(Employee, body) == {("read_only", "/first_name"), ("read_only", "/last_name")}


def test_projects_speak_unified_words() -> None:
    assert found(Project, {**PROJECT, "billing_type": "fixed", "budget_type": "total_hours"}) == set()
    with pytest.raises(ValidationError):
        Project.model_validate({"billing_type": "fixed_cost_for_project"})
    assert found(Project, {**PROJECT, "start_date": "2026-01-01"}) == {("read_only", "/start_date")}


@pytest.mark.parametrize("parent", [{"id": "1"}, {"type": "bill"}])
def test_a_file_is_attached_to_something(parent: dict[str, Any]) -> None:
    missing = ({"id", "type"} - parent.keys()).pop()
    assert found(Attachment, {"file_name": "a.pdf", "parent": parent}) == {("required", f"/parent/{missing}")}


def test_reports_are_rows_within_rows() -> None:
    account = {
        "kind": "account",
        "label": "Fees",
        "account": "1",
        "cells": {"total": "-4.20", "before": None},
    }
    body = {
        "type": "profit_and_loss",
        "columns": [{"key": "total", "label": "Total", "type": "money"}],
        "rows": [{"kind": "section", "label": "Income", "rows": [account]}],
        "report_data": {
            "columns": ["Account", "Total"],
            "rows": [{"data": ["Income"], "rows": [{"data": ["Fees", 1]}]}],
        },
    }
    report = Report.model_validate(body, context=READING)
    (section,) = report.rows or []
    (fees,) = section.rows or []
    assert fees.cells == {"total": Decimal("-4.20"), "before": None}
    assert {
        mark_of(info) for name, info in Report.model_fields.items() if name not in Record.model_fields
    } == {"read_only"}
    words = words_of(Report, "type")
    assert words is not None
    assert words.known == (
        "profit_and_loss", "balance_sheet", "trial_balance", "general_ledger", "cash_flow", "tax_summary",
        "aged_receivables", "aged_payables",
    )  # fmt: skip
