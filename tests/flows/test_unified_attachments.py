"""Files through the API: uploaded, listed, downloaded, removed, and what is refused before it is sent."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.flows.company import Company

PDF = b"%PDF-1.7\n" + b"x" * 3_000_000


@pytest.fixture(scope="module")
def company(connected: Callable[..., Company]) -> Company:
    return connected(seed="empty")


@pytest.fixture(scope="module")
def path(company: Company) -> str:
    contact = company.create("contacts", name="Acme")["id"]
    lines = [{"name": "Work", "unit_price": 10}]
    made = company.create("invoices", contact=contact, line_items=lines)
    return f"invoices/{made['id']}/attachments"


def upload(company: Company, path: str, name: str, content: bytes, **headers: str) -> Any:
    files = {"file": (name, content, "application/pdf")}
    return company.call("POST", path, files=files, headers=headers)


def test_a_file_up_and_down_and_away(company: Company, path: str) -> None:
    answer = upload(company, path, "scan.pdf", PDF, **{"Idempotency-Key": "scan-1"})
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert (made["file_name"], made["file_size"]) == ("scan.pdf", len(PDF))
    assert made["parent"]["type"] == "invoice"
    again = upload(company, path, "scan.pdf", PDF, **{"Idempotency-Key": "scan-1"})
    assert (again.json()["id"], again.headers["Ledgerway-Outcome"]) == (made["id"], "replayed")
    (row,) = company.get(path)["result"]
    assert row["file_url"].endswith(f"/unified/accounting/{path}/{made['id']}/content")
    params = {"parent[type]": "invoice", "parent[id]": made["parent"]["id"]}
    assert [each["file_url"] for each in company.rows("attachments", **params)] == [row["file_url"]]
    assert company.get(f"{path}/{made['id']}")["file_name"] == "scan.pdf"
    content = company.call("GET", f"{path}/{made['id']}/content")
    assert content.content == PDF
    assert content.headers["content-disposition"].startswith("attachment")
    assert company.call("DELETE", f"{path}/{made['id']}").json() == {"id": made["id"]}
    assert company.get(path)["result"] == []
    assert company.call("GET", f"{path}/{made['id']}").status_code == 404


@pytest.mark.parametrize(
    ("name", "content", "status"), [("run.exe", b"MZ", 422), ("scan.pdf", b"MZ", 422), ("scan.pdf", b"", 422)]
)
def test_what_cannot_be_attached_is_not_sent(
    company: Company, path: str, name: str, content: bytes, status: int
) -> None:
    answer = upload(company, path, name, content)
    assert (answer.status_code, answer.json()["executed"]) == (status, "no"), answer.text


def test_other_bodies_and_places(company: Company, path: str) -> None:
    assert company.call("POST", path, json={"file": "x"}).status_code == 415
    assert company.call("POST", path, files={"note": (None, "text")}).status_code == 422
    assert company.call("GET", "items/1/attachments").status_code == 404
    assert company.call("GET", "attachments").status_code == 422
