"""Reporting tags and locations: as categories of their own, and on documents and lines."""

from decimal import Decimal
from typing import Any

import pytest

from connectors.kit.faults import Fault, Kind, Rejected
from connectors.kit.operations import Filter, Op
from connectors.zoho_books.tracking_categories import RESOURCE
from tests.support.scripted import CONTEXT, run
from tests.support.twin import Twin

TAG: dict[str, Any] = {"tag_id": "11", "tag_name": "Region", "is_active": True, "is_mandatory": False}
OPTIONS: list[dict[str, Any]] = [
    {
        "option_id": "21", "option_name": "North", "is_active": True, "is_default": True,
        "children": [{"option_id": "22", "option_name": "Alaska", "is_active": False, "children": []}],
    },
    {"option_id": "23", "option_name": "South", "is_active": True, "children": []},
]  # fmt: skip
LISTED = {"reporting_tags": [TAG]}
TREE = {"tag_id": "11", "options": OPTIONS, "page_context": {"has_more_page": False}}


@pytest.fixture
def twin() -> Twin:
    return Twin()


def region(twin: Twin, *options: str) -> dict[str, Any]:
    named = [{"name": name} for name in options or ("North", "South")]
    return twin.create("tracking_categories", name="Region", options=named).record


def place(twin: Twin, name: str) -> str:
    return twin.create("tracking_categories", name=name, category_type="location").record["id"]


def invoice(twin: Twin, **more: Any) -> dict[str, Any]:
    contact = twin.create("contacts", name="Acme").record["id"]
    lines = [{"name": "Work", "unit_price": 10, **more.pop("line", {})}]
    made = twin.create("invoices", contact=contact, line_items=lines, **more)
    assert made.issues == []
    return made.record


def entries(record: dict[str, Any]) -> list[tuple[str | None, str | None]]:
    return [(each["name"], each["option"]) for each in record["tracking_categories"]]


def test_the_tree_of_options_reads_flat() -> None:
    answer, provider = run(RESOURCE.get("11", CONTEXT), [LISTED, TREE])
    assert provider.calls == ["GET /reportingtags", "GET /reportingtags/options"]
    assert answer.issues == []
    assert [(each["name"], each["status"], each["parent"]) for each in answer.record["options"]] == [
        ("North", "active", None),
        ("Alaska", "archived", {"id": "21", "name": "North"}),
        ("South", "active", None),
    ]


def test_pages_of_options_are_read_to_the_end() -> None:
    more = {**TREE, "page_context": {"has_more_page": True}}
    last = {**TREE, "options": [{"option_id": "24", "option_name": "East", "parent_id": "21"}]}
    answer, provider = run(RESOURCE.get("11", CONTEXT), [LISTED, more, last])
    assert len(answer.record["options"]) == 4
    assert provider.last.query == (("tag_id", "11"), ("page", "2"))


def test_changed_options_are_written_with_the_others_as_a_tree() -> None:
    body = {"options": [{"id": "23", "_delete": True}, {"name": "Yukon", "parent": {"name": "North"}}]}
    _, provider = run(RESOURCE.update("11", body, CONTEXT), [LISTED, TREE, {"code": 0}, LISTED, TREE])
    put = provider.seen[2]
    assert (put.method, put.path) == ("PUT", "/reportingtags/11/options")
    (north,) = put.body["options"]
    assert (north["option_id"], north["is_default"]) == ("21", True)
    assert [each.get("option_id") for each in north["children"]] == ["22", None]
    assert north["children"][1]["option_name"] == "Yukon"


@pytest.mark.parametrize("parent", [{"name": "Nowhere"}, {"id": "22"}])
def test_an_option_is_neither_below_nothing_nor_below_itself(parent: dict[str, str]) -> None:
    body = {"options": [{"id": "21", "parent": parent}]}
    with pytest.raises(Rejected) as caught:
        run(RESOURCE.update("11", body, CONTEXT), [LISTED, TREE])
    assert caught.value.errors[0].pointer == "/options"


def test_a_tag_lives(twin: Twin) -> None:
    made = twin.create("tracking_categories", name="Region", options=[{"name": "North"}], is_required=True)
    assert (made.issues, made.record["category_type"], made.record["is_required"]) == ([], "tag", True)
    id = made.record["id"]
    changed = twin.update("tracking_categories", id, name="Area", options=[{"name": "South"}])
    assert (changed.issues, changed.record["name"]) == ([], "Area")
    assert [each["name"] for each in changed.record["options"]] == ["North", "South"]
    assert twin.act("tracking_categories", id, "deactivate").record["status"] == "archived"
    twin.run(RESOURCE.delete(id, twin.context))
    with pytest.raises(Fault) as caught:
        twin.get("tracking_categories", id)
    assert caught.value.kind is Kind.NOT_FOUND


