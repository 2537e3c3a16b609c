import json
from pathlib import Path
from typing import Any

import pytest

from connectors.kit.connector import Organization
from connectors.kit.faults import Fault, Kind
from connectors.kit.http import Reply
from connectors.zoho_books.organizations import organization, organizations


def run(answer: Any) -> tuple[Organization, ...]:
    flow = organizations()
    request = next(flow)
    assert (request.method, request.path, request.query) == ("GET", "/organizations", ())
    try:
        if isinstance(answer, Fault):
            flow.throw(answer)
        else:
            flow.send(Reply(200, {}, answer))
    except StopIteration as stop:
        return stop.value
    raise AssertionError("one call is enough")


def test_the_recorded_list(specs: Path) -> None:
    body = json.loads((specs / "zoho-books-recordings/organizations.list.1.json").read_text())["response"][
        "body"
    ]
    (found,) = run(body)
    assert (found.id, found.name, found.plan) == ("927270289", "Nango Dev", "professional")
    assert (found.currency, found.time_zone, found.country_code) == ("USD", "America/New_York", "US")
    assert found.is_default


def test_rows_are_read_leniently() -> None:
    assert run(
        {"code": 0, "organizations": [{"organization_id": 60089553909}, "x", {}, {"organization_id": ""}]}
    ) == (Organization(id="60089553909", name="60089553909"),)
    blank = organization(
        {"organization_id": "1", "name": "", "plan_name": "", "currency_code": "", "time_zone": None}
    )
    assert blank == Organization(id="1", name="1")


def test_organisations_that_are_switched_off_are_left_out() -> None:
    rows = [{"organization_id": "1", "is_org_active": False}, {"organization_id": "2", "is_org_active": True}]
    assert [each.id for each in run({"organizations": rows})] == ["2"]
    assert organization({"organization_id": "1", "org_settings": {"is_org_active": False}}) is None


def test_a_user_without_an_organisation_has_none() -> None:
    assert run(Fault(Kind.ORGANIZATION, 400, "9017")) == ()


def test_other_faults_go_on() -> None:
    with pytest.raises(Fault) as caught:
        run(Fault(Kind.TOKEN, 401, "14"))
    assert caught.value.kind is Kind.TOKEN


@pytest.mark.parametrize("body", [None, [], {"code": 0}, {"organizations": {}}])
def test_an_answer_without_a_list_is_garbled(body: Any) -> None:
    with pytest.raises(Fault) as caught:
        run(body)
    assert caught.value.kind is Kind.GARBLED
