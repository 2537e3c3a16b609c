from decimal import Decimal
from typing import Any

import pytest

from connectors.kit.faults import Fault, Kind, Rejected
from connectors.kit.http import Flow
from connectors.kit.operations import Context, Filter, ListQuery, Op, Page, Sort
from connectors.zoho_books import contacts, invoices, payments
from tests.support.scripted import CONTEXT, run


def rows(first: int, last: int, **more: Any) -> list[dict[str, Any]]:
    return [{"invoice_id": str(n), "status": "sent", **more} for n in range(first, last + 1)]


def page(found: list[dict[str, Any]], *, more: bool, **context: Any) -> dict[str, Any]:
    return {"invoices": found, "page_context": {"has_more_page": more, **context}}


def listing(query: ListQuery, context: Context = CONTEXT) -> Flow[Page]:
    return invoices.RESOURCE.list(query, context)


def ids(found: Page) -> list[str]:
    return [answer.record["id"] for answer in found.answers]


def test_pages_follow_each_other_and_lead_back() -> None:
    first, provider = run(listing(ListQuery(limit=2)), [page(rows(1, 2), more=True)])
    assert dict(provider.last.query) | {"page": "1", "per_page": "2"} == dict(provider.last.query)
    assert (first.previous, ids(first)) == (None, ["1", "2"])
    second, provider = run(listing(ListQuery(limit=9, position=first.next)), [page(rows(3, 4), more=False)])
    asked = dict(provider.last.query)
    assert (asked["page"], asked["per_page"]) == ("2", "2")
    assert second.next is None
    back, provider = run(listing(ListQuery(position=second.previous)), [page(rows(1, 2), more=True)])
    assert dict(provider.last.query)["page"] == "1"
    assert ids(back) == ["1", "2"]


def test_an_unsorted_list_is_sorted_by_what_does_not_move() -> None:
    _, provider = run(listing(ListQuery()), [page([], more=False)])
    asked = dict(provider.last.query)
    assert (asked["sort_column"], asked["sort_order"]) == ("created_time", "A")


def test_the_limit_is_the_providers_most() -> None:
    _, provider = run(listing(ListQuery(limit=5000)), [page([], more=False)])
    assert dict(provider.last.query)["per_page"] == "200"


def test_a_page_is_never_empty_while_another_follows() -> None:
    total = Filter("total_amount", Op.EQ, "2")
    paid = {"balance": 1, "total": 2}
    found, provider = run(
        listing(ListQuery(limit=2, filters=(total,))),
        [page(rows(1, 2), more=True), page(rows(3, 4), more=True), page(rows(5, 5, **paid), more=True)],
    )
    assert ids(found) == ["5"]
    assert len(provider.seen) == 3
    assert found.next is not None
    assert found.next["page"] == 4


def test_the_same_page_twice_is_a_fault_not_a_loop() -> None:
    first, _ = run(listing(ListQuery(limit=2)), [page(rows(1, 2), more=True)])
    with pytest.raises(Fault) as fault:
        run(listing(ListQuery(position=first.next)), [page(rows(1, 2), more=True)])
    assert (fault.value.kind, fault.value.message) == (Kind.STUCK, "paging stuck: the same page came twice")


def test_an_empty_page_that_is_not_the_last_is_passed_over_once() -> None:
    empty = page([], more=True)
    found, provider = run(listing(ListQuery(limit=2)), [empty, page(rows(3, 3), more=True)])
    assert (ids(found), found.next is not None, len(provider.seen)) == (["3"], True, 2)
    last, _ = run(listing(ListQuery(limit=2)), [empty, page([], more=False)])
    assert (ids(last), last.next) == ([], None)
    with pytest.raises(Fault) as fault:
        run(listing(ListQuery(limit=2)), [empty, empty])
    assert fault.value.kind is Kind.STUCK


@pytest.mark.parametrize("more", [True, 1, "1", "true"])
@pytest.mark.parametrize("wrapped", [False, True])
def test_the_word_that_a_page_follows_may_be_spelled_otherwise(more: Any, wrapped: bool) -> None:
    context: Any = {"has_more_page": more}
    answer = {"invoices": rows(1, 1), "page_context": [context] if wrapped else context}
    found, _ = run(listing(ListQuery(limit=2)), [answer])
    assert found.next is not None


@pytest.mark.parametrize("context", [{}, {"page_context": {"page": 1}}, {"page_context": []}])
def test_a_full_page_that_does_not_say_is_followed_a_short_one_is_the_last(context: dict[str, Any]) -> None:
    full, _ = run(listing(ListQuery(limit=2)), [{"invoices": rows(1, 2), **context}])
    assert full.next is not None
    short, provider = run(listing(ListQuery(position=full.next)), [{"invoices": rows(3, 3), **context}])
    assert (ids(short), short.next) == (["3"], None)
    assert dict(provider.last.query)["page"] == "2"