def test_a_location_lives(twin: Twin) -> None:
    main = place(twin, "Main")
    made = twin.create(
        "tracking_categories", name="Shop", category_type="location", parent_category={"name": "Main"}
    )
    assert made.issues == []
    record = made.record
    assert record["id"] == f"loc_{record['remote_id']}"
    assert record["parent_category"]["id"] == main
    assert twin.update("tracking_categories", record["id"], name="Store").record["name"] == "Store"
    assert twin.act("tracking_categories", record["id"], "deactivate").record["status"] == "archived"
    twin.run(RESOURCE.delete(record["id"], twin.context))
    with pytest.raises(Fault):
        twin.get("tracking_categories", record["id"])


def test_what_a_location_cannot_have_is_refused(twin: Twin) -> None:
    with pytest.raises(Rejected) as caught:
        twin.create("tracking_categories", name="Shop", category_type="location", options=[{"name": "x"}])
    assert [each.pointer for each in caught.value.errors] == ["/options"]
    with pytest.raises(Rejected) as caught:
        twin.create("tracking_categories", name="Shop", category_type="department")
    assert caught.value.errors[0].code == "enum_value"


def test_lists_hold_both_kinds_or_one(twin: Twin) -> None:
    tag, main = region(twin)["id"], place(twin, "Main")
    page = twin.list("tracking_categories")
    assert ([each.record["id"] for each in page.answers], page.next) == ([tag, main], None)
    only = twin.list("tracking_categories", Filter("category_type", Op.EQ, "location"))
    assert [each.record["id"] for each in only.answers] == [main]


def test_options_are_chosen_by_name_on_documents_and_lines(twin: Twin) -> None:
    region(twin)
    main = place(twin, "Main")
    shop = place(twin, "Shop")
    record = invoice(
        twin,
        tracking_categories=[{"name": "Region", "option": "North"}, {"name": "Main"}],
        line={"tracking_categories": [{"name": "Region", "option": "South"}, {"id": shop}]},
    )
    assert entries(record) == [("Region", "North"), ("Main", None)]
    assert entries(record["line_items"][0]) == [("Region", "South"), ("Shop", None)]
    assert record["location"] == {"id": main, "name": "Main"}
    paths = [each.path for each in twin.seen]
    assert paths.count("/reportingtags/options") == 2  # the tag was read back once, looked up once


def test_a_change_adds_a_category_and_keeps_the_others(twin: Twin) -> None:
    region(twin)
    twin.create("tracking_categories", name="Team", options=[{"name": "Red"}, {"name": "Blue"}])
    place(twin, "Main")
    shop = place(twin, "Shop")
    record = invoice(twin, tracking_categories=[{"name": "Region", "option": "North"}])
    changed = twin.update(
        "invoices", record["id"], tracking_categories=[{"name": "Team", "option": "Red"}, {"id": shop}]
    )
    assert changed.issues == []
    assert entries(changed.record) == [("Region", "North"), ("Team", "Red"), ("Shop", None)]
    first = changed.record["tracking_categories"][0]["id"]
    again = twin.update("invoices", record["id"], tracking_categories=[{"id": first, "_delete": True}])
    assert entries(again.record) == [("Team", "Red"), ("Shop", None)]
    written = again.record["tracking_categories"]
    same = twin.update("invoices", record["id"], tracking_categories=written)
    assert same.record["tracking_categories"] == written


@pytest.mark.parametrize(
    ("entry", "at", "code"),
    [
        ({"name": "Region", "option": "Nroth"}, "/option", "reference_not_found"),
        ({"name": "Regoin", "option": "North"}, "/name", "reference_not_found"),
        ({"id": "1"}, "/option", "required"),
        ({"option": "North"}, "", "required"),
        ({"name": "Nowhere"}, "/name", "reference_not_found"),
    ],
)
def test_what_leads_nowhere_is_refused(twin: Twin, entry: dict[str, str], at: str, code: str) -> None:
    region(twin)
    place(twin, "Main")
    with pytest.raises(Rejected) as caught:
        invoice(twin, line={"tracking_categories": [entry]})
    (error,) = caught.value.errors
    assert (error.pointer, error.code) == (f"/line_items/0/tracking_categories/0{at}", code)
    assert not [each for each in twin.seen if (each.method, each.path) == ("POST", "/invoices")]


def test_a_contact_is_booked_at_no_location(twin: Twin) -> None:
    main = place(twin, "Main")
    with pytest.raises(Rejected) as caught:
        twin.create("contacts", name="Acme", tracking_categories=[{"id": main}])
    assert caught.value.errors[0].code == "unsupported_field"


def test_money_stays_exact_beside_categories(twin: Twin) -> None:
    region(twin)
    record = invoice(twin, line={"tracking_categories": [{"name": "Region", "option": "North"}]})
    assert record["total_amount"] == Decimal(10)
