"""Invoices through the gateway: references, lines, statuses, expansion, versions and what mail may leave."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.flows.company import Company

TEA = {"name": "Tea", "unit_price": "4.00", "quantity": "2"}
CAKE = {"name": "Cake", "unit_price": "3.50", "description": "With cherries"}


@pytest.fixture(scope="module")
def company(connected: Callable[..., Company]) -> Company:
    found = connected(seed="empty")
    found.create("tax_rates", name="VAT", total_tax_rate=20)
    found.create("contacts", name="Buyer", emails=["buyer@b.example"])
    found.create("accounts", name="Tea sales", type="income", code="4100")
    found.create(
        "items", name="Teapot", code="POT-1", unit_price="19.90", sales_account={"code": "4100"},
        sales_tax_rate={"name": "VAT"},
    )  # fmt: skip
    path = f"/organizations/{found.organization_id}/custom-fields"
    found.admin.did("POST", path, entity="invoice", label="Project code", data_type="string")
    return found


def make(company: Company, *lines: dict[str, Any], **more: Any) -> Any:
    return company.create(
        "invoices", contact={"name": "Buyer"}, line_items=list(lines or (TEA, CAKE)), **more
    )


def test_references_by_nature(company: Company) -> None:
    line = {
        "item": {"code": "POT-1"},
        "unit_price": "18",
        "account": {"name": "Tea sales"},
        "tax_rate": {"name": "VAT"},
    }
    made = make(company, line, {"item": {"name": "Teapot"}, "unit_price": "19.90"}, currency="USD")
    first, second = made["line_items"]
    assert (first["item"]["name"], first["account"]["name"], first["tax_rate"]["name"]) == (
        "Teapot",
        "Tea sales",
        "VAT",
    )
    assert (first["sub_total"], second["tax_rate"]["name"], second["account"]["id"]) == (
        18,
        "VAT",
        first["account"]["id"],
    )
    assert made["total_amount"] == company.truth("invoices", made["id"])["total"]
    untaxed = make(company, {"item": {"code": "POT-1"}, "unit_price": 10, "tax_rate": None})
    assert (untaxed["total_amount"], untaxed["line_items"][0]["tax_rate"]) == (10, None)


@pytest.mark.parametrize(
    ("part", "code", "pointer"),
    [
        ({"contact": {"name": "Nobody"}}, "reference_not_found", "/contact"),
        ({"line_items": [{**TEA, "item": {"code": "POT-9"}}]}, "reference_not_found", "/line_items/0/item"),
        ({"line_items": [TEA, {**CAKE, "tax_rate": {"name": "vat"}}]}, "reference_not_found", "/line_items/1/tax_rate"),
        ({"line_items": [{**TEA, "account": {"code": "9"}}]}, "reference_not_found", "/line_items/0/account"),
        ({"currency": "XTS"}, "currency_not_enabled", "/currency"),
    ],
)  # fmt: skip
def test_references_that_lead_nowhere(company: Company, part: Any, code: str, pointer: str) -> None:
    body = {"contact": {"name": "Buyer"}, "line_items": [TEA], **part}
    top = code if code == "reference_not_found" else "validation_failed"
    problem = company.refused("POST", "invoices", 422, top, pointer, reads=None, json=body)
    assert problem["errors"][0]["code"] == code


def test_what_is_said_once_is_kept(company: Company) -> None:
    said = {
        "number": "SHOP-7", "reference": "order-77", "issue_date": "2026-03-02", "due_date": "2026-03-30",
        "customer_note": "Thank you", "terms": "Net", "payment_terms": {"days": 28, "label": "Net 28"},
    }  # fmt: skip
    fields = [{"api_name": "cf_project_code", "value": "P-1"}]
    addresses = {
        "billing_address": {"city": "Leeds", "street_1": "1 Dock Road"},
        "shipping_address": {"city": "Hull"},
    }
    made = make(company, **said, **addresses, custom_fields=fields)
    assert {name: made[name] for name in said} == said
    assert (made["billing_address"]["city"], made["shipping_address"]["city"]) == ("Leeds", "Hull")
    assert [(each["api_name"], each["value"]) for each in made["custom_fields"]] == [
        ("cf_project_code", "P-1")
    ]
    assert made["contact"]["type"] == "customer" and made["type"] == "invoice"
    assert company.rows("invoices", reference="order-77") == company.rows("invoices", number="SHOP-7")
    twice = company.call(
        "POST", "invoices", json={"contact": {"name": "Buyer"}, "line_items": [TEA], "number": "SHOP-7"}
    )
    assert (twice.status_code, twice.json()["code"]) == (409, "already_exists"), twice.text
    assert twice.json()["existing"] == {"resource": "invoices", "id": made["id"]}


def test_a_memo_has_no_place_here(company: Company) -> None:
    body = {"contact": {"id": "1"}, "line_items": [TEA], "memo": "internal"}
    problem = company.refused("POST", "invoices", 422, "unsupported_field", "/memo", json=body)
    assert "customer_note" in problem["errors"][0]["detail"]


def test_a_line_by_its_total(company: Company) -> None:
    """30 / 4 = 7.5; 90 after 10 % is 100; a price that disagrees with the total is named."""
    made = make(
        company,
        {"name": "Box", "quantity": 4, "total_line_amount": 30},
        {"name": "Lot", "total_line_amount": 90, "discount_percentage": 10},
    )
    assert [line["unit_price"] for line in made["line_items"]] == [7.5, 100]
    assert [line["total_line_amount"] for line in made["line_items"]] == [30, 90]
    body = {
        "contact": {"name": "Buyer"},
        "line_items": [{"name": "Box", "unit_price": 7, "total_line_amount": 8}],
    }
    company.refused(
        "POST", "invoices", 422, "total_mismatch", "/line_items/0/total_line_amount", reads=None, json=body
    )


def test_lines_in_a_change(company: Company) -> None:
    made = make(company)
    tea, cake = made["line_items"]
    path = f"invoices/{made['id']}"
    problem = company.refused(
        "PATCH", path, 422, "would_remove_lines", "/line_items", reads=1,
        json={"line_items": [{"id": tea["id"], "quantity": 3}]},
    )  # fmt: skip
    assert cake["id"] in problem["errors"][0]["detail"] and "Cake" in problem["errors"][0]["detail"]
    new = {"name": "Jam", "unit_price": 1}
    changed = company.patch(path, {"line_items": [{"id": cake["id"]}, {"id": tea["id"], "quantity": 3}, new]})
    assert [line["name"] for line in changed["line_items"]] == ["Cake", "Tea", "Jam"]
    kept = changed["line_items"][0]
    assert (kept["id"], kept["description"], kept["unit_price"]) == (cake["id"], "With cherries", 3.5)
    assert (changed["line_items"][1]["id"], changed["total_amount"]) == (tea["id"], 16.5)
    replaced = company.patch(path, {"line_items": [{"id": tea["id"]}]}, replace_lines="true")
    assert [line["id"] for line in replaced["line_items"]] == [tea["id"]]
    assert "issues" not in changed and "issues" not in replaced
    company.refused(
        "PATCH", path, 422, "reference_not_found", "/line_items/1/id", reads=1,
        json={"line_items": [{"id": tea["id"]}, {"id": cake["id"], "quantity": 1}]},
    )  # fmt: skip
    note = company.patch(path, {"customer_note": "Bye"})
    assert (note["line_items"], note["customer_note"]) == (replaced["line_items"], "Bye")


def test_custom_fields_merge(company: Company) -> None:
    made = make(company, custom_fields=[{"api_name": "cf_project_code", "value": "P-2"}])
    changed = company.patch(f"invoices/{made['id']}", {"customer_note": "x"})
    assert changed["custom_fields"] == made["custom_fields"]
    gone = company.patch(
        f"invoices/{made['id']}", {"custom_fields": [{"api_name": "cf_project_code", "_delete": True}]}
    )
    assert [each["value"] for each in gone["custom_fields"] if each["value"]] == []


def test_every_status_in_its_turn(company: Company) -> None:
    made = make(company, {"name": "Work", "unit_price": 100})
    assert (made["status"], made["remote_status"], made["is_overdue"]) == ("draft", "draft", False)
    path = f"invoices/{made['id']}"
    live = company.act(f"{path}/authorise")
    assert (live["status"], live["remote_status"], live["balance"]) == ("authorised", "sent", 100)
    refused = company.call("POST", f"{path}/mark-draft")
    assert (refused.status_code, refused.json()["code"]) == (409, "invalid_transition"), refused.text
    assert refused.json()["from"] == "authorised" and "void" in refused.json()["allowed"]
    assert refused.json()["executed"] == "no"
    pay = {"allocations": [{"type": "invoice", "id": made["id"], "amount": 40}], "total_amount": 40}
    company.create("payments", **pay, transaction_date="2026-11-18", issues=["defaulted"])
    part = company.get(path)
    assert (part["status"], part["balance"], part["paid_on_date"]) == ("partially_paid", 60, None)
    rest = {"allocations": [{"type": "invoice", "id": made["id"], "amount": 60}], "total_amount": 60}
    company.create("payments", **rest, transaction_date="2026-11-19", issues=["defaulted"])
    paid = company.get(path)
    assert (paid["status"], paid["balance"], paid["paid_on_date"]) == ("paid", 0, "2026-11-19")
    assert [each["amount"] for each in paid.get("allocations") or []] in ([], [40, 60])
    other = make(company, status="authorised")
    assert (other["status"], other["remote_status"]) == ("authorised", "sent")
    void = company.act(f"invoices/{other['id']}/void")
    assert (void["status"], void["balance"], void["total_amount"]) == ("voided", 0, other["total_amount"])
    assert company.truth("invoices", other["id"])["balance"] == other["total_amount"]
    assert company.act(f"invoices/{other['id']}/mark-draft")["status"] == "draft"
    by_status = {"draft": other["id"], "paid": made["id"]}
    for status, id in by_status.items():
        assert id in [row["id"] for row in company.rows("invoices", status=status, limit=200)]


def test_overdue_is_a_matter_of_the_calendar(company: Company) -> None:
    late = make(company, status="authorised", issue_date="2026-01-01", due_date="2026-01-31")
    assert (late["status"], late["remote_status"], late["is_overdue"]) == ("authorised", "overdue", True)
    pay = {"allocations": [{"type": "invoice", "id": late["id"], "amount": 1}], "total_amount": 1}
    company.create("payments", **pay, issues=["defaulted"])
    partly = company.get(f"invoices/{late['id']}")
    assert (partly["status"], partly["remote_status"], partly["is_overdue"]) == (
        "partially_paid",
        "overdue",
        True,
    )
    assert late["id"] in [row["id"] for row in company.rows("invoices", is_overdue="true")]
    draft = make(company, issue_date="2026-01-01", due_date="2026-01-31")
    assert draft["is_overdue"] is False


def test_no_mail_leaves_by_accident(company: Company) -> None:
    mark = company.admin.last()
    made = make(company, status="authorised")
    company.patch(f"invoices/{made['id']}", {"customer_note": "Changed"})
    company.refused("POST", f"invoices/{made['id']}/send", 404, "unknown_action")
    assert not [
        call for call in company.calls(mark) if "email" in call["path"] or "send" in str(call["query"])
    ]
    assert company.get(f"invoices/{made['id']}")["is_emailed"] is False
    told = company.act(f"invoices/{made['id']}/email", subject="Your invoice")
    assert told["is_emailed"] is True
    [call] = company.calls(mark, path="/email$")
    assert call["body"]["to_mail_ids"] == ["buyer@b.example"]
    again = company.refused(
        "POST", f"invoices/{made['id']}/email", 409, "possible_duplicate", json={"subject": "Your invoice"}
    )
    assert again["retryable"] is False
    problem = company.refused(
        "POST", f"invoices/{made['id']}/email", 422, "validation_failed", "/cc", json={"cc": []}
    )
    assert problem["errors"][0]["code"] == "unknown_field"


def test_rows_are_made_complete_within_a_budget(company: Company) -> None:
    for _ in range(4):
        make(company)
    whole = company.get("invoices", limit=4)
    assert all(row["is_partial"] and "line_items" not in row for row in whole["result"])
    for spend, complete in ((0, 0), (3, 3), (50, 4)):
        mark = company.admin.last()
        page = company.get("invoices", limit=4, max_calls=spend, **{"expand[]": "line_items"})
        assert [row["is_partial"] for row in page["result"]] == [False] * complete + [True] * (4 - complete)
        assert page["provider_calls"] == len(company.calls(mark)) == 1 + complete
        for row in page["result"][:complete]:
            assert row == company.get(f"invoices/{row['id']}")
    mark = company.admin.last()
    page = company.get("invoices", limit=4, expand="contact")
    assert page["result"][0]["contact"]["contact_persons"][0]["emails"]
    assert len(company.calls(mark)) == page["provider_calls"] == 2
    company.refused("GET", "invoices", 400, "parameter_invalid", params={"max_calls": "-1"})


def test_a_version_guards_every_write(company: Company) -> None:
    made = make(company)
    path = f"invoices/{made['id']}"
    read = company.call("GET", path)
    tag = read.headers["etag"]
    assert tag == f'"{made["etag"]}"'
    assert company.call("GET", path, headers={"If-None-Match": tag}).status_code == 304
    stale = {"If-Match": '"stale"'}
    for method, at, more in (
        ("PATCH", path, {"json": {"customer_note": "late"}}), ("DELETE", path, {}), ("POST", f"{path}/authorise", {}),
    ):  # fmt: skip
        problem = company.refused(method, at, 412, "version_conflict", reads=1, headers=stale, **more)
        assert problem["current_etag"] == made["etag"]
    answer = company.call("PATCH", path, json={"customer_note": "on time"}, headers={"If-Match": tag})
    assert answer.status_code == 200 and answer.headers["etag"] != tag
    assert answer.headers["ledgerway-outcome"] == "updated"
    assert company.call("GET", path, headers={"If-None-Match": tag}).status_code == 200
    for _ in range(2):
        assert company.call("GET", path).headers["etag"] == answer.headers["etag"]


def test_what_the_provider_makes_of_it_is_told(company: Company) -> None:
    """Rates are kept to six places; a discount beyond the line is cut to it."""
    made = make(company, {"name": "Gift", "unit_price": 10, "discount_amount": 12}, issues=["not_applied"])
    [issue] = made["issues"]
    assert (issue["pointer"], issue["sent"]) == ("/line_items/0/discount_amount", 12)


def test_native_extras_pass(company: Company) -> None:
    made = make(company, remote_data={"salesperson_name": "Sal"})
    assert made["salesperson"]["name"] == "Sal"
    bare = company.get(f"invoices/{made['id']}", truto_ignore_remote_data="true")
    assert "remote_data" not in bare


def test_the_other_side_is_kept_apart(company: Company) -> None:
    made = make(company)
    at = f"invoices/{made['id']}"
    company.refused("GET", at, 404, "not_found", reads=1, params={"type": "bill"})
    wrong = company.call("PATCH", at, params={"type": "bill"}, json={"terms": "x"})
    assert (wrong.status_code, wrong.json()["code"]) == (404, "not_found")
    assert company.get(at, type="invoice") == made
    company.create("contacts", name="Tea garden", type="vendor")
    bought = {**TEA, "account": {"name": "Tea sales"}}
    body = {"contact": {"name": "Tea garden"}, "line_items": [bought], "number": "G-1"}
    bill = company.create("invoices", **body, type="bill")
    assert bill == company.get(f"bills/{bill['id']}") == company.get(f"invoices/{bill['id']}", type="bill")
    assert company.rows("invoices", type="bill") == company.rows("bills")
    assert bill["id"] not in {row["id"] for row in company.get("invoices")["result"]}
    lines = company.get("invoices", type="bill", **{"expand[]": "line_items"})
    assert (lines["result"], lines["provider_calls"]) == ([bill], 2)
    company.act(f"invoices/{bill['id']}/void?type=bill")
    assert company.get(f"bills/{bill['id']}")["status"] == "voided"
    company.delete(f"bills/{bill['id']}")


def test_only_unpaid_invoices_are_deleted(company: Company) -> None:
    made = make(company, status="authorised")
    pay = {"allocations": [{"type": "invoice", "id": made["id"], "amount": 1}], "total_amount": 1}
    company.create("payments", **pay, issues=["defaulted"])
    answer = company.call("DELETE", f"invoices/{made['id']}")
    assert (answer.status_code, answer.json()["executed"]) == (409, "no"), answer.text
    draft = make(company)
    company.delete(f"invoices/{draft['id']}")
    company.refused("GET", f"invoices/{draft['id']}", 404, "not_found", reads=2)
    answer = company.call("DELETE", f"invoices/{draft['id']}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_a_preview_sends_nothing(company: Company) -> None:
    mark = company.admin.last()
    body = {"contact": {"name": "Buyer"}, "line_items": [TEA], "status": "authorised"}
    shown = company.good(company.call("POST", "invoices", params={"preview": "true"}, json=body))
    writes = [step for step in shown["steps"] if step["method"] != "GET"]
    assert writes[0]["path"] == "/invoices" and writes[0]["body"]["customer_id"]
    assert not any(step["sent"] for step in writes)
    assert [call for call in company.calls(mark) if call["method"] != "GET"] == []
