"""A long list through cursors: every record once, and not one provider call too many."""

from collections.abc import Iterator

import httpx
import pytest

from tests.flows.conftest import Admin
from tests.support.product import Product, Sandbox

ROWS = 1050


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    started = Sandbox(tmp_path_factory.mktemp("sandbox"), ("--seed", "empty", "--rows", str(ROWS)))
    try:
        yield started.start()
    finally:
        started.stop()


@pytest.fixture(scope="module")
def account(product: Product) -> str:
    return product.connect("long")[0]["id"]


def test_every_invoice_once_in_six_calls(api: httpx.Client, admin: Admin, account: str) -> None:
    mark = admin.last()
    ids: list[str] = []
    pages: list[int] = []
    cursor = ""
    while cursor is not None:
        query = {"integrated_account_id": account, "limit": 200, "next_cursor": cursor}
        answer = api.get("/unified/accounting/invoices", params=query)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        pages.append(page["result_count"])
        ids += [record["id"] for record in page["result"]]
        cursor = page["next_cursor"]
    assert pages == [200] * 5 + [50]
    assert len(ids) == len(set(ids)) == ROWS
    assert len(admin.calls(after=mark, server="books", path="/invoices")) == 6


def test_a_stream_holds_them_all(api: httpx.Client, account: str) -> None:
    query = {"integrated_account_id": account, "truto_response_format": "stream", "limit": 200}
    with api.stream("GET", "/unified/accounting/invoices", params=query) as answer:
        assert answer.headers["content-type"].startswith("application/x-ndjson")
        lines = [line for line in answer.iter_lines() if line]
    assert len(lines) == ROWS
    assert '"error"' not in lines[-1]


def test_backwards_leads_to_the_page_before(api: httpx.Client, account: str) -> None:
    at = {"integrated_account_id": account, "limit": 200}
    first = api.get("/unified/accounting/invoices", params=at).json()
    second = api.get("/unified/accounting/invoices", params=at | {"next_cursor": first["next_cursor"]}).json()
    back = api.get("/unified/accounting/invoices", params=at | {"prev_cursor": second["prev_cursor"]}).json()
    assert first["prev_cursor"] is None
    assert [one["id"] for one in back["result"]] == [one["id"] for one in first["result"]]


def test_a_cursor_of_another_question_is_refused(api: httpx.Client, account: str) -> None:
    at = {"integrated_account_id": account, "limit": 200}
    cursor = api.get("/unified/accounting/invoices", params=at).json()["next_cursor"]
    other = api.get("/unified/accounting/invoices", params=at | {"next_cursor": cursor, "status": "paid"})
    assert (other.status_code, other.json()["code"]) == (400, "invalid_cursor")
    forged = api.get("/unified/accounting/invoices", params=at | {"next_cursor": cursor[:-4] + "AAAA"})
    assert (forged.status_code, forged.json()["code"]) == (400, "invalid_cursor")
