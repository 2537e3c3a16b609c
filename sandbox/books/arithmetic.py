"""What a sales document comes to. Pure functions on Decimals.

`r` rounds half up to the places of the document's currency, `t` is a line's effective tax rate: the sum S of
its plain taxes, plus c·(1 + S) for each compound tax c (a compound tax stands on amount plus plain taxes;
alone on a line it is a plain tax). A tax group is the list of its taxes.

Line:   gross = r(quantity · rate); discount = r(gross · percent) or the amount, at most gross;
        paid  = gross - discount. Prices exclusive of tax: item_total = paid.
        Prices inclusive of tax: item_total = r(paid / (1 + t)), the tax is what is left of paid.
Document discount ("entity_level"; line discounts count only under "item_level"):
        before tax: D = r(sub_total · percent) or the amount; line i carries its share by item_total,
                    the last line what is left; taxable_i = item_total_i - share_i
        after tax:  taxable_i = item_total_i; D = r((sub_total + line taxes) · percent) or the amount
Tax:    of tax k on line i, unrounded: taxable_i · k for a plain tax, (taxable_i + its plain taxes) · k for a
        compound one. tax_rounding "entity_level": r(sum over the lines), once per tax; "item_level": the sum
        of r(line). Inclusive prices without a discount before tax come out at what was asked: each line's tax
        is paid - item_total, split over its taxes in order, the last taking what is left.
Shipping: exclusive: its net is the charge, its tax is rounded per tax. Inclusive: net = r(charge / (1 + t)),
        the tax is what is left. It is not discounted.
Sums:   sub_total = sum of item_total; tax_total = line taxes + shipping tax
        total = sub_total - D + net shipping + tax_total + adjustment + roundoff
        roundoff brings the total to a whole number where the organisation rounds, else it is 0.
Base currency: bcy_x = r_base(x · exchange_rate).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal

from .money import HUNDRED, ONE, ZERO, rounded


@dataclass(frozen=True, slots=True)
class Tax:
    """One simple tax. `percentage` is 7.5 for 7.5 %."""

    id: str
    name: str
    percentage: Decimal
    compound: bool = False


@dataclass(frozen=True, slots=True)
class Discount:
    """Either a percentage of what it stands on, or an amount."""

    value: Decimal = ZERO
    is_percent: bool = False

    def of(self, amount: Decimal, places: int) -> Decimal:
        """The discount on `amount`, never more than it."""
        found = amount * self.value / HUNDRED if self.is_percent else self.value
        found = rounded(found, places)
        return min(found, amount) if amount >= 0 else found

    @property
    def text(self) -> str:
        """ "10%" or "10"."""
        plain = f"{self.value.normalize():f}"
        return f"{plain}%" if self.is_percent else plain


NO_DISCOUNT = Discount()


@dataclass(frozen=True, slots=True)
class Line:
    rate: Decimal
    quantity: Decimal = ONE
    discount: Discount = NO_DISCOUNT
    taxes: tuple[Tax, ...] = ()


@dataclass(frozen=True, slots=True)
class Terms:
    """How a document reckons; `places` are those of its currency."""

    places: int = 2
    is_inclusive_tax: bool = False
    discount: Discount = NO_DISCOUNT
    discount_type: str = "entity_level"
    is_discount_before_tax: bool = True
    shipping: Decimal = ZERO
    shipping_taxes: tuple[Tax, ...] = ()
    adjustment: Decimal = ZERO
    tax_rounding: str = "entity_level"
    rounds_total: bool = False


@dataclass(slots=True)
class LineTotal:
    item_total: Decimal
    discount_amount: Decimal
    inclusive: Decimal
    """What the line asks including tax, after its own discount."""
    taxable: Decimal = ZERO
    taxes: list[tuple[Tax, Decimal]] = field(default_factory=list[tuple[Tax, Decimal]])


@dataclass(slots=True)
class Totals:
    lines: list[LineTotal]
    sub_total: Decimal
    sub_total_inclusive: Decimal
    discount: Decimal
    discount_base: Decimal
    """What the document's discount stands on."""
    line_discounts: Decimal
    shipping_net: Decimal
    shipping_tax: Decimal
    shipping_taxes: list[tuple[Tax, Decimal]]
    tax_total: Decimal
    taxes: list[tuple[Tax, Decimal]]
    taxable_total: Decimal
    roundoff: Decimal
    total: Decimal


def effective(taxes: Sequence[Tax]) -> Decimal:
    """The combined rate as a fraction (0.21 for 21 %)."""
    plain = sum((tax.percentage for tax in taxes if not _stacks(tax, taxes)), ZERO) / HUNDRED
    stacked = sum((tax.percentage for tax in taxes if _stacks(tax, taxes)), ZERO) / HUNDRED
    return plain + stacked * (ONE + plain)


