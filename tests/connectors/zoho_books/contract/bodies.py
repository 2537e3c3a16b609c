"""Bodies made from rows and models: the least a record takes, and beside it each field, word and member in turn."""

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from pydantic import BaseModel

from connectors.kit.mapping import Nested, Row, Table, When
from connectors.kit.resource import Resource
from connectors.zoho_books.purchase_orders import ConvertToBill
from unified_models import actions
from unified_models.fields import is_array, part_of, words_of
from unified_models.line_items import LineItem
from unified_models.references import Ref

Body = dict[str, Any]
Named = tuple[str, Body]
"""The field a body tries, dotted below a part; and the body."""

ID = "460000000026049"
DAY = date(2026, 6, 20)
MONEY = Decimal(20)
AT = {"id": ID}
LINE: Body = {"item": AT, "quantity": Decimal(2), "unit_price": Decimal("12.5")}
SPENT: Body = {"account": AT, "total_line_amount": Decimal(25)}
SOLD: Body = {"contact": AT, "line_items": [LINE]}
MOVED: Body = {"account": AT, "transaction_date": DAY, "total_amount": Decimal(25)}

LEAST: Mapping[str, tuple[Body, ...]] = {
    "/bankaccounts": ({"name": "Till", "account_type": "cash"},),
    "/banktransactions": (
        {**MOVED, "transaction_type": "deposit", "line_items": [SPENT]},
        {**MOVED, "transaction_type": "transfer", "account_from": {"id": "460000000026050"}},
        {**MOVED, "transaction_type": "spend", "line_items": [SPENT]},
    ),
    "/bills": ({**SOLD, "number": "B-1"},),
    "/chartofaccounts": ({"name": "Till", "type": "cash"},),
    "/contacts": ({"name": "Cedar & Sons"},),
    "/creditnotes": (SOLD,),
    "/customerpayments": (
        {
            "contact": AT, "total_amount": Decimal(25), "payment_method": "cash", "transaction_date": DAY,
            "allocations": [{"type": "invoice", "id": ID, "amount": MONEY}],
        },
    ),
    "/employees": ({"name": "Ada", "emails": [{"email": "ada@example.com"}]},),
    "/estimates": (SOLD,),
    "/expenses": (
        {"transaction_date": DAY, "account": AT, "line_items": [SPENT]},
        {"transaction_date": DAY, "account": AT, "line_items": [SPENT, SPENT]},
    ),
    "/invoices": (SOLD, {"contact": AT, "line_items": [{"name": "Tea", "unit_price": MONEY}]}),
    "/items": ({"name": "Tea", "unit_price": Decimal("12.5")},),
    "/journals": (
        {
            "transaction_date": DAY,
            "lines": [
                {"account": AT, "type": "debit", "amount": Decimal(2)},
                {"account": AT, "type": "credit", "amount": Decimal(2)},
            ],
        },
    ),
    "/locations": ({"name": "Hamburg", "category_type": "location"},),
    "/projects": ({"name": "Harbour", "contact": AT},),
    "/purchaseorders": (SOLD,),
    "/reportingtags": ({"name": "Region", "category_type": "tag"},),
    "/salesorders": (SOLD,),
    "/salesreceipts": ({**SOLD, "payment_method": "cash"},),
    "/settings/currencies": ({"code": "USD"},),
    "/settings/taxes": (
        {"name": "VAT", "total_tax_rate": Decimal(19)},
        {"name": "Both", "total_tax_rate": Decimal(19), "type": "group", "components": [{"id": ID}]},
    ),
    "/users": ({"name": "Ada", "emails": [{"email": "ada@example.com"}]},),
    "/vendorcredits": (SOLD,),
    "/vendorpayments": (
        {
            "contact": AT, "total_amount": Decimal(25), "account": AT, "transaction_date": DAY,
            "allocations": [{"type": "bill", "id": ID, "amount": MONEY}],
        },
    ),
}  # fmt: skip
"""By native path. Fields are tried beside the first."""

SAID: Mapping[str, Any] = {
    "id": ID,
    "option_id": ID,
    "currency": "AUD",
    "language": "en",
    "custom_fields": [{"id": ID, "value": "web"}],
    "tracking_categories": [{"id": ID, "option_id": ID}],
    "emails": [{"email": "ada@example.com"}],
    "phones": [{"number": "+49 30 1234567", "type": "mobile"}],
}
"""Values no type tells."""

SOURCES = {
    "/bills": "purchase_order",
    "/purchaseorders": "sales_order",
    "/salesorders": "estimate",
    "/invoices": "estimate",
    "/invoices line": "bill",
    "/creditnotes": "invoice",
    "/vendorcredits": "bill",
}

BESIDE: Mapping[str, Body] = {
    "rate_date": {"exchange_rate": MONEY},
    "total_line_amount": {"unit_price": None},
    "is_billable": {"customer": AT},
    "components": {"type": "group"},
    "net_amount": {"amount": None, "type": None},
    "mileage": {"line_items": [{"account": AT, "total_line_amount": Decimal(4)}]},
}
"""What a field needs beside it; None: what cannot stand beside it."""


