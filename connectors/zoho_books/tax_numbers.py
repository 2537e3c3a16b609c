"""A contact's tax number, which every edition of Zoho keeps under another key."""

from typing import Any

from connectors.kit.faults import Fault
from connectors.kit.flows import Draft
from connectors.kit.http import Flow, Request
from connectors.kit.mapping import Native
from connectors.kit.operations import Context

KEYS = ("gst_no", "vat_reg_no", "tax_reg_no", "tax_id_value")

VAT = frozenset(
    ("AT", "BE", "BG", "HR", "CY", "CZ", "DK", "EE", "FI", "FR", "DE", "GR", "HU", "IE", "IT", "LV", "LT", "LU",
     "MT", "NL", "PL", "PT", "RO", "SK", "SI", "ES", "SE", "GB", "UK")
)  # fmt: skip
REGISTERED = frozenset(("AE", "SA", "BH", "KW", "OM", "QA", "MX", "KE", "ZA"))


def tax_number(native: Native, ctx: Context) -> str | None:
    """The first that is filled."""
    return next((str(native[key]) for key in KEYS if native.get(key)), None)


def put_tax_number(value: str, native: Native, ctx: Context) -> None:
    native["tax_number"] = value


def spell_tax_number(draft: Draft) -> Flow[None]:
    """Puts the number under the key the record already uses, else under the one of the company's country."""
    value = draft.native.pop("tax_number", None)
    if value is None and "tax_number" not in draft.body:
        return
    known = [key for key in KEYS if (draft.current or {}).get(key)]
    key = known[0] if known else (yield from _key_of_country(draft.ctx))
    draft.native[key] = value or ""


def _key_of_country(ctx: Context) -> Flow[str]:
    path = f"/organizations/{ctx.organization_id}"
    try:
        reply = yield Request("GET", path, step="read the company's country", fresh_for=3600)
    except Fault:
        return "tax_id_value"
    found: Any = reply.body.get("organization") if isinstance(reply.body, dict) else None
    country = str((found or {}).get("country_code") or (found or {}).get("country") or "").upper()
    if country in ("IN", "INDIA"):
        return "gst_no"
    if country in VAT or country == "UNITED KINGDOM":
        return "vat_reg_no"
    return "tax_reg_no" if country in REGISTERED else "tax_id_value"
