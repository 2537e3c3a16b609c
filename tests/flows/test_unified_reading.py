"""Reading every resource of a furnished organisation: pages, filters, order and the ways a list can be shown.

What a list must answer is worked out here from the whole of it; what can be asked is what `meta` offers.
"""

import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from operator import eq, ge, gt, le, lt
from typing import Any

import pytest

from tests.flows.company import Company

USERS = "/unified/user-directory/users"
RESOURCES = (
    "contacts", "items", "invoices", "accounts", "tax_rates", "payments", "company_info", "currencies", USERS,
)  # fmt: skip
COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": eq, "gt": gt, "gte": ge, "lt": lt, "lte": le,
    "contains": lambda got, wanted: wanted.casefold() in got.casefold(),
    "starts_with": lambda got, wanted: got.casefold().startswith(wanted.casefold()),
}  # fmt: skip

every = pytest.mark.parametrize("name", RESOURCES, ids=lambda name: name.rpartition("/")[2])
long = pytest.mark.parametrize("name", ["contacts", "items", "invoices", "accounts", "payments"])


@pytest.fixture(scope="module")
def company(connected: Callable[..., Company]) -> Company:
    """Furnished, with an account that has a code and with contacts that were changed at different moments."""
    found = connected(seed="furnished")
    found.create("accounts", name="Research", type="expense", code="6400")
    path = f"/organizations/{found.organization_id}/calls"
    for number, row in enumerate(found.natively("GET", "/contacts")["contacts"][:6]):
        change = {"method": "PUT", "path": f"/contacts/{row['contact_id']}", "body": {"notes": "changed"}}
        assert found.admin.did("POST", path, **change, late=60 * number)["status"] == 200
    return found


@pytest.fixture(scope="module")
def whole(company: Company) -> dict[str, list[Any]]:
    """Every row of every resource."""
    return {name: list(walk(company, name, limit=200)) for name in RESOURCES}


def walk(company: Company, name: str, /, **params: Any) -> Iterator[Any]:
    """All rows through cursors. No page is empty while a cursor follows."""
    cursor: str | None = ""
    while cursor is not None:
        page = company.get(name, **params, next_cursor=cursor)
        assert page["result_count"] == len(page["result"])
        assert page["result"] or page["next_cursor"] is None
        yield from page["result"]
        cursor = page["next_cursor"]


def ids(rows: list[Any]) -> list[str]:
    return [row["id"] for row in rows]


@every
def test_records_are_the_same_alone_and_in_lists(
    company: Company, whole: dict[str, list[Any]], name: str
) -> None:
    """A row tells nothing its record does not; what it lacks is named once, and only there."""
    page = company.get(name, limit=200)
    absent = set(page.get("absent_fields", []))
    for row in (page["result"][0], page["result"][-1]):
        alone = company.get(f"{name}/{row['id']}")
        assert (alone["is_partial"], bool(alone["etag"])) == (False, True)
        own = {
            key: value
            for key, value in alone.items()
            if key not in ("etag", "is_partial", "remote_data", "issues")
        }
        told = {key: value for key, value in row.items() if key not in ("etag", "is_partial", "remote_data")}
        if row["is_partial"]:
            assert own.keys() - told.keys() <= absent and "etag" not in row
        for key in told.keys() & own.keys() - {"custom_fields"}:
            if not isinstance(told[key], dict | list):
                assert told[key] == own[key], key
    assert page["is_partial_response"] is any(row["is_partial"] for row in page["result"])


