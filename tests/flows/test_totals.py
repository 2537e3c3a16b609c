"""What an invoice comes to: the provider's book, the unified record and a reckoning by hand agree."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from tests.flows.company import Company
from tests.flows.totals import CASES, COMPOUND, GROUPS, TAXES, Case, line

BY_NAME = [pytest.param(case, id=case.name) for case in CASES]


@pytest.fixture(scope="module")
def companies(connected: Callable[..., Company]) -> dict[bool, Company]:
    """One organisation that rounds its totals to whole units and one that does not, with their taxes and customers."""
    made = {rounds: connected(seed="empty", rounds_totals=rounds) for rounds in (False, True)}
    for company in made.values():
        ids = {
            name: company.create(
                "tax_rates", name=name, total_tax_rate=rate, type="compound" if name in COMPOUND else "tax"
            )["id"]
            for name, rate in TAXES.items()
        }
        for name, members in GROUPS.items():
            components = [{"id": ids[each]} for each in members]
            rate = "15.4738" if "QST" in members else "7.5"
            company.create("tax_rates", name=name, type="group", total_tax_rate=rate, components=components)
        company.create("currencies", code="KWD", precision=3)
        for currency in ("USD", "JPY", "KWD"):
            company.create("contacts", name=f"Pays {currency}", type="customer", currency=currency)
        # That an organisation rounds its totals is told by its invoices alone.
        company.create("invoices", contact={"name": "Pays USD"}, line_items=[line("1.50")])
    return made


def body_of(case: Case) -> dict[str, Any]:
    return {"contact": {"name": f"Pays {case.currency}"}, "line_items": list(case.lines), **case.document}


@pytest.mark.parametrize("case", BY_NAME)
def test_three_reckonings_agree(companies: dict[bool, Company], case: Case) -> None:
    company, told = companies[case.rounds], case.figures
    made = company.create("invoices", total_amount=case.figures["total"].to_eng_string(), **body_of(case))
    by_hand = {
        "sub_total": told["sub_total"],
        "discount_amount": told["discount"],
        "total_discount": told["discount"] + Decimal(case.line_discounts),
        "total_tax_amount": told["tax"],
        "shipping_amount": told["shipping"],
        "adjustment_amount": told["adjustment"],
        "rounding_amount": told["rounding"],
        "total_amount": told["total"],
        "balance": told["total"],
        "currency": case.currency,
    }
    assert {name: made[name] for name in by_hand} == by_hand
    assert [each["sub_total"] for each in made["line_items"]] == [Decimal(net) for net in case.nets.split()]
    per_rate = {each["tax_rate"]["name"].partition(" (")[0]: each["tax_amount"] for each in made["taxes"]}
    assert per_rate == {name: Decimal(amount) for name, amount in case.taxes.items()}
    if case.base_total:
        assert (made["base_currency"], made["base_total_amount"]) == ("USD", Decimal(case.base_total))
    assert identity(made) == made["total_amount"]
    assert made["sub_total"] == sum(each["sub_total"] for each in made["line_items"])
    assert made == company.get(f"invoices/{made['id']}")

    book = company.truth("invoices", made["id"])
    on_document = book["discount_type"] == "entity_level"
    assert {
        "sub_total": book["sub_total"],
        "discount": book["discount_total"] if on_document else Decimal(0),
        "tax": book["tax_total"],
        "shipping": book["shipping_net"],
        "adjustment": book["adjustment"],
        "rounding": book["roundoff_value"],
        "total": book["total"],
    } == told


def identity(record: dict[str, Any]) -> Decimal:
    """The sum every complete record satisfies."""
    return (
        record["sub_total"]
        - (record["discount_amount"] or 0)
        + (record["total_tax_amount"] or 0)
        + (record["shipping_amount"] or 0)
        + (record["adjustment_amount"] or 0)
        + (record["rounding_amount"] or 0)
        - (record.get("withheld_tax_amount") or 0)
    )


@pytest.mark.parametrize("case", BY_NAME)
def test_a_wrong_control_total_sends_nothing(companies: dict[bool, Company], case: Case) -> None:
    """Off by the currency's smallest unit; where totals may be rounded, by more than that can explain."""
    smallest = {"USD": Decimal("0.01"), "JPY": Decimal(1), "KWD": Decimal("0.001")}[case.currency]
    wrong = case.figures["total"] + (Decimal("1.51") if case.rounds else smallest)
    body = {**body_of(case), "total_amount": str(wrong)}
    problem = companies[case.rounds].refused(
        "POST", "invoices", 422, "total_mismatch", "/total_amount", reads=None, json=body
    )
    assert [error["code"] for error in problem["errors"]] == ["total_mismatch"]


