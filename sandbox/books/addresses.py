"""Postal addresses: as stored, and as details, list rows and documents show them."""

from typing import Any

from .call import Row, invalid
from .ledger import Ledger

PARTS = (
    "attention",
    "address",
    "street2",
    "city",
    "state_code",
    "state",
    "zip",
    "country",
    "county",
    "country_code",
    "phone",
    "fax",
    "latitude",
    "longitude",
)
COUNTRY_CODES = {
    "U.S.A": "US",
    "USA": "US",
    "United States": "US",
    "Canada": "CA",
    "Germany": "DE",
    "France": "FR",
    "United Kingdom": "GB",
    "India": "IN",
    "Japan": "JP",
    "Australia": "AU",
    "Bahrain": "BH",
    "South Africa": "ZA",
}


def empty(ledger: Ledger, beside: str) -> Row:
    return {"address_id": ledger.ids.take_beside(beside), **dict.fromkeys(PARTS, "")}


def merged(address: Row, given: Any, name: str) -> Row:
    """The address with the parts a body names; `zipcode` is taken for `zip`."""
    if given in (None, ""):
        return address
    if not isinstance(given, dict):
        raise invalid(name)
    found = dict(address)
    source: Row = {"zip": given["zipcode"], **given} if "zipcode" in given else given
    for part in PARTS:
        if part in source:
            value = source[part]
            if isinstance(value, (dict, list, bool)):
                raise invalid(f"{name}.{part}")
            found[part] = "" if value is None else str(value)
    if "country_code" not in source and found["country"] != address["country"]:
        found["country_code"] = COUNTRY_CODES.get(found["country"], "")
    return found


def in_row(address: Row) -> Row:
    """As list rows of documents show it: `zipcode`, and no ids."""
    parts = ("address", "street2", "city", "state", "country", "phone", "fax", "attention")
    return {"zipcode": address.get("zip", ""), **{part: address.get(part, "") for part in parts}}


def plain(address: Row) -> Row:
    """As purchases and credit notes show it: no ids, no codes."""
    parts = ("address", "street2", "city", "state", "zip", "country", "fax", "phone", "attention")
    return {part: address.get(part, "") for part in parts}


def on_document(address: Row) -> Row:
    parts = (
        "address",
        "street2",
        "city",
        "state",
        "zip",
        "country",
        "country_code",
        "fax",
        "phone",
        "attention",
    )
    return {"street": address.get("address", ""), **{part: address.get(part, "") for part in parts}}


def as_default(address: Row) -> Row:
    parts = ("zip", "country", "address", "city", "phone", "street2", "state", "fax", "state_code")
    return {"city_code": "", **{part: address.get(part, "") for part in parts}}