@pytest.mark.parametrize("told", [2, "2", Decimal(2)])
def test_a_page_as_full_as_the_provider_makes_them_is_followed_too(told: Any) -> None:
    clamped = {"invoices": rows(1, 2), "page_context": {"page": 1, "per_page": told}}
    found, _ = run(listing(ListQuery(limit=9)), [clamped])
    assert found.next is not None
    last, _ = run(listing(ListQuery(position=found.next)), [{**clamped, "invoices": rows(3, 3)}])
    assert (ids(last), last.next) == (["3"], None)


def test_a_list_that_knows_no_pages_ends_where_it_starts_again() -> None:
    everything = {"invoices": rows(1, 2)}
    full, _ = run(listing(ListQuery(limit=2)), [everything])
    again, _ = run(listing(ListQuery(position=full.next)), [everything])
    assert (ids(again), again.next) == ([], None)


def test_a_list_may_be_named_with_or_without_underscores() -> None:
    found, _ = run(
        payments.RESOURCE.list(ListQuery(), CONTEXT),
        [{"customer_payments": [{"payment_id": "7"}]}, {"vendorpayments": []}],
    )
    assert ids(found) == ["7"]


def test_a_provider_that_repeats_a_filtered_page_is_caught_too() -> None:
    draft = Filter("status", Op.EQ, "partially_paid")
    with pytest.raises(Fault, match="paging stuck"):
        run(
            listing(ListQuery(filters=(draft,))),
            [page(rows(1, 2), more=True), page(rows(1, 2), more=True)],
        )


@pytest.mark.parametrize(
    "position", [{}, {"page": 0, "per_page": 10}, {"page": "2", "per_page": 10}, {"page": 1, "per_page": 999}]
)
def test_a_position_no_page_gave_is_refused(position: dict[str, Any]) -> None:
    with pytest.raises(Rejected):
        run(listing(ListQuery(position=position)))


def test_what_is_no_list_is_garbled() -> None:
    with pytest.raises(Fault, match="no list"):
        run(listing(ListQuery()), [{"code": 0}])


def test_absent_fields_are_named_once() -> None:
    found, _ = run(listing(ListQuery()), [page(rows(1, 1), more=False)])
    assert {"line_items", "sub_total", "custom_fields"} <= set(found.absent)
    assert not set(found.absent) & set(found.answers[0].record)
    told, _ = run(listing(ListQuery()), [page(rows(1, 1, cf_region="EU"), more=False)])
    assert "custom_fields" not in told.absent
    assert told.answers[0].record["custom_fields"] == [{"api_name": "cf_region", "value": "EU"}]


def test_sorting_and_what_cannot_be_sorted() -> None:
    _, provider = run(listing(ListQuery(sort=Sort("due_date", True))), [page([], more=False)])
    asked = dict(provider.last.query)
    assert (asked["sort_column"], asked["sort_order"]) == ("due_date", "D")
    with pytest.raises(Rejected) as rejection:
        run(listing(ListQuery(sort=Sort("terms"))))
    assert "due_date" in rejection.value.errors[0].allowed


def test_a_sort_the_provider_ignored_is_told() -> None:
    found, _ = run(
        listing(ListQuery(sort=Sort("due_date"))),
        [page(rows(1, 1), more=False, sort_column="due_date", sort_order="D")],
    )
    assert [issue.code for issue in found.issues] == ["sort_ignored"]


def test_search_and_remote_query_are_passed_on() -> None:
    context = Context("1", CONTEXT.now, remote_query=(("zcrm_potential_id", "9"),))
    _, provider = run(listing(ListQuery(search="acme"), context), [page([], more=False)])
    asked = dict(provider.last.query)
    assert (asked["search_text"], asked["zcrm_potential_id"]) == ("acme", "9")


@pytest.mark.parametrize("name", ["page", "per_page", "sort_column"])
def test_remote_query_does_not_override_ours(name: str) -> None:
    context = Context("1", CONTEXT.now, remote_query=((name, "9"),))
    with pytest.raises(Rejected):
        run(listing(ListQuery(), context))


def contact(id: int, stamp: str) -> dict[str, Any]:
    return {"contact_id": str(id), "contact_name": f"C{id}", "last_modified_time": stamp}


def test_a_bound_without_a_parameter_reads_the_newest_and_stops() -> None:
    since = Filter("updated_at", Op.GTE, "2026-06-10T00:00:00Z")
    body = {
        "contacts": [contact(1, "2026-06-12T00:00:00-0400"), contact(2, "2026-06-09T00:00:00-0400")],
        "page_context": {"has_more_page": True, "sort_column": "last_modified_time", "sort_order": "D"},
    }
    found, provider = run(contacts.RESOURCE.list(ListQuery(filters=(since,)), CONTEXT), [body])
    asked = dict(provider.last.query)
    assert (asked["sort_column"], asked["sort_order"]) == ("last_modified_time", "D")
    assert (ids(found), found.next) == (["1"], None)


