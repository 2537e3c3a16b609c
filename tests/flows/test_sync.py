"""A customer's books, copied and kept current: jobs, runs, the change feed; against the provider's own books."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.flows.company import Company
from tests.flows.records import BODIES, furnish, made

ENDED = ("completed", "failed", "stopped")


@pytest.fixture(scope="module")
def company(connected: Callable[..., Company]) -> Company:
    return connected()


def ended(company: Company, run: dict[str, Any]) -> dict[str, Any]:
    """The run once it has come to its end."""
    until = time.monotonic() + 60
    while True:
        seen = company.get(f"/sync-job-run/{run['id']}")
        if seen["state"] in ENDED:
            return seen
        assert time.monotonic() < until, seen
        time.sleep(0.1)


def job_of(company: Company, **wanted: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """A new job and its first run, ended."""
    body = {"integrated_account_id": company.account_id, "cadence": None, "sweep_cadence": None, **wanted}
    job = company.good(company.call("POST", "/sync-job", json=body), 201)
    [first] = company.get("/sync-job-run", sync_job_id=job["id"])["result"]
    return job, ended(company, first)


def run(company: Company, job: dict[str, Any], mode: str = "delta", **more: Any) -> dict[str, Any]:
    body = {"sync_job_id": job["id"], "mode": mode, **more}
    done = ended(company, company.good(company.call("POST", "/sync-job-run", json=body), 202))
    assert done["state"] == "completed" and done["percent"] == 100 and done["error"] is None, done
    return done


def feed(company: Company, cursor: str | None = None, **more: Any) -> tuple[list[dict[str, Any]], str]:
    """Every change after the cursor, and the cursor after them."""
    found: list[dict[str, Any]] = []
    while True:
        asked = {"integrated_account_id": company.account_id, "limit": 7, **more}
        page = company.get("/changes", **asked, **({"next_cursor": cursor} if cursor else {}))
        found += page["result"]
        cursor = page["next_cursor"]
        if not page["has_more"]:
            return found, cursor


def fail(company: Company, status: int, times: int) -> None:
    fault = {"kind": "status", "status": status, "times": times, "path": "/contacts$"}
    assert company.admin.post("/faults", json=fault).is_success


def customer(company: Company, name: str, **more: Any) -> dict[str, Any]:
    return company.create("contacts", name=name, is_customer=True, **more)


def test_a_first_run_tells_every_record_once_and_a_second_nothing(connected: Callable[..., Company]) -> None:
    company = connected()
    for number in range(5):
        customer(company, f"Customer {number}")
    job, first = job_of(company, resources=["contacts", "items"])
    assert first["state"] == "completed" and first["kind"] == "initial" and first["remaining"] == []
    told, cursor = feed(company)
    listed = {row["id"] for name in ("contacts", "items") for row in company.rows(name)}
    assert {change["id"] for change in told} == listed and len(told) == len(listed)
    assert {change["change"] for change in told} == {"created"}
    sequences = [change["sequence"] for change in told]
    assert sequences == sorted(set(sequences))
    assert "remote_data" not in told[0]["record"] and told[0]["record"]["id"] == told[0]["id"]
    second = run(company, job)
    assert second["totals"]["created"] == second["totals"]["updated"] == second["totals"]["deleted"] == 0
    assert feed(company, cursor) == ([], cursor)
    coverage = {each["resource"]: each for each in company.get(f"/sync-job/{job['id']}")["coverage"]}
    assert coverage["contacts"]["strategy"] == "newest" and coverage["contacts"]["calls"] == 1
    assert coverage["contacts"]["records"] == 5
    assert coverage["items"]["strategy"] == "whole"


def test_a_change_names_its_fields_and_what_they_were(company: Company) -> None:
    made = customer(company, "Before")
    job, _ = job_of(company, resources=["contacts"])
    _, cursor = feed(company)
    company.patch(
        f"/sync-job/{job['id']}", {"is_active": False}
    )  # what it keeps, the write itself would tell
    company.patch(f"contacts/{made['id']}", {"name": "After"})
    company.patch(f"/sync-job/{job['id']}", {"is_active": True})
    run(company, job)
    [change], cursor = feed(company, cursor)
    assert change["change"] == "updated" and change["resource"] == "contacts" and change["id"] == made["id"]
    assert "name" in change["changed_fields"] and change["previous"]["name"] == "Before"
    assert change["record"]["name"] == "After" and change["via"] == "poll"
    assert change["origin"]["request_id"], "it was written through this gateway"
    assert feed(company, cursor) == ([], cursor)


def test_what_others_changed_has_no_origin_and_own_echoes_can_be_left_out(company: Company) -> None:
    job, _ = job_of(company, resources=["contacts"])
    _, cursor = feed(company)
    mine = customer(company, "Written through the gateway")
    theirs = company.call("POST", "/proxy/contacts", json={"contact_name": "Written elsewhere"})
    id = company.good(theirs, 201)["contact"]["contact_id"]
    run(company, job)
    told, _ = feed(company, cursor)
    assert {(change["id"], change["origin"] is None) for change in told} == {(mine["id"], False), (id, True)}
    foreign, _ = feed(company, exclude_origin="gateway")
    assert mine["id"] not in {change["id"] for change in foreign}
    assert id in {change["id"] for change in foreign}


def test_a_deletion_is_told_by_the_next_full_run(company: Company) -> None:
    made = customer(company, "Soon gone")
    job, _ = job_of(company, resources=["contacts"])
    _, cursor = feed(company)
    company.natively("DELETE", f"/contacts/{made['id']}")
    assert run(company, job)["totals"]["deleted"] == 0
    assert run(company, job, "full")["totals"]["deleted"] == 1
    [change], cursor = feed(company, cursor)
    assert (change["id"], change["change"], change["record"]) == (made["id"], "deleted", None)
    assert change["via"] == "sweep"
    assert run(company, job, "full")["totals"]["deleted"] == 0


def test_hydrated_resources_are_read_in_full_when_they_change(connected: Callable[..., Company]) -> None:
    company = connected()
    contact = customer(company, "Buyer")
    item = company.create("items", name="Pen", unit_price=2)
    lines = [{"item": {"id": item["id"]}, "quantity": 3, "unit_price": 2}]
    invoice = company.create("invoices", contact={"id": contact["id"]}, line_items=lines)
    job, first = job_of(company, resources=["invoices"], hydrate=["invoices"])
    assert job["hydrate"] == ["invoices"] and first["totals"]["calls"] == 2
    [change], _ = feed(company, resource="invoices")
    assert change["record"]["is_partial"] is False and len(change["record"]["line_items"]) == 1
    assert change["record"]["id"] == invoice["id"]
    assert run(company, job)["totals"]["calls"] == 1, "nothing changed: nothing is read in full"


BAD: list[tuple[dict[str, Any], str]] = [
    ({"resources": ["invoises"]}, "/resources/0"),
    ({"resources": []}, "/resources"),
    ({"resources": ["contacts"], "hydrate": ["items"]}, "/hydrate/0"),
    ({"cadence": {"interval_seconds": 5}}, "/cadence/interval_seconds"),
    ({"cadence": {"cron": "61 * * * *"}}, "/cadence/cron"),
    ({"cadence": {"cron": "0 0 30 2 *"}}, "/cadence/cron"),
    ({"cadence": {"cron": "* * * * * *"}}, "/cadence/cron"),
    ({"cadence": {"cron": "0 * * * *", "time_zone": "Mars/Base"}}, "/cadence/time_zone"),
    ({"cadence": {}}, "/cadence"),
    ({"cadence": {"interval_seconds": 60, "cron": "* * * * *"}}, "/cadence"),
    ({"sweep_cadence": {"interval_seconds": 10**9}}, "/sweep_cadence/interval_seconds"),
    ({"colour": "red"}, "/colour"),
]


@pytest.mark.parametrize(("wrong", "pointer"), BAD)
def test_bad_jobs_are_refused_with_the_reason(company: Company, wrong: dict[str, Any], pointer: str) -> None:
    body = {"integrated_account_id": company.account_id, **wrong}
    answer = company.call("POST", "/sync-job", json=body)
    assert answer.status_code == 422, answer.text
    assert pointer in [error["pointer"] for error in answer.json()["errors"]], answer.text


def test_one_run_of_an_account_at_a_time_pause_resume_and_stop(company: Company) -> None:
    job, _ = job_of(company, resources=["contacts", "items", "accounts"])
    company.admin.did("PUT", "/latency", books=0.7)
    try:
        started = company.good(
            company.call("POST", "/sync-job-run", json={"sync_job_id": job["id"], "mode": "full"}), 202
        )
        again = company.call("POST", "/sync-job-run", json={"sync_job_id": job["id"]})
        assert (again.status_code, again.json()["code"]) == (409, "sync_already_running")
        paused = company.act(f"/sync-job-run/{started['id']}/pause")
        assert paused["state"] == "paused"
        wrong = company.call("POST", f"/sync-job-run/{started['id']}/pause")
        assert (wrong.status_code, wrong.json()["allowed"]) == (409, ["resume", "stop"])
        time.sleep(1.0)
        assert company.get(f"/sync-job-run/{started['id']}")["state"] == "paused"
        assert company.act(f"/sync-job-run/{started['id']}/resume")["state"] == "queued"
    finally:
        company.admin.did("PUT", "/latency")
    assert ended(company, started)["state"] == "completed"
    last = company.good(company.call("POST", "/sync-job-run", json={"sync_job_id": job["id"]}), 202)
    stopped = company.act(f"/sync-job-run/{last['id']}/stop")
    assert stopped["state"] == "stopped" and stopped["ended_at"]


def test_a_cursor_is_bound_to_its_question(company: Company) -> None:
    _, cursor = feed(company)
    asked = {"integrated_account_id": company.account_id, "next_cursor": cursor, "resource": "items"}
    answer = company.call("GET", "/changes", params=asked)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_cursor")
    wrong = {"integrated_account_id": company.account_id, "resource": "invoises"}
    answer = company.call("GET", "/changes", params=wrong)
    assert (answer.status_code, answer.json()["parameter"]) == (400, "resource")


def test_a_provider_failure_is_waited_out_and_one_resource_fails_by_itself(company: Company) -> None:
    job, _ = job_of(company, resources=["contacts", "items"])
    fail(company, 500, 4)
    body = {"sync_job_id": job["id"], "mode": "delta"}
    started = company.good(company.call("POST", "/sync-job-run", json=body), 202)
    done = ended(company, started)
    assert (done["state"], done["error"]) == ("completed", None)
    fail(company, 403, 50)
    started = company.good(company.call("POST", "/sync-job-run", json=body), 202)
    done = ended(company, started)
    company.admin.did("DELETE", "/faults")
    assert done["state"] == "completed" and done["error"]["resource"] == "accounting/contacts", done
    assert "error" in done["resources"]["contacts"] and "error" not in done["resources"]["items"]


def test_a_page_that_came_twice_because_the_list_moved_is_no_dead_end(
    connected: Callable[..., Company],
) -> None:
    company = connected(page=3)
    job, _ = job_of(company, resources=["contacts"])
    for number in range(6):
        company.natively("POST", "/contacts", contact_name=f"Customer {number}")
    calls = [{"method": "POST", "path": "/contacts", "body": {"contact_name": f"Late {n}"}} for n in range(3)]
    moved = {"kind": "meanwhile", "calls": calls, "path": "/contacts$", "query": "page=1&"}
    company.admin.did("POST", "/faults", **moved, organization_id=company.organization_id)
    assert run(company, job)["totals"]["created"] == 9
    assert len(feed(company)[0]) == 9


def test_a_list_whose_pages_are_empty_for_ever_is_no_complete_one(connected: Callable[..., Company]) -> None:
    company = connected()
    empty = {"code": 0, "contacts": [], "page_context": {"page": 1, "per_page": 200, "has_more_page": True}}
    stuck = {"kind": "status", "status": 200, "body": empty, "times": -1, "path": "/contacts$"}
    customer(company, "Not listed at first")
    company.admin.did("POST", "/faults", **stuck, organization_id=company.organization_id)
    job, first = job_of(company, resources=["contacts", "items"])
    company.admin.did("DELETE", "/faults")
    assert (first["state"], first["error"]["code"]) == ("completed", "upstream_paging_stuck")
    assert "error" in first["resources"]["contacts"] and "error" not in first["resources"]["items"]
    assert run(company, job)["totals"]["created"] == 1, "nothing was known yet: all of it is read"


def test_rows_that_sort_alike_may_come_in_any_order_each_time(connected: Callable[..., Company]) -> None:
    company = connected(page=8, shuffles_ties=True)
    made = {
        company.natively("POST", "/contacts", contact_name=f"Contact {n}")["contact"]["contact_id"]
        for n in range(32)
    }
    _, first = job_of(company, resources=["contacts"])
    told = first["resources"]["contacts"]
    assert first["state"] == "completed" and told["calls"] > 4, "a row came twice: it is read again"
    copied = {row["id"] for row in company.rows("contacts", source="synced")}
    assert copied <= made and len(copied) > 24
    if copied != made:
        assert first["error"] == told["incomplete"]
        assert told["incomplete"]["code"] == "upstream_paging_unstable"


WRONG_404 = [
    ({"kind": "html", "status": 404}, None),
    ({"kind": "status", "status": 404}, "not_implemented"),
]


@pytest.mark.parametrize(("answer", "code"), WRONG_404)
def test_only_the_providers_own_word_says_that_a_record_is_gone(
    connected: Callable[..., Company], answer: dict[str, Any], code: str | None
) -> None:
    company = connected()
    contact = customer(company, "Still there")
    job, _ = job_of(company, resources=["contacts", "items"])
    mine = {"organization_id": company.organization_id}
    nobody = {"kind": "status", "status": 200, "body": {"code": 0, "contacts": []}, "path": "/contacts$"}
    company.admin.did("POST", "/faults", **nobody, **mine)
    company.admin.did("POST", "/faults", **answer, path=f"/contacts/{contact['id']}$", **mine)
    body = {"sync_job_id": job["id"], "mode": "full"}
    done = ended(company, company.good(company.call("POST", "/sync-job-run", json=body), 202))
    company.admin.did("DELETE", "/faults")
    assert (done["state"], done["totals"]["deleted"]) == ("completed", 0), done
    assert (done["error"] or {}).get("code") == code
    assert [row["id"] for row in company.rows("contacts", source="synced")] == [contact["id"]]


def test_accounts_that_changed_are_told_though_the_provider_filters_none(
    connected: Callable[..., Company],
) -> None:
    company = connected()
    kept = company.create("accounts", name="Kept", type="expense")
    job, _ = job_of(company, resources=["accounts"])
    [coverage] = company.get(f"/sync-job/{job['id']}")["coverage"]
    assert (coverage["strategy"], coverage["calls"]) == ("whole", None)
    company.natively("PUT", f"/chartofaccounts/{kept['id']}", account_name="Renamed")
    done = run(company, job)
    assert done["totals"]["updated"] == 1 and "read_whole" not in done["resources"]["accounts"]
    rows = company.rows("accounts")
    since = next(row["updated_at"] for row in rows if row["id"] == kept["id"])
    later = {row["id"] for row in rows if row["updated_at"] >= since}  # the others may be of the same second
    assert {row["id"] for row in company.rows("accounts", **{"updated_at[gte]": since})} == later
    assert company.rows("accounts", **{"updated_at[gt]": since}) == []


def test_a_delta_whose_filter_is_refused_reads_everything_and_says_so(
    connected: Callable[..., Company],
) -> None:
    company = connected()
    job, _ = job_of(company, resources=["invoices", "contacts"])
    contact = customer(company, "Buyer")
    company.create("invoices", contact={"id": contact["id"]}, line_items=[{"name": "Pen", "unit_price": 2}])
    said = {"code": 2, "message": "Invalid value passed for last_modified_time"}
    refused = {"kind": "status", "status": 400, **said, "times": -1, "path": "/(invoices|bills)$"}
    sorted_so = {"has_more_page": True, "sort_column": "contact_name"}
    unsorted = {"code": 0, "contacts": [], "page_context": sorted_so}
    ignored = {"kind": "status", "status": 200, "body": unsorted, "times": -1, "path": "/contacts$"}
    mine = {"organization_id": company.organization_id}
    company.admin.did("POST", "/faults", **refused, query="last_modified_time=", **mine)
    company.admin.did("POST", "/faults", **ignored, query="sort_column=last_modified_time", **mine)
    company.natively("PUT", f"/contacts/{contact['id']}", contact_name="Renamed")
    done = run(company, job)
    company.admin.did("DELETE", "/faults")
    told = done["resources"]
    assert told["invoices:invoice"]["read_whole"]["code"] == "provider_validation_failed", told
    assert said["message"] in told["invoices:invoice"]["read_whole"]["message"]
    assert told["contacts"]["read_whole"]["code"] == "not_implemented" and told["contacts"]["updated"] == 1
    assert "read_whole" not in run(company, job)["resources"]["contacts"]


def test_jobs_are_listed_changed_and_ended(company: Company) -> None:
    job, _ = job_of(company, resources=["contacts"], cadence={"interval_seconds": 3600})
    assert job["next_run_at"] and job["next_sweep_at"] is None
    changed = company.patch(
        f"/sync-job/{job['id']}", {"cadence": {"cron": "0 6 * * *", "time_zone": "Europe/Berlin"}}
    )
    assert (
        changed["cadence"] == {"cron": "0 6 * * *", "time_zone": "Europe/Berlin"} and changed["version"] == 2
    )
    off = company.patch(f"/sync-job/{job['id']}", {"is_active": False})
    assert off["is_active"] is False
    listed = company.get("/sync-job", integrated_account_id=company.account_id)["result"]
    assert job["id"] in [each["id"] for each in listed]
    assert company.call("DELETE", f"/sync-job/{job['id']}").status_code == 204
    assert company.call("GET", f"/sync-job/{job['id']}").json()["code"] == "not_found"


def test_what_was_written_is_told_once_though_lists_tell_it_otherwise(
    connected: Callable[..., Company],
) -> None:
    """In an organisation with locations: documents have one, and their list rows do not tell it."""
    company = furnish(connected(seed="furnished"))
    names = [name for name in BODIES if name not in ("currencies", "tracking_categories", "tax_rates")]
    _, cursor = feed(company)
    job, _ = job_of(company, resources=names)
    _, cursor = feed(company, cursor)
    mine = {made(company, name)["id"] for name in names}
    run(company, job, "full")
    told = [change for change in feed(company, cursor)[0] if change["id"] in mine]
    assert {change["id"] for change in told} == mine
    again = [
        (change["resource"], change["changed_fields"]) for change in told if change["change"] != "created"
    ]
    assert not again


def test_only_what_is_known_to_have_changed_is_named(company: Company) -> None:
    made = company.natively("POST", "/contacts", contact_name="Made there")["contact"]
    job, _ = job_of(company, resources=["contacts"])
    _, cursor = feed(company)
    company.natively("PUT", f"/contacts/{made['contact_id']}", contact_name="Renamed there")
    company.get(f"contacts/{made['contact_id']}")
    run(company, job)
    [change] = [each for each in feed(company, cursor)[0] if each["id"] == made["contact_id"]]
    assert {*change["changed_fields"]} - {"updated_at"} == {"name"}
    assert change["previous"]["name"] == "Made there"
    assert not set(change["newly_told"]) & {*change["changed_fields"], *change["previous"]}
