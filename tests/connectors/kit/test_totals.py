"""Every figure here was reckoned by hand."""

from decimal import Decimal as D

import pytest

from connectors.kit.totals import Line, Rate, Terms, Totals, difference, effective, reckon

VAT = Rate("vat", D(20))
CITY = Rate("city", D("7.5"))
STATE = Rate("state", D(2))
LUXURY = Rate("luxury", D(10), is_compound=True)


def line(
    quantity: str, price: str, *taxes: Rate, percent: str | None = None, amount: str | None = None
) -> Line:
    return Line(D(quantity), D(price), D(percent) if percent else None, D(amount) if amount else None, taxes)


CASES = {
    "plain": ([line("2", "10.50"), line("1", "4")], Terms(), "25.00", "0", "0", "25.00"),
    "exclusive tax": ([line("3", "12.50", CITY)], Terms(), "37.50", "0", "2.81", "40.31"),
    "line discount in percent": ([line("3", "12.50", CITY, percent="10")], Terms(), "33.75", "0", "2.53", "36.28"),
    "line discount as amount": ([line("1", "100", VAT, amount="7.25")], Terms(), "92.75", "0", "18.55", "111.30"),
    "document discount before tax": (
        [line("1", "100", VAT), line("1", "50")], Terms(discount_percentage=D(10)), "150", "15.00", "18.00", "153.00",
    ),
    "document amount before tax, shared": (
        [line("1", "10", VAT), line("1", "20", VAT)], Terms(discount_amount=D("1")), "30", "1", "5.80", "34.80",
    ),
    "document discount after tax": (
        [line("1", "100", VAT)], Terms(discount_percentage=D(10), discount_before_tax=False),
        "100", "12.00", "20.00", "108.00",
    ),
    "inclusive": ([line("1", "119.99", VAT)], Terms(inclusive=True), "99.99", "0", "20.00", "119.99"),
    "inclusive, line discount": (
        [line("1", "120", VAT, percent="50")], Terms(inclusive=True), "50.00", "0", "10.00", "60.00",
    ),
    "inclusive, discounted before tax": (
        [line("1", "120", VAT)], Terms(inclusive=True, discount_percentage=D(10)), "100.00", "10.00", "18.00", "108.00",
    ),
    "compound on plain": ([line("1", "100", CITY, LUXURY)], Terms(), "100", "0", "18.25", "118.25"),
    "compound alone is plain": ([line("1", "100", LUXURY)], Terms(), "100", "0", "10", "110"),
    "group": ([line("1", "99.99", CITY, STATE)], Terms(), "99.99", "0", "9.50", "109.49"),
    "shipping and adjustment": (
        [line("1", "50", VAT)],
        Terms(shipping=D("9.99"), shipping_taxes=(CITY,), adjustment=D("-0.34")), "50", "0", "10.75", "70.40",
    ),
    "inclusive shipping": (
        [line("1", "12", VAT)], Terms(inclusive=True, shipping=D(6), shipping_taxes=(VAT,)), "10", "0", "3", "18",
    ),
    "rounded over the document": ([line("1", "0.33", CITY)] * 3, Terms(), "0.99", "0", "0.07", "1.06"),
    "rounded per line": ([line("1", "0.33", CITY)] * 3, Terms(per_line=True), "0.99", "0", "0.06", "1.05"),
    "yen": ([line("3", "33.4", VAT)], Terms(places=0), "100", "0", "20", "120"),
    "dinars": ([line("1", "1.0005", CITY)], Terms(places=3), "1.001", "0", "0.075", "1.076"),
    "half a cent rounds away from zero": ([line("1", "0.125")], Terms(), "0.13", "0", "0", "0.13"),
    "a discount is never more than what it is on": (
        [line("1", "5", VAT)], Terms(discount_amount=D(8)), "5", "5", "0", "0",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_by_hand(case: tuple[list[Line], Terms, str, str, str, str]) -> None:
    lines, terms, sub_total, discount, tax, total = case
    found = reckon(lines, terms)
    told = (found.sub_total, found.discount, found.tax, found.total)
    assert told == tuple(map(D, (sub_total, discount, tax, total)))
    assert identity(found, terms)


def identity(found: Totals, terms: Terms) -> bool:
    parts = found.sub_total - found.discount + found.tax + found.shipping + terms.adjustment
    return parts == found.total


def test_effective_rate_of_a_compound_tax() -> None:
    assert effective((CITY, LUXURY)) == D("0.1825")


def test_difference_counts_every_part() -> None:
    record = {
        "sub_total": D(100), "discount_amount": D(10), "total_tax_amount": D(18), "shipping_amount": D(5),
        "adjustment_amount": D(-1), "rounding_amount": D("0.5"), "withheld_tax_amount": D(2),
        "total_amount": D("110.5"),
    }  # fmt: skip
    assert difference(record) == 0
    assert difference({**record, "total_amount": D("110.51")}) == D("-0.01")
    assert difference({**record, "sub_total": None}) is None
