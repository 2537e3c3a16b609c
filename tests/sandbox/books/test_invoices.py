"""Writing and reading invoices."""

from decimal import Decimal
from typing import Any

import pytest


def test_create(desk: Any) -> None:
    customer, item = desk.customer(payment_terms=30), desk.item(rate="99.99")
    body = {"customer_id": customer, "line_items": [{"item_id": item, "quantity": 2}]}
    answer = desk.send("POST", "/invoices", body)
    made = answer.body["invoice"]
    assert answer.status == 201
    assert answer.headers["Location"] == f"/api/v3/invoices/{made['invoice_id']}"
    assert answer.body["message"] == "The invoice has been created."
    assert (made["status"], made["invoice_number"]) == ("draft", "INV-000001")
    assert (made["date"], made["due_date"]) == ("2026-06-15", "2026-07-15")
    assert made["total"] == made["balance"] == Decimal("199.98")
    line = made["line_items"][0]
    assert (line["name"], line["account_name"], line["item_order"]) == ("Widget", "Sales", 1)
    assert desk.get(f"/invoices/{made['invoice_id']}")["invoice"] == made


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ([], 4),
        ([{"quantity": 1}], 4),
        ([{"name": "No price"}], 4),
        ([{"name": "x", "rate": "1e999"}], 2),
        ([{"name": "x", "rate": "NaN"}], 2),
        ([{"name": "x", "rate": 1, "quantity": -1}], 2),
        ([{"name": "x", "rate": 1, "discount": "101%"}], 2),
        ([{"name": "x", "rate": 1, "discount": -1}], 2),
        ([{"item_id": "404"}], 1002),
        ([{"name": "x", "rate": 1, "tax_id": "404"}], 1002),
        ([{"name": "x", "rate": 1, "line_item_id": "12"}], 2),
        ([{"line_item_category": "header", "name": "Only a heading"}], 4),
        (["x"], 2),
        ("x", 2),
    ],
)
def test_bad_lines(desk: Any, lines: Any, code: int) -> None:
    body = {"customer_id": desk.customer(), "line_items": lines}
    assert desk.refused("POST", "/invoices", body)[1] == code
    assert desk.get("/invoices")["invoices"] == []
    assert desk.invoice(body["customer_id"])["invoice_number"] == "INV-000001"


def test_bad_heads(desk: Any) -> None:
    customer, vendor = desk.customer(), desk.customer("Shop", contact_type="vendor")
    line = [{"name": "x", "rate": 1}]
    for more, code in (
        ({"customer_id": "99"}, 1002),
        ({"customer_id": vendor}, 1002),
        ({"customer_id": ""}, 4),
        ({"date": "15/06/2026"}, 2),
        ({"date": "2026-02-30"}, 2),
        ({"due_date": "2026-01-01"}, 2),
        ({"discount_type": "odd"}, 2),
        ({"is_inclusive_tax": "maybe"}, 2),
        ({"shipping_charge": -1}, 2),
        ({"adjustment": -500}, 2),
        ({"currency_id": "99"}, 1002),
        ({"reference_number": {"a": 1}}, 2),
        ({"contact_persons": ["99"]}, 2),
        ({"custom_fields": [{"api_name": "cf_none", "value": 1}]}, 2),
        ({"tags": [{"tag_id": "1", "tag_option_id": "2"}]}, 2),
    ):
        body = {"customer_id": customer, "line_items": line, **more}
        assert desk.refused("POST", "/invoices", body)[1] == code, more
    assert desk.get("/invoices")["invoices"] == []


def test_numbers(desk: Any) -> None:
    customer = desk.customer()
    body = {"customer_id": customer, "line_items": [{"name": "x", "rate": 1}], "invoice_number": "A-1"}
    assert desk.refused("POST", "/invoices", body) == (400, 2)
    own = desk.post("/invoices", body, ignore_auto_number_generation="true")["invoice"]
    assert own["invoice_number"] == "A-1"
    manual = {"query": {"ignore_auto_number_generation": "true"}}
    assert desk.refused("POST", "/invoices", body, **manual) == (400, 1001)
    assert desk.refused("POST", "/invoices", {**body, "invoice_number": ""}, **manual) == (400, 4)
    first = desk.invoice(customer)
    assert first["invoice_number"] == "INV-000001"
    desk.delete(f"/invoices/{first['invoice_id']}")
    assert desk.invoice(customer)["invoice_number"] == "INV-000002"  # numbers do not come back
    path = f"/invoices/{own['invoice_id']}"
    desk.put(path, {"invoice_number": "A-1", "notes": "same"})
    assert desk.refused("PUT", path, {"invoice_number": "A-2"}) == (400, 2)
    desk.put(path, {"invoice_number": "A-2"}, ignore_auto_number_generation="true")


