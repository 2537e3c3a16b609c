"""Examples for the documentation, made from the models so that a new field shows by itself."""

from collections.abc import Collection
from decimal import Decimal
from typing import Any

from pydantic import BaseModel

from app.unified.schemas import Purpose
from unified_models.fields import is_array, is_create_only, mark_of, part_of, words_of
from unified_models.references import Ref

_ID = "460000000026049"
_NAMED: dict[str, Any] = {
    "id": _ID,
    "remote_id": _ID,
    "name": "Cedar & Sons",
    "label": "Order channel",
    "code": "TEA-1",
    "number": "INV-000042",
    "reference": "order-1042",
    "currency": "EUR",
    "base_currency": "EUR",
    "exchange_rate": Decimal("1.0"),
    "email": "ada@example.com",
    "emails": [{"email": "ada@example.com", "type": "primary"}],
    "phones": [{"number": "+49 30 1234567", "type": "work"}],
    "phone": "+49 30 1234567",
    "website": "https://example.com",
    "url": "https://example.com/app/460000000026049",
    "pdf_url": "https://example.com/app/460000000026049.pdf",
    "urls": ["https://example.com"],
    "etag": "8fJ2wq0kq3m1Vv3t5nX2Pg",
    "is_partial": False,
    "remote_data": {"native_field": "as the provider has it"},
    "tax_details": {},
    "identifiers": {},
    "custom_fields": [
        {"id": "460000000031001", "api_name": "cf_channel", "label": "Channel", "type": "text", "value": "web"}
    ],
    "tracking_categories": [],
    "taxes": [],
    "country_code": "DE",
    "time_zone": "Europe/Berlin",
    "language": "en",
    "remote_status": "sent",
    "unit": "pcs",
    "quantity": Decimal(2),
    "unit_price": Decimal("12.50"),
    "total_amount": Decimal("29.75"),
    "sub_total": Decimal("25.00"),
    "total_tax_amount": Decimal("4.75"),
    "total_line_amount": Decimal("25.00"),
    "amount": Decimal("29.75"),
    "balance": Decimal("29.75"),
    "net_amount": Decimal("29.75"),
    "cells": {"total": Decimal("29.75")},
    "key": "total",
    "as_of": "2026-03-31",
    "file_name": "receipt.pdf",
    "file_type": "application/pdf",
    "file_size": 48213,
    "file_url": "https://example.com/receipt.pdf",
    "account_number": "xxxx4711",
    "total_tax_rate": Decimal("19"),
    "effective_tax_rate": Decimal("19"),
    "rate": Decimal("19"),
    "level": 0,
    "precision": 2,
    "days": 14,
    "fiscal_year_start_month": 1,
    "fiscal_year_end_month": 12,
    "fiscal_year_end_day": 31,
    "value": "web",
}  # fmt: skip
_LINE = {
    "item": {"name": "Green tea"},
    "quantity": 2,
    "unit_price": Decimal("12.50"),
    "tax_rate": {"name": "VAT 19%"},
}
_SPENT = [{"account": {"name": "Office supplies"}, "total_line_amount": Decimal("29.75")}]
_WRITTEN: dict[str, Any] = {
    "contact": {"email": "ada@example.com"},
    "line_items": [_LINE],
    "lines": [
        {"account": {"name": "Salaries"}, "type": "debit", "amount": Decimal("29.75")},
        {"account": {"name": "Bank"}, "type": "credit", "amount": Decimal("29.75")},
    ],
    "allocations": [{"type": "invoice", "id": _ID, "amount": Decimal("29.75")}],
    "account": {"name": "Bank"},
    "total_amount": Decimal("29.75"),
    "issue_date": "2026-03-01",
    "due_date": "2026-03-15",
    "transaction_date": "2026-03-01",
    "reference": "order-1042",
    "payment_method": "bank_transfer",
    "payment_for": "invoice",
    "customer_note": "Thank you for your order.",
    "emails": [{"email": "ada@example.com"}],
    "code": "TEA-1",
    "unit_price": Decimal("12.50"),
}
_SPECIAL: dict[tuple[str, str], Any] = {
    ("Bill", "line_items"): _SPENT,
    ("Expense", "line_items"): _SPENT,
    ("Transaction", "line_items"): _SPENT,
    ("Currency", "code"): "EUR",
    ("Currency", "name"): "Euro",
    ("Currency", "symbol"): "€",
}
_CHANGED = ("memo", "description", "name", "customer_note", "reference", "symbol")


def record_example(model: type[BaseModel]) -> dict[str, Any]:
    """A complete record as answered."""
    return {name: _value(model, name, 0) for name in model.model_fields}


def body_example(
    model: type[BaseModel], purpose: Purpose, offered: Collection[str] | None = None
) -> dict[str, Any]:
    """A create or update body of ordinary size, of the fields some connector takes (None: of all)."""
    fields = {name: info for name, info in model.model_fields.items() if offered is None or name in offered}
    if purpose == "update":
        name = next((n for n in _CHANGED if n in fields and mark_of(fields[n]) != "read_only"), None)
        changed = _SPECIAL.get((model.__name__, name or ""), "Changed by the shop")
        return {name: changed} if name else {}
    body: dict[str, Any] = {}
    for name, info in fields.items():
        mark = mark_of(info)
        if mark == "required" or (mark == "writable" and name in _WRITTEN):
            body[name] = _written(model, name)
    if "total_amount" in body and mark_of(fields["total_amount"]) != "required":
        del body["total_amount"]  # a control total: only useful with the taxes of a real company
    return body


def _written(model: type[BaseModel], name: str) -> Any:
    special = _SPECIAL.get((model.__name__, name), _WRITTEN.get(name))
    return _value(model, name, 1) if special is None else special


def _value(model: type[BaseModel], name: str, depth: int) -> Any:
    info = model.model_fields[name]
    if (model.__name__, name) in _SPECIAL:
        return _SPECIAL[model.__name__, name]
    words = words_of(model, name)
    if words is not None:
        return words.allowed[0] if mark_of(info) != "read_only" or is_create_only(info) else words.known[0]
    part = part_of(model, name)
    if part is not None and name not in _NAMED:
        inner = _part(part, depth + 1)
        return [inner] if is_array(model, name) else inner
    if name in _NAMED:
        return _NAMED[name]
    return _plain(name, str(info.annotation))


def _part(part: type[BaseModel], depth: int) -> dict[str, Any]:
    if issubclass(part, Ref):
        return {"id": _ID, "name": "Cedar & Sons"}
    shown = [name for name in part.model_fields if depth < 2 or part_of(part, name) is None]
    return {name: _value(part, name, depth) for name in shown if name != "delete"}


def _plain(name: str, kind: str) -> Any:
    if name.endswith("_at"):
        return "2026-03-01T09:30:00Z"
    if name.endswith("_date") or name in ("date", "as_of"):
        return "2026-03-01"
    if "bool" in kind and "str" not in kind:
        return name in ("is_sold", "is_taxable", "is_customer", "can_post", "is_primary", "is_current")
    if "Decimal" in kind:
        return Decimal("0.00")
    if "int" in kind:
        return 1
    if "list" in kind:
        return []
    if "dict" in kind:
        return {}
    return None if name in ("memo", "terms", "title", "role") else f"{name.replace('_', ' ').capitalize()}"
