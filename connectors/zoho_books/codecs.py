"""How Zoho Books spells values that are not spelled the same everywhere."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from connectors.kit import codec
from connectors.kit.codec import decimal_of
from connectors.kit.countries import code_of
from connectors.kit.custom_fields import Shape
from connectors.kit.mapping import Native
from connectors.kit.operations import Context

INSTANT = codec.INSTANT("%Y-%m-%dT%H:%M:%S%z")
"""±HHMM without a colon; "Z" and a missing offset are refused by Zoho."""

CONTACT_TYPE = codec.ENUM({"customer": "customer", "vendor": "vendor"})
PRODUCT_TYPE = codec.ENUM({"goods": "goods", "service": "service", "digital_service": "digital"})
LINE_CATEGORY = codec.ENUM({"line_item": "item", "header": "heading"})
MASTER_STATUS = codec.ENUM({"active": "active", "inactive": "archived"})

REFERENCE_FIELD = "cf_lw_ref"
"""The gateway's own custom field, where an account has it."""

CUSTOM_FIELDS = Shape(
    own=frozenset({REFERENCE_FIELD}),
    types={
        "string": "text", "text": "text", "multiline": "text", "autonumber": "text", "external_lookup": "text",
        "number": "number", "decimal": "decimal", "percent": "decimal", "amount": "money",
        "check_box": "boolean", "date": "date", "date_time": "datetime", "dropdown": "select",
        "multiselect": "multiselect", "email": "email", "url": "url", "phone": "phone", "lookup": "lookup",
    }
)  # fmt: skip

LINE_CUSTOM_FIELDS = Shape(array="item_custom_fields", types=CUSTOM_FIELDS.types)

MODES = {
    "cash": "cash",
    "check": "check",
    "creditcard": "card",
    "banktransfer": "bank_transfer",
    "bankremittance": "bank_transfer",
    "autotransaction": "online",
    "others": "other",
}
"""payment_mode → unified method. Modes a company named itself pass through."""


def _method(mode: Any) -> str | None:
    """Zoho's own modes whatever their case; the company's as they are spelled."""
    return MODES.get(mode.casefold(), mode) if isinstance(mode, str) else None


METHOD = replace(codec.ENUM(MODES), read=_method)


def percentage_of(discount: Any) -> Decimal | None:
    """The percentage in a discount printed as "10%" or "10.00%"; None when it is an amount."""
    if isinstance(discount, str) and discount.rstrip().endswith("%"):
        return decimal_of(discount.rstrip().removesuffix("%"))
    return None


def spelled(value: Decimal) -> str:
    """A number as the text it is where Zoho's specification asks for text."""
    return f"{value:f}"


MONEY_TEXT = replace(codec.MONEY, write=spelled)


def percent(value: Decimal) -> str:
    return f"{value:f}%"


def country_code(native: Native, ctx: Context) -> str | None:
    """Of an address: its code, be it of two letters or of three, else that of its country's name."""
    told = native.get("country_code")
    return code_of(told) or told or code_of(native.get("country"))
