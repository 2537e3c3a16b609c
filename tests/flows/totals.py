"""Invoices with what they come to, reckoned by hand: the third opinion beside the provider and the record.

Taxes: VAT 20 %, Sales 7.5 %, GST 5 %, QST 9.975 % compound, State 4 %, City 3.5 %; the groups GST + QST and
State + City. Amounts are rounded half up to the currency's decimals: USD 2, JPY 0, KWD 3.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

TAXES = {"VAT": "20", "Sales": "7.5", "GST": "5", "QST": "9.975", "State": "4", "City": "3.5"}
COMPOUND = ("QST",)
GROUPS = {"GST + QST": ("GST", "QST"), "State + City": ("State", "City")}


def line(price: str, tax: str | None = None, quantity: str = "1", **more: Any) -> dict[str, Any]:
    """A line of a body. Without `tax` it says that there is none."""
    told = {"name": tax} if tax else None
    return {"name": "Work", "unit_price": price, "quantity": quantity, "tax_rate": told, **more}


@dataclass(frozen=True)
class Case:
    """`sums`: sub_total, discount_amount, total_tax_amount, shipping_amount, adjustment_amount, rounding_amount
    and total_amount as written by hand. `nets`: the lines' sub_totals."""

    name: str
    lines: tuple[dict[str, Any], ...]
    sums: str
    nets: str
    document: dict[str, Any] = field(default_factory=dict[str, Any])
    taxes: dict[str, str] = field(default_factory=dict[str, str])
    line_discounts: str = "0"
    currency: str = "USD"
    base_total: str | None = None
    rounds: bool = False

    @property
    def figures(self) -> dict[str, Decimal]:
        names = ("sub_total", "discount", "tax", "shipping", "adjustment", "rounding", "total")
        return dict(zip(names, map(Decimal, self.sums.split()), strict=True))


PLAIN = (
    # 3 · 33.35 = 100.05
    Case("three of a kind", (line("33.35", quantity="3"),), "100.05 0 0 0 0 0 100.05", "100.05"),
    # 3 · 0.335 = 1.005 → 1.01, away from zero
    Case("half a cent goes up", (line("0.335", quantity="3"),), "1.01 0 0 0 0 0 1.01", "1.01"),
    # 1.5 · 19.99 = 29.985 → 29.99;  0.333333 · 3 = 0.999999 → 1.00
    Case(
        "fractions of a unit",
        (line("19.99", quantity="1.5"), line("3", quantity="0.333333")),
        "30.99 0 0 0 0 0 30.99", "29.99 1.00",
    ),
    # 100.00 − 20.00 = 80.00; VAT 16.00
    Case(
        "a line that takes off",
        (line("100", "VAT"), line("-20", "VAT")),
        "80 0 16 0 0 0 96", "100 -20", taxes={"VAT": "16"},
    ),
    # 100.03 − 0.03
    Case(
        "adjusted down to the unit",
        (line("100.03"),),
        "100.03 0 0 0 -0.03 0 100", "100.03",
        document={"adjustment_amount": "-0.03", "adjustment_description": "Rounding"},
    ),
)  # fmt: skip