@pytest.mark.parametrize("blank", [{}, {"last_modified_time": ""}])
def test_a_row_without_a_time_neither_goes_nor_ends_such_a_list(blank: dict[str, str]) -> None:
    since = Filter("updated_at", Op.GTE, "2026-06-10T00:00:00Z")
    rows = [{"contact_id": "1", **blank}, contact(2, "2026-06-12T00:00:00-0400")]
    body = {"contacts": rows, "page_context": {"has_more_page": True}}
    found, _ = run(contacts.RESOURCE.list(ListQuery(filters=(since,)), CONTEXT), [body])
    assert (ids(found), found.next is not None) == (["1", "2"], True)


@pytest.mark.parametrize("blank", [{}, {"last_modified_time": ""}])
def test_a_row_without_a_time_stays_where_the_provider_filters(blank: dict[str, str]) -> None:
    since = Filter("updated_at", Op.GTE, "2026-06-10T00:00:00Z")
    found, _ = run(listing(ListQuery(filters=(since,))), [page(rows(1, 1, **blank), more=False)])
    assert ids(found) == ["1"]


@pytest.mark.parametrize(
    ("stamps", "context"),
    [
        (["2026-06-12T00:00:00-0400"], {"sort_column": "contact_name"}),
        (["2026-06-09T00:00:00-0400", "2026-06-12T00:00:00-0400"], {}),
    ],
)
def test_such_a_bound_trusts_no_provider_that_sorted_otherwise(
    stamps: list[str], context: dict[str, str]
) -> None:
    since = Filter("updated_at", Op.GTE, "2026-06-10T00:00:00Z")
    rows = [contact(place, stamp) for place, stamp in enumerate(stamps)]
    body = {"contacts": rows, "page_context": {"has_more_page": True, **context}}
    with pytest.raises(Fault, match="did not sort"):
        run(contacts.RESOURCE.list(ListQuery(filters=(since,)), CONTEXT), [body])
    # where one page is all there is, the order does not matter
    body["page_context"] = {"has_more_page": False, **context}
    found, _ = run(contacts.RESOURCE.list(ListQuery(filters=(since,)), CONTEXT), [body])
    assert ids(found) == [str(place) for place, stamp in enumerate(stamps) if stamp > "2026-06-10"]
    assert found.issues == []


def test_such_a_bound_takes_no_other_order() -> None:
    since = Filter("updated_at", Op.GTE, "2026-06-10T00:00:00Z")
    with pytest.raises(Rejected, match="newest first"):
        run(contacts.RESOURCE.list(ListQuery(filters=(since,), sort=Sort("name")), CONTEXT))


AUTHORISED = (Filter("status", Op.EQ, "authorised"),)


def asked(provider: Any) -> list[str | None]:
    return [dict(request.query).get("status") for request in provider.seen]


def test_several_native_lists_are_given_out_as_one() -> None:
    approved = rows(3, 3, status="approved")
    found, provider = run(
        listing(ListQuery(limit=5, filters=AUTHORISED)),
        [page([*rows(1, 2), *approved], more=False), page([*approved, *rows(2, 2)], more=False)],
    )
    assert (ids(found), asked(provider), found.next) == (["1", "2", "3"], ["unpaid", "approved"], None)


def test_the_next_native_list_follows_where_the_first_ends() -> None:
    first, _ = run(
        listing(ListQuery(limit=2, filters=AUTHORISED)),
        [page(rows(1, 1), more=False), page(rows(3, 4, status="approved"), more=False)],
    )
    assert ids(first) == ["1", "3"]
    found, provider = run(
        listing(ListQuery(limit=2, position=first.next, filters=AUTHORISED)),
        [page(rows(3, 4, status="approved"), more=False)],
    )
    assert (ids(found), asked(provider), found.next) == (["4"], ["approved"], None)
    back, provider = run(
        listing(ListQuery(limit=2, position=found.previous, filters=AUTHORISED)),
        [page(rows(1, 1), more=False), page(rows(3, 4, status="approved"), more=False)],
    )
    assert ids(back) == ["1", "3"]


def test_sorted_native_lists_are_woven() -> None:
    dated = [{"invoice_id": f"{day}", "status": "sent", "date": f"2026-01-0{day}"} for day in (1, 4)]
    between = [{"invoice_id": "3", "status": "approved", "date": "2026-01-03"}]
    found, _ = run(
        listing(ListQuery(filters=AUTHORISED, sort=Sort("issue_date"))),
        [page(dated, more=False), page(between, more=False)],
    )
    assert ids(found) == ["1", "3", "4"]


def test_a_word_the_provider_knows_not_lists_nothing() -> None:
    unknown = Fault(Kind.INVALID, 400, "2", "no such status")
    found, _ = run(listing(ListQuery(filters=AUTHORISED)), [page(rows(1, 1), more=False), unknown])
    assert ids(found) == ["1"]
    with pytest.raises(Fault):
        run(listing(ListQuery(filters=AUTHORISED)), [unknown])
