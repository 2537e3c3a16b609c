from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.kit.compiling import compile_reader, quick_reader
from connectors.kit.faults import Fault, Kind
from connectors.kit.http import Mended, Reply
from connectors.kit.mapping import Computed, Nested, Row, Table
from connectors.kit.operations import Issue, Record
from connectors.kit.reading import FAULTS, Walk, absent
from connectors.kit.registry import load
from connectors.zoho_books import contacts, invoices, items
from tests.support.scripted import CONTEXT

BLANKS: list[dict[str, Any]] = [{}, {"date": "", "total": None, "line_items": "", "billing_address": ""}]
TABLES = [contacts.TABLE, invoices.TABLE, items.TABLE]


def read(native: dict[str, Any], *, detail: bool = True) -> tuple[Record, list[Issue]]:
    answer = invoices.RESOURCE.read({"invoice_id": "1", **native}, CONTEXT, detail=detail)
    return answer.record, answer.issues


@pytest.mark.parametrize("native", BLANKS)
def test_blank_is_null_and_no_issue(native: dict[str, Any]) -> None:
    record, issues = read(native)
    assert issues == []
    assert record["issue_date"] is None
    assert record["total_amount"] is None
    assert record["billing_address"] is None
    assert record["contact"] is None
    assert record["line_items"] == []


def test_a_refused_value_is_null_and_an_issue_where_it_stands() -> None:
    lines = [{"line_item_id": "1", "rate": Decimal(1)}, {"line_item_id": "2", "rate": "cheap"}]
    record, issues = read({"date": "soon", "line_items": lines, "invoice_number": "A"})
    assert record["number"] == "A"
    assert record["issue_date"] is None
    assert record["line_items"][1]["unit_price"] is None
    assert record["line_items"][0]["unit_price"] == 1
    found = {(issue.code, issue.pointer, issue.native_path) for issue in issues}
    assert found == {
        ("unreadable", "/issue_date", "date"),
        ("unreadable", "/line_items/1/unit_price", "rate"),
    }


def test_what_was_put_right_in_an_answer_is_told_and_the_rest_is_read_as_ever() -> None:
    line = Mended({"line_item_id": "1", "rate": None, "name": "Work"}, (("rate", "NaN"),))
    gaps = (("line_items.0.rate", "NaN"), ("total", "NaN"))
    native = {"invoice_id": "1", "line_items": [line], "total": None, "invoice_number": "A"}
    answer = invoices.RESOURCE.read(Mended(native, gaps), CONTEXT)
    assert answer.record["number"] == "A" and answer.record["line_items"][0]["description"] is None
    assert answer.record["line_items"][0]["id"] == "1"
    found = {(issue.code, issue.pointer, issue.native_path, issue.detail) for issue in answer.issues}
    assert found == {
        ("unreadable", "/line_items", "line_items.0.rate", "the provider sent NaN"),
        ("unreadable", "/total_amount", "total", "the provider sent NaN"),
    }


def test_a_computed_row_that_fails_is_an_issue_too() -> None:
    record, issues = read({"status": "sent", "balance": "much", "total": Decimal(1)})
    assert record["status"] is None
    assert "/status" in {issue.pointer for issue in issues}


def test_unknown_words_pass_through() -> None:
    record, issues = read({"status": "pushed_to_irp"})
    assert (record["status"], record["remote_status"], issues) == ("pushed_to_irp", "pushed_to_irp", [])


@pytest.mark.parametrize("native", [{}, {"invoice_id": ""}, {"invoice_id": []}, None, []])
def test_a_record_without_a_readable_id_is_an_error(native: Any) -> None:
    with pytest.raises(Fault) as fault:
        invoices.RESOURCE.read(native, CONTEXT)
    assert fault.value.kind is Kind.GARBLED


@pytest.mark.parametrize(
    "body",
    [
        {"invoice": {"invoice_id": "7"}},
        {"debit_note": {"invoice_id": "7"}, "page_context": {"page": 1}},
        {"code": 0, "invoice_id": "7", "status": "draft"},
    ],
)
def test_a_record_is_known_by_its_id_whatever_it_is_called(body: dict[str, Any]) -> None:
    assert invoices.RESOURCE.unwrap(Reply(200, body=body))["invoice_id"] == "7"


