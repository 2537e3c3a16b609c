"""Money received: what it settles, what it may not, what is left, and what goes back."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from tests.flows.company import Company


@pytest.fixture(scope="module")
def company(connected: Callable[..., Company]) -> Company:
    found = connected(seed="empty")
    for name in ("Payer", "Other"):
        found.create("contacts", name=name)
    found.create("contacts", name="Tokyo", currency="JPY")
    found.create("contacts", name="Supplier", type="vendor")
    found.create("accounts", name="House bank", type="bank", code="1000")
    return found


def invoice(company: Company, amount: Any, contact: str = "Payer", **more: Any) -> str:
    lines = [{"name": "Work", "unit_price": amount}]
    body: dict[str, Any] = {"contact": {"name": contact}, "line_items": lines, "status": "authorised", **more}
    return company.create("invoices", **body)["id"]


def on(id: str, amount: Any) -> dict[str, Any]:
    return {"type": "invoice", "id": id, "amount": amount}


def test_one_payment_over_two_invoices(company: Company) -> None:
    first, second = invoice(company, 100), invoice(company, "50.50")
    said: dict[str, Any] = {
        "total_amount": "160.25", "transaction_date": "2026-11-02", "payment_method": "bank_transfer",
        "reference": "txn-1", "memo": "Wire", "account": {"code": "1000"},
    }  # fmt: skip
    made = company.create("payments", **said, allocations=[on(first, 100), on(second, "50.50")])
    assert (made["contact"]["name"], made["payment_for"]) == ("Payer", "invoice")
    assert (made["total_amount"], made["unapplied_amount"]) == (Decimal("160.25"), Decimal("9.75"))
    assert (made["transaction_date"], made["payment_method"], made["reference"], made["memo"]) == (
        "2026-11-02", "bank_transfer", "txn-1", "Wire",
    )  # fmt: skip
    assert (
        made["account"]["name"] == "House bank" and made["status"] == "cleared" and made["currency"] == "USD"
    )
    assert {each["id"]: each["amount"] for each in made["allocations"]} == {
        first: 100,
        second: Decimal("50.5"),
    }
    assert made["invoice"] is None
    for id in (first, second):
        assert (company.get(f"invoices/{id}")["status"], company.truth("invoices", id)["balance"]) == (
            "paid",
            0,
        )
    assert company.truth("payments", made["id"])["unused_amount"] == Decimal("9.75")
    assert made == company.get(f"payments/{made['id']}")


def test_an_advance(company: Company) -> None:
    made = company.create("payments", contact={"name": "Payer"}, total_amount=25, issues=["defaulted"])
    assert (made["allocations"], made["unapplied_amount"]) == ([], 25)
    assert made["issues"][0]["pointer"] == "/account" and made["account"]["name"]


@pytest.mark.parametrize(
    ("body", "code", "pointer"),
    [
        ({"total_amount": 10}, "required", "/contact"),
        ({"contact": {"name": "Payer"}}, "required", "/total_amount"),
        ({"contact": {"name": "Payer"}, "total_amount": -1}, "wrong_type", "/total_amount"),
        ({"contact": {"name": "Payer"}, "total_amount": 1, "payment_for": "bill"}, "required", "/account"),
        ({"contact": {"name": "Payer"}, "total_amount": 1, "payment_method": "gold"}, "enum_value", "/payment_method"),
        ({"contact": {"name": "Payer"}, "total_amount": 1, "currency": "EUR"}, "currency_mismatch", "/currency"),
        ({"contact": {"name": "Supplier"}, "total_amount": 1}, "required", "/account"),
        ({"contact": {"name": "Nobody"}, "total_amount": 1}, "required", "/payment_for"),
        ({"total_amount": 1, "allocations": [on("123456789", 1)]}, "reference_not_found", "/allocations/0/id"),
        ({"total_amount": 1, "allocations": [{"id": "1"}]}, "required", None),
        ({"total_amount": 1, "allocations": [{**on("1", 1), "type": "bill"}]}, "required", "/account"),
        (
            {"total_amount": 1, "payment_for": "invoice", "allocations": [{**on("1", 1), "type": "bill"}]},
            "wrong_type", "/allocations/0/type",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_paid(company: Company, body: Any, code: str, pointer: str | None) -> None:
    top = code if code == "reference_not_found" else "validation_failed"
    problem = company.refused("POST", "payments", 422, top, reads=None, json=body)
    assert problem["errors"][0]["code"] == code
    assert pointer is None or problem["errors"][0]["pointer"] == pointer


def test_no_more_than_is_owed_or_paid(company: Company) -> None:
    one = invoice(company, 10)
    for body, pointer in (
        ({"total_amount": 20, "allocations": [on(one, "10.01")]}, "/allocations/0/amount"),
        ({"total_amount": 5, "allocations": [on(one, 6)]}, "/allocations"),
        ({"total_amount": 20, "allocations": [on(one, 6), on(one, 5)]}, "/allocations/1/amount"),
    ):
        problem = company.refused("POST", "payments", 422, "validation_failed", pointer, reads=1, json=body)
        assert problem["errors"][0]["code"] == "over_allocated"
    draft = company.create(
        "invoices", contact={"name": "Payer"}, line_items=[{"name": "W", "unit_price": 1}]
    )["id"]
    void = invoice(company, 1)
    company.act(f"invoices/{void}/void")
    for id, status in ((draft, "draft"), (void, "voided")):
        body = {"total_amount": 1, "allocations": [on(id, 1)]}
        problem = company.refused("POST", "payments", 409, "invalid_transition", reads=1, json=body)
        assert problem["from"] == status
    assert company.get(f"invoices/{one}")["balance"] == 10


def test_apply_unapply_refund(company: Company) -> None:
    first, second = invoice(company, 30), invoice(company, 40)
    made = company.create("payments", contact={"name": "Payer"}, total_amount=100, issues=["defaulted"])
    path = f"payments/{made['id']}"
    applied = company.act(f"{path}/apply", allocations=[on(first, 30), on(second, 15)])
    assert (applied["unapplied_amount"], len(applied["allocations"])) == (55, 2)
    assert [company.get(f"invoices/{id}")["balance"] for id in (first, second)] == [0, 25]
    more = company.act(f"{path}/apply", allocations=[on(second, 25)])
    assert more["unapplied_amount"] == 30
    over = company.refused(
        "POST", f"{path}/apply", 422, "validation_failed", reads=None,
        json={"allocations": [on(invoice(company, 90), 31)]},
    )  # fmt: skip
    assert over["errors"][0]["code"] == "over_allocated"
    ids = {each["id"]: each["allocation_id"] for each in more["allocations"]}
    back = company.act(f"{path}/unapply", allocation_ids=[ids[first]])
    assert first not in [each["id"] for each in back["allocations"]]
    assert (back["unapplied_amount"], back["total_amount"]) == (60, 100)
    assert company.get(f"invoices/{first}")["status"] == "authorised"
    company.refused(
        "POST", f"{path}/unapply", 422, "reference_not_found", "/allocation_ids/0", reads=1,
        json={"allocation_ids": ["1"]},
    )  # fmt: skip
    refund = {
        "account": {"code": "1000"},
        "total_amount": "12.5",
        "payment_method": "cash",
        "reference": "R-1",
    }
    returned = company.act(f"{path}/refund", **refund, transaction_date="2026-11-10")
    assert (returned["unapplied_amount"], len(returned["refunds"])) == (Decimal("47.5"), 1)
    assert (returned["refunds"][0]["total_amount"], returned["refunds"][0]["reference"]) == (
        Decimal("12.5"),
        "R-1",
    )
    assert company.truth("payments", made["id"])["unused_amount"] == Decimal("47.5")

    (told,) = returned["refunds"]
    assert company.get(f"{path}/refunds/{told['id']}") == told
    preview = company.good(company.call("DELETE", f"{path}/refunds/{told['id']}", params={"preview": "true"}))
    assert [step["method"] for step in preview["steps"] if not step["sent"]] == ["DELETE"]
    company.delete(f"{path}/refunds/{told['id']}")
    assert company.truth("payments", made["id"])["unused_amount"] == 60
    company.refused("GET", f"{path}/refunds/{told['id']}", 404, "not_found", reads=None)
    elsewhere = f"invoices/{first}/refunds/1"
    company.refused("DELETE", elsewhere, 405, "method_not_allowed")


def test_an_invoice_gives_its_settlements_back(company: Company) -> None:
    id = invoice(company, 30)
    made = company.create("payments", total_amount=30, allocations=[on(id, 30)], issues=["defaulted"])
    kept = company.call("DELETE", f"invoices/{id}")
    assert (kept.status_code, kept.json()["code"]) == (409, "has_dependents"), kept.text
    assert kept.json()["records"] == [{"resource": "payments", "id": made["id"]}]
    assert kept.json()["provider"]["message"] and kept.json()["executed"] == "no"
    (share,) = company.get(f"invoices/{id}/allocations")["result"]
    assert (share["type"], share["id"]) == ("payment", made["id"])
    back = company.act(f"invoices/{id}/unapply", allocation_ids=[share["allocation_id"]])
    assert (back["status"], back["balance"]) == ("authorised", 30)
    assert company.get(f"payments/{made['id']}")["unapplied_amount"] == 30


def test_allocations_change_only_by_actions(company: Company) -> None:
    made = company.create("payments", contact={"name": "Payer"}, total_amount=7, issues=["defaulted"])
    body = {"allocations": [on(invoice(company, 7), 7)]}
    problem = company.refused(
        "PATCH", f"payments/{made['id']}", 422, "validation_failed", "/allocations", json=body
    )
    assert problem["errors"][0]["code"] == "read_only"
    changed = company.patch(
        f"payments/{made['id']}", {"memo": "Seen", "reference": "R-2", "payment_method": "check"}
    )
    assert (changed["memo"], changed["reference"], changed["payment_method"]) == ("Seen", "R-2", "check")
    assert (changed["total_amount"], changed["unapplied_amount"], "issues" in changed) == (7, 7, False)


def test_a_payment_in_another_currency(company: Company) -> None:
    id = invoice(company, 1000, "Tokyo", exchange_rate="0.0067")
    made = company.create(
        "payments", total_amount=600, allocations=[on(id, 600)], currency="JPY", issues=["defaulted"]
    )
    assert (made["currency"], made["total_amount"], made["base_currency"]) == ("JPY", 600, "USD")
    assert (company.get(f"invoices/{id}")["status"], company.get(f"invoices/{id}")["balance"]) == (
        "partially_paid",
        400,
    )


def test_a_deleted_payment_gives_the_debt_back(company: Company) -> None:
    id = invoice(company, 11)
    made = company.create("payments", total_amount=11, allocations=[on(id, 11)], issues=["defaulted"])
    assert made["invoice"] == {"id": id, "type": "invoice"}
    company.delete(f"payments/{made['id']}")
    assert (company.get(f"invoices/{id}")["status"], company.get(f"invoices/{id}")["balance"]) == (
        "authorised",
        11,
    )
    company.refused("GET", f"payments/{made['id']}", 404, "not_found", reads=2)
    of_customers = {"payment_for": "invoice"}
    company.refused("GET", f"payments/{made['id']}", 404, "not_found", reads=1, params=of_customers)


def test_rows_with_their_allocations(company: Company) -> None:
    page = company.get("payments", limit=3, **{"expand[]": "allocations"})
    assert all("allocations" in row and not row["is_partial"] for row in page["result"])
    assert page["provider_calls"] == 4
    assert company.call("GET", f"payments/{page['result'][0]['id']}/pdf").content.startswith(b"%PDF")
