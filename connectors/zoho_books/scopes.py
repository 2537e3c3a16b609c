"""Which of Zoho's scopes a unified scope needs.

Zoho's scopes are `ZohoBooks.<area>.<CREATE|READ|UPDATE|DELETE>`. Every connection reads settings: the list of
organisations, currencies and taxes are there.
"""

from collections.abc import Iterable, Mapping

_EVERYTHING = ("ZohoBooks.fullaccess.all",)

_AREAS: Mapping[str, tuple[str, ...]] = {
    "accounts": ("accountants",),
    "bills": ("bills",),
    "company_info": ("settings",),
    "contacts": ("contacts",),
    "credit_notes": ("creditnotes",),
    "currencies": ("settings",),
    "employees": ("expenses",),
    "estimates": ("estimates",),
    "expenses": ("expenses",),
    "invoices": ("invoices",),
    "items": ("settings",),
    "journal_entries": ("accountants",),
    "payments": ("customerpayments", "vendorpayments"),
    "projects": ("projects",),
    "purchase_orders": ("purchaseorders",),
    "sales_orders": ("salesorders",),
    "sales_receipts": ("invoices",),
    "tax_rates": ("settings",),
    "vendor_credits": ("debitnotes",),
}
"""Resource of the accounting model → the areas its own calls are in."""

_LOOKED_UP: Mapping[str, tuple[str, ...]] = {
    "bills": ("contacts", "accountants", "projects", "purchaseorders", "vendorpayments", "debitnotes"),
    "contacts": ("accountants",),
    "credit_notes": ("contacts", "accountants", "projects", "invoices"),
    "estimates": ("contacts", "accountants", "projects"),
    "expenses": ("contacts", "accountants", "projects"),
    "invoices": ("contacts", "accountants"),
    "items": ("accountants", "contacts"),
    "journal_entries": ("contacts", "projects"),
    "payments": ("contacts", "accountants", "invoices", "bills"),
    "projects": ("contacts",),
    "purchase_orders": ("contacts", "accountants", "projects", "salesorders", "bills"),
    "sales_orders": ("contacts", "accountants", "projects"),
    "sales_receipts": ("contacts", "accountants", "projects"),
    "vendor_credits": ("contacts", "accountants", "projects", "bills"),
}
"""Resource → further areas a write reads: to resolve references, and (accountants) which days are locked."""

_MADE: Mapping[str, tuple[str, ...]] = {
    "estimates": ("invoices", "salesorders"),
    "payments": ("invoices", "bills"),
    "purchase_orders": ("bills",),
    "sales_orders": ("invoices",),
}
"""Resource → further areas its actions create in: documents converted, payments applied."""

_WRITES = ("CREATE", "UPDATE", "DELETE")


def _scopes(areas: Iterable[str], *verbs: str) -> list[str]:
    return [f"ZohoBooks.{area}.{verb}" for area in areas for verb in verbs]


def _reading(resources: Iterable[str]) -> list[str]:
    return _scopes(("settings", *(area for resource in resources for area in _AREAS[resource])), "READ")


def _writing(resources: Iterable[str]) -> list[str]:
    wanted = _reading(resources)
    for resource in resources:
        wanted += _scopes(_AREAS[resource], *_WRITES) + _scopes(_LOOKED_UP.get(resource, ()), "READ")
        wanted += _scopes(_MADE.get(resource, ()), "CREATE")
    return wanted


def _table() -> dict[str, tuple[str, ...]]:
    table = {
        "*": _EVERYTHING,
        "proxy:read": _EVERYTHING,
        "proxy:write": _EVERYTHING,
        "accounting:read": _once(_reading(_AREAS)),
        "accounting:write": _once(_writing(_AREAS)),
        "user-directory:read": ("ZohoBooks.settings.READ",),
        "user-directory:write": _once(_scopes(("settings",), "READ", *_WRITES)),
    }
    for resource in _AREAS:
        table[f"accounting.{resource}:read"] = _once(_reading((resource,)))
        table[f"accounting.{resource}:write"] = _once(_writing((resource,)))
    table["user-directory.users:read"] = table["user-directory:read"]
    table["user-directory.users:write"] = table["user-directory:write"]
    return table


def grants(held: str, wanted: str) -> bool:
    """Whether a scope allows what another does: itself, all verbs of its area, or everything."""
    have, want = held.casefold(), wanted.casefold()
    return have in (want, want.rpartition(".")[0] + ".all", _EVERYTHING[0].casefold())


def _once(scopes: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(scopes))


SCOPES: Mapping[str, tuple[str, ...]] = _table()
"""Unified scope → Zoho scopes. "*" is what a link asks for by default: the raw proxy may call anything."""