@pytest.mark.parametrize("body", [{"code": 0, "message": "done"}, {"contact": {"contact_id": "7"}}, [], None])
def test_an_answer_without_the_record_is_an_error(body: Any) -> None:
    with pytest.raises(Fault) as fault:
        invoices.RESOURCE.unwrap(Reply(200, body=body))
    assert fault.value.kind is Kind.GARBLED


def test_a_list_row_lacks_what_only_details_have() -> None:
    row, _ = read({"line_items": [{"line_item_id": "1"}], "notes": "x"}, detail=False)
    assert row["is_partial"] is True
    assert {"line_items", "customer_note", "sub_total", "taxes"} <= set(absent(invoices.TABLE))
    assert not set(row) & set(invoices.RESOURCE.absent)
    whole, _ = read({})
    assert whole["is_partial"] is False


def test_list_rows_spell_the_postal_code_otherwise() -> None:
    row, _ = read({"billing_address": {"zipcode": "10001"}}, detail=False)
    whole, _ = read({"billing_address": {"zip": "10001"}})
    assert row["billing_address"]["postal_code"] == whole["billing_address"]["postal_code"] == "10001"


def test_what_belongs_to_every_record() -> None:
    record, _ = read({})
    assert record["remote_id"] == record["id"] == "1"
    assert record["company"] == {"id": "927270289", "name": "Acme Books"}
    assert record["url"] == "https://books.example/app/927270289#/invoices/1"


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.decimals(allow_nan=False, allow_infinity=False, places=2)
    | st.sampled_from(["", "2026-01-01", "paid", "10%", "x", "2026-06-09T09:46:21-0400"]),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["zip", "city", "rate"]), inner)
    ),
    max_leaves=4,
)


@st.composite
def natives(draw: st.DrawFn) -> tuple[int, dict[str, Any]]:
    place = draw(st.integers(0, len(TABLES) - 1))
    keys = sorted({path.partition(".")[0] for row in TABLES[place].rows for path in row.paths})
    return place, draw(st.dictionaries(st.sampled_from(keys), values, max_size=12))


@settings(max_examples=150, deadline=None)
@given(natives(), st.booleans())
def test_the_generated_reader_and_the_walk_read_the_same(
    drawn: tuple[int, dict[str, Any]], detail: bool
) -> None:
    place, native = drawn
    told: list[Issue] = []
    walked = Walk(TABLES[place], detail=detail)(native, CONTEXT, told, "")
    try:
        quick = quick_reader(TABLES[place], detail=detail)(native, CONTEXT, [], "")
    except FAULTS:
        assert told, "the walk found nothing to refuse"
        quick = compile_reader(TABLES[place], detail=detail)(native, CONTEXT, [], "")
    assert quick == walked
    assert list(quick) == list(walked) or set(quick) == set(walked)


def rows(table: Table[Any]) -> Iterator[tuple[Table[Any], Row]]:
    for row in table.rows:
        yield table, row
        if isinstance(row, Nested):
            yield from rows(row.table)


NEEDY = {
    f"{table.model.__name__}.{row.unified}": (replace(table, rows=(row,)), row)
    for resource in load()[0].resources.values()
    for part in resource.parts
    for table, row in rows(part.table)
    if isinstance(row, Computed) and row.needs
}


OTHERS: list[Any] = ["7", {"cf_colour": "7"}, [{"document_id": "7", "tag_id": "7", "api_name": "cf_colour"}]]


@pytest.mark.parametrize("name", NEEDY)
@pytest.mark.parametrize("other", OTHERS)
def test_what_is_not_asked_without_what_it_needs_would_have_told_nothing(name: str, other: Any) -> None:
    alone, row = NEEDY[name]
    around = {*row.uses, "id", "custom_field_hash", "expense_receipt_name"} - {*row.needs}
    for blank in ({}, dict.fromkeys(row.needs, ""), dict.fromkeys(row.needs), dict.fromkeys(row.needs, ())):
        native = {**dict.fromkeys(around, other), **blank}
        quick = quick_reader(alone, detail=True)(native, CONTEXT, [], "")
        assert quick == {row.unified: row.read(native, CONTEXT)}
