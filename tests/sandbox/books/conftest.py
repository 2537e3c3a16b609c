"""A desk at which tests put calls to an organisation's books."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sandbox.books import Answer, Books, Call, Profile, Upload

START = datetime(2026, 6, 15, 16, 0, 0, tzinfo=UTC)
USER = {"user_id": "1", "name": "Ada", "email": "ada@example.com"}


class Desk:
    """Calls one organisation; `now` may be moved."""

    def __init__(self, **options: Any) -> None:
        self.now = START
        profile = options.pop("profile", None) or Profile("927270289", "Test Company")
        self.books = Books(profile, lambda: self.now, **options)
        self.ledger = self.books.ledger

    def send(self, method: str, path: str, body: Any = None, **more: Any) -> Answer:
        query = more.pop("query", {})
        pairs = tuple(query.items()) if isinstance(query, dict) else tuple(query)
        return self.books.handle(
            Call(method, path, pairs, more.pop("headers", {}), body, user=more.pop("user", USER), **more)
        )

    def get(self, path: str, **query: str) -> dict[str, Any]:
        return self._ok(self.send("GET", path, query=query))

    def post(self, path: str, body: Any = None, **query: str) -> dict[str, Any]:
        return self._ok(self.send("POST", path, body, query=query))

    def put(self, path: str, body: Any, **query: str) -> dict[str, Any]:
        return self._ok(self.send("PUT", path, body, query=query))

    def delete(self, path: str, **query: str) -> dict[str, Any]:
        return self._ok(self.send("DELETE", path, query=query))

    def refused(self, method: str, path: str, body: Any = None, **more: Any) -> tuple[int, int]:
        """(HTTP status, code) of a call that must fail."""
        answer = self.send(method, path, body, **more)
        assert answer.body is not None
        assert answer.status >= 400, answer.body
        assert set(answer.body) == {"code", "message"}
        assert answer.body["message"]
        return answer.status, answer.body["code"]

    def later(self, **delta: float) -> None:
        self.now += timedelta(**delta)

    def customer(self, name: str = "Acme", **more: Any) -> str:
        return self.post("/contacts", {"contact_name": name, **more})["contact"]["contact_id"]

    def item(self, name: str = "Widget", rate: Any = 100, **more: Any) -> str:
        return self.post("/items", {"name": name, "rate": rate, **more})["item"]["item_id"]

    def tax(self, name: str, percentage: Any, kind: str = "tax") -> str:
        body = {"tax_name": name, "tax_percentage": percentage, "tax_type": kind}
        return self.post("/settings/taxes", body)["tax"]["tax_id"]

    def invoice(self, customer: str, *lines: dict[str, Any], **more: Any) -> dict[str, Any]:
        body = {"customer_id": customer, "line_items": list(lines) or [{"name": "Work", "rate": 100}], **more}
        return self.post("/invoices", body)["invoice"]

    def sent(self, customer: str, *lines: dict[str, Any], **more: Any) -> dict[str, Any]:
        made = self.invoice(customer, *lines, **more)
        self.post(f"/invoices/{made['invoice_id']}/status/sent")
        return self.get(f"/invoices/{made['invoice_id']}")["invoice"]

    def pay(self, customer: str, amount: Any, applied: dict[str, Any], **more: Any) -> dict[str, Any]:
        invoices = [{"invoice_id": key, "amount_applied": value} for key, value in applied.items()]
        body = {
            "customer_id": customer,
            "payment_mode": "cash",
            "amount": amount,
            "invoices": invoices,
            **more,
        }
        return self.post("/customerpayments", body)["payment"]

    def vendor(self, name: str = "Beta", **more: Any) -> str:
        return self.customer(name, contact_type="vendor", **more)

    def bill(self, vendor: str, number: str, rate: Any = 100, **more: Any) -> dict[str, Any]:
        lines = [{"name": "Paper", "account_id": self.ledger.id("000000000400"), "rate": rate}]
        body = {"vendor_id": vendor, "bill_number": number, "line_items": lines, **more}
        return self.post("/bills", body)["bill"]

    def remit(self, vendor: str, amount: Any, applied: dict[str, Any], **more: Any) -> dict[str, Any]:
        """A payment to a vendor."""
        body = {
            "vendor_id": vendor,
            "amount": amount,
            "paid_through_account_id": self.ledger.id("000000000358"),
            "bills": [{"bill_id": key, "amount_applied": value} for key, value in applied.items()],
            **more,
        }
        return self.post("/vendorpayments", body)["vendorpayment"]

    def credit(self, customer: str, rate: Any = 100, **more: Any) -> dict[str, Any]:
        body = {"customer_id": customer, "date": "2026-06-15", "line_items": [{"name": "Back", "rate": rate}]}
        return self.post("/creditnotes", {**body, **more})["creditnote"]

    def currency(self, code: str) -> str:
        rows = self.get("/settings/currencies")["currencies"]
        return next(row["currency_id"] for row in rows if row["currency_code"] == code)

    @staticmethod
    def _ok(answer: Answer) -> dict[str, Any]:
        assert answer.body is not None
        assert answer.status in (200, 201), answer.body
        assert answer.body["code"] == 0
        return answer.body


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def open_desk() -> Callable[..., Desk]:
    return Desk


@pytest.fixture(scope="module")
def furnished() -> Desk:
    """A furnished organisation; tests that share it only read."""
    return Desk(seed="furnished")


@pytest.fixture
def upload() -> Callable[..., Upload]:
    return Upload