def test_put_is_partial_and_replaces_lines_as_a_whole(desk: Any) -> None:
    customer = desk.customer()
    made = desk.invoice(
        customer, {"name": "a", "rate": 10}, {"name": "b", "rate": 20}, {"name": "c", "rate": 5}
    )
    path = f"/invoices/{made['invoice_id']}"
    a, b, _ = (line["line_item_id"] for line in made["line_items"])
    desk.later(seconds=30)
    noted = desk.put(path, {"notes": "hello"})["invoice"]
    assert (noted["notes"], noted["total"], len(noted["line_items"])) == ("hello", 35, 3)
    assert noted["last_modified_time"] > made["last_modified_time"]
    lines = [{"line_item_id": b}, {"name": "d", "rate": 1}, {"line_item_id": a, "quantity": 2}]
    changed = desk.put(path, {"line_items": lines})["invoice"]
    assert [(line["name"], line["item_order"]) for line in changed["line_items"]] == [
        ("b", 1),
        ("d", 2),
        ("a", 3),
    ]
    assert [line["line_item_id"] for line in changed["line_items"]][::2] == [b, a]
    assert changed["line_items"][1]["line_item_id"] not in (a, b)
    assert changed["total"] == 20 + 1 + 20
    assert desk.refused("PUT", path, {"line_items": []}) == (400, 4)


def test_a_refused_update_changes_nothing(desk: Any) -> None:
    customer = desk.customer()
    made = desk.sent(customer, {"name": "a", "rate": 10})
    desk.pay(customer, 10, {made["invoice_id"]: 10})
    path = f"/invoices/{made['invoice_id']}"
    before = desk.get(path)["invoice"]
    line = {"line_item_id": made["line_items"][0]["line_item_id"], "rate": 5}
    assert desk.refused("PUT", path, {"line_items": [line], "notes": "x"})[0] == 400
    assert desk.refused("PUT", path, {"discount": "50%"})[0] == 400
    assert desk.get(path)["invoice"] == before


def test_headings_carry_no_amounts(desk: Any) -> None:
    made = desk.invoice(
        desk.customer(), {"line_item_category": "header", "name": "Phase 1"}, {"name": "Work", "rate": 10}
    )
    assert "rate" not in made["line_items"][0]
    assert (made["line_items"][0]["name"], made["total"]) == ("Phase 1", 10)


def test_totals_as_shown(desk: Any) -> None:
    state, city = desk.tax("State", "4"), desk.tax("City", "4.5")
    group = desk.post("/settings/taxgroups", {"tax_group_name": "Both", "taxes": f"{state},{city}"})[
        "tax_group"
    ]
    made = desk.invoice(
        desk.customer(),
        {"name": "a", "rate": "40", "quantity": "2.5", "tax_id": group["tax_group_id"]},
        {"name": "b", "rate": 60},
        discount="10%",
        shipping_charge="12.5",
        shipping_charge_tax_id=city,
        adjustment="-0.05",
    )
    # 160 - 16 + 12.5 + (90 at 4 % and 4.5 %: 3.6 + 4.05, shipping 0.56) - 0.05
    assert (made["sub_total"], made["discount_total"]) == (160, 16)
    assert (made["discount"], made["discount_percent"], made["discount_type"]) == ("10%", 10, "entity_level")
    assert (made["shipping_charge_tax"], made["shipping_charge_inclusive_of_tax"]) == (
        Decimal("0.56"),
        Decimal("13.06"),
    )
    assert {tax["tax_name"]: tax["tax_amount"] for tax in made["taxes"]} == {
        "State (4%)": Decimal("3.6"),
        "City (4.5%)": Decimal("4.61"),
    }
    assert "tax_id" not in made["taxes"][0]
    assert made["tax_total"] == Decimal("8.21")
    assert made["total"] == Decimal("164.66")
    line = made["line_items"][0]
    assert (line["tax_type"], line["tax_percentage"], line["item_total"]) == (
        "tax_group",
        Decimal("8.5"),
        100,
    )
    assert [tax["tax_name"] for tax in line["line_item_taxes"]] == ["State (4%)", "City (4.5%)"]


