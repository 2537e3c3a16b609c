"""What documents are tracked by: projects, reporting tags, locations."""

from typing import Any

import pytest


def test_projects(desk: Any) -> None:
    customer = desk.customer("Acme")
    body = {
        "project_name": "Site",
        "customer_id": customer,
        "billing_type": "fixed_cost_for_project",
        "rate": "3404",
    }
    made = desk.post("/projects", {**body, "user_id": next(iter(desk.ledger.users.rows))})["project"]
    path = f"/projects/{made['project_id']}"
    assert (made["rate"], made["billed_amount"], made["un_billed_amount"]) == (3404, "0.00", "3404.000")
    assert len(made["users"]) == 1
    desk.invoice(customer, {"name": "x", "rate": 1000, "project_id": made["project_id"]})
    assert desk.get(path)["project"]["billed_amount"] == "1000.00"
    assert len(desk.get(f"{path}/invoices")["invoices"]) == 1
    assert desk.refused("DELETE", path) == (400, 1007)
    assert desk.refused("POST", "/projects", body) == (400, 1001)
    desk.post(f"{path}/inactive")
    assert desk.get("/projects", filter_by="Status.Inactive")["projects"][0]["status"] == "inactive"
    task = desk.post(f"{path}/tasks", {"task_name": "Plan"})["task"]["task_id"]
    assert desk.put(f"{path}/tasks/{task}", {"rate": 5})["task"]["rate"] == 5
    copied = desk.post(f"{path}/clone", {"project_name": "Site 2"})["project"]
    assert [one["task_name"] for one in copied["tasks"]] == ["Plan"]
    desk.delete(f"{path}/tasks/{task}")
    desk.delete(f"/projects/{copied['project_id']}")


def test_tags_on_documents_and_lines(desk: Any) -> None:
    tag = desk.post(
        "/reportingtags", {"tag_name": "Region", "entities": [], "multi_preference_entities": {}}
    )["tag"]
    path = f"/reportingtags/{tag['tag_id']}"
    options = [{"option_name": "East", "children": [{"option_name": "Coast"}]}, {"option_name": "West"}]
    desk.put(f"{path}/options", {"options": options})
    every = desk.get(f"{path}/options/all")["results"]
    assert [(one["option_name"], one["depth"]) for one in every] == [("East", 0), ("Coast", 1), ("West", 0)]
    chosen = {"tag_id": tag["tag_id"], "tag_option_id": every[1]["option_id"]}
    line = {"name": "x", "rate": 1, "tags": [chosen]}
    for path_of, item in (
        ("/invoices", "invoice"),
        ("/estimates", "estimate"),
        ("/salesorders", "salesorder"),
    ):
        body = {"customer_id": desk.customer(item), "line_items": [line], "tags": [chosen]}
        found = desk.post(path_of, body)[item]
        assert found["tags"][0]["tag_option_name"] == "Coast"
        assert found["line_items"][0]["tags"][0]["tag_name"] == "Region"
    assert desk.refused("DELETE", path) == (400, 1007)
    assert desk.refused("PUT", f"{path}/options", {"options": [{"option_name": "Only"}]}) == (400, 1007)
    kept = [{"option_id": every[1]["option_id"], "option_name": "Shore"}]
    desk.put(f"{path}/options", {"options": kept})
    nested = desk.get("/reportingtags/options", tag_id=tag["tag_id"])["options"]
    assert [one["option_name"] for one in nested] == ["Shore"]
    desk.post(f"{path}/inactive")
    assert desk.get("/reportingtags")["reporting_tags"][0]["is_active"] is False


def test_older_path_of_tags(desk: Any) -> None:
    tag = desk.post("/settings/tags", {"tag_name": "Team"})["tag"]["tag_id"]
    option = desk.post(f"/settings/tags/{tag}/options", {"tag_option_name": "Red"})["tag_option"]
    assert desk.get(f"/settings/tags/{tag}/options")["tag_options"] == [option]
    assert (
        desk.get("/reportingtags/options", tag_id=tag)["options"][0]["option_id"] == option["tag_option_id"]
    )
    desk.delete(f"/settings/tags/{tag}")
    assert desk.get("/settings/tags")["reporting_tags"] == []


def test_locations(desk: Any) -> None:
    customer = desk.customer()
    assert "location_id" not in desk.invoice(customer)
    assert "page_context" not in desk.get("/locations")
    head = desk.post("/locations", {"location_name": "Head Office", "type": "general"})["locations"]
    shop = desk.post("/locations", {"location_name": "Shop"})["locations"]["location_id"]
    shelf = desk.post("/locations", {"location_name": "Shelf", "type": "line_item_only"})["locations"][
        "location_id"
    ]
    assert head["is_primary"] is True
    made = desk.invoice(customer, {"name": "x", "rate": 1, "location_id": shelf}, location_id=shop)
    assert (made["location_name"], made["branch_id"], made["line_items"][0]["location_id"]) == (
        "Shop",
        shop,
        shelf,
    )
    body = {"customer_id": customer, "line_items": [{"name": "x", "rate": 1}], "location_id": shelf}
    for path in ("/invoices", "/estimates", "/salesorders"):
        assert desk.refused("POST", path, body) == (400, 27520)
    assert desk.refused("DELETE", f"/locations/{shop}") == (400, 1007)
    assert desk.refused("DELETE", f"/locations/{head['location_id']}") == (400, 1007)
    desk.post(f"/locations/{shop}/markasprimary")
    desk.delete(f"/locations/{head['location_id']}")
    assert desk.refused("GET", f"/locations/{shop}") == (404, 5)


@pytest.mark.parametrize("path", ["/estimates", "/salesorders", "/expenses", "/journals", "/projects"])
def test_defaults_of_lists(desk: Any, path: str) -> None:
    context = desk.get(path)["page_context"]
    assert (context["page"], context["per_page"], context["has_more_page"]) == (1, 200, False)
    assert context["applied_filter"] == ("JournalDate.All" if path == "/journals" else "Status.All")
