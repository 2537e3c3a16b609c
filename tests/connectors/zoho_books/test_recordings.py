"""Recorded answers, read without a single issue, and what they say in unified words."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connectors.kit.operations import Answer, Filter, ListQuery, Op
from connectors.zoho_books import CONNECTOR
from tests.support.script import CONTEXT, Script, decoded


def recorded(specs: Path, name: str) -> Any:
    return decoded((specs / f"zoho-books-recordings/{name}.1.json").read_bytes())["response"]["body"]


def listed(specs: Path, resource: str, name: str, *filters: Filter) -> list[Answer]:
    page = Script([recorded(specs, name)]).run(
        CONNECTOR.resources["accounting", resource].list(ListQuery(filters=filters), CONTEXT)
    )
    for answer in page.answers:
        assert not answer.issues
        assert not set(answer.record) & set(page.absent)
    return page.answers


def got(specs: Path, resource: str, name: str) -> dict[str, Any]:
    found = CONNECTOR.resources["accounting", resource]
    body = recorded(specs, name)
    answer = found.read(body[found.one], CONTEXT)
    assert not answer.issues
    assert answer.record["is_partial"] is False
    return answer.record


def test_accounts_of_the_list(specs: Path) -> None:
    first, second = (answer.record for answer in listed(specs, "accounts", "chartofaccounts.list")[:2])
    assert first["name"] == "Advance Tax"
    assert (first["type"], first["remote_type"], first["classification"]) == (
        "current", "other_current_asset", "asset",
    )  # fmt: skip
    assert (first["is_system"], second["is_system"]) == (True, False)
    assert (first["status"], first["remote_status"], first["level"]) == ("active", "active", 0)
    assert first["created_at"] == datetime(2026, 6, 9, 13, 14, 46, tzinfo=UTC)
    assert first["code"] is None
    assert first["parent_account"] is None
    assert "current_balance" not in first
    assert first["is_partial"] is True


def test_every_recorded_account_type_is_known(specs: Path) -> None:
    answers = listed(specs, "accounts", "chartofaccounts.list")
    assert len(answers) == 54
    for answer in answers:
        assert answer.record["classification"] is not None
    money = {answer.record["remote_type"] for answer in answers if answer.record["is_money_account"]}
    assert money == {"bank", "cash"}
    closed = {answer.record["remote_type"] for answer in answers if not answer.record["can_post"]}
    assert closed == {"accounts_receivable", "accounts_payable"}


def test_an_account_alone(specs: Path) -> None:
    record = got(specs, "accounts", "chartofaccounts.get")
    assert (record["name"], record["type"], record["classification"]) == ("Sales", "income", "revenue")
    assert record["current_balance"] == Decimal(848)
    assert record["fully_qualified_name"] == "Sales"
    assert "created_at" not in record and "level" not in record
    assert "currency" not in record


def test_an_account_as_its_create_is_answered(specs: Path) -> None:
    accounts = CONNECTOR.resources["accounting", "accounts"]
    answer = accounts.read(recorded(specs, "chartofaccounts.create")["chart_of_account"], CONTEXT)
    assert (answer.record["currency"], answer.record["is_partial"], answer.issues) == ("USD", True, [])
    assert not {"current_balance", "is_system"} & answer.record.keys()


def test_currencies(specs: Path) -> None:
    records = [answer.record for answer in listed(specs, "currencies", "currencies.list")]
    first = records[0]
    assert (first["id"], first["code"], first["remote_id"]) == ("AED", "AED", "260815000000093087")
    assert (first["name"], first["symbol"], first["precision"]) == ("UAE Dirham", "AED", 2)
    assert (first["exchange_rate"], first["rate_date"], first["status"]) == (None, None, "active")
    (base,) = (record for record in records if record["is_base"])
    assert (base["code"], base["exchange_rate"]) == ("USD", Decimal(1))


def test_payments_of_the_list(specs: Path) -> None:
    received = Filter("payment_for", Op.EQ, "invoice")
    record = listed(specs, "payments", "customerpayments.list", received)[0].record
    assert record["contact"] == {"id": "260815000000097001", "name": "Acme Corp", "type": "customer"}
    assert record["account"] == {"id": "260815000000000358", "name": "Undeposited Funds"}
    assert (record["payment_for"], record["payment_method"], record["status"]) == (
        "invoice",
        "cash",
        "cleared",
    )
    assert (record["total_amount"], record["unapplied_amount"]) == (Decimal(750), Decimal(0))
    assert record["transaction_date"] == date(2026, 6, 9)
    assert record["updated_at"] == datetime(2026, 6, 9, 13, 47, 45, tzinfo=UTC)
    for absent in ("allocations", "currency", "exchange_rate", "fee_amount", "invoice"):
        assert absent not in record


@pytest.mark.parametrize("name", ["customerpayments.get", "customerpayments.create"])
def test_a_payment_alone(specs: Path, name: str) -> None:
    record = got(specs, "payments", name)
    native = recorded(specs, name)["payment"]
    (allocation,) = record["allocations"]
    assert allocation["type"] == "invoice"
    assert allocation["id"] == native["invoices"][0]["invoice_id"]
    assert allocation["allocation_id"] == native["invoices"][0]["invoice_payment_id"]
    assert allocation["amount"] == Decimal(native["invoices"][0]["amount_applied"])
    assert record["invoice"] == {"id": allocation["id"], "type": "invoice"}
    assert (record["currency"], record["exchange_rate"], record["base_currency"]) == (
        "USD",
        Decimal(1),
        "USD",
    )
    assert record["updated_at"] == record["created_at"]
    assert record["refunds"] == []
    assert (record["fee_amount"], record["fee_account"]) == (Decimal(0), None)


def test_the_company(specs: Path) -> None:
    detail = recorded(specs, "organizations.get-trimmed")
    rows = recorded(specs, "organizations.list")
    rows["organizations"][0]["organization_id"] = detail["organization"]["organization_id"] = (
        CONTEXT.organization_id
    )
    company = CONNECTOR.resources["accounting", "company_info"]
    locks = {"transaction_locks": []}
    script = Script([detail, rows, locks])
    answer = script.run(company.get(CONTEXT.organization_id, CONTEXT))
    record = answer.record
    assert not answer.issues
    assert script.calls == ["GET /organizations/927270289", "GET /organizations", "GET /transactionlocks"]
    assert record["lock_date"] is None
    assert record["name"] == "Crita Creative LLP (TEST trial)"
    assert (record["plan"], record["country_code"], record["currency"]) == ("Professional", "US", "INR")
    assert (record["fiscal_year_start_month"], record["fiscal_year_end_month"]) == (4, 3)
    assert record["fiscal_year_end_day"] == 31
    assert record["addresses"][0]["country"] == "India"
    assert record["emails"] == [{"email": "developer@nango.dev", "type": "primary"}]
    assert record["is_partial"] is False


def test_a_recorded_empty_list_of_taxes(specs: Path) -> None:
    assert listed(specs, "tax_rates", "taxes.list") == []
