"""What a document comes to, exactly: for control totals before a write and for checks after a read.

`r` rounds half up to the currency's places.

line       gross = r(quantity · price), less its own discount
exclusive  net = gross − discount
inclusive  net = r((gross − discount) / (1 + t)), t the line's effective rate; the tax is what is left
document   a discount before tax lowers each line's taxable amount by its share (the last line takes the rest);
           one after tax is taken from the sum including tax
tax        plain: taxable · rate. Compound: (taxable + the line's plain taxes) · rate. Summed per tax over the
           document and rounded once, or rounded per line (`per_line`)
total      net lines − discount + taxes + shipping + adjustment
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

ZERO = Decimal(0)
ONE = Decimal(1)
HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True)
class Rate:
    """One simple tax in percent. A group is several of them on a line."""

    id: str
    percentage: Decimal
    is_compound: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    quantity: Decimal
    price: Decimal
    discount_percentage: Decimal | None = None
    discount_amount: Decimal | None = None
    taxes: tuple[Rate, ...] = ()


@dataclass(frozen=True, slots=True)
class Terms:
    """How a document reckons. `places` are the currency's decimals (0 yen, 2 dollars, 3 dinars)."""

    places: int = 2
    inclusive: bool = False
    discount_percentage: Decimal | None = None
    discount_amount: Decimal | None = None
    discount_before_tax: bool = True
    shipping: Decimal = ZERO
    shipping_taxes: tuple[Rate, ...] = ()
    adjustment: Decimal = ZERO
    per_line: bool = False


@dataclass(frozen=True, slots=True)
class Totals:
    sub_total: Decimal
    discount: Decimal
    shipping: Decimal
    tax: Decimal
    total: Decimal
    lines: tuple[Decimal, ...]


def rounded(amount: Decimal, places: int) -> Decimal:
    """Half up, away from zero."""
    return amount.quantize(ONE.scaleb(-places), ROUND_HALF_UP)


def effective(taxes: Sequence[Rate]) -> Decimal:
    """The combined rate of a line's taxes as a fraction."""
    plain = sum((tax.percentage for tax in taxes if not _stacks(tax, taxes)), ZERO) / HUNDRED
    stacked = sum((tax.percentage for tax in taxes if _stacks(tax, taxes)), ZERO) / HUNDRED
    return plain + stacked * (ONE + plain)


def reckon(lines: Sequence[Line], terms: Terms) -> Totals:
    """The figures of a document."""
    places = terms.places
    paid = [_paid(line, places) for line in lines]
    nets = [_net(amount, line.taxes, terms) for amount, line in zip(paid, lines, strict=True)]
    sub_total = sum(nets, ZERO)
    early = _discount(sub_total, terms) if terms.discount_before_tax else ZERO
    taxables = _shared(nets, early, sub_total, places)
    sums: dict[str, Decimal] = {}
    for line, amount, net, taxable in zip(lines, paid, nets, taxables, strict=True):
        kept = terms.inclusive and not early
        each = _split(net, amount - net, line.taxes, places) if kept else _taxes(taxable, line.taxes)
        for tax, share in each:
            share = rounded(share, places) if terms.per_line else share
            sums[tax.id] = sums.get(tax.id, ZERO) + share
    line_tax = sum((rounded(amount, places) for amount in sums.values()), ZERO)
    discount = early if terms.discount_before_tax else _discount(sub_total + line_tax, terms)
    shipping, shipping_tax = _shipping(terms)
    tax = line_tax + shipping_tax
    total = sub_total - discount + shipping + tax + rounded(terms.adjustment, places)
    return Totals(sub_total, discount, shipping, tax, total, tuple(nets))


def _stacks(tax: Rate, taxes: Sequence[Rate]) -> bool:
    """A compound tax alone on a line has nothing to stand on."""
    return tax.is_compound and any(not other.is_compound for other in taxes)


def _paid(line: Line, places: int) -> Decimal:
    gross = rounded(line.quantity * line.price, places)
    if line.discount_percentage is not None:
        return gross - rounded(gross * line.discount_percentage / HUNDRED, places)
    return gross - min(rounded(line.discount_amount or ZERO, places), max(gross, ZERO))


def _net(paid: Decimal, taxes: Sequence[Rate], terms: Terms) -> Decimal:
    return rounded(paid / (ONE + effective(taxes)), terms.places) if terms.inclusive else paid


def _discount(base: Decimal, terms: Terms) -> Decimal:
    if terms.discount_percentage is not None:
        return rounded(base * terms.discount_percentage / HUNDRED, terms.places)
    return min(rounded(terms.discount_amount or ZERO, terms.places), max(base, ZERO))


def _shared(nets: Sequence[Decimal], discount: Decimal, whole: Decimal, places: int) -> list[Decimal]:
    """Each line's amount less its share of the discount."""
    if not discount or not whole:
        return list(nets)
    shares = [rounded(discount * net / whole, places) for net in nets[:-1]]
    shares.append(discount - sum(shares, ZERO))
    return [net - share for net, share in zip(nets, shares, strict=True)]


def _taxes(taxable: Decimal, taxes: Sequence[Rate]) -> list[tuple[Rate, Decimal]]:
    plain = sum((tax.percentage for tax in taxes if not _stacks(tax, taxes)), ZERO) / HUNDRED
    return [
        (tax, taxable * (ONE + plain if _stacks(tax, taxes) else ONE) * tax.percentage / HUNDRED)
        for tax in taxes
    ]


def _split(net: Decimal, tax: Decimal, taxes: Sequence[Rate], places: int) -> list[tuple[Rate, Decimal]]:
    """A known tax divided over its taxes, the last taking what is left."""
    found = [(each, rounded(amount, places)) for each, amount in _taxes(net, taxes)]
    if found:
        last, _ = found.pop()
        found.append((last, tax - sum((amount for _, amount in found), ZERO)))
    return found


def _shipping(terms: Terms) -> tuple[Decimal, Decimal]:
    charge = rounded(terms.shipping, terms.places)
    if terms.inclusive:
        net = rounded(charge / (ONE + effective(terms.shipping_taxes)), terms.places)
        return net, charge - net
    taxes = _taxes(charge, terms.shipping_taxes)
    return charge, sum((rounded(amount, terms.places) for _, amount in taxes), ZERO)


PLUS = ("total_tax_amount", "shipping_amount", "adjustment_amount", "rounding_amount")
MINUS = ("discount_amount", "withheld_tax_amount")


def difference(record: Mapping[str, Any]) -> Decimal | None:
    """By how much a record's own figures miss its total (rule 1); None when it has no totals."""
    sub_total, total = record.get("sub_total"), record.get("total_amount")
    if sub_total is None or total is None:
        return None
    found = sub_total - total
    for name in PLUS:
        if amount := record.get(name):
            found += amount
    for name in MINUS:
        if amount := record.get(name):
            found -= amount
    return found