EXCLUSIVE = (
    # 2 · 49.99 = 99.98; 99.98 · 7.5 % = 7.4985 → 7.50
    Case(
        "one tax on top", (line("49.99", "Sales", "2"),), "99.98 0 7.50 0 0 0 107.48", "99.98",
        taxes={"Sales": "7.50"},
    ),
    # 3 · 1.10; a tax is summed, then rounded: 3 · 0.0825 = 0.2475 → 0.25
    Case(
        "a tax is rounded once for the document",
        (line("1.10", "Sales"), line("1.10", "Sales"), line("1.10", "Sales")),
        "3.30 0 0.25 0 0 0 3.55", "1.10 1.10 1.10", taxes={"Sales": "0.25"},
    ),
    # the same, rounded per line: 3 · r(0.0825) = 3 · 0.08 = 0.24
    Case(
        "a tax is rounded line by line",
        (line("1.10", "Sales"), line("1.10", "Sales"), line("1.10", "Sales")),
        "3.30 0 0.24 0 0 0 3.54", "1.10 1.10 1.10", taxes={"Sales": "0.24"},
        document={"remote_data": {"tax_rounding": "item_level"}},
    ),
    # State 59.90 · 4 % = 2.396 → 2.40; City 59.90 · 3.5 % = 2.0965 → 2.10 (7.5 % at once would be 4.49)
    Case(
        "a group is its taxes", (line("59.90", "State + City"),), "59.90 0 4.50 0 0 0 64.40", "59.90",
        taxes={"State": "2.40", "City": "2.10"},
    ),
    # GST 99.99 · 5 % = 4.9995 → 5.00; QST (99.99 + 4.9995) · 9.975 % = 10.4727… → 10.47
    Case(
        "a compound tax stands on the other",
        (line("99.99", "GST + QST"),),
        "99.99 0 15.47 0 0 0 115.46", "99.99", taxes={"GST": "5.00", "QST": "10.47"},
    ),
    # alone it has nothing to stand on: 100 · 9.975 % = 9.975 → 9.98
    Case(
        "a compound tax alone is a plain one", (line("100", "QST"),), "100 0 9.98 0 0 0 109.98", "100",
        taxes={"QST": "9.98"},
    ),
    # VAT 100 · 20 % = 20.00; GST 50 · 5 % = 2.50; QST 52.50 · 9.975 % = 5.236875 → 5.24; nothing on the third
    Case(
        "taxed three ways",
        (line("100", "VAT"), line("50", "GST + QST"), line("7.77")),
        "157.77 0 27.74 0 0 0 185.51", "100 50 7.77", taxes={"VAT": "20", "GST": "2.50", "QST": "5.24"},
    ),
)  # fmt: skip

DISCOUNTED = (
    # 4 · 25 = 100, less 12.5 % = 87.50; VAT 17.50
    Case(
        "a line by percent",
        (line("25", "VAT", "4", discount_percentage="12.5"),),
        "87.50 0 17.50 0 0 0 105", "87.50", taxes={"VAT": "17.50"}, line_discounts="12.50",
    ),
    # 100 − 10.01 = 89.99, VAT 17.998 → 18.00; the other line stays 10.00
    Case(
        "a line by amount",
        (line("100", "VAT", discount_amount="10.01"), line("10")),
        "99.99 0 18.00 0 0 0 117.99", "89.99 10.00", taxes={"VAT": "18"}, line_discounts="10.01",
    ),
    # two lines, two ways: 33.33 · 15 % = 4.9995 → 5.00, leaves 28.33; 20 − 0.50 = 19.50
    Case(
        "lines by percent and by amount",
        (line("33.33", discount_percentage="15"), line("20", discount_amount="0.50")),
        "47.83 0 0 0 0 0 47.83", "28.33 19.50", line_discounts="5.50",
    ),
    # 10 % of 150 = 15, shared 10 and 5: VAT 90 · 20 % = 18.00; Sales 45 · 7.5 % = 3.375 → 3.38
    Case(
        "the document by percent before tax",
        (line("100", "VAT"), line("50", "Sales")),
        "150 15 21.38 0 0 0 156.38", "100 50", {"discount_percentage": "10", "discount_before_tax": True},
        taxes={"VAT": "18", "Sales": "3.38"},
    ),
    # 10 off 100 shared 3.33 3.33 3.34: taxable 30.00 each, VAT on 90 = 18.00
    Case(
        "the document by amount before tax",
        (line("33.33", "VAT"), line("33.33", "VAT"), line("33.34", "VAT")),
        "100 10 18 0 0 0 108", "33.33 33.33 33.34", {"discount_amount": "10"}, taxes={"VAT": "18"},
    ),
    # 100 + 20 = 120, less 10 %
    Case(
        "the document by percent after tax",
        (line("100", "VAT"),),
        "100 12 20 0 0 0 108", "100", {"discount_percentage": "10", "discount_before_tax": False},
        taxes={"VAT": "20"},
    ),
    # 100 + 20 − 15.55
    Case(
        "the document by amount after tax",
        (line("100", "VAT"),),
        "100 15.55 20 0 0 0 104.45", "100", {"discount_amount": "15.55", "discount_before_tax": False},
        taxes={"VAT": "20"},
    ),
    # 20 % off 80 = 16: taxable 64; GST 3.20; QST 67.20 · 9.975 % = 6.7032 → 6.70
    Case(
        "the document before a compound tax",
        (line("80", "GST + QST"),),
        "80 16 9.90 0 0 0 73.90", "80", {"discount_percentage": "20"}, taxes={"GST": "3.20", "QST": "6.70"},
    ),
)  # fmt: skip