def create_bodies(resource: Resource) -> Iterator[Named]:
    first, *others = LEAST[resource.path]
    yield "", first
    yield from (("", each) for each in others)
    for name, each in fields(resource, resource.table, When.CREATE, first):
        yield name, _beside({**first, **each}, name.split(".")[0])


def update_bodies(resource: Resource) -> Iterator[Named]:
    first = LEAST[resource.path][0]
    for name, each in fields(resource, resource.table, When.UPDATE, first):
        yield name, _beside(each, name.split(".")[0])


def _beside(body: Body, name: str) -> Body:
    needs = BESIDE.get(name, {})
    taken = {key: each for key, each in body.items() if needs.get(key, each) is not None}
    return {**taken, **{key: each for key, each in needs.items() if each is not None}}


def fields(resource: Resource, table: Table[Any], when: When, least: Body) -> Iterator[Named]:
    """Every writable field with every word it takes; a part or list with every member of its own."""
    for row in table.rows:
        if row.write & when:
            for name, each in _values(resource, row, table.model, when, least.get(row.unified)):
                yield name, {row.unified: each}


def _values(
    resource: Resource, row: Row, model: type[BaseModel], when: When, least: Any
) -> Iterator[tuple[str, Any]]:
    words = words_of(model, row.unified)
    if isinstance(row, Nested):
        start, rest = ((least or [{}])[0], (least or [])[1:]) if row.is_list else (least or {}, [])
        for name, each in fields(resource, row.table, when, start):
            member = _beside({**start, **each}, name)
            yield f"{row.unified}.{name}", [member, *rest] if row.is_list else each
    elif row.unified in ("source", "sources") and resource.path in SOURCES:
        key = f"{resource.path} line" if model is LineItem else resource.path
        source = {"type": SOURCES.get(key, SOURCES[resource.path]), "id": ID}
        yield row.unified, [source] if row.unified == "sources" else source
    elif words is not None:
        yield from ((row.unified, each) for each in words.allowed)
    else:
        yield row.unified, value(model, row.unified)


def value(model: type[BaseModel], name: str) -> Any:
    """A value a field of a model takes."""
    if name in SAID:
        return SAID[name]
    part = part_of(model, name)
    if part is not None and issubclass(part, Ref):
        return [AT] if is_array(model, name) else AT
    if part is not None:
        inner = {each: value(part, each) for each in part.model_fields if each != "delete"}
        return [inner] if is_array(model, name) else inner
    words = words_of(model, name)
    return _plain(str(model.model_fields[name].annotation)) if words is None else words.allowed[0]


def _plain(kind: str) -> Any:
    for word, told in (
        ("bool", True),
        ("Decimal", Decimal(2)),
        ("date", DAY),
        ("int", 2),
        ("list", ["Text"]),
    ):
        if word in kind:
            return told
    return "Text"


CATEGORIES: tuple[Body, ...] = (
    {"transaction_type": "deposit", "line_items": [{"account": AT}]},
    {"transaction_type": "spend", "line_items": [{"account": AT}]},
    {"transaction_type": "transfer", "account": AT},
    {"transaction_type": "transfer", "account_from": AT},
    {"transaction_type": "receive", "contact": AT, "allocations": [{"type": "invoice", "id": ID, "amount": MONEY}]},
    {"transaction_type": "spend", "contact": AT, "allocations": [{"type": "bill", "id": ID, "amount": MONEY}]},
)  # fmt: skip


def action_bodies(model: type[BaseModel] | None) -> tuple[Body, ...]:
    """What may be said with an action."""
    if model is None:
        return ({},)
    shares = ("invoice", "bill", "payment", "credit_note", "vendor_credit")
    said: Mapping[type[BaseModel], tuple[Body, ...]] = {
        actions.Mail: ({"to": ["ada@example.com"], "subject": "Hello", "body": "Text"}, {}),
        actions.Apply: tuple({"allocations": [{"type": type, "id": ID, "amount": MONEY}]} for type in shares),
        actions.Unapply: ({"allocation_ids": [ID]},),
        actions.PayBack: (
            {"account": AT, "total_amount": MONEY},
            {"account": AT, "total_amount": MONEY, "payment_method": "cash", "reference": "x", "memo": "x"},
        ),
        ConvertToBill: ({"to": "bill", "number": "B-1"},),
        actions.Convert: tuple({"to": each} for each in ("invoice", "bill", "sales_order")),
        actions.Reverse: ({}, {"transaction_date": DAY}),
        actions.Categorize: CATEGORIES,
        actions.Match: tuple(
            {"records": [{"type": type, "id": ID}]} for type in (*shares, "expense", "transaction")
        ),
        actions.ImportStatement: (
            {"lines": [{"date": DAY, "amount": MONEY, "description": "x", "reference": "x", "payee": "x"}]},
        ),
    }
    return said[model]
