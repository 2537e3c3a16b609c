"""What of a customer's books could not be read, as the API shows it."""

from collections.abc import Callable
from typing import Any

from tests.flows.company import Company
from tests.flows.test_sync import customer, job_of, run
from tests.support.product import Product

NAMELESS = [{"contact_id": None, "contact_name": "Nobody"}, {"contact_id": "", "contact_name": "No one"}]


def listed(company: Company, rows: list[dict[str, Any]]) -> None:
    """The provider lists these contacts, whatever it has."""
    page = {"page": 1, "per_page": 200, "has_more_page": False}
    body = {"code": 0, "message": "success", "contacts": rows, "page_context": page}
    fault = {
        "kind": "status",
        "status": 200,
        "body": body,
        "times": -1,
        "path": "/contacts$",
        "method": "GET",
    }
    ours = {"organization_id": company.organization_id}
    assert company.admin.post("/faults", json=fault | ours).is_success


def test_rows_that_cannot_be_read_are_shown_until_they_are(
    ample: Product, connected: Callable[..., Company]
) -> None:
    company = connected()
    customer(company, "Acme")
    listed(company, NAMELESS)
    job, done = job_of(company, resources=["contacts", "items"])
    at = f"/sync-job/{job['id']}/quarantine"
    assert done["state"] == "completed" and done["resources"]["contacts"]["quarantined"] >= 2
    page = company.get(at)
    assert sorted(row["remote_data"]["contact_name"] for row in page["result"]) == ["No one", "Nobody"]
    for row in page["result"]:
        assert (row["resource"], row["side"], row["record_id"]) == ("contacts", None, None)
        assert row["sync_job_run_id"] == done["id"] and "id" in row["reason"] and row["seen"] >= 1
        assert row["first_seen_at"] <= row["last_seen_at"]
    again = run(company, job, "full")
    seen = company.get(at)["result"]
    assert {row["id"] for row in seen} == {row["id"] for row in page["result"]}, "each stands there once"
    assert {row["sync_job_run_id"] for row in seen} == {again["id"]}
    told = company.get(f"/sync-job/{job['id']}")["coverage"]
    assert {row["resource"]: row["quarantined"] for row in told} == {"contacts": 2, "items": 0}

    half = company.get(at, limit=1)
    rest = company.get(at, limit=1, next_cursor=half["next_cursor"])
    assert [half["result"][0]["id"], rest["result"][0]["id"]] == [row["id"] for row in seen]
    assert rest["next_cursor"] is None
    with ample.client(ample.create_key("tests", "--scopes", "sync:read,accounting.items:read")) as narrow:
        assert narrow.get(at).json()["result"] == [], "of what the key may not read nothing is shown"

    company.admin.did("DELETE", "/faults")
    run(company, job, "full")
    assert company.get(at)["result"] == []
