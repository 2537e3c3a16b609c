"""Rule 1 on real arithmetic: the sandbox, the unified record and a figure reckoned by hand agree."""

from decimal import Decimal as D
from typing import Any

import pytest

from connectors.kit.faults import Rejected
from connectors.kit.totals import difference
from tests.support.twin import Twin

VAT, CITY, LUXURY = "VAT", "City", "Luxury"


def twin(currency: str = "USD") -> Twin:
    """A company with a plain tax of 20 %, one of 7.5 %, a compound one of 10 % and a group of two."""
    found = Twin(currency_code=currency)
    found.create("contacts", name="Acme")
    for name, rate, kind in ((VAT, 20, "tax"), (CITY, "7.5", "tax"), (LUXURY, 10, "compound")):
        found.create("tax_rates", name=name, total_tax_rate=rate, type=kind)
    parts = [{"name": CITY}, {"name": LUXURY}]
    found.create("tax_rates", name="Both", type="group", total_tax_rate="18.25", components=parts)
    return found


def line(price: str, tax: str | None = None, **more: Any) -> dict[str, Any]:
    return {"name": "Work", "unit_price": price, "tax_rate": {"name": tax} if tax else None, **more}


CASES: dict[str, tuple[str, list[dict[str, Any]], dict[str, Any], dict[str, str]]] = {
    "line discounts": (
        "USD", [line("12.50", CITY, quantity=3, discount_percentage=10), line("100", VAT, discount_amount="7.25")], {},
        {"sub_total": "126.50", "total_tax_amount": "21.08", "total_amount": "147.58", "discount_amount": "0",
         "total_discount": "11.00"},
    ),
    "document discount before tax": (
        "USD", [line("100", VAT), line("50")], {"discount_percentage": 10},
        {"sub_total": "150", "discount_amount": "15", "total_tax_amount": "18", "total_amount": "153",
         "total_discount": "15"},
    ),
    "document discount after tax": (
        "USD", [line("100", VAT)], {"discount_amount": 12, "discount_before_tax": False},
        {"sub_total": "100", "discount_amount": "12", "total_tax_amount": "20", "total_amount": "108"},
    ),
    "inclusive": (
        "USD", [line("119.99", VAT)], {"tax_inclusive": True},
        {"sub_total": "99.99", "total_tax_amount": "20.00", "total_amount": "119.99"},
    ),
    "compound in a group": (
        "USD", [line("100", "Both")], {},
        {"sub_total": "100", "total_tax_amount": "18.25", "total_amount": "118.25"},
    ),
    "shipping and adjustment": (
        "USD", [line("50", VAT)],
        {"shipping_amount": "9.99", "adjustment_amount": "-0.34", "adjustment_description": "rounding"},
        {"sub_total": "50", "shipping_amount": "9.99", "total_tax_amount": "10", "total_amount": "69.65"},
    ),
    "yen": (
        "JPY", [line("33.4", VAT, quantity=3)], {},
        {"sub_total": "100", "total_tax_amount": "20", "total_amount": "120"},
    ),
    "dinars": (
        "KWD", [line("1.0005", CITY)], {},
        {"sub_total": "1.001", "total_tax_amount": "0.075", "total_amount": "1.076"},
    ),
    "many small lines": (
        "USD", [line("0.33", CITY)] * 3, {},
        {"sub_total": "0.99", "total_tax_amount": "0.07", "total_amount": "1.06"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_all_three_agree(case: tuple[str, list[dict[str, Any]], dict[str, Any], dict[str, str]]) -> None:
    currency, lines, terms, expected = case
    control = expected["total_amount"]
    made = twin(currency).create(
        "invoices", contact={"name": "Acme"}, line_items=lines, total_amount=control, **terms
    )
    record = made.record
    assert {name: record[name] for name in expected} == {name: D(value) for name, value in expected.items()}
    assert difference(record) == 0
    assert [issue.code for issue in made.issues] == []
    assert sum(each["sub_total"] for each in record["line_items"]) == record["sub_total"]


@pytest.mark.parametrize("case", ["line discounts", "inclusive", "compound in a group", "yen"])
def test_a_wrong_control_total_stops_the_write(case: str) -> None:
    currency, lines, terms, expected = CASES[case]
    world = twin(currency)
    world.create("invoices", contact={"name": "Acme"}, line_items=[line("1")])
    world.seen.clear()
    wrong = D(expected["total_amount"]) + D("0.01")
    with pytest.raises(Rejected) as rejection:
        world.create("invoices", contact={"name": "Acme"}, line_items=lines, total_amount=wrong, **terms)
    (error,) = rejection.value.errors
    assert (error.code, error.pointer) == ("total_mismatch", "/total_amount")
    assert {request.method for request in world.seen} == {"GET"}


def test_an_organisation_that_rounds_may_be_told_the_rounded_total() -> None:
    world = Twin(rounds_totals=True)
    world.create("contacts", name="Acme")
    world.create("invoices", contact={"name": "Acme"}, line_items=[line("1")])
    made = world.create("invoices", contact={"name": "Acme"}, line_items=[line("99.60")], total_amount=100)
    assert (made.record["total_amount"], made.record["rounding_amount"], made.issues) == (
        D(100),
        D("0.40"),
        [],
    )


def test_a_total_only_the_provider_can_reckon_is_an_issue() -> None:
    world = twin()
    world.create("items", name="Widget", unit_price="10")
    lines = [{"item": {"name": "Widget"}, "quantity": 2}]
    bare = {"contact": {"name": "Acme"}, "line_items": lines, "total_amount": "21"}
    made = world.run(world.resource("invoices").create(world.body("invoices", bare), world.context))
    issue = next(issue for issue in made.issues if issue.code == "total_mismatch")
    assert (issue.extra["sent"], issue.extra["got"]) == (D(21), D(20))


def test_a_right_control_total_costs_no_further_call() -> None:
    world = twin()
    world.seen.clear()
    contact = world.list("contacts").answers[0].record["id"]
    world.seen.clear()
    world.create("invoices", contact=contact, line_items=[line("10", quantity=2)], total_amount="20")
    assert [request.path for request in world.seen] == ["/invoices"]


def test_discounts_on_both_levels_are_refused() -> None:
    with pytest.raises(Rejected) as rejection:
        twin().create(
            "invoices",
            contact={"name": "Acme"},
            discount_amount=1,
            line_items=[line("10", discount_percentage=5)],
        )
    assert rejection.value.errors[0].code == "unsupported_field"


def test_figures_that_do_not_add_up_pass_through_with_an_issue() -> None:
    world = twin()
    made = world.create("invoices", contact={"name": "Acme"}, line_items=[line("10")])
    native = {**made.native, "total": D("10.50")}
    answer = world.resource("invoices").read(native, world.context)
    assert [(issue.code, issue.pointer) for issue in answer.issues] == [("totals_mismatch", "/total_amount")]
    assert answer.record["total_amount"] == D("10.50")