def test_the_control_total_is_a_decimal_not_a_float(companies: dict[bool, Company]) -> None:
    made = companies[False].create(
        "invoices", contact={"name": "Pays USD"}, line_items=[line("0.1"), line("0.2")], total_amount="0.3"
    )
    assert made["total_amount"] == Decimal("0.3")


def test_a_discount_stands_on_one_level(companies: dict[bool, Company]) -> None:
    lines = [line("10", discount_amount="1")]
    body = {"contact": {"name": "Pays USD"}, "line_items": lines, "discount_percentage": "5"}
    companies[False].refused(
        "POST", "invoices", 422, "unsupported_field", "/discount_amount", reads=None, json=body
    )
    twice = {
        "contact": {"id": "1"},
        "line_items": [line("10")],
        "discount_percentage": "5",
        "discount_amount": "5",
    }
    companies[False].refused("POST", "invoices", 422, "validation_failed", "/discount_percentage", json=twice)


def test_no_discount_is_lost_by_a_change(companies: dict[bool, Company]) -> None:
    """100 − 10 + 50 = 140 with the discount on a line, 100 − 10 % = 90 with it on the document."""
    company = companies[False]
    lines = [line("100", discount_amount="10"), line("50")]
    by_line = company.create("invoices", contact={"name": "Pays USD"}, line_items=lines)
    path = f"invoices/{by_line['id']}"
    for body in ({"discount_amount": None}, {"discount_percentage": 0}, {"customer_note": "Hello"}):
        assert company.patch(path, body)["total_amount"] == 140
    company.refused(
        "PATCH", path, 422, "unsupported_field", "/discount_amount", reads=1, json={"discount_amount": 5}
    )
    first, second = ({"id": each["id"]} for each in by_line["line_items"])
    moved = {"line_items": [{**first, "discount_amount": None}, second], "discount_percentage": 10}
    assert company.patch(path, moved)["total_amount"] == 135

    by_document = company.create(
        "invoices", contact={"name": "Pays USD"}, line_items=[line("100")], discount_percentage="10"
    )
    path, kept = f"invoices/{by_document['id']}", {"id": by_document["line_items"][0]["id"]}
    body = {"line_items": [{**kept, "discount_amount": 7}]}
    company.refused("PATCH", path, 422, "unsupported_field", "/discount_amount", reads=1, json=body)
    assert company.patch(path, {"line_items": [{**kept, "discount_amount": None}]})["total_amount"] == 90
    assert company.patch(path, {**body, "discount_percentage": None})["total_amount"] == 93


def test_totals_follow_a_change(companies: dict[bool, Company]) -> None:
    """10 % off 2 · 50 + 20 % VAT = 108.00; one more unit: 150 − 15 + 27 = 162.00; without discount 180.00."""
    company = companies[False]
    made = company.create(
        "invoices",
        contact={"name": "Pays USD"},
        line_items=[line("50", "VAT", "2")],
        discount_percentage="10",
    )
    assert made["total_amount"] == 108
    kept = {"id": made["line_items"][0]["id"], "quantity": 3}
    changed = company.patch(f"invoices/{made['id']}", {"line_items": [kept]})
    assert (changed["total_amount"], changed["discount_amount"], changed["total_tax_amount"]) == (162, 15, 27)
    cleared = company.patch(f"invoices/{made['id']}", {"discount_percentage": None})
    assert (cleared["total_amount"], cleared["discount_amount"]) == (180, 0)
    assert identity(changed) == 162 and identity(cleared) == 180
    assert "issues" not in changed and "issues" not in cleared


