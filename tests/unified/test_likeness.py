"""Which record a lost create is taken to have made."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from app.unified.changes import Change
from app.unified.likeness import expected, is_like
from app.unified.looking import EARLIER, Verdict, look
from app.unified.progress import Progress
from connectors.kit.http import Request
from connectors.zoho_books import CONNECTOR
from tests.connectors.zoho_books.test_recordings import listed, recorded
from tests.support.script import CONTEXT, Script

SENT = datetime(2026, 6, 9, 20, 0, tzinfo=UTC)
EXPENSES = CONNECTOR.resources["accounting", "expenses"]
SPENT = {"account": {"id": "1"}, "total_amount": Decimal(80), "reference": "R-1"}
SENDS = {"paid_through_account_id": "1", "amount": Decimal(80), "reference_number": "R-1"}


def line(price: str, quantity: str = "1") -> dict[str, Any]:
    return {"line_items": [{"unit_price": Decimal(price), "quantity": Decimal(quantity)}]}


@pytest.mark.parametrize(
    ("sent", "got"),
    [
        ("1.2345", "1.23"),
        ("1.2345", "1.235"),
        ("1.0688", "1.069"),
        ("1.5", "2.0"),
        ("150", "150.0"),
        ("100", "1E+2"),
    ],
)
def test_a_price_the_provider_rounded_is_the_price_sent(sent: str, got: str) -> None:
    assert is_like(line(sent), line(got))
    assert is_like(line("1", sent), line("1", got))


@pytest.mark.parametrize(
    ("sent", "got"), [("1.2345", "1.24"), ("1.23", "1.24"), ("100", "140"), ("5", "5.6")]
)
def test_another_price_is_another_record(sent: str, got: str) -> None:
    assert not is_like(line(sent), line(got))


def test_a_name_alone_does_not_speak_against_an_id() -> None:
    wanted = {"account": {"id": "1"}}
    assert is_like(wanted, {"account": {"name": "Petty Cash"}})
    assert not is_like(wanted, {"account": {"id": "2", "name": "Petty Cash"}})


def test_a_recorded_expense_is_like_its_own_row(specs: Path) -> None:
    whole = EXPENSES.read(recorded(specs, "expenses.get")["expense"], CONTEXT)
    [row] = [
        one for one in listed(specs, "expenses", "expenses.list") if one.record["id"] == whole.record["id"]
    ]
    wanted = expected(EXPENSES, whole.record, whole.native)
    assert {"account", "total_amount", "transaction_date"} <= wanted.keys()
    assert is_like(wanted, row.record)
    assert is_like(wanted, whole.record)
    assert not is_like(wanted | {"total_amount": Decimal(1)}, row.record)


def looked_for(made: datetime) -> Verdict:
    """The verdict where both ways show one expense that fits, made then."""
    stamp = made.strftime("%Y-%m-%dT%H:%M:%S+0000")
    row = {"expense_id": "7", "total": Decimal(80), "reference_number": "R-1", "created_time": stamp}
    page = {"expenses": [row], "page_context": {"has_more_page": False}}
    whole = {"expense": {**row, "paid_through_account_id": "1", "account_id": "2"}}
    progress = Progress(pending=Request("POST", "/expenses", body=SENDS))
    flow = look(EXPENSES, Change("create", None, SPENT, SPENT), progress, CONTEXT, SENT, ())
    return Script([page, whole, page]).run(flow)


def test_a_record_of_then_is_the_one() -> None:
    found = looked_for(SENT + timedelta(seconds=1))
    assert (found.word, found.id) == ("found", "7")


def test_one_made_somewhat_before_is_left_to_a_person() -> None:
    verdict = looked_for(SENT - EARLIER - timedelta(minutes=1))
    assert (verdict.word, verdict.candidates) == ("several", ["7"])
