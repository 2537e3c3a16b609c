"""Lists answered from the copies, and writes that are in them at once; against the provider's own books."""

import random
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.flows.company import Company, exact
from tests.flows.test_sync import customer, ended, feed, job_of, run

FIELDS: Mapping[str, Callable[[Any], Any]] = {
    "total_amount": Decimal,
    "balance": Decimal,
    "issue_date": date.fromisoformat,
    "due_date": date.fromisoformat,
    "updated_at": datetime.fromisoformat,
    "status": str,
    "number": str,
    "reference": str,
    "contact.id": str,
    "contact.name": str,
    "is_overdue": bool,
}
ORDERED = ("gt", "gte", "lt", "lte")
TEXTUAL = ("contains", "starts_with")


def told(row: Mapping[str, Any], field: str) -> Any:
    value: Any = row
    for name in field.split("."):
        value = None if value is None else value.get(name)
    return None if value is None else FIELDS[field](value)


def holds(row: Mapping[str, Any], field: str, op: str, words: list[str]) -> bool:
    """The oracle: what a filter says of a row, in as few words as it takes."""
    got = told(row, field)
    if op == "ne":
        return not holds(row, field, "eq", words)
    if got is None:
        return False
    kind = FIELDS[field]
    wanted = [word == "true" if kind is bool else kind(word) for word in words]
    match op:
        case "eq" | "in":
            return got in wanted
        case "gt":
            return got > wanted[0]
        case "gte":
            return got >= wanted[0]
        case "lt":
            return got < wanted[0]
        case "lte":
            return got <= wanted[0]
        case "contains":
            return wanted[0].casefold() in got.casefold()
        case _:
            return got.casefold().startswith(wanted[0].casefold())


