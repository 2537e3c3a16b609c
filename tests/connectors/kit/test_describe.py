import json

from connectors.zoho_books import contacts, invoices, items

META = invoices.RESOURCE.describe()


def test_what_a_field_is_follows_from_its_row() -> None:
    number = META["fields"]["number"]
    assert (number["native"], number["type"], number["create"], number["update"]) == (
        ["invoice_number"],
        "text",
        True,
        True,
    )
    assert META["fields"]["contact"]["required"] is True
    assert META["fields"]["contact"]["found_by"] == ["id", "name", "email"]
    assert META["fields"]["balance"]["create"] is False
    assert META["fields"]["line_items"]["patch"] == "complete"
    assert META["fields"]["line_items"]["in_lists"] is False
    assert META["fields"]["line_items"]["fields"]["unit_price"]["native"] == ["rate"]
    assert contacts.RESOURCE.describe()["fields"]["contact_persons"]["patch"] == "merged by id"


def test_what_the_provider_lacks_says_why() -> None:
    assert META["fields"]["memo"] == {
        "supported": False,
        "reason": "keeps no internal note on invoices; customer_note is printed",
    }


def test_what_may_be_asked_of_a_list() -> None:
    assert META["filters"]["updated_at"] == ["gt", "gte", "lt", "lte"]
    assert META["filters"]["contact.id"] == ["eq"]
    assert "due_date" in META["sort"]
    assert items.RESOURCE.sorts == {"name", "unit_price"}
    assert META["filter_calls"]["status"] == {"authorised": 2, "partially_paid": 2}
    assert items.RESOURCE.describe()["filter_calls"] == {}


def test_actions_statuses_and_cost() -> None:
    assert META["actions"]["email"]["reaches_person"] is True
    assert "to" in META["actions"]["email"]["fields"]["properties"]
    assert (META["statuses"], META["default_status"]) == (["authorised", "draft"], "draft")
    assert META["calls"]["list"] == 1
    assert META["calls"]["void"] == 2
    assert META["scopes"]["create"] == "ZohoBooks.invoices.CREATE"


def test_it_can_be_printed() -> None:
    for resource in (contacts, invoices, items):
        json.dumps(resource.RESOURCE.describe())
