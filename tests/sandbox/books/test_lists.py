"""Pages, page_context, sort orders, filters."""

from decimal import Decimal
from typing import Any

import pytest


def ids(answer: dict[str, Any], key: str, name: str) -> list[str]:
    return [row[name] for row in answer[key]]


def test_defaults_of_every_list(furnished: Any) -> None:
    expected = {
        "/contacts": ("Contacts", "Status.All", "contact_name", "A", 200),
        "/items": ("Items", "Status.All", "name", "A", 200),
        "/invoices": ("Invoices", "Status.All", "created_time", "D", 200),
        "/customerpayments": ("Payments Received", "PaymentMode.All", "date", "D", 200),
        "/chartofaccounts": ("List Chart Of Accounts", "AccountType.Active", "account_type", "A", 5000),
        "/settings/taxes": ("Taxes", "Taxes.Active", "tax_name", "A", 200),
    }
    for path, (report, applied, column, order, per_page) in expected.items():
        context = furnished.get(path)["page_context"]
        assert context["report_name"] == report
        assert context["applied_filter"] == applied
        assert (context["sort_column"], context["sort_order"]) == (column, order)
        assert (context["page"], context["per_page"]) == (1, per_page)
        assert "total" not in context
    assert set(furnished.get("/settings/currencies")["page_context"]) == {
        "page",
        "per_page",
        "has_more_page",
        "report_name",
    }


def test_pages_hold_every_row_once(furnished: Any) -> None:
    seen: list[str] = []
    page = 1
    while True:
        answer = furnished.get("/invoices", page=str(page), per_page="77")
        seen += ids(answer, "invoices", "invoice_id")
        if not answer["page_context"]["has_more_page"]:
            break
        assert len(answer["invoices"]) == 77
        page += 1
    assert len(seen) == len(set(seen)) == len(furnished.books.truth()["invoices"])
    assert furnished.get("/invoices", page="99")["invoices"] == []


def test_the_last_full_page_has_no_more(open_desk: Any) -> None:
    desk = open_desk(rows=40)
    assert desk.get("/invoices", per_page="20", page="1")["page_context"]["has_more_page"]
    assert not desk.get("/invoices", per_page="20", page="2")["page_context"]["has_more_page"]


def test_per_page_is_capped(furnished: Any) -> None:
    answer = furnished.get("/invoices", per_page="5000")
    assert (answer["page_context"]["per_page"], len(answer["invoices"])) == (200, 200)


@pytest.mark.parametrize(("name", "value"), [("page", "0"), ("page", "x"), ("per_page", "-1"), ("page", "²")])
def test_bad_page_numbers(furnished: Any, name: str, value: str) -> None:
    assert furnished.refused("GET", "/invoices", query={name: value}) == (400, 2)


def test_sorting_both_ways(furnished: Any) -> None:
    for column in ("total", "due_date", "invoice_number", "customer_name"):
        for order in ("A", "D"):
            answer = furnished.get("/invoices", sort_column=column, sort_order=order)
            values = [row[column] for row in answer["invoices"]]
            folded = [value.casefold() if isinstance(value, str) else value for value in values]
            assert folded == sorted(folded, reverse=order == "D")
            assert answer["page_context"]["sort_order"] == order


def test_default_order_stays_when_only_the_column_is_given(furnished: Any) -> None:
    assert furnished.get("/invoices", sort_column="total")["page_context"]["sort_order"] == "D"
    assert furnished.get("/contacts", sort_column="created_time")["page_context"]["sort_order"] == "A"


def test_undocumented_sort_columns_are_refused(furnished: Any) -> None:
    assert furnished.refused("GET", "/invoices", query={"sort_column": "last_modified_time"}) == (400, 2)
    assert furnished.get("/contacts", sort_column="last_modified_time")["contacts"]


def test_rows_appear_and_vanish_in_cached_lists(desk: Any) -> None:
    first = desk.customer("Acme")
    assert ids(desk.get("/contacts"), "contacts", "contact_id") == [first]
    second = desk.customer("Aardvark")
    assert ids(desk.get("/contacts"), "contacts", "contact_id") == [second, first]
    desk.delete(f"/contacts/{second}")
    assert ids(desk.get("/contacts"), "contacts", "contact_id") == [first]


def test_unknown_filters_and_empty_values_filter_nothing(furnished: Any) -> None:
    whole = ids(furnished.get("/invoices"), "invoices", "invoice_id")
    for query in ({"customer": "12"}, {"customer_id": ""}, {"colour": "red"}, {"status": " "}):
        answer = furnished.get("/invoices", **query)
        assert ids(answer, "invoices", "invoice_id") == whole
        assert "search_criteria" not in answer["page_context"]


@pytest.mark.parametrize("suffix", ["", "_start", "_end", "_before", "_after"])
def test_day_comparators(furnished: Any, suffix: str) -> None:
    pivot = "2026-03-10"
    tests = {
        "": lambda day: day == pivot,
        "_start": lambda day: day >= pivot,
        "_end": lambda day: day <= pivot,
        "_before": lambda day: day < pivot,
        "_after": lambda day: day > pivot,
    }
    stored = furnished.books.truth()["invoices"].values()
    wanted = {row["invoice_id"] for row in stored if tests[suffix](row["date"])}
    found: set[str] = set()
    for page in ("1", "2", "3"):
        found |= set(
            ids(furnished.get("/invoices", page=page, **{f"date{suffix}": pivot}), "invoices", "invoice_id")
        )
    assert found == wanted