INCLUSIVE = (
    # 119.99 / 1.2 = 99.9916… → 99.99; the tax is what is left, 20.00
    Case(
        "the tax is inside", (line("119.99", "VAT"),), "99.99 0 20 0 0 0 119.99", "99.99",
        {"tax_inclusive": True}, taxes={"VAT": "20"},
    ),
    # 10 / 1.075 = 9.3023… → 9.30, tax 0.70; 24 / 1.2 = 20.00, tax 4.00; 5 untaxed
    Case(
        "two taxes inside",
        (line("10", "Sales"), line("24", "VAT"), line("5")),
        "34.30 0 4.70 0 0 0 39", "9.30 20 5", {"tax_inclusive": True}, taxes={"Sales": "0.70", "VAT": "4"},
    ),
    # 115.47 / 1.1547375 = 99.9967… → 100.00, tax 15.47: GST 5.00, QST 105 · 9.975 % = 10.47375 → the rest, 10.47
    Case(
        "a compound group inside",
        (line("115.47", "GST + QST"),),
        "100 0 15.47 0 0 0 115.47", "100", {"tax_inclusive": True}, taxes={"GST": "5", "QST": "10.47"},
    ),
    # 2 · 60 = 120, less 10 % = 108; / 1.2 = 90.00, tax 18.00
    Case(
        "a discounted line with its tax inside",
        (line("60", "VAT", "2", discount_percentage="10"),),
        "90 0 18 0 0 0 108", "90", {"tax_inclusive": True}, taxes={"VAT": "18"}, line_discounts="12",
    ),
    # net 100; 10 % = 10, taxable 90, VAT 18.00: 100 − 10 + 18
    Case(
        "the document before the tax inside",
        (line("120", "VAT"),),
        "100 10 18 0 0 0 108", "100", {"tax_inclusive": True, "discount_percentage": "10"}, taxes={"VAT": "18"},
    ),
    # net 100, tax 20; 10 % of 120 = 12
    Case(
        "the document after the tax inside",
        (line("120", "VAT"),),
        "100 12 20 0 0 0 108", "100",
        {"tax_inclusive": True, "discount_percentage": "10", "discount_before_tax": False}, taxes={"VAT": "20"},
    ),
)  # fmt: skip

SHIPPED = (
    # 100 + 20 + 9.95
    Case(
        "untaxed shipping", (line("100", "VAT"),), "100 0 20 9.95 0 0 129.95", "100",
        {"shipping_amount": "9.95"}, taxes={"VAT": "20"},
    ),
    # shipping 10 · 7.5 % = 0.75
    Case(
        "taxed shipping", (line("100", "VAT"),), "100 0 20.75 10 0 0 130.75", "100",
        {"shipping_amount": "10", "shipping_tax_rate": {"name": "Sales"}}, taxes={"VAT": "20", "Sales": "0.75"},
    ),
    # shipping 10.00 without its tax; its tax 2.00 joins the line's 20.00
    Case(
        "shipping with its tax inside", (line("120", "VAT"),), "100 0 22 10 0 0 132", "100",
        {"tax_inclusive": True, "shipping_amount": "10", "shipping_tax_rate": {"name": "VAT"}},
        taxes={"VAT": "22"},
    ),
    # 2 · 49.95 + 10 = 109.90; 10 % = 10.99, shared 9.99 and 1.00; VAT 89.91 · 20 % = 17.982 → 17.98;
    # shipping 5 · 7.5 % = 0.375 → 0.38; 109.90 − 10.99 + 18.36 + 5 − 0.27 = 122.00
    Case(
        "everything at once",
        (line("49.95", "VAT", "2"), line("10")),
        "109.90 10.99 18.36 5 -0.27 0 122", "99.90 10",
        {
            "discount_percentage": "10", "shipping_amount": "5", "shipping_tax_rate": {"name": "Sales"},
            "adjustment_amount": "-0.27", "adjustment_description": "Goodwill",
        },
        taxes={"VAT": "17.98", "Sales": "0.38"},
    ),
)  # fmt: skip

