"""Projects: led by the connected user, billed as told."""

from decimal import Decimal as D
from typing import Any

import pytest

from connectors.kit.faults import Fault, Rejected
from connectors.kit.http import Request
from connectors.kit.operations import Filter, Op, Sort
from connectors.zoho_books import projects
from tests.support.scripted import CONTEXT
from tests.support.twin import Twin


@pytest.fixture
def twin() -> Twin:
    found = Twin()
    found.create("contacts", name="Acme")
    return found


def start(twin: Twin, name: str = "Roof", **more: Any) -> Any:
    return twin.create("projects", **{"name": name, "contact": {"name": "Acme"}, **more})


def lead(twin: Twin) -> str:
    """The connected user."""
    return twin.reply(Request("GET", "/users/me")).body["user"]["user_id"]


def test_the_life_of_a_project(twin: Twin) -> None:
    budget = {"budget_type": "total_hours", "budget_hours": "120.5"}
    made = start(twin, billing_type="project_hours", description="new", **budget)
    assert made.issues == []
    record = made.record
    assert (record["billing_type"], record["budget_hours"]) == ("project_hours", D("120.5"))
    assert (record["status"], record["contact"]["type"]) == ("active", "customer")
    changed = twin.update("projects", record["id"], name="Roof 2", description=None)
    assert (changed.record["name"], changed.record["description"], changed.issues) == ("Roof 2", None, [])
    sent = twin.seen[-1].body
    assert sent == {
        "project_name": "Roof 2",
        "description": "",
        "customer_id": record["contact"]["id"],
        "billing_type": "based_on_project_hours",
        "user_id": lead(twin),
    }
    assert twin.act("projects", record["id"], "deactivate").record["status"] == "archived"
    assert twin.act("projects", record["id"], "activate").record["status"] == "active"
    twin.run(twin.resource("projects").delete(record["id"], twin.context))
    with pytest.raises(Fault):
        twin.get("projects", record["id"])


def test_what_zoho_wants_is_filled_in_and_told(twin: Twin) -> None:
    made = start(twin)
    assert [(each.code, each.pointer) for each in made.issues] == [("defaulted", "/billing_type")]
    sent = twin.seen[-1].body
    assert sent is not None
    assert (sent["billing_type"], sent["user_id"]) == ("based_on_task_hours", lead(twin))


@pytest.mark.parametrize(("told", "hours"), [("12:30", D("12.5")), ("40", D(40)), (8, D(8)), ("", None)])
def test_hours_are_read_however_they_are_told(told: Any, hours: D | None) -> None:
    answer = projects.RESOURCE.read({"project_id": "1", "budget_hours": told}, CONTEXT)
    assert (answer.record["budget_hours"], answer.issues) == (hours, [])


def test_hours_that_are_none_are_an_issue() -> None:
    answer = projects.RESOURCE.read({"project_id": "1", "budget_hours": "a:b"}, CONTEXT)
    assert [each.pointer for each in answer.issues] == ["/budget_hours"]


@pytest.mark.parametrize("more", [{"code": "R-1"}, {"tracking_categories": [{"id": "1", "option_id": "2"}]}])
def test_what_zoho_has_no_place_for_is_refused(twin: Twin, more: dict[str, Any]) -> None:
    with pytest.raises(Rejected) as rejection:
        start(twin, **more)
    assert [each.code for each in rejection.value.errors] == ["unsupported_field"]


def test_filters_and_sorts(twin: Twin) -> None:
    first = start(twin, "B").record
    twin.act("projects", start(twin, "A").record["id"], "deactivate")

    def found(*filters: Filter, **query: Any) -> list[str]:
        return [answer.record["name"] for answer in twin.list("projects", *filters, **query).answers]

    assert found(sort=Sort("name")) == ["A", "B"]
    assert found(Filter("status", Op.EQ, "archived")) == ["A"]
    assert found(Filter("contact", Op.EQ, first["contact"]["id"]), sort=Sort("name")) == ["A", "B"]


def test_a_project_is_named_by_lines(twin: Twin) -> None:
    made = start(twin).record
    line = {"account": {"name": "Travel Expense"}, "unit_price": 10, "project": {"name": "Roof"}}
    spent = twin.create(
        "expenses", transaction_date="2026-06-18", account={"name": "Petty Cash"}, line_items=[line, line]
    )
    assert spent.issues == []
    assert [each["project"]["id"] for each in spent.record["line_items"]] == [made["id"], made["id"]]
    other = start(twin, "Cellar").record
    with pytest.raises(Rejected) as rejection:
        twin.create(
            "expenses", transaction_date="2026-06-18", account={"name": "Petty Cash"},
            line_items=[line, {**line, "project": other["id"]}],
        )  # fmt: skip
    assert [each.pointer for each in rejection.value.errors] == ["/line_items/1/project"]
