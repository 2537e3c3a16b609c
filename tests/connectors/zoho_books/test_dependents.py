"""Why Zoho would not delete: found in its lists, for its words may be in any language."""

from typing import Any

import pytest

from connectors.kit.faults import Fault, Kind
from connectors.kit.guarding import guarded
from connectors.kit.http import Flow, Request
from connectors.zoho_books.guard import GUARD
from tests.support.script import CONTEXT, Script


def delete(path: str) -> Flow[None]:
    yield Request("DELETE", path)


def refused(path: str, fault: Fault, *answers: Any) -> Fault:
    script = Script([fault, *answers])
    with pytest.raises(Fault) as caught:
        script.run(guarded(delete(path), GUARD, CONTEXT))
    return caught.value


@pytest.mark.parametrize(
    ("path", "answers", "records"),
    [
        (
            "/contacts/7", [{"invoices": [{"invoice_id": "1"}, {"invoice_id": "2"}]}, Fault(Kind.FORBIDDEN, 401)],
            [("invoices", "1"), ("invoices", "2")],
        ),
        ("/items/7", [{"invoices": []}, {"bills": [{"bill_id": "3"}]}], [("bills", "3")]),
        (
            "/salesorders/7", [{"salesorder": {"invoices": [{"invoice_id": "1"}, {"invoice_id": "1"}, {}]}}],
            [("invoices", "1")],
        ),
    ],
)  # fmt: skip
def test_what_rests_on_it_is_named(path: str, answers: list[Any], records: list[Any]) -> None:
    told = refused(path, Fault(Kind.INVALID, 400, "99", "Nicht möglich"), *answers)
    assert told.kind is Kind.DEPENDENTS and (told.code, told.message) == ("99", "Nicht möglich")
    assert [(each["resource"], each["id"]) for each in told.records or ()] == records


def test_nothing_found_leaves_the_refusal_as_it_is() -> None:
    told = refused("/items/7", Fault(Kind.INVALID, 400, "99", "Nein"), {"invoices": []}, {"bills": []})
    assert (told.kind, told.records) == (Kind.INVALID, None)


def test_what_zoho_says_itself_stands_without_a_list() -> None:
    said = Fault(Kind.CONFLICT, 400, "1", "Accounts that are involved in transactions cannot be deleted.")
    told = refused("/chartofaccounts/7", said)
    assert (told.kind, told.records) == (Kind.DEPENDENTS, [])
    said = Fault(Kind.CONFLICT, 400, "1", "System accounts cannot be deleted.")
    assert refused("/chartofaccounts/7", said).kind is Kind.CONFLICT
