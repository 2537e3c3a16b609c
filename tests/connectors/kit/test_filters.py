from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from connectors.kit.faults import FieldError, Rejected
from connectors.kit.filters import Plan, plan
from connectors.kit.mapping import Table
from connectors.kit.operations import Filter, Op
from connectors.zoho_books import contacts, invoices, items
from tests.support.scripted import CONTEXT


def planned(*filters: Filter, table: Table[Any] = invoices.TABLE) -> Plan:
    return plan(table, filters, CONTEXT)


def split(found: Plan) -> tuple[str, ...]:
    assert found.split is not None
    return found.split.values


def refused(*filters: Filter, table: Table[Any] = invoices.TABLE) -> FieldError:
    with pytest.raises(Rejected) as rejection:
        planned(*filters, table=table)
    (error,) = rejection.value.errors
    return error


@pytest.mark.parametrize(
    "text", ["2026-06-09T13:46:21Z", "2026-06-09T09:46:21-0400", "2026-06-09T15:46:21+02:00"]
)
def test_instants_of_any_offset_are_asked_for_in_the_companys_zone(text: str) -> None:
    found = planned(Filter("updated_at", Op.GTE, text))
    assert found.params == (("last_modified_time", "2026-06-09T09:46:21-0400"),)


def test_a_strict_bound_is_made_exact_locally() -> None:
    found = planned(Filter("updated_at", Op.GT, "2026-06-09T13:46:21Z"))
    (row,) = [row for row in invoices.TABLE.rows if row.unified == "updated_at"]
    at = row.codec.read("2026-06-09T13:46:21+00:00")
    later = row.codec.read("2026-06-09T13:46:22+00:00")
    assert not found.keeps({"updated_at": at})
    assert found.keeps({"updated_at": later})


@pytest.mark.parametrize(
    ("op", "param"),
    [
        (Op.EQ, "date"),
        (Op.GTE, "date_start"),
        (Op.LTE, "date_end"),
        (Op.GT, "date_after"),
        (Op.LT, "date_before"),
    ],
)
def test_days(op: Op, param: str) -> None:
    assert planned(Filter("issue_date", op, "2026-06-09")).params == ((param, "2026-06-09"),)


def test_an_instant_filtered_by_day_is_narrowed_in_the_companys_calendar() -> None:
    found = planned(Filter("created_at", Op.GTE, "2026-06-10T02:00:00Z"))
    assert found.params == (("created_date_start", "2026-06-09"),)


def test_a_status_is_narrowed_to_a_wider_set_and_rows_outside_are_dropped() -> None:
    found = planned(Filter("status", Op.EQ, "partially_paid"))
    assert split(found) == ("unpaid", "approved")
    assert found.keeps({"status": "partially_paid"})
    assert not found.keeps({"status": "authorised"})


def test_several_statuses_are_the_native_sets_of_all() -> None:
    found = planned(Filter("status", Op.IN, ("authorised", "partially_paid")))
    assert split(found) == ("unpaid", "approved")
    assert found.keeps({"status": "authorised"})
    assert split(planned(Filter("status", Op.IN, ("draft", "paid")))) == ("draft", "paid")
    assert refused(Filter("status", Op.IN, ("draft", "deleted"))).code == "unsupported_filter"


def test_a_native_set_of_one_needs_no_other() -> None:
    found = planned(Filter("is_overdue", Op.EQ, "true"), Filter("status", Op.EQ, "draft"))
    assert (found.params, found.split) == ((("status", "draft"),), None)
    assert not found.keeps({"status": "draft", "is_overdue": False})


@pytest.mark.parametrize(
    ("word", "owner"),
    [("sent", "unpaid"), ("overdue", "unpaid"), ("approved", "approved"), ("unheard_of", "unpaid")],
)
def test_every_row_is_given_out_by_one_native_set(word: str, owner: str) -> None:
    found = planned(Filter("status", Op.EQ, "authorised")).split
    assert found is not None and found.owner({"status": word}) == owner


def test_a_bare_reference_is_its_id() -> None:
    found = planned(Filter("contact", Op.EQ, "7"))
    assert found.params == (("customer_id", "7"),)
    assert found.keeps({"contact": {"id": "7"}})
    assert not found.keeps({"contact": {"id": "8"}})
    assert not found.keeps({"contact": None})