def spelled(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def asked(field: str, op: str) -> str:
    head, *below = field.split(".")
    return head + "".join(f"[{name}]" for name in below) + ("" if op == "eq" else f"[{op}]")


def copies(company: Company, path: str, **params: Any) -> Any:
    answer = company.call("GET", f"/unified/accounting/{path}", params={"source": "synced", **params})
    return company.good(answer)


def walked(company: Company, path: str, cursor: str = "next_cursor", **params: Any) -> list[Any]:
    """Every row, page by page."""
    found: list[Any] = []
    page = copies(company, path, **params)
    while True:
        found += page["result"]
        if page[cursor] is None:
            return found
        assert page["result"], "a cursor follows an empty page"
        page = copies(company, path, **{**params, cursor: page[cursor]})


def ids(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    return [row["id"] for row in rows]


def order(rows: Iterable[Mapping[str, Any]], field: str, *, descending: bool) -> list[str]:
    keyed = [(told(row, field) is None, told(row, field) or 0, row["id"]) for row in rows]
    return [key[-1] for key in sorted(keyed, reverse=descending)]


def line(item: Mapping[str, Any], price: str, quantity: int = 1) -> dict[str, Any]:
    return {"item": {"id": item["id"]}, "quantity": quantity, "unit_price": price}


@pytest.fixture(scope="module")
def books(connected: Callable[..., Company]) -> Company:
    """Invoices of many amounts, dates and customers, and a job that reads them in full."""
    company = connected()
    chance = random.Random(5)
    item = company.create("items", name="Pen", unit_price=2)
    buyers = [customer(company, f"{word} & Söhne, Ltd") for word in ("Ada", "adam", "Bruno", "Çelik")]
    for number in range(24):
        company.create(
            "invoices",
            contact={"id": chance.choice(buyers)["id"]},
            issue_date=f"2026-0{chance.randint(1, 9)}-15",
            reference=chance.choice([None, "", f"PO {number % 5}, late"]) or None,
            line_items=[line(item, chance.choice(["0.10", "0.20", "0.3", "9", "10", "100.05"]))],
            status=chance.choice(["draft", "authorised"]),
        )
    job_of(company, resources=["invoices", "contacts", "items"], hydrate=["invoices"])
    return company


def test_filters_say_what_a_look_at_every_record_says(books: Company) -> None:
    truth = walked(books, "invoices")
    assert ids(truth) == sorted(ids(books.rows("invoices")))
    chance = random.Random(11)
    for _ in range(120):
        filters: dict[tuple[str, str], list[str]] = {}
        for field in chance.sample(list(FIELDS), chance.choice((1, 1, 2))):
            ops = ["eq", "ne"]
            ops += [] if FIELDS[field] is bool else ["in", *ORDERED]
            ops += TEXTUAL if FIELDS[field] is str else ()
            op = chance.choice(ops)
            seen = [value for row in truth if (value := told(row, field)) is not None]
            words = [spelled(chance.choice(seen)) for _ in range(2 if op == "in" else 1)]
            if op in TEXTUAL:
                start = chance.randrange(len(words[0])) if op == "contains" else 0
                words = [words[0][start : start + 3].upper() or "x"]
            if op == "in" and any("," in word for word in words):
                continue
            filters[field, op] = [word.strip() for word in words] if op == "in" else words
        params = {asked(*key): ",".join(words) for key, words in filters.items()}
        sorted_by = chance.choice([None, *FIELDS])
        expected = [row for row in truth if all(holds(row, *key, words) for key, words in filters.items())]
        wanted = ids(expected)
        if sorted_by is not None:
            descending = chance.random() < 0.5
            params[f"sort_by[{sorted_by}]"] = "desc" if descending else "asc"
            wanted = order(expected, sorted_by, descending=descending)
        got = walked(books, "invoices", limit=chance.choice((2, 5, 200)), **params)
        assert ids(got) == wanted, params


@pytest.mark.parametrize("sort", [{}, {"sort_by[total_amount]": "desc"}, {"sort_by[reference]": "asc"}])
def test_pages_go_both_ways_and_stand_still_while_records_come(books: Company, sort: dict[str, str]) -> None:
    every = ids(walked(books, "invoices", limit=200, **sort))
    forth: list[str] = []
    page = copies(books, "invoices", limit=5, **sort)
    assert page["prev_cursor"] is None
    while page["next_cursor"]:
        forth += ids(page["result"])
        page = copies(books, "invoices", next_cursor=page["next_cursor"], **sort)
    forth += ids(page["result"])
    assert forth == every
    contact = walked(books, "contacts")[0]
    item = walked(books, "items")[0]
    more = books.create(
        "invoices", contact={"id": contact["id"]}, line_items=[line(item, "7")], reference="between"
    )
    back = ids(page["result"])
    while page["prev_cursor"]:
        page = copies(books, "invoices", prev_cursor=page["prev_cursor"], **sort)
        back = [*ids(page["result"]), *back]
    assert [id for id in back if id != more["id"]] == every
    books.delete(f"invoices/{more['id']}")
    other = books.call(
        "GET",
        "/unified/accounting/invoices",
        params={"next_cursor": copies(books, "invoices", limit=1)["next_cursor"]},
    )
    assert (other.status_code, other.json()["code"]) == (400, "invalid_cursor")


def test_it_says_how_old_it_is_and_asks_the_provider_nothing(books: Company) -> None:
    mark = books.admin.last()
    answer = books.call(
        "GET",
        "/unified/accounting/invoices",
        params={"source": "synced", "limit": 3, "fields[]": ["id", "number"]},
    )
    body = books.good(answer)
    assert body["source"] == "synced" and body["is_covered"] is True and body["provider_calls"] == 0
    assert body["synced_until"] == answer.headers["Ledgerway-Synced-Until"]
    assert body["age_seconds"] >= 120 and body["is_partial_response"] is False
    assert all(row.keys() == {"id", "number"} for row in body["result"])
    whole = books.call(
        "GET", f"/unified/accounting/invoices/{body['result'][0]['id']}", params={"source": "synced"}
    )
    assert books.good(whole)["line_items"] and "remote_data" not in whole.json()
    again = books.call(
        "GET",
        f"/unified/accounting/invoices/{body['result'][0]['id']}",
        params={"source": "synced"},
        headers={"If-None-Match": whole.headers["ETag"]},
    )
    assert again.status_code == 304
    keyed = copies(books, "invoices", limit=2, truto_key_by="id")["result"]
    assert all(id == row["id"] for id, row in keyed.items()) and len(keyed) == 2
    stream = books.call(
        "GET", "/unified/accounting/invoices", params={"source": "synced", "truto_response_format": "stream"}
    )
    assert len(stream.text.splitlines()) == len(walked(books, "invoices"))
    assert books.calls(mark) == []
    live = books.get("invoices/" + body["result"][0]["id"])
    assert live["etag"] == whole.headers["ETag"].strip('"')


WRONG: list[tuple[dict[str, Any], int, str]] = [
    ({"expand[]": "contact"}, 422, "unsupported_field"),
    ({"remote_query[a]": "b"}, 422, "unsupported_field"),
    ({"truto_response_format": "raw"}, 422, "unsupported_field"),
    ({"search": "pen"}, 422, "unsupported_field"),
    ({"total_amount[gt]": "much"}, 422, "validation_failed"),
    ({"updated_at[gt]": "2026-01-01"}, 422, "validation_failed"),
    ({"is_overdue[gt]": "true"}, 422, "unsupported_filter"),
    ({"sort_by[line_items]": "asc"}, 422, "unsupported_filter"),
    ({"colour": "red"}, 422, "unknown_parameter"),
    ({"source": "dreamt"}, 400, "parameter_invalid"),
]


@pytest.mark.parametrize(("wrong", "status", "code"), WRONG)
def test_what_copies_cannot_answer_is_refused(
    books: Company, wrong: dict[str, Any], status: int, code: str
) -> None:
    answer = books.call("GET", "/unified/accounting/invoices", params={"source": "synced", **wrong})
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


def test_what_is_not_synced_says_what_to_do_and_list_rows_say_what_they_lack(
    connected: Callable[..., Company],
) -> None:
    company = connected()
    contact = customer(company, "Buyer")
    for path in ("contacts", f"contacts/{contact['id']}"):
        answer = company.call("GET", f"/unified/accounting/{path}", params={"source": "synced"})
        told = answer.json()
        assert (answer.status_code, told["code"]) == (409, "connection_state_conflict"), answer.text
        assert told["next"]["path"] == "/sync-job" and told["next"]["body"]["resources"] == ["contacts"]
    job, _ = job_of(company, resources=["contacts"])
    assert ids(copies(company, "contacts")["result"]) == [contact["id"]]
    lacking = company.get("contacts/meta")["absent_in_lists"][0]
    filters = company.get("contacts/meta")["synced"]["filters"]
    name = next(each for each in filters if each.split(".")[0] == lacking)
    answer = company.call(
        "GET", "/unified/accounting/contacts", params={"source": "synced", asked(name, "ne"): "1"}
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "unsupported_filter")
    assert "hydrate" in answer.text
    assert company.call("DELETE", f"/sync-job/{job['id']}").status_code == 204
    assert copies(company, "contacts")["is_covered"] is False


def test_bills_are_also_the_bill_side_of_invoices(connected: Callable[..., Company]) -> None:
    company = connected()
    vendor = company.create("contacts", name="Maker", is_vendor=True)
    item = company.create("items", name="Pen", unit_price=2, is_purchased=True, purchase_price=2)
    bill = company.create("bills", contact={"id": vendor["id"]}, number="B-1", line_items=[line(item, "2")])
    job_of(company, resources=["bills"])
    assert ids(copies(company, "bills")["result"]) == [bill["id"]]
    assert ids(copies(company, "invoices", type="bill")["result"]) == [bill["id"]]
    refused = company.call("GET", "/unified/accounting/invoices", params={"source": "synced"})
    assert refused.json()["code"] == "connection_state_conflict"
    changed = company.patch(f"invoices/{bill['id']}", {"reference": "by the side"}, type="bill")
    assert copies(company, f"bills/{bill['id']}")["reference"] == changed["reference"]
    company.call("DELETE", f"/unified/accounting/invoices/{bill['id']}", params={"type": "bill"})
    assert copies(company, "bills")["result"] == []


def event(change: Mapping[str, Any]) -> tuple[str, str, str]:
    return change["id"], change["change"], change["via"]


def test_a_write_is_told_at_once_with_its_origin_and_no_poll_tells_it_again(
    connected: Callable[..., Company],
) -> None:
    company = connected()
    item = company.create("items", name="Pen", unit_price=2)
    contact = customer(company, "Buyer")
    job, _ = job_of(company, resources=["contacts", "invoices", "items", "payments", "accounts"])
    _, cursor = feed(company)

    def only(*expected: tuple[str, str]) -> None:
        """Exactly these (id, change) since the last time, by the writes themselves; then runs tell nothing more."""
        nonlocal cursor
        news, cursor = feed(company, cursor)
        assert [event(each) for each in news] == [(*each, "write") for each in expected]
        assert all(each["origin"] == {"request_id": request, "source_event": "order-7"} for each in news)
        for mode in ("delta", "full"):
            run(company, job, mode)
            again, cursor = feed(company, cursor)
            expected_ids = {id for id, _ in expected}
            assert not [each for each in again if each["id"] in expected_ids], again

    def write(method: str, path: str, body: Any = None, **params: Any) -> Any:
        nonlocal request
        headers = {"X-Source-Event": "order-7"}
        answer = company.call(
            method, f"/unified/accounting/{path}", json=body, headers=headers, params=params
        )
        assert answer.is_success, answer.text
        request = answer.headers["X-Request-Id"]
        return exact(answer)

    request = ""
    made = write(
        "POST", "contacts", {"name": "Second", "is_customer": True, "emails": [{"email": "a@b.example"}]}
    )
    only((made["id"], "created"))
    write("PATCH", f"contacts/{made['id']}", {"name": "Renamed"})
    only((made["id"], "updated"))
    invoice = write("POST", "invoices", {
        "contact": {"id": contact["id"]}, "line_items": [line(item, "7.10", 3)], "status": "authorised",
    })  # fmt: skip
    only((invoice["id"], "created"))
    assert copies(company, f"invoices/{invoice['id']}")["line_items"], (
        "the row of the list does not wipe them"
    )
    payment = write("POST", "payments", {
        "contact": {"id": contact["id"]}, "total_amount": 5, "allocations": [
            {"type": "invoice", "id": invoice["id"], "amount": 5}],
    })  # fmt: skip
    only((payment["id"], "created"))
    write("DELETE", f"payments/{payment['id']}")
    only((payment["id"], "deleted"))
    assert copies(company, "payments")["result"] == []
    voided = write("POST", f"invoices/{invoice['id']}/void")
    only((invoice["id"], "updated"))
    assert ids(copies(company, "invoices", status=voided["status"])["result"]) == [invoice["id"]]
    write("DELETE", f"contacts/{made['id']}")
    only((made["id"], "deleted"))
    assert copies(company, "contacts", id=made["id"])["result"] == []


def test_writes_no_active_job_covers_change_no_copy(connected: Callable[..., Company]) -> None:
    company = connected()
    job, _ = job_of(company, resources=["contacts"])
    _, cursor = feed(company)
    company.create("items", name="Pen", unit_price=2)
    assert feed(company, cursor)[0] == []
    company.patch(f"/sync-job/{job['id']}", {"is_active": False})
    customer(company, "Nobody asks")
    assert feed(company, cursor)[0] == [] and copies(company, "contacts")["result"] == []
    company.patch(f"/sync-job/{job['id']}", {"is_active": True})
    made = customer(company, "Somebody asks")
    assert [event(each) for each in feed(company, cursor)[0]] == [(made["id"], "created", "write")]


def test_before_the_first_pass_is_done_the_answer_says_so_and_after_a_revocation_copies_stay(
    connected: Callable[..., Company],
) -> None:
    company = connected()
    company.admin.did("PUT", "/latency", books=1.0)
    body = {"integrated_account_id": company.account_id, "resources": ["contacts"], "cadence": None}
    try:
        job = company.good(company.call("POST", "/sync-job", json=body), 201)
        early = copies(company, "contacts")
    finally:
        company.admin.did("PUT", "/latency")
    assert (early["synced_until"], early["age_seconds"], early["is_partial_response"]) == (None, None, True)
    assert early["result"] == [] and early["is_covered"] is True
    [first] = company.get("/sync-job-run", sync_job_id=job["id"])["result"]
    ended(company, first)
    made = customer(company, "Buyer")
    company.admin.did("DELETE", "/grants", user=f"{company.organization_id}@us.example")
    refused = company.call("GET", "/unified/accounting/contacts")
    assert (refused.status_code, refused.json()["code"]) == (424, "needs_reauth")
    assert ids(copies(company, "contacts")["result"]) == [made["id"]]
    assert copies(company, f"contacts/{made['id']}")["name"] == "Buyer"
