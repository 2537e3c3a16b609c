"""Currencies, and decimals as they are read, rounded and shown."""

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any, NamedTuple

from .call import invalid

ZERO = Decimal(0)
ONE = Decimal(1)
HUNDRED = Decimal(100)
LIMIT = Decimal(10) ** 15
_STEP = tuple(Decimal(1).scaleb(-places) for places in range(16))


class Currency(NamedTuple):
    """A currency a fresh organisation may use. `suffix` is the end of its id; `pattern` how amounts look."""

    code: str
    name: str
    symbol: str
    precision: int
    suffix: str
    format: str = "1,234,567.89"
    pattern: str = "###,##0.00"


CURRENCIES: dict[str, Currency] = {
    currency.code: currency
    for currency in (
        Currency("AED", "UAE Dirham", "AED", 2, "000000093087"),
        Currency("AUD", "Australian Dollar", "$", 2, "000000000105"),
        Currency("BND", "Brunei Dollar", "$", 2, "000000093088"),
        Currency("CAD", "Canadian Dollar", "$", 2, "000000000101"),
        Currency("CNY", "Yuan Renminbi", "CNY", 2, "000000000113"),
        Currency("EUR", "Euro", "€", 2, "000000000109", "1.234.567,89"),
        Currency("GBP", "Pound Sterling", "£", 2, "000000000103"),
        Currency("INR", "Indian Rupee", "₹", 2, "000000000099", "12,34,567.89"),
        Currency("JPY", "Japanese Yen", "¥", 0, "000000000111", "1,234,567", "###,##0"),
        Currency("SAR", "Saudi Riyal", "SAR", 2, "000000093086"),
        Currency("USD", "United States Dollar", "$", 2, "000000000097"),
        Currency("ZAR", "South African Rand", "R", 2, "000000000107"),
        # Not among the twelve of a fresh organisation; made when they are the base or asked for.
        Currency("BHD", "Bahraini Dinar", "BHD", 3, "000000093089", "1,234,567.899", "###,##0.000"),
        Currency("KWD", "Kuwaiti Dinar", "KWD", 3, "000000093090", "1,234,567.899", "###,##0.000"),
        Currency("CHF", "Swiss Franc", "CHF", 2, "000000093091"),
        Currency("NZD", "New Zealand Dollar", "$", 2, "000000093092"),
        Currency("SGD", "Singapore Dollar", "$", 2, "000000093093"),
    )
}

FRESH = ("AED", "AUD", "BND", "CAD", "CNY", "EUR", "GBP", "INR", "JPY", "SAR", "USD", "ZAR")
"""The codes a fresh organisation lists, in the order it lists them."""


def rounded(value: Decimal, places: int) -> Decimal:
    """Half up, away from zero."""
    return value.quantize(_STEP[places], ROUND_HALF_UP)


def number(value: Any, name: str, *, default: Decimal | None = None) -> Decimal:
    """A decimal from a JSON number or numeric text; "" and null give the default.

    Refuses with code 2 what is no number, not finite, a boolean, or beyond 10^15.
    """
    if value is None or value == "":
        if default is None:
            raise invalid(name)
        return default
    if isinstance(value, bool) or not isinstance(value, (int, float, str, Decimal)):
        raise invalid(name)
    try:
        found = Decimal(str(value).strip())
    except InvalidOperation:
        raise invalid(name) from None
    if not found.is_finite() or abs(found) > LIMIT:
        raise invalid(name)
    return found


def shown(value: Decimal) -> Decimal:
    """The number as the wire carries it: one decimal place, no further trailing zeros (100.0, 99.95)."""
    trimmed = value.normalize()
    exponent = trimmed.as_tuple().exponent
    if isinstance(exponent, int) and exponent > -1:
        return trimmed.quantize(_STEP[1])
    return trimmed


def formatted(value: Decimal, currency: Currency) -> str:
    """The display twin of an amount: "$1,234.50", "-$3.00"."""
    text = f"{rounded(abs(value), currency.precision):,}"
    sign = "-" if value < 0 else ""
    return f"{sign}{currency.symbol}{text}"