YEN = (
    # 3 · 333.5 = 1000.5 → 1001; 1001 · 7.5 % = 75.075 → 75;  1076 · 0.0067 = 7.2092 → 7.21 dollars
    Case(
        "no decimals", (line("333.5", "Sales", "3"),), "1001 0 75 0 0 0 1076", "1001",
        {"exchange_rate": "0.0067"}, taxes={"Sales": "75"}, currency="JPY", base_total="7.21",
    ),
    # 999 / 1.2 = 832.5 → 833, tax 166
    Case(
        "no decimals, tax inside", (line("999", "VAT"),), "833 0 166 0 0 0 999", "833",
        {"tax_inclusive": True}, taxes={"VAT": "166"}, currency="JPY",
    ),
    # 1000 + 333: 15 % = 199.95 → 200, shared r(150.03) = 150 and 50: VAT 850 · 20 % = 170;
    # Sales 283 · 7.5 % = 21.225 → 21
    Case(
        "no decimals, discounted", (line("1000", "VAT"), line("333", "Sales")),
        "1333 200 191 0 0 0 1324", "1000 333", {"discount_percentage": "15"},
        taxes={"VAT": "170", "Sales": "21"}, currency="JPY",
    ),
)  # fmt: skip

DINAR = (
    # 1.2345 → 1.235; VAT 0.247;  1.482 · 3.25 = 4.8165 → 4.82 dollars
    Case(
        "three decimals", (line("1.2345", "VAT"),), "1.235 0 0.247 0 0 0 1.482", "1.235",
        {"exchange_rate": "3.25"}, taxes={"VAT": "0.247"}, currency="KWD", base_total="4.82",
    ),
    # 10.001 · 12.5 % = 1.250125 → 1.250, leaves 8.751; Sales 0.656325 → 0.656; shipping 0.125, adjustment −0.032
    Case(
        "three decimals, all of it",
        (line("10.001", "Sales", discount_percentage="12.5"),),
        "8.751 0 0.656 0.125 -0.032 0 9.500", "8.751", {"shipping_amount": "0.125", "adjustment_amount": "-0.032"},
        taxes={"Sales": "0.656"}, line_discounts="1.250", currency="KWD",
    ),
    # 7.777 / 1.2 = 6.48083… → 6.481, tax 1.296
    Case(
        "three decimals, tax inside", (line("7.777", "VAT"),), "6.481 0 1.296 0 0 0 7.777", "6.481",
        {"tax_inclusive": True}, taxes={"VAT": "1.296"}, currency="KWD",
    ),
)  # fmt: skip

ROUNDED = (
    # 99.98 + 7.50 = 107.48 → 107
    Case(
        "rounded down to the unit", (line("49.99", "Sales", "2"),), "99.98 0 7.50 0 0 -0.48 107", "99.98",
        taxes={"Sales": "7.50"}, rounds=True,
    ),
    # 10.50 → 11
    Case("rounded up to the unit", (line("10.50"),), "10.50 0 0 0 0 0.50 11", "10.50", rounds=True),
    # 100 − 12.34 + 17.53 (87.66 · 20 % = 17.532) + 4.99 = 110.18 → 110
    Case(
        "rounded after everything", (line("100", "VAT"),), "100 12.34 17.53 4.99 0 -0.18 110", "100",
        {"discount_amount": "12.34", "shipping_amount": "4.99"}, taxes={"VAT": "17.53"}, rounds=True,
    ),
)  # fmt: skip

CASES = PLAIN + EXCLUSIVE + DISCOUNTED + INCLUSIVE + SHIPPED + YEN + DINAR + ROUNDED
