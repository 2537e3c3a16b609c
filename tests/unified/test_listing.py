from types import SimpleNamespace
from typing import Any

import pytest

from app.core.errors import Problem
from app.unified.listing import Listing, listing
from app.unified.query import Query
from connectors.kit.operations import Filter, Op, Sort
from unified_models import MODELS

RESOURCE: Any = SimpleNamespace(
    name="invoices",
    model=MODELS["accounting", "invoices"],
    filters={
        "status": frozenset({Op.EQ, Op.IN}),
        "number": frozenset({Op.EQ, Op.CONTAINS}),
        "updated_at": frozenset({Op.GT, Op.LTE}),
        "contact.id": frozenset({Op.EQ}),
    },
    sorts=frozenset({"issue_date"}),
    expansions={"line_items": "invoices"},
)


def read(raw: bytes) -> Listing:
    return listing(Query(raw), RESOURCE, ())


def refusal(raw: bytes) -> Problem:
    with pytest.raises(Problem) as caught:
        read(raw)
    return caught.value


def test_defaults() -> None:
    found = read(b"")
    assert (found.limit, found.filters, found.sort, found.max_calls, found.view.format) == (
        None,
        (),
        None,
        20,
        "unified",
    )


def test_filters_name_fields_members_and_operators() -> None:
    raw = b"status=paid&updated_at[gt]=2026-01-01T00:00:00%2B02:00&contact[id]=7&number[contains]=a,b"
    assert set(read(raw).filters) == {
        Filter("status", Op.EQ, "paid"),
        Filter("updated_at", Op.GT, "2026-01-01T00:00:00+02:00"),
        Filter("contact.id", Op.EQ, "7"),
        Filter("number", Op.CONTAINS, "a,b"),
    }


@pytest.mark.parametrize(
    "raw",
    [
        b"status[in]=paid,draft",
        b"status=paid,draft",
        b"status=paid&status=draft",
        b"status[]=paid&status[]=draft",
        b"status[in][0]=paid&status[in][1]=draft",
    ],
)
def test_a_list_of_values(raw: bytes) -> None:
    assert read(raw).filters == (Filter("status", Op.IN, ("paid", "draft")),)


def test_a_reference_alone_means_its_id() -> None:
    assert read(b"contact=7").filters == (Filter("contact.id", Op.EQ, "7"),)


def test_a_comma_is_part_of_a_single_value() -> None:
    assert read(b"number=a,b").filters == (Filter("number", Op.EQ, "a,b"),)


def test_one_value_in_a_list_is_equality_where_lists_are_not_offered() -> None:
    assert read(b"number[]=7").filters == (Filter("number", Op.EQ, "7"),)


@pytest.mark.parametrize(
    "raw",
    [
        b"memo=x",
        b"status[gt]=x",
        b"contact[name]=x",
        b"updated_at=x",
        b"number[]=a,b",
        b"line_items[0][name]=x",
    ],
)
def test_what_is_not_offered_names_what_is(raw: bytes) -> None:
    problem = refusal(raw)
    assert problem.code == "unsupported_filter"
    assert problem.extra["allowed"] == [
        "contact[id]", "number", "number[contains]", "status", "status[in]", "updated_at[gt]", "updated_at[lte]",
    ]  # fmt: skip


def test_a_filter_twice_or_empty_is_refused() -> None:
    assert refusal(b"number=a&number=b").code == "duplicate_parameter"
    assert refusal(b"status=").code == "parameter_invalid"


def test_an_unknown_name_may_mean_a_field() -> None:
    problem = refusal(b"statuss=paid")
    assert (problem.code, problem.extra["did_you_mean"]) == ("unknown_parameter", "status")


def test_sorting() -> None:
    assert read(b"sort_by[issue_date]=desc").sort == Sort("issue_date", True)
    assert refusal(b"sort_by[memo]=asc").code == "unsupported_filter"
    assert refusal(b"sort_by[issue_date]=down").code == "parameter_invalid"
    assert refusal(b"sort_by=issue_date").code == "parameter_invalid"


def test_expansion() -> None:
    assert read(b"expand[]=line_items&max_calls=999").max_calls == 200
    problem = refusal(b"expand=payments")
    assert (problem.code, problem.errors[0].allowed) == ("unsupported_field", ("line_items",))


def test_fields_must_exist() -> None:
    assert read(b"fields[]=id&fields[]=number").view.fields == ("id", "number")
    problem = refusal(b"truto_exclude_fields=numbr")
    assert (problem.code, problem.errors[0].did_you_mean) == ("parameter_invalid", "number")
    assert refusal(b"truto_key_by=nothing").code == "parameter_invalid"


def test_the_limit_can_be_ignored() -> None:
    assert read(b"limit=5").limit == 5
    assert read(b"limit=5&truto_ignore_limit=true").limit == 200


def test_a_cursor_is_bound_to_what_decides_the_order_and_nothing_else() -> None:
    same = read(b"status=paid&updated_at[gt]=x&limit=5").binding
    assert same == read(b"updated_at[gt]=x&status=paid&limit=9&fields=id").binding
    assert same != read(b"status=paid").binding
    assert same != read(b"status=paid&updated_at[gt]=x&search=a").binding
    assert refusal(b"next_cursor=a&prev_cursor=b").code == "invalid_cursor"