@long
def test_pages_hold_every_row_once(company: Company, whole: dict[str, list[Any]], name: str) -> None:
    size = max(3, len(whole[name]) // 4 - 1)
    mark = company.admin.last()
    assert ids(list(walk(company, name, limit=size))) == ids(whole[name])
    assert len(set(ids(whole[name]))) == len(whole[name]) > 20
    sides = 2 if name == "payments" else 1  # the page where the first side ends is filled from the second
    assert len(company.calls(mark)) == -(-len(whole[name]) // size) + sides - 1


@long
def test_cursors_lead_there_and_back_again(company: Company, name: str) -> None:
    first = company.get(name, limit=5)
    second = company.get(name, next_cursor=first["next_cursor"])
    assert (second["limit"], first["prev_cursor"]) == (5, None)
    again = company.get(name, prev_cursor=second["prev_cursor"])
    assert ids(again["result"]) == ids(first["result"])
    assert ids(company.get(name, next_cursor=first["next_cursor"])["result"]) == ids(second["result"])
    company.refused(
        "GET", name, 400, "invalid_cursor", params={"next_cursor": second["next_cursor"], "limit": 6}
    )
    company.refused("GET", name, 400, "invalid_cursor", params={"next_cursor": "bm9uc2Vuc2U"})


@every
def test_every_offered_filter_is_exact(company: Company, whole: dict[str, list[Any]], name: str) -> None:
    for field, operators in company.get(f"{name}/meta")["filters"].items():
        values = sorted({value for row in whole[name] for value in values_of(row, field)})
        assert values, f"the furnished {name} never say {field}"
        for operator in operators:
            if operator == "in" or (operator in ("lt", "lte") and field == "updated_at"):
                continue
            for value in sample(values, operator):
                wanted = [
                    row["id"]
                    for row in whole[name]
                    if any(COMPARE[operator](got, value) for got in values_of(row, field))
                ]
                found = company.call("GET", name, params={**asked(field, operator, value), "limit": 200})
                if found.status_code == 422:
                    assert found.json()["code"] == "unsupported_filter" and isinstance(value, bool | str)
                    assert found.json()["errors"][0]["allowed"]
                    continue
                rows = list(walk(company, name, **asked(field, operator, value), limit=200))
                assert sorted(ids(rows)) == sorted(wanted), f"{field}[{operator}]={value}"


def values_of(row: Any, field: str) -> list[Any]:
    head, _, member = field.partition(".")
    found = row.get(head)
    parts = found if isinstance(found, list) else [found]
    told = [part.get(member) if member and part else part for part in parts]
    return [value for value in told if value is not None]


def sample(values: list[Any], operator: str) -> list[Any]:
    middle = values[len(values) // 2]
    if operator == "contains":
        return [str(middle)[1:5].strip().upper(), "no such text"]
    if operator == "starts_with":
        return [str(middle)[:3]]
    return (
        list(dict.fromkeys((values[0], middle, values[-1]))) if operator != "eq" else values[:2] + values[-6:]
    )


def asked(field: str, operator: str, value: Any) -> dict[str, str]:
    head, _, member = field.partition(".")
    name = head + (f"[{member}]" if member else "") + (f"[{operator}]" if operator != "eq" else "")
    return {name: str(value).lower() if isinstance(value, bool) else str(value)}


@pytest.mark.parametrize("name", ["contacts", "invoices"])
def test_a_window_of_changes(company: Company, whole: dict[str, list[Any]], name: str) -> None:
    times = sorted({row["updated_at"] for row in whole[name]})
    low, high = times[len(times) // 3], times[-2]
    wanted = {row["id"] for row in whole[name] if low <= row["updated_at"] < high}
    rows = list(walk(company, name, **{"updated_at[gte]": low, "updated_at[lt]": high}, limit=50))
    assert set(ids(rows)) == wanted and len(rows) == len(wanted) > 0
    alone = company.refused(
        "GET", name, 422, "unsupported_filter", "/updated_at", params={"updated_at[lt]": high}
    )
    assert "updated_at[gte]" in alone["errors"][0]["allowed"]


def test_filters_add_up(company: Company, whole: dict[str, list[Any]]) -> None:
    contact = next(row["contact"]["id"] for row in whole["invoices"] if row["status"] == "partially_paid")
    query = {"contact[id]": contact, "status[]": ["authorised", "partially_paid"], "total_amount[gt]": "10"}
    wanted = [
        row["id"]
        for row in whole["invoices"]
        if row["contact"]["id"] == contact
        and row["status"] in ("authorised", "partially_paid")
        and row["total_amount"] > 10
    ]
    assert sorted(ids(list(walk(company, "invoices", **query)))) == sorted(wanted) != []
    by_ref = ids(list(walk(company, "invoices", contact=contact, status="authorised,partially_paid")))
    assert set(wanted) <= set(by_ref)


@every
def test_every_offered_order_is_kept(company: Company, whole: dict[str, list[Any]], name: str) -> None:
    for field in company.get(f"{name}/meta")["sort"]:
        for way in ("asc", "desc"):
            rows = list(walk(company, name, **{f"sort_by[{field}]": way}, limit=200))
            assert sorted(ids(rows)) == sorted(ids(whole[name]))
            # A void invoice owes nothing; the provider orders it by what it once asked. Types follow its words.
            told = [row for row in rows if field != "balance" or row["status"] != "voided"]
            values = [key_of(row["remote_type" if field == "type" else field]) for row in told]
            assert values == sorted(values, reverse=way == "desc"), f"{field} {way}"


def key_of(value: Any) -> Any:
    if isinstance(value, dict):
        value = value["name"]
    return value.casefold() if isinstance(value, str) else value if value is not None else ""


@every
def test_what_cannot_be_asked_is_refused_before_any_call(company: Company, name: str) -> None:
    meta = company.get(f"{name}/meta")
    unsorted = next(field for field in ("remote_data", "url") if field not in meta["sort"])
    problem = company.refused(
        "GET", name, 422, "unsupported_filter", f"sort_by[{unsorted}]", params={f"sort_by[{unsorted}]": "asc"}
    )
    assert problem["allowed"] == meta["sort"]
    problem = company.refused("GET", name, 422, "unsupported_filter", "url", params={"url": "x"})
    offered = {f"{field.replace('.', '[', 1)}{']' if '.' in field else ''}" for field in meta["filters"]}
    assert {name.partition("[")[0] for name in problem["allowed"]} == {
        name.partition("[")[0] for name in offered
    }
    for params, code, status in (
        ({"colour": "red"}, "unknown_parameter", 422),
        ({"limt": "3"}, "unknown_parameter", 422),
        ({"limit": "0"}, "parameter_invalid", 400),
        ({"limit": "ten"}, "parameter_invalid", 400),
        ({"limit": ["1", "2"]}, "duplicate_parameter", 400),
        ({"fields[]": "colour"}, "parameter_invalid", 400),
        ({"truto_exclude_fields": "colour"}, "parameter_invalid", 400),
        ({"truto_response_format": "xml"}, "parameter_invalid", 400),
        ({"truto_key_by": "colour"}, "parameter_invalid", 400),
        ({"expand[]": "colour"}, "unsupported_field", 422),
        ({"next_cursor": "a", "prev_cursor": "b"}, "invalid_cursor", 400),
        ({"remote_query[organization_id]": "1"}, "parameter_reserved", 400),
    ):
        company.refused("GET", name, status, code, params=params)
    assert (
        company.refused("GET", name, 422, "unknown_parameter", params={"limt": "3"})["did_you_mean"]
        == "limit"
    )


@every
def test_lists_show_what_was_asked_for(company: Company, whole: dict[str, list[Any]], name: str) -> None:
    [first] = company.get(name, limit=1)["result"]
    assert first == whole[name][0] and first["remote_data"]
    [few] = company.get(name, limit=1, **{"fields[]": ["id", "remote_id"]})["result"]
    assert few == {"id": first["id"], "remote_id": first["remote_id"]}
    assert company.get(name, limit=1, fields="id,remote_id")["result"] == [few]
    [less] = company.get(name, limit=1, truto_exclude_fields="remote_data,company")["result"]
    assert first.keys() - less.keys() == {"remote_data", "company"}
    [bare] = company.get(name, limit=1, truto_ignore_remote_data="true")["result"]
    assert first.keys() - bare.keys() == {"remote_data"}
    raw = company.get(name, limit=1, truto_response_format="raw")
    assert raw["result"] == [first["remote_data"]] and "absent_fields" not in raw
    keyed = company.get(name, limit=1, truto_key_by="id")["result"]
    assert keyed == {first["id"]: first}
    alone = company.get(f"{name}/{first['id']}", **{"fields[]": ["id"]})
    assert alone == {"id": first["id"]}
    raw_alone = company.get(f"{name}/{first['id']}", truto_response_format="raw")
    assert raw_alone == company.get(f"{name}/{first['id']}")["remote_data"]


@every
def test_a_stream_is_the_list(company: Company, whole: dict[str, list[Any]], name: str) -> None:
    answer = company.call("GET", name, params={"truto_response_format": "stream", "limit": 90})
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    lines = [json.loads(text, parse_float=Decimal, parse_int=Decimal) for text in answer.text.splitlines()]
    assert lines == whole[name]


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("contacts", "name"),
        ("items", "name"),
        ("invoices", "number"),
        ("payments", "number"),
        ("accounts", "name"),
    ],
)
def test_a_search_finds_the_record(
    company: Company, whole: dict[str, list[Any]], name: str, field: str
) -> None:
    some = whole[name][len(whole[name]) // 2]
    rows = list(walk(company, name, search=some[field]))
    assert some["id"] in ids(rows) and len(rows) < len(whole[name])
    assert company.rows(name, search="zzz nobody is called that") == []


@every
def test_nothing_is_searched_where_nothing_can_be(company: Company, name: str) -> None:
    if not company.get(f"{name}/meta")["search"]:
        company.refused("GET", name, 422, "unsupported_filter", "/search", params={"search": "x"})


def test_the_provider_is_asked_in_its_own_words(company: Company, whole: dict[str, list[Any]]) -> None:
    mark = company.admin.last()
    told = company.get("accounts", limit=200, **{"remote_query[showbalance]": "true"})["result"]
    [call] = company.calls(mark)
    assert ["showbalance", "true"] in [list(pair) for pair in pairs(call)]
    assert any(row.get("current_balance") for row in told)


def pairs(call: dict[str, Any]) -> list[Any]:
    query = call["query"]
    return list(query.items()) if isinstance(query, dict) else query


@every
def test_an_unknown_record_is_not_found(company: Company, name: str) -> None:
    company.refused("GET", f"{name}/999999999999999999", 404, "not_found", reads=2)
    company.refused("GET", f"{name}/none-such", 404, "not_found")
    company.refused("GET", f"{name}/{'9' * 300}", 404, "not_found")
    company.refused("GET", f"{name}/1%2F..%2F2", 404, "not_found")