def reckon(lines: Sequence[Line], terms: Terms) -> Totals:
    """The figures of a document, by the formulas above."""
    places = terms.places
    done = [_line(line, terms) for line in lines]
    sub_total = sum((line.item_total for line in done), ZERO)
    before = terms.is_discount_before_tax
    by_document = terms.discount_type == "entity_level"
    discount = base = ZERO
    if by_document and before:
        base = sub_total
        discount = terms.discount.of(base, places)
    _share(done, discount if before else ZERO, sub_total, places)
    exact = terms.is_inclusive_tax and not discount
    sums: dict[str, tuple[Tax, Decimal]] = {}
    for line, total in zip(lines, done, strict=True):
        raw = _left(total, line.taxes, places) if exact else _taxes(total.taxable, line.taxes)
        total.taxes = [(tax, rounded(amount, places)) for tax, amount in raw]
        each = raw if terms.tax_rounding == "entity_level" else total.taxes
        for tax, amount in each:
            sums[tax.id] = (tax, sums[tax.id][1] + amount if tax.id in sums else amount)
    taxes = {key: (tax, rounded(amount, places)) for key, (tax, amount) in sums.items()}
    line_tax = sum((amount for _, amount in taxes.values()), ZERO)
    if by_document and not before:
        base = sub_total + line_tax
        discount = terms.discount.of(base, places)
    net, shipping_taxes = _shipping(terms)
    for tax, amount in shipping_taxes:
        taxes[tax.id] = (tax, taxes[tax.id][1] + amount if tax.id in taxes else amount)
    shipping_tax = sum((amount for _, amount in shipping_taxes), ZERO)
    tax_total = line_tax + shipping_tax
    total = sub_total - discount + net + tax_total + rounded(terms.adjustment, places)
    roundoff = total.quantize(ONE, ROUND_HALF_UP) - total if terms.rounds_total else ZERO
    return Totals(
        lines=done,
        sub_total=sub_total,
        sub_total_inclusive=sum((line.inclusive for line in done), ZERO) if terms.is_inclusive_tax else ZERO,
        discount=discount,
        discount_base=base,
        line_discounts=sum((line.discount_amount for line in done), ZERO),
        shipping_net=net,
        shipping_tax=shipping_tax,
        shipping_taxes=shipping_taxes,
        tax_total=tax_total,
        taxes=list(taxes.values()),
        taxable_total=sum((t.taxable for line, t in zip(lines, done, strict=True) if line.taxes), ZERO),
        roundoff=roundoff,
        total=total + roundoff,
    )


def _stacks(tax: Tax, taxes: Sequence[Tax]) -> bool:
    return tax.compound and any(not other.compound for other in taxes)


def _line(line: Line, terms: Terms) -> LineTotal:
    gross = rounded(line.quantity * line.rate, terms.places)
    own = line.discount.of(gross, terms.places) if terms.discount_type == "item_level" else ZERO
    paid = gross - own
    net = rounded(paid / (ONE + effective(line.taxes)), terms.places) if terms.is_inclusive_tax else paid
    return LineTotal(item_total=net, discount_amount=own, inclusive=paid)


def _share(lines: Sequence[LineTotal], discount: Decimal, sub_total: Decimal, places: int) -> None:
    left = discount
    for position, line in enumerate(lines):
        share = left
        if position < len(lines) - 1:
            share = rounded(discount * line.item_total / sub_total, places) if discount else ZERO
        left -= share
        line.taxable = line.item_total - share


def _taxes(taxable: Decimal, taxes: Sequence[Tax]) -> list[tuple[Tax, Decimal]]:
    plain = sum((tax.percentage for tax in taxes if not _stacks(tax, taxes)), ZERO) / HUNDRED
    return [
        (tax, taxable * (ONE + plain if _stacks(tax, taxes) else ONE) * tax.percentage / HUNDRED)
        for tax in taxes
    ]


def _left(line: LineTotal, taxes: Sequence[Tax], places: int) -> list[tuple[Tax, Decimal]]:
    """The tax inside an inclusive price, split so that net and taxes add up to the price."""
    return _split(line.item_total, line.inclusive - line.item_total, taxes, places)


def _split(net: Decimal, tax: Decimal, taxes: Sequence[Tax], places: int) -> list[tuple[Tax, Decimal]]:
    found = [(each, rounded(amount, places)) for each, amount in _taxes(net, taxes)]
    if found:
        last, _ = found.pop()
        found.append((last, tax - sum((amount for _, amount in found), ZERO)))
    return found


def _shipping(terms: Terms) -> tuple[Decimal, list[tuple[Tax, Decimal]]]:
    charge, taxes, places = rounded(terms.shipping, terms.places), terms.shipping_taxes, terms.places
    if not terms.is_inclusive_tax:
        return charge, [(tax, rounded(amount, places)) for tax, amount in _taxes(charge, taxes)]
    net = rounded(charge / (ONE + effective(taxes)), places)
    return net, _split(net, charge - net, taxes, places)
