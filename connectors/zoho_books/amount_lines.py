"""Lines that say only what an amount was for: no headings, no quantities. Expenses and bank transactions."""

from collections.abc import Callable
from decimal import Decimal

from connectors.kit.codec import CodecError
from connectors.kit.mapping import Native
from connectors.kit.operations import Context
from connectors.kit.totals import ONE


def put_type(record: str) -> Callable[[str, Native, Context], None]:
    """Refuses headings. `record` is what the lines belong to, with its article ("an expense")."""

    def put(value: str, native: Native, ctx: Context) -> None:
        if value != "item":
            raise CodecError(f"{record} has no headings", "enum_value", ("item",))

    return put


def put_quantity(record: str) -> Callable[[Decimal, Native, Context], None]:
    """Refuses every quantity but 1."""

    def put(value: Decimal, native: Native, ctx: Context) -> None:
        if value != ONE:
            detail = f"a line of {record} has an amount only: leave the quantity out, or give 1"
            raise CodecError(detail, "unsupported_field")

    return put


def put_price(value: Decimal, native: Native, ctx: Context) -> None:
    native["amount"] = value


def put_total(value: Decimal, native: Native, ctx: Context) -> None:
    native["line_total"] = value
