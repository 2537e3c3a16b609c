"""Figures worked out by hand."""

from decimal import Decimal as D

import pytest

from sandbox.books.arithmetic import Discount, Line, Tax, Terms, effective, reckon

VAT = Tax("1", "VAT", D("7.5"))
STATE = Tax("2", "State", D(4))
CITY = Tax("3", "City", D("4.5"))
STACKED = Tax("4", "Levy", D(10), compound=True)
TWENTY = Tax("5", "VAT", D(20))


def percent(value: str) -> Discount:
    return Discount(D(value), is_percent=True)


def test_plain_sum() -> None:
    totals = reckon([Line(D("19.99"), D(3)), Line(D("0.145"), D(101))], Terms())
    assert [line.item_total for line in totals.lines] == [D("59.97"), D("14.65")]  # 14.645 goes up
    assert totals.total == D("74.62")
    assert totals.sub_total_inclusive == 0


def test_line_discounts_percent_and_amount() -> None:
    lines = [Line(D(50), D(2), percent("10")), Line(D(30), D(1), Discount(D("4.5")))]
    totals = reckon(lines, Terms(discount_type="item_level"))
    assert [line.discount_amount for line in totals.lines] == [D(10), D("4.5")]
    assert totals.sub_total == D("115.5")
    assert totals.line_discounts == D("14.5")
    assert totals.discount == 0
    assert totals.total == D("115.5")


def test_line_discounts_do_not_count_at_entity_level() -> None:
    totals = reckon([Line(D(100), D(1), percent("10"))], Terms(discount=percent("5")))
    assert (totals.sub_total, totals.discount, totals.total) == (D(100), D(5), D(95))


def test_a_line_discount_is_at_most_the_line() -> None:
    totals = reckon([Line(D(10), D(1), Discount(D(25)))], Terms(discount_type="item_level"))
    assert totals.total == 0


def test_document_discount_before_tax_reduces_the_tax() -> None:
    totals = reckon([Line(D(100), D(1), taxes=(VAT,)), Line(D(60))], Terms(discount=percent("10")))
    # 16 off 160; the first line carries 10, so the tax is 7.5 % of 90
    assert totals.discount == D(16)
    assert [line.taxable for line in totals.lines] == [D(90), D(54)]
    assert totals.tax_total == D("6.75")
    assert totals.total == D("150.75")


def test_document_discount_amount_shares_to_the_cent() -> None:
    lines = [Line(D(10)), Line(D(10)), Line(D(10))]
    totals = reckon(lines, Terms(discount=Discount(D(10))))
    assert [line.taxable for line in totals.lines] == [D("6.67"), D("6.67"), D("6.66")]
    assert totals.total == D(20)


def test_document_discount_after_tax_leaves_the_tax() -> None:
    terms = Terms(discount=percent("10"), is_discount_before_tax=False)
    totals = reckon([Line(D(100), D(1), taxes=(VAT,))], terms)
    assert totals.tax_total == D("7.5")
    assert totals.discount_base == D("107.5")
    assert totals.discount == D("10.75")
    assert totals.total == D("96.75")


def test_inclusive_prices_come_out_at_the_price() -> None:
    totals = reckon([Line(D(100), D(1), taxes=(VAT,))], Terms(is_inclusive_tax=True))
    assert totals.lines[0].item_total == D("93.02")  # 100 / 1.075 = 93.0232…
    assert totals.tax_total == D("6.98")
    assert totals.total == D(100)
    assert totals.sub_total_inclusive == D(100)


def test_inclusive_with_discount_before_tax() -> None:
    totals = reckon(
        [Line(D(120), D(1), taxes=(TWENTY,))], Terms(is_inclusive_tax=True, discount=percent("10"))
    )
    assert (totals.sub_total, totals.discount, totals.tax_total) == (D(100), D(10), D(18))
    assert totals.total == D(108)


def test_inclusive_with_discount_after_tax() -> None:
    terms = Terms(is_inclusive_tax=True, discount=percent("10"), is_discount_before_tax=False)
    totals = reckon([Line(D(120), D(1), taxes=(TWENTY,))], terms)
    assert (totals.tax_total, totals.discount, totals.total) == (D(20), D(12), D(108))


def test_group_and_compound_tax() -> None:
    assert effective((STATE, CITY)) == D("0.085")
    assert effective((STATE, CITY, STACKED)) == D("0.085") + D("0.1") * D("1.085")
    totals = reckon([Line(D(200), D(1), taxes=(STATE, CITY, STACKED))], Terms())
    # 8 + 9, then 10 % of 217
    assert [amount for _, amount in totals.taxes] == [D(8), D(9), D("21.7")]
    assert totals.total == D("238.7")


