"""The settings resources and payments, end to end against the sandbox's ledger."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from connectors.kit.faults import Conflict, Fault, Kind, Rejected
from connectors.kit.http import Reply, Request
from connectors.kit.operations import Answer, Filter, ListQuery, Op
from connectors.zoho_books import CONNECTOR
from sandbox.books import organization_detail, organization_row
from tests.support.twin import Twin

RESOURCES = {name: resource for (_, name), resource in CONNECTOR.resources.items()}


TODAY = date(2026, 6, 20)


class Whole(Twin):
    """The ledger, and the organisations, which the sandbox answers outside of it."""

    def reply(self, request: Request) -> Reply:
        if not request.path.startswith("/organizations"):
            return super().reply(request)
        if request.path == "/organizations":
            return Reply(200, {}, {"code": 0, "organizations": [organization_row(self.profile, {})]})
        return Reply(200, {}, {"code": 0, "organization": organization_detail(self.profile)})


@pytest.fixture
def twin() -> Twin:
    return Whole()


def create(twin: Twin, resource: str, **body: Any) -> Answer:
    answer = twin.run(RESOURCES[resource].create(body, twin.context))
    assert answer.outcome == "created"
    return answer


def listed(twin: Twin, resource: str, *filters: Filter) -> list[dict[str, Any]]:
    page = twin.run(RESOURCES[resource].list(ListQuery(limit=200, filters=filters), twin.context))
    for answer in page.answers:
        assert answer.issues == []
    return [answer.record for answer in page.answers]


def invoice_of(twin: Twin, contact: str, amount: int, status: str = "authorised") -> str:
    lines = [{"name": "Work", "quantity": Decimal(1), "unit_price": Decimal(amount)}]
    return create(twin, "invoices", contact={"id": contact}, line_items=lines, status=status).record["id"]


def allocation(id: str, amount: int) -> dict[str, Any]:
    return {"type": "invoice", "id": id, "amount": Decimal(amount)}


def test_an_account_lives(twin: Twin) -> None:
    made = create(twin, "accounts", name="Till", type="cash", code="1001", description="x")
    assert made.issues == []
    id = made.record["id"]
    child = create(twin, "accounts", name="Small till", type="cash", parent_account={"code": "1001"})
    assert child.record["parent_account"]["id"] == id
    assert [each["id"] for each in listed(twin, "accounts", Filter("code", Op.EQ, "1001"))] == [id]
    changed = twin.run(RESOURCES["accounts"].update(id, {"name": "Big till"}, twin.context))
    assert (changed.record["name"], changed.issues) == ("Big till", [])
    off = twin.run(RESOURCES["accounts"].act("deactivate", id, {}, twin.context))
    assert off.record["status"] == "archived"
    assert id in {each["id"] for each in listed(twin, "accounts")}
    assert id in {each["id"] for each in listed(twin, "accounts", Filter("status", Op.EQ, "archived"))}
    twin.run(RESOURCES["accounts"].delete(child.record["id"], twin.context))
    with pytest.raises(Fault) as caught:
        twin.run(RESOURCES["accounts"].get(child.record["id"], twin.context))
    assert caught.value.kind is Kind.NOT_FOUND


def test_taxes_and_a_group(twin: Twin) -> None:
    first = create(twin, "tax_rates", name="State", total_tax_rate=Decimal("6.25"))
    second = create(twin, "tax_rates", name="City", total_tax_rate=Decimal(2), type="compound")
    assert first.issues == second.issues == []
    group = create(
        twin, "tax_rates", name="Both", total_tax_rate=Decimal("8.25"), type="group",
        components=[{"id": first.record["id"]}, {"name": "City"}],
    )  # fmt: skip
    assert [each["name"] for each in group.record["components"]] == ["State", "City"]
    assert group.record["effective_tax_rate"] == Decimal("8.375")
    assert {each["type"] for each in listed(twin, "tax_rates")} == {"tax", "compound", "group"}
    read = twin.run(RESOURCES["tax_rates"].get(group.record["id"], twin.context)).record
    assert (read["name"], read["type"]) == ("Both", "group")
    renamed = twin.run(RESOURCES["tax_rates"].update(read["id"], {"name": "All"}, twin.context)).record
    assert (renamed["name"], len(renamed["components"])) == ("All", 2)
    twin.run(RESOURCES["tax_rates"].delete(read["id"], twin.context))
    assert read["id"] not in {each["id"] for each in listed(twin, "tax_rates")}


def test_a_currency_with_a_rate(twin: Twin) -> None:
    made = create(twin, "currencies", code="KWD", symbol="KD", precision=3, exchange_rate=Decimal("3.25"))
    assert made.issues == []
    record = made.record
    assert (record["id"], record["exchange_rate"], record["rate_date"]) == (
        "KWD",
        Decimal("3.25"),
        TODAY,
    )
    changed = twin.run(RESOURCES["currencies"].update("KWD", {"symbol": "K"}, twin.context))
    assert (changed.record["symbol"], changed.issues) == ("K", [])
    (base,) = [each for each in listed(twin, "currencies") if each["is_base"]]
    assert (base["id"], base["exchange_rate"]) == ("USD", Decimal(1))
    assert "USD" not in {each["id"] for each in listed(twin, "currencies", Filter("is_base", Op.EQ, "false"))}
    assert twin.run(RESOURCES["currencies"].delete("KWD", twin.context)) == "KWD"
    with pytest.raises(Fault):
        twin.run(RESOURCES["currencies"].get("KWD", twin.context))


def test_the_company_is_complete(twin: Twin) -> None:
    (record,) = listed(twin, "company_info")
    assert (record["id"], record["name"], record["plan"]) == ("927270289", "Acme Books", "Professional")
    assert record["addresses"][0]["street_1"] == "1 Market Street"
    assert (record["fiscal_year_start_month"], record["fiscal_year_end_month"]) == (1, 12)
    assert record["is_partial"] is False


def test_users_are_listed_and_read(twin: Twin) -> None:
    records = listed(twin, "users")
    assert records
    alone = twin.run(RESOURCES["users"].get(records[0]["id"], twin.context))
    assert alone.issues == []
    assert alone.record["emails"] == records[0]["emails"]


def test_a_payment_settles_two_invoices_and_keeps_the_rest(twin: Twin) -> None:
    contact = create(twin, "contacts", name="Acme").record["id"]
    one, two = invoice_of(twin, contact, 100), invoice_of(twin, contact, 50)
    made = create(
        twin, "payments", total_amount=Decimal(200), allocations=[allocation(one, 100), allocation(two, 20)],
        payment_method="bank_transfer", reference="ch_1", account={"name": "Undeposited Funds"},
    )  # fmt: skip
    assert made.issues == []
    record = made.record
    assert (record["unapplied_amount"], record["contact"]["id"]) == (Decimal(80), contact)
    assert (record["currency"], record["transaction_date"]) == ("USD", TODAY)
    status = twin.run(RESOURCES["invoices"].get(one, twin.context)).record["status"]
    assert status == "paid"
    assert [each["id"] for each in listed(twin, "payments", Filter("reference", Op.EQ, "ch_1"))] == [
        record["id"]
    ]

    applied = twin.run(
        RESOURCES["payments"].act("apply", record["id"], {"allocations": [allocation(two, 30)]}, twin.context)
    ).record
    assert applied["unapplied_amount"] == Decimal(50)
    assert twin.run(RESOURCES["invoices"].get(two, twin.context)).record["balance"] == 0

    of_two = [each["allocation_id"] for each in applied["allocations"] if each["id"] == two]
    freed = twin.run(
        RESOURCES["payments"].act("unapply", record["id"], {"allocation_ids": of_two}, twin.context)
    ).record
    assert freed["unapplied_amount"] == Decimal(100)
    assert [each["id"] for each in freed["allocations"]] == [one]
    assert twin.run(RESOURCES["invoices"].get(two, twin.context)).record["balance"] == 50

    refund = {
        "account": {"name": "Undeposited Funds"},
        "total_amount": Decimal(100),
        "payment_method": "cash",
    }
    refunded = twin.run(RESOURCES["payments"].act("refund", record["id"], refund, twin.context)).record
    assert refunded["unapplied_amount"] == 0
    assert [each["total_amount"] for each in refunded["refunds"]] == [Decimal(100)]


def test_an_advance_and_its_end(twin: Twin) -> None:
    contact = create(twin, "contacts", name="Acme", currency="EUR").record["id"]
    made = create(twin, "payments", contact={"name": "Acme"}, total_amount=Decimal("9.99"), currency="EUR")
    assert made.record["contact"]["id"] == contact
    assert (made.record["unapplied_amount"], made.record["currency"]) == (Decimal("9.99"), "EUR")
    assert [issue.code for issue in made.issues] == ["defaulted"]
    changed = twin.run(RESOURCES["payments"].update(made.record["id"], {"memo": "late"}, twin.context))
    assert (changed.record["memo"], changed.issues) == ("late", [])
    twin.run(RESOURCES["payments"].delete(made.record["id"], twin.context))
    assert listed(twin, "payments") == []
    with pytest.raises(Rejected):
        create(twin, "payments", contact={"id": contact}, total_amount=Decimal(1), currency="USD")


def test_drafts_are_not_paid_and_nothing_is_written(twin: Twin) -> None:
    contact = create(twin, "contacts", name="Acme").record["id"]
    draft = invoice_of(twin, contact, 100, "draft")
    with pytest.raises(Conflict):
        create(twin, "payments", total_amount=Decimal(100), allocations=[allocation(draft, 100)])
    live = invoice_of(twin, contact, 100)
    with pytest.raises(Rejected) as caught:
        create(twin, "payments", total_amount=Decimal(200), allocations=[allocation(live, 101)])
    assert [error.code for error in caught.value.errors] == ["over_allocated"]
    assert listed(twin, "payments") == []


@pytest.mark.parametrize("resource", ["accounts", "tax_rates", "currencies", "payments", "users"])
def test_a_furnished_company_reads_without_issues(resource: str) -> None:
    twin = Twin(seed="furnished")
    records = listed(twin, resource)
    assert records
    for record in records[:5]:
        alone = twin.run(RESOURCES[resource].get(record["id"], twin.context))
        assert alone.issues == []
        assert alone.record["is_partial"] is False