@pytest.mark.parametrize("suffix", ["", "_less_than", "_less_equals", "_greater_than", "_greater_equals"])
def test_amount_comparators(desk: Any, suffix: str) -> None:
    for rate in ("10", "20", "30.5"):
        desk.item(f"Item {rate}", rate)
    wanted = {
        "": {"20"},
        "_less_than": {"10"},
        "_less_equals": {"10", "20"},
        "_greater_than": {"30.5"},
        "_greater_equals": {"20", "30.5"},
    }[suffix]
    rows = desk.get("/items", **{f"rate{suffix}": "20.00"})["items"]
    assert {row["rate"] for row in rows} == {Decimal(each) for each in wanted}


def test_text_comparators(desk: Any) -> None:
    for name in ("Copper Pipe", "Copper Wire", "Old Copper"):
        desk.item(name)
    assert ids(desk.get("/items", name="copper wire"), "items", "name") == ["Copper Wire"]
    assert ids(desk.get("/items", name_startswith="cop"), "items", "name") == ["Copper Pipe", "Copper Wire"]
    assert len(desk.get("/items", name_contains="COPPER")["items"]) == 3
    answer = desk.get("/items", name_contains="wire")
    assert answer["page_context"]["search_criteria"] == [
        {"column_name": "name", "search_text": "wire", "comparator": "contains"}
    ]


def test_filters_combine(furnished: Any) -> None:
    customer = furnished.get("/invoices", status="overdue")["invoices"][0]["customer_id"]
    rows = furnished.get("/invoices", status="overdue", customer_id=customer)["invoices"]
    assert rows
    assert all(row["customer_id"] == customer and row["status"] == "overdue" for row in rows)


def test_search_text(desk: Any) -> None:
    acme, zenith = desk.customer("Acme"), desk.customer("Zenith")
    desk.invoice(acme, reference_number="PO-77")
    desk.invoice(zenith)
    assert ids(desk.get("/invoices", search_text="zen"), "invoices", "customer_name") == ["Zenith"]
    assert ids(desk.get("/invoices", search_text="po-7"), "invoices", "customer_name") == ["Acme"]
    assert len(desk.get("/invoices", search_text="INV-0000")["invoices"]) == 2


def test_last_modified_time_is_inclusive_and_strict(desk: Any) -> None:
    customer = desk.customer()
    old = desk.invoice(customer)
    desk.later(hours=1)
    new = desk.invoice(customer)
    since = {"last_modified_time": new["last_modified_time"]}
    assert ids(desk.get("/invoices", **since), "invoices", "invoice_id") == [new["invoice_id"]]
    since = {"last_modified_time": old["last_modified_time"]}
    assert len(desk.get("/invoices", **since)["invoices"]) == 2
    same_instant = new["last_modified_time"].replace("T13", "T17").replace("-0400", "+0000")
    assert len(desk.get("/invoices", last_modified_time=same_instant)["invoices"]) == 1
    for bad in ("2026-06-15T16:00:00Z", "2026-06-15T16:00:00", "2026-06-15", "2026-06-15T16:00:00+00:00"):
        assert desk.refused("GET", "/invoices", query={"last_modified_time": bad}) == (400, 2)


def test_accounts_refuse_the_filter_that_is_published_for_them(desk: Any) -> None:
    [account, *_] = desk.get("/chartofaccounts")["chartofaccounts"]
    since = {"last_modified_time": account["last_modified_time"]}
    answer = desk.send("GET", "/chartofaccounts", query=since)
    assert (answer.status, answer.body["code"]) == (400, 2)
    assert answer.body["message"] == "Invalid value passed for last_modified_time"
    assert desk.get("/chartofaccounts", last_modified_time="")["chartofaccounts"]


def test_contacts_do_not_filter_by_modification(desk: Any) -> None:
    desk.customer()
    assert desk.get("/contacts", last_modified_time="2099-01-01T00:00:00+0000")["contacts"]


def test_filter_by(furnished: Any) -> None:
    for word, status in (("Draft", "draft"), ("OverDue", "overdue"), ("Void", "void"), ("Paid", "paid")):
        answer = furnished.get("/invoices", filter_by=f"Status.{word}")
        assert {row["status"] for row in answer["invoices"]} == {status}
        assert answer["page_context"]["applied_filter"] == f"Status.{word}"
    unpaid = furnished.get("/invoices", filter_by="Status.Unpaid")["invoices"]
    assert {row["status"] for row in unpaid} <= {"sent", "viewed", "overdue", "partially_paid"}
    assert all(row["balance"] > 0 for row in unpaid)
    assert furnished.refused("GET", "/invoices", query={"filter_by": "Status.Nonsense"}) == (400, 2)


def test_response_option_counts(furnished: Any) -> None:
    stored = furnished.books.truth()["invoices"].values()
    answer = furnished.get("/invoices", response_option="2")
    assert "invoices" not in answer
    assert answer["page_context"]["total"] == len(stored)
    answer = furnished.get("/invoices", response_option="3")
    assert answer["page_context"]["total_sum"] == sum(row["total"] for row in stored)


def test_an_organisation_of_a_thousand_and_fifty(open_desk: Any) -> None:
    desk = open_desk(seed="furnished", rows=1050)
    seen: list[str] = []
    for page in range(1, 7):
        answer = desk.get("/invoices", page=str(page), sort_column="created_time", sort_order="A")
        seen += ids(answer, "invoices", "invoice_id")
        assert answer["page_context"]["has_more_page"] is (page < 6)
    assert len(seen) == len(set(seen)) == 1050
    numbers = {row["invoice_number"] for row in desk.books.truth()["invoices"].values()}
    assert len(numbers) == 1050
