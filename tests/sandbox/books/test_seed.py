"""The furnished organisation, and the ids every record gets."""

from collections import Counter
from typing import Any

from sandbox.books import Profile, organization_detail, organization_row
from sandbox.books.invoice_status import status
from sandbox.books.postings import by_account, invoice_entries, payment_entries


def test_what_it_holds(furnished: Any) -> None:
    truth = furnished.books.truth()
    assert len(truth["contacts"]) >= 60
    assert {row["contact_type"] for row in truth["contacts"].values()} == {"customer", "vendor"}
    assert len(truth["items"]) >= 40
    assert len(truth["accounts"]) >= 54
    assert {row["tax_type"] for row in truth["taxes"].values()} == {"tax", "compound_tax", "tax_group"}
    assert {row["price_precision"] for row in truth["currencies"].values()} == {0, 2, 3}
    assert len(truth["currencies"]) >= 12
    assert len(truth["invoices"]) >= 450
    assert len(truth["payments"]) >= 200
    words = Counter(status(furnished.ledger, row) for row in truth["invoices"].values())
    assert set(words) == {
        "draft", "sent", "viewed", "overdue", "partially_paid", "paid", "void", "pending_approval", "approved",
    }  # fmt: skip
    days = sorted(row["date"] for row in truth["invoices"].values())
    assert (days[0], days[-1]) < ("2025-01-15", "2026-06-16")
    assert len({row["currency_id"] for row in truth["invoices"].values()}) >= 6


def test_money_agrees(furnished: Any) -> None:
    truth = furnished.books.truth()
    for row in truth["invoices"].values():
        discount = row["discount_total"] if row["discount_type"] == "entity_level" else 0
        parts = row["sub_total"] - discount + row["shipping_net"] + row["tax_total"] + row["adjustment"]
        assert row["total"] == parts + row["roundoff_value"]
        assert row["sub_total"] == sum(line["item_total"] for line in row["line_items"])
        covered = row["payment_made"] + row["credits_applied"] + row["write_off_amount"]
        assert row["balance"] == row["total"] - covered
        places = furnished.ledger.currency(row["currency_id"])["price_precision"]
        assert -row["total"].normalize().as_tuple().exponent <= places
        assert sum(amount for _, amount in invoice_entries(furnished.ledger, row)) == 0
    for row in truth["payments"].values():
        applied = sum(share["amount_applied"] for share in row["applied"])
        refunded = sum(refund["amount"] for refund in row["refunds"])
        assert row["amount"] == applied + refunded + row["unused_amount"]
        assert sum(amount for _, amount in payment_entries(furnished.ledger, row)) == 0
    assert sum(amount for rows in by_account(furnished.ledger).values() for _, _, amount in rows) == 0


def test_it_is_the_same_every_time(open_desk: Any, furnished: Any) -> None:
    again = open_desk(seed="furnished")
    assert again.books.truth() == furnished.books.truth()
    other = open_desk(seed="furnished", profile=Profile("60089553909", "Other"))
    assert not set(other.books.truth()["invoices"]) & set(furnished.books.truth()["invoices"])


def test_a_great_many_rows(open_desk: Any) -> None:
    desk = open_desk(rows=3000)
    truth = desk.books.truth()["invoices"]
    assert len({row["invoice_number"] for row in truth.values()}) == 3000
    assert len({line["line_item_id"] for row in truth.values() for line in row["line_items"]}) == 3000
    one = next(reversed(truth.values()))
    customer = one["customer_id"]
    desk.pay(customer, one["total"], {one["invoice_id"]: one["total"]})
    assert desk.get("/invoices", status="paid")["invoices"][0]["invoice_id"] == one["invoice_id"]


def test_ids_come_in_blocks_and_not_in_order_of_time(desk: Any) -> None:
    prefix = desk.ledger.profile.id_prefix
    made = [desk.item(f"Item {number}") for number in range(200)]
    assert len(set(made)) == 200
    assert all(len(key) == 18 and key.startswith(prefix) for key in made)
    assert made != sorted(made)
    assert {key[6:15] for key in made} == {f"{block:09d}" for block in range(97, 104)}
    system = [row["account_id"] for row in desk.get("/chartofaccounts")["chartofaccounts"]]
    assert prefix + "000000000388" in system


def test_organisation_rows_and_details(furnished: Any) -> None:
    profile = furnished.books.profile
    row = organization_row(profile, {"name": "Ada", "email": "ada@example.com"})
    detail = organization_detail(profile)
    assert row["fiscal_year_start_month"] == 0
    assert detail["fiscal_year_start_month"] == "january"
    assert row["currency_id"] == detail["currency_id"] == furnished.currency("USD")
    assert detail["address"]["zip"] == "10001"


def test_other_base_currencies(open_desk: Any) -> None:
    desk = open_desk(
        seed="furnished", profile=Profile("5", "Kyoto", currency_code="JPY", time_zone="Asia/Tokyo")
    )
    base = [row for row in desk.get("/settings/currencies")["currencies"] if row["is_base_currency"]]
    assert [row["currency_code"] for row in base] == ["JPY"]
    assert desk.get("/invoices")["invoices"][0]["created_time"].endswith("+0900")


def test_the_office(furnished: Any) -> None:
    truth = furnished.books.truth()
    least = {
        "estimates": 60, "salesorders": 50, "salesreceipts": 24, "expenses": 120, "employees": 4, "journals": 18,
        "projects": 5, "locations": 3, "banktransactions": 60,
    }  # fmt: skip
    for name, count in least.items():
        assert len(truth[name]) >= count
    assert {"draft", "expired", "accepted", "declined", "invoiced"} <= {
        row["status"] for row in furnished.get("/estimates")["estimates"]
    }
    assert {"draft", "overdue", "invoiced", "void"} <= {
        row["status"] for row in furnished.get("/salesorders")["salesorders"]
    }
    waiting = {row.get("status") for row in truth["banktransactions"].values() if row.get("is_imported")}
    assert waiting == {"uncategorized", "matched", "excluded"}
