"""An invoice that is made and made live in two calls, the second of which fails."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.flows.company import Company

KEY = {"Idempotency-Key": "order-1"}


@pytest.fixture(scope="module")
def company(connected: Callable[..., Company]) -> Company:
    return connected(seed="empty")


def test_the_key_makes_live_what_was_made(company: Company) -> None:
    customer = company.create("contacts", name="Acme")["id"]
    body: dict[str, Any] = {
        "contact": customer, "status": "authorised", "line_items": [{"name": "Tea", "unit_price": "2.50"}]
    }  # fmt: skip
    refusal = {"status": 400, "code": 4047, "message": "Not now."}
    fault = {"kind": "status", "path": "/status/sent", "times": 2, **refusal}
    assert company.admin.post("/faults", json=fault).is_success
    mark = company.admin.last()
    for _ in range(2):
        first = company.call("POST", "invoices", json=body, headers=KEY)
        assert (first.status_code, first.headers["ledgerway-outcome"]) == (201, "partial"), first.text
        made = first.json()
        assert made["status"] == "draft"
        [failed] = [issue for issue in made["issues"] if issue["code"] == "step_failed"]
        assert failed["step"] == 2
    whole = company.call("POST", "invoices", json=body, headers=KEY)
    assert (whole.status_code, whole.headers["ledgerway-outcome"]) == (201, "created"), whole.text
    assert (whole.json()["id"], whole.json()["status"]) == (made["id"], "authorised")
    again = company.call("POST", "invoices", json=body, headers=KEY)
    assert (again.content, again.headers["ledgerway-outcome"]) == (whole.content, "replayed")
    calls = company.admin.calls(after=mark)
    posts = [call["path"].rpartition("/v3")[2] for call in calls if call["method"] == "POST"]
    assert posts == ["/invoices", *[f"/invoices/{made['id']}/status/sent"] * 3]
