"""Lists of every resource, whole: as a stream, and with their rows made complete."""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from connectors.kit.registry import load
from tests.flows.company import Company

LISTED = {
    name if model == "accounting" else f"/unified/{model}/{name}": resource
    for (model, name), resource in sorted(load()[0].resources.items())
    if "list" in resource.methods and name != "reports"
}
EXPANSIONS = [(name, expansion) for name, resource in LISTED.items() for expansion in resource.expansions]
FILE = b"%PDF-1.7\nreceipt"


@pytest.fixture(scope="module")
def company(connected: Callable[..., Company]) -> Company:
    return connected(seed="furnished")


@pytest.fixture(scope="module")
def parent(company: Company) -> dict[str, str]:
    """A file hangs on the newest invoice: the parameters that list it."""
    [invoice] = company.get("invoices", limit=1, **{"sort_by[created_at]": "desc"})["result"]
    company.good(
        company.call("POST", f"invoices/{invoice['id']}/attachments", files={"file": ("a.pdf", FILE)}), 201
    )
    return {"parent[type]": "invoice", "parent[id]": invoice["id"]}


def streamed(company: Company, name: str, /, **params: Any) -> list[Any]:
    answer = company.call("GET", name, params={"truto_response_format": "stream", **params})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    return [json.loads(line, parse_float=Decimal, parse_int=Decimal) for line in answer.text.splitlines()]


def paged(company: Company, name: str, /, **params: Any) -> list[Any]:
    rows: list[Any] = []
    cursor: str | None = ""
    while cursor is not None:
        page = company.get(name, **params, next_cursor=cursor)
        rows += page["result"]
        cursor = page["next_cursor"]
    return rows


@pytest.mark.parametrize("name", LISTED, ids=lambda name: name.rpartition("/")[2])
def test_a_stream_is_the_whole_list(company: Company, parent: dict[str, str], name: str) -> None:
    narrow = parent if name == "attachments" else {}
    whole = paged(company, name, **narrow)
    assert streamed(company, name, **narrow) == whole
    few = streamed(company, name, limit=37, **narrow, **{"fields[]": ["id", "updated_at"]})
    assert few == [{"id": row["id"], "updated_at": row["updated_at"]} for row in whole]


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("invoices", {"status": "paid"}),
        ("invoices", {"type": "invoice,bill", "sort_by[issue_date]": "desc"}),
        ("payments", {"sort_by[total_amount]": "asc"}),
        ("payments", {"payment_for": "bill"}),
        ("contacts", {"type": "vendor", "search": "a"}),
        ("transactions", {"sort_by[transaction_date]": "desc"}),
    ],
)
def test_a_stream_is_filtered_and_sorted_as_its_list(
    company: Company, name: str, params: dict[str, str]
) -> None:
    whole = paged(company, name, **params)
    assert whole and streamed(company, name, limit=11, **params) == whole


@pytest.mark.parametrize(("name", "expansion"), EXPANSIONS, ids=lambda part: part.rpartition("/")[2])
def test_rows_are_made_complete(company: Company, parent: dict[str, str], name: str, expansion: str) -> None:
    """The first rows are as whole as their records; the others say that they are not, and lack what is named."""
    bare = company.get(name, limit=4)
    page = company.get(name, limit=4, max_calls=6, **{"expand[]": expansion})
    assert page["provider_calls"] <= bare["provider_calls"] + 6
    itself = LISTED[name].expansions[expansion] == LISTED[name].name
    for before, row in zip(bare["result"], page["result"], strict=True):
        if itself and not row["is_partial"]:
            alone = company.get(f"{name}/{row['id']}")
            assert expansion in row and row["etag"] == alone["etag"]
            assert row.keys() >= alone.keys() | before.keys()
        elif itself:
            assert row == before and expansion not in row and "etag" not in row
            assert expansion in page["absent_fields"]
        elif row[expansion] is not None:
            alone = company.get(f"contacts/{row[expansion]['id']}")
            assert row[expansion].keys() >= alone.keys() - {"etag", "remote_data"}
    if itself:
        partial = [row["is_partial"] for row in page["result"]]
        assert not partial[0] and partial == sorted(partial)


@pytest.mark.parametrize("name", LISTED, ids=lambda name: name.rpartition("/")[2])
def test_what_list_rows_lack_is_declared_and_can_be_had(
    company: Company, parent: dict[str, str], name: str
) -> None:
    page = company.get(name, **(parent if name == "attachments" else {}))
    declared = set(company.get(f"{name}/meta")["absent_in_lists"])
    partial = [row for row in page["result"] if row["is_partial"]]
    assert page["is_partial_response"] is bool(partial)
    if partial:
        assert set(page["absent_fields"]) >= declared
        assert not any(row.keys() & declared for row in partial)
    assert (LISTED[name].name in LISTED[name].expansions.values()) is bool(declared)


def test_files_of_rows_are_told_with_them(company: Company, parent: dict[str, str]) -> None:
    page = company.get("invoices", limit=1, expand="attachments", **{"sort_by[created_at]": "desc"})
    [row] = page["result"]
    [file] = row["attachments"]
    assert (file["file_name"], file["file_size"], file["file_type"]) == (
        "a.pdf",
        len(FILE),
        "application/pdf",
    )
    [told] = streamed(company, "attachments", **parent)
    assert told["id"] == file["id"]
    assert company.api.get(told["file_url"]).content == FILE