@pytest.mark.parametrize("case", BY_NAME)
def test_a_preview_tells_the_same_figures(companies: dict[bool, Company], case: Case) -> None:
    """Exactly, or why not: nothing else is said of them."""
    company = companies[case.rounds]
    shown = company.good(company.call("POST", "invoices", json=body_of(case), params={"preview": "true"}))
    told, names = case.figures, ("sub_total", "discount", "tax", "shipping", "adjustment", "total")
    if shown["totals"] is None:
        assert case.rounds or "rounded" in shown["totals_reason"]
        return
    fields = (
        "sub_total", "discount_amount", "total_tax_amount", "shipping_amount", "adjustment_amount", "total_amount",
    )  # fmt: skip
    assert [shown["totals"][each] for each in fields] == [told[each] for each in names]
    assert shown["totals"]["currency"] == case.currency


@pytest.mark.parametrize("charge", ["10", "8.33", "0.01", "99.99"])
def test_shipping_read_and_sent_back_stays(companies: dict[bool, Company], charge: str) -> None:
    """It is told without its tax, also where prices contain tax."""
    company = companies[False]
    tax = {"name": "VAT"}
    body = {"contact": {"name": "Pays USD"}, "tax_inclusive": True, "line_items": [line("120", "VAT")]}
    made = company.create("invoices", **body, shipping_amount=charge, shipping_tax_rate=tax)
    assert made["shipping_amount"] == Decimal(charge) and identity(made) == made["total_amount"]
    path = f"invoices/{made['id']}"
    back = {name: made[name] for name in ("shipping_amount", "tax_inclusive", "discount_before_tax")}
    same = company.patch(
        path, {name: str(value) if name[0] == "s" else value for name, value in back.items()}
    )
    assert (same["total_amount"], same["shipping_amount"], "issues" in same) == (
        made["total_amount"],
        Decimal(charge),
        False,
    )


def test_what_the_provider_charged_is_sent_back_as_it_stands(companies: dict[bool, Company]) -> None:
    """9.99 with VAT is 8.33 without, which would be 10.00 with."""
    company = companies[False]
    body = {"contact": {"name": "Pays USD"}, "tax_inclusive": True, "line_items": [line("120", "VAT")]}
    made = company.create("invoices", **body, shipping_amount="8.33", shipping_tax_rate={"name": "VAT"})
    company.natively("PUT", f"/invoices/{made['id']}", shipping_charge=9.99)
    before = company.get(f"invoices/{made['id']}")
    assert before["shipping_amount"] == Decimal("8.33")
    after = company.patch(f"invoices/{made['id']}", {"shipping_amount": "8.33"})
    assert after["total_amount"] == before["total_amount"] != made["total_amount"]


@pytest.mark.parametrize(
    ("currency", "fine", "good"),
    [("JPY", "10.5", "10"), ("KWD", "10.0005", "10.005"), ("USD", "10.005", "10.05")],
)
def test_amounts_are_no_finer_than_their_currency(
    companies: dict[bool, Company], currency: str, fine: str, good: str
) -> None:
    company = companies[False]
    contact = {"name": f"Pays {currency}"}
    body: dict[str, Any] = {"contact": contact, "currency": currency, "status": "authorised"}
    lines = [line("100", discount_amount=fine)]
    problem = company.refused(
        "POST", "invoices", 422, "validation_failed", "/line_items/0/discount_amount", reads=None,
        json={**body, "line_items": lines},
    )  # fmt: skip
    assert problem["errors"][0]["code"] == "precision"
    made = company.create("invoices", **body, line_items=[line("100")])
    for amount, allocated, pointer in ((fine, good, "/total_amount"), ("90", fine, "/allocations/0/amount")):
        share = {"type": "invoice", "id": made["id"], "amount": allocated}
        money = {"total_amount": amount, "allocations": [share]}
        if Decimal(allocated) > Decimal(amount):
            continue
        problem = company.refused(
            "POST", "payments", 422, "validation_failed", pointer, reads=None, json=money
        )
        assert problem["errors"][0]["code"] == "precision"
    share = {"type": "invoice", "id": made["id"], "amount": good}
    paid = company.create("payments", total_amount=good, allocations=[share], issues=["defaulted"])
    assert paid["total_amount"] == Decimal(good)