def test_a_compound_tax_alone_is_plain() -> None:
    assert effective((STACKED,)) == D("0.1")
    assert reckon([Line(D(50), D(1), taxes=(STACKED,))], Terms()).tax_total == D(5)


def test_inclusive_group_leaves_no_cent() -> None:
    totals = reckon([Line(D("99.99"), D(1), taxes=(STATE, CITY, STACKED))], Terms(is_inclusive_tax=True))
    # 99.99 / 1.1935 = 83.7788…; taxes 3.35 + 3.77, the compound one takes what is left of 16.21
    assert totals.lines[0].item_total == D("83.78")
    assert [amount for _, amount in totals.taxes] == [D("3.35"), D("3.77"), D("9.09")]
    assert totals.total == D("99.99")


@pytest.mark.parametrize(
    ("price", "rounding", "tax"),
    [
        ("1.05", "entity_level", "0.24"),  # 0.07875 a line: 0.23625 together
        ("1.05", "item_level", "0.24"),  # 3 x 0.08
        ("0.99", "entity_level", "0.22"),  # 0.07425 a line: 0.22275 together
        ("0.99", "item_level", "0.21"),  # 3 x 0.07
    ],
)
def test_tax_rounding(price: str, rounding: str, tax: str) -> None:
    lines = [Line(D(price), D(1), taxes=(VAT,))] * 3
    assert reckon(lines, Terms(tax_rounding=rounding)).tax_total == D(tax)


def test_shipping_with_tax() -> None:
    terms = Terms(shipping=D("12.5"), shipping_taxes=(VAT,))
    totals = reckon([Line(D(100), D(1), taxes=(VAT,))], terms)
    assert totals.shipping_tax == D("0.94")  # 0.9375
    assert totals.tax_total == D("8.44")
    assert [amount for _, amount in totals.taxes] == [D("8.44")]
    assert totals.total == D("120.94")


def test_inclusive_shipping() -> None:
    terms = Terms(is_inclusive_tax=True, shipping=D(12), shipping_taxes=(TWENTY,))
    totals = reckon([Line(D(60), D(1), taxes=(TWENTY,))], terms)
    assert (totals.shipping_net, totals.shipping_tax) == (D(10), D(2))
    assert (totals.sub_total, totals.tax_total, totals.total) == (D(50), D(12), D(72))


def test_shipping_is_not_discounted() -> None:
    totals = reckon([Line(D(100))], Terms(discount=percent("50"), shipping=D(20)))
    assert totals.total == D(70)


def test_adjustment_and_rounding_of_the_total() -> None:
    totals = reckon([Line(D("10.20"))], Terms(adjustment=D("-0.37"), rounds_total=True))
    assert totals.roundoff == D("0.17")
    assert totals.total == D(10)
    assert reckon([Line(D("10.20"))], Terms(adjustment=D("-0.37"))).total == D("9.83")


@pytest.mark.parametrize(
    ("places", "line", "tax", "total"),
    [
        (0, "1000", "75", "1075"),
        (2, "999.98", "75.00", "1074.98"),  # 74.9985
        (3, "999.985", "74.999", "1074.984"),  # 74.998875
    ],
)
def test_precision_of_the_currency(places: int, line: str, tax: str, total: str) -> None:
    totals = reckon([Line(D("333.3283"), D(3), taxes=(VAT,))], Terms(places=places))  # 999.9849
    assert (totals.sub_total, totals.tax_total, totals.total) == (D(line), D(tax), D(total))


def test_the_parts_always_make_the_total() -> None:
    for inclusive in (False, True):
        for before in (False, True):
            for kind in ("entity_level", "item_level"):
                terms = Terms(
                    is_inclusive_tax=inclusive,
                    is_discount_before_tax=before,
                    discount=percent("7.5"),
                    discount_type=kind,
                    shipping=D("9.99"),
                    shipping_taxes=(STATE,),
                    adjustment=D("0.03"),
                    tax_rounding="item_level" if before else "entity_level",
                )
                lines = [
                    Line(D("17.77"), D(3), percent("3.3"), (STATE, CITY)),
                    Line(D("0.333"), D(100), Discount(D("1.11")), (STACKED, STATE)),
                    Line(D("5.55"), D("1.5")),
                ]
                got = reckon(lines, terms)
                parts = got.sub_total - got.discount + got.shipping_net + got.tax_total + D("0.03")
                assert got.total == parts
                assert got.tax_total == sum(amount for _, amount in got.taxes)