def test_a_list_matches_by_any_of_its_members() -> None:
    found = planned(Filter("emails.email", Op.EQ, "a@b.c"), table=contacts.TABLE)
    assert found.keeps({"emails": [{"email": "x@y.z"}, {"email": "a@b.c"}]})
    assert not found.keeps({"emails": []})


def test_text_equals_exactly_but_is_contained_in_any_case() -> None:
    exact = planned(Filter("reference", Op.EQ, "PO-1"))
    assert not exact.keeps({"reference": "po-1"})
    assert not exact.keeps({"reference": "PO-10"})
    assert planned(Filter("reference", Op.CONTAINS, "o-1")).keeps({"reference": "PO-10"})


def test_a_field_rows_lack_is_taken_on_the_providers_word() -> None:
    found = planned(Filter("sales_account.id", Op.EQ, "5"), table=items.TABLE)
    assert found.keeps({})


@pytest.mark.parametrize("op", [Op.GT, Op.GTE])
def test_a_time_a_row_leaves_blank_is_taken_on_the_providers_word_too(op: Op) -> None:
    found = planned(Filter("updated_at", op, "2026-06-09T13:46:21Z"))
    assert found.keeps({"updated_at": None})
    window = planned(
        Filter("updated_at", op, "2026-06-09T13:46:21Z"), Filter("updated_at", Op.LT, "2026-06-10T00:00:00Z")
    )
    assert window.keeps({"updated_at": None})
    assert planned(Filter("issue_date", Op.GTE, "2026-01-02")).keeps({"issue_date": None})
    assert not planned(Filter("due_date", Op.LT, "2026-01-02")).keeps({"due_date": None})


def test_what_no_parameter_narrows_is_refused_with_what_is_possible() -> None:
    error = refused(Filter("customer_note", Op.EQ, "x"))
    assert (error.code, error.pointer) == ("unsupported_filter", "/customer_note")
    assert {"status[eq]", "updated_at[gte]", "contact.id[eq]"} <= set(error.allowed)


def test_an_operator_that_is_missing_names_those_there_are() -> None:
    error = refused(Filter("issue_date", Op.NE, "2026-01-01"))
    assert (error.code, error.allowed) == ("unsupported_filter", ("eq", "gte", "lte", "gt", "lt"))


def test_an_upper_bound_alone_would_scan_everything() -> None:
    assert refused(Filter("updated_at", Op.LT, "2026-06-09T00:00:00Z")).code == "unsupported_filter"
    both = planned(
        Filter("updated_at", Op.LT, "2026-06-10T00:00:00Z"),
        Filter("updated_at", Op.GTE, "2026-06-09T00:00:00Z"),
    )
    assert len(both.tests) == 2


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("issue_date", "2026-06-09T00:00:00Z"),
        ("total_amount", "NaN"),
        ("updated_at", "2026-06-09"),
        ("number", ""),
    ],
)
def test_values_of_the_wrong_kind_are_refused(field: str, text: str) -> None:
    op = Op.GTE if field == "updated_at" else Op.EQ
    assert refused(Filter(field, op, text)).code == "wrong_type"


def test_every_refusal_is_named_at_once() -> None:
    with pytest.raises(Rejected) as rejection:
        planned(Filter("terms", Op.EQ, "x"), Filter("issue_date", Op.EQ, "x"))
    assert [error.pointer for error in rejection.value.errors] == ["/terms", "/issue_date"]


def test_amounts_and_words_are_compared_as_what_they_are() -> None:
    found = planned(Filter("total_amount", Op.EQ, "10.50"))
    assert found.keeps({"total_amount": Decimal("10.5")})
    overdue = planned(Filter("is_overdue", Op.EQ, "true"))
    assert split(overdue) == ("unpaid", "approved")
    assert overdue.keeps({"is_overdue": True})
    assert not overdue.keeps({"is_overdue": False})
    assert refused(Filter("is_overdue", Op.EQ, "false")).allowed == ("true",)
    assert planned(Filter("due_date", Op.LT, "2026-01-02")).keeps({"due_date": date(2026, 1, 1)})