def test_line_discounts(desk: Any) -> None:
    made = desk.invoice(
        desk.customer(),
        {"name": "a", "rate": 100, "discount": "7.5%"},
        {"name": "b", "rate": 30, "discount": 4},
    )
    assert made["discount_type"] == "item_level"
    assert [line["discount"] for line in made["line_items"]] == ["7.5%", 4]
    assert [line["discount_amount"] for line in made["line_items"]] == [Decimal("7.5"), 4]
    assert (made["sub_total"], made["discount_total"], made["total"]) == (
        Decimal("118.5"),
        Decimal("11.5"),
        Decimal("118.5"),
    )


def test_inclusive(desk: Any) -> None:
    vat = desk.tax("VAT", 20)
    made = desk.invoice(desk.customer(), {"name": "a", "rate": 60, "tax_id": vat}, is_inclusive_tax=True)
    assert (made["sub_total"], made["tax_total"], made["total"]) == (50, 10, 60)
    assert made["sub_total_inclusive_of_tax"] == 60
    assert made["line_items"][0]["item_total_inclusive_of_tax"] == 60


@pytest.mark.parametrize(
    ("code", "rate", "total", "base"),
    [
        ("JPY", "0.0067", "334", "2.24"),
        ("EUR", "1.25", "333.66", "417.08"),
        ("KWD", "3.25", "333.663", "1084.4"),
    ],
)
def test_currencies(desk: Any, code: str, rate: str, total: str, base: str) -> None:
    if code == "KWD":
        desk.post("/settings/currencies", {"currency_code": code})
    key = desk.currency(code)
    desk.post(f"/settings/currencies/{key}/exchangerates", {"effective_date": "2026-06-01", "rate": rate})
    made = desk.invoice(desk.customer(currency_id=key), {"name": "a", "rate": "111.221", "quantity": 3})
    assert (made["currency_code"], made["exchange_rate"]) == (code, Decimal(rate))
    assert (made["total"], made["bcy_total"]) == (Decimal(total), Decimal(base))
    fixed = desk.put(f"/invoices/{made['invoice_id']}", {"exchange_rate": "2"})["invoice"]
    assert fixed["exchange_rate"] == 2


def test_item_prices_turn_into_the_invoice_currency(desk: Any) -> None:
    euro = desk.currency("EUR")
    desk.post(f"/settings/currencies/{euro}/exchangerates", {"effective_date": "2026-06-01", "rate": "1.25"})
    made = desk.invoice(desk.customer(currency_id=euro), {"item_id": desk.item(rate=100)})
    assert (made["line_items"][0]["rate"], made["bcy_total"]) == (80, 100)


def test_row_and_detail_differ_in_addresses(desk: Any) -> None:
    customer = desk.customer(
        billing_address={"zip": "10001", "city": "Rome"}, contact_persons=[{"email": "a@b.c"}]
    )
    made = desk.invoice(customer)
    row = desk.get("/invoices")["invoices"][0]
    assert (row["billing_address"]["zipcode"], made["billing_address"]["zip"]) == ("10001", "10001")
    assert "line_items" not in row
    assert (row["email"], made["email"]) == ("a@b.c", "a@b.c")
    desk.put(f"/contacts/{customer}", {"billing_address": {"city": "Oslo"}})
    assert desk.get("/invoices")["invoices"][0]["billing_address"]["city"] == "Rome"  # kept as written


def test_rounding_organisations(open_desk: Any) -> None:
    from sandbox.books import Profile

    desk = open_desk(profile=Profile("1", "Round", rounds_totals=True))
    made = desk.invoice(desk.customer(), {"name": "a", "rate": "10.40"})
    assert (made["total"], made["roundoff_value"]) == (10, Decimal("-0.4"))


def test_pdf(desk: Any) -> None:
    made = desk.invoice(desk.customer(), {"name": "Pipe (long) \\ 1", "rate": 10})
    answer = desk.send("GET", f"/invoices/{made['invoice_id']}", query={"accept": "pdf"})
    assert (answer.status, answer.media_type, answer.body) == (200, "application/pdf", None)
    assert answer.content.startswith(b"%PDF-1.4")
    start = int(answer.content.rsplit(b"startxref\n", 1)[1].split(b"\n")[0])
    assert answer.content[start:].startswith(b"xref\n")
    entries = answer.content[start:].split(b"trailer")[0].splitlines()[3:]
    for number, entry in enumerate(entries, 1):
        assert answer.content[int(entry[:10]) :].startswith(b"%d 0 obj" % number)
    assert b"INV-000001" in answer.content
    html = desk.send("GET", f"/invoices/{made['invoice_id']}", query={"accept": "html"})
    assert html.content.startswith(b"<!doctype html>")
    both = desk.send("GET", "/invoices/pdf", query={"invoice_ids": made["invoice_id"]})
    assert both.content.startswith(b"%PDF")
