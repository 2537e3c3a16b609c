"""All routes, and which one a path means."""

from collections import defaultdict
from collections.abc import Iterable

from . import (
    accounts,
    attachments,
    automation,
    bank_accounts,
    bank_matching,
    bank_transactions,
    bill_actions,
    bills,
    contacts,
    conversions,
    credit_note_actions,
    credit_notes,
    currencies,
    customfields,
    employees,
    estimates,
    expenses,
    invoice_actions,
    invoices,
    items,
    journals,
    locations,
    locking,
    payments,
    projects,
    purchase_orders,
    refunds,
    reporting_tags,
    reports,
    sales_receipts,
    salesorders,
    statements,
    taxes,
    users,
    vendor_credits,
    vendor_payments,
)
from .resource import Route

PREFERENCES = Route("GET", "/settings/preferences/customfields", "settings.READ", customfields.metadata)
ROUTES: tuple[Route, ...] = (
    *contacts.ROUTES,
    *items.ROUTES,
    *accounts.ROUTES,
    *taxes.ROUTES,
    *currencies.ROUTES,
    *invoices.ROUTES,
    *invoice_actions.ROUTES,
    *attachments.ROUTES,
    *payments.ROUTES,
    *refunds.ROUTES,
    *users.ROUTES,
    *estimates.ROUTES,
    *locations.ROUTES,
    *salesorders.ROUTES,
    *conversions.ROUTES,
    *expenses.ROUTES,
    *employees.ROUTES,
    *journals.ROUTES,
    *reports.ROUTES,
    *sales_receipts.ROUTES,
    *locking.ROUTES,
    *projects.ROUTES,
    *reporting_tags.ROUTES,
    *bank_accounts.ROUTES,
    *statements.ROUTES,
    *bank_transactions.ROUTES,
    *bank_matching.ROUTES,
    *bills.ROUTES,
    *bill_actions.ROUTES,
    *vendor_payments.ROUTES,
    *vendor_credits.ROUTES,
    *purchase_orders.ROUTES,
    *credit_notes.ROUTES,
    *credit_note_actions.ROUTES,
    *automation.ROUTES,
    PREFERENCES,
)
"""Where two have the same method and pattern, the later one counts."""

ORGANIZATIONS = {
    ("GET", "/organizations"): "settings.READ",
    ("POST", "/organizations"): "settings.CREATE",
    ("GET", "/organizations/{}"): "settings.READ",
    ("PUT", "/organizations/{}"): "settings.UPDATE",
}
"""Answered by the server, which knows every organisation of a user."""


class Router:
    def __init__(self, routes: Iterable[Route]) -> None:
        latest = {(route.method, route.pattern): route for route in routes}
        self._by_shape: dict[tuple[str, int], list[tuple[list[str], Route]]] = defaultdict(list)
        for route in latest.values():
            parts = route.pattern.split("/")
            self._by_shape[(route.method, len(parts))].append((parts, route))
        for found in self._by_shape.values():
            found.sort(key=lambda entry: entry[0].count("{}"))  # a literal segment wins over an id

    def find(self, method: str, path: str) -> tuple[Route, tuple[str, ...]] | None:
        """The route and the ids of a path below /books/v3."""
        given = path.split("/")
        for parts, route in self._by_shape.get((method.upper(), len(given)), ()):
            if all(part in ("{}", have) for part, have in zip(parts, given, strict=True)):
                ids = tuple(have for part, have in zip(parts, given, strict=True) if part == "{}")
                if all(ids):
                    return route, ids
        return None


ROUTER = Router(ROUTES)


def scope_needed(method: str, path: str) -> str | None:
    """The scope of an operation, such as "ZohoBooks.invoices.READ"; None where there is no such route."""
    found = ROUTER.find(method, path)
    if found is not None:
        return f"ZohoBooks.{found[0].scope}"
    shape = "/organizations/{}" if path.startswith("/organizations/") and path.count("/") == 2 else path
    area = ORGANIZATIONS.get((method.upper(), shape))
    return f"ZohoBooks.{area}" if area else None
