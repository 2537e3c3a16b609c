"""The modules workflow rules can watch, by the name the settings give them (`entity`).

Documented: invoice, bill, contact. Used by clients against the service: customer, item, estimate, salesorder,
customer_payment. The other names are assumed by analogy. Taxes, currencies, users, employees and locations
are no modules: nothing can watch them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from .call import Row


@dataclass(frozen=True, slots=True)
class Module:
    """Records of one table. `wrapper` is the key of one in an answer; `only` are values a record must have."""

    table: str
    path: str
    wrapper: str
    only: Mapping[str, str] = field(default_factory=dict[str, str])

    def takes(self, record: Row) -> bool:
        return all(record.get(name) == value for name, value in self.only.items())


MODULES: Mapping[str, Module] = {
    "contact": Module("contacts", "/contacts", "contact"),
    "customer": Module("contacts", "/contacts", "contact", {"contact_type": "customer"}),
    "vendor": Module("contacts", "/contacts", "contact", {"contact_type": "vendor"}),
    "item": Module("items", "/items", "item"),
    "invoice": Module("invoices", "/invoices", "invoice"),
    "estimate": Module("estimates", "/estimates", "estimate"),
    "salesorder": Module("salesorders", "/salesorders", "salesorder"),
    "salesreceipt": Module("salesreceipts", "/salesreceipts", "salesreceipt"),
    "creditnote": Module("creditnotes", "/creditnotes", "creditnote"),
    "customer_payment": Module("payments", "/customerpayments", "payment"),
    "bill": Module("bills", "/bills", "bill"),
    "expense": Module("expenses", "/expenses", "expense"),
    "purchaseorder": Module("purchaseorders", "/purchaseorders", "purchaseorder"),
    "vendor_credit": Module("vendorcredits", "/vendorcredits", "vendor_credit"),
    "vendor_payment": Module("vendorpayments", "/vendorpayments", "vendorpayment"),
    "journal": Module("journals", "/journals", "journal"),
    "chart_of_account": Module("accounts", "/chartofaccounts", "chart_of_account"),
    "bank_transaction": Module("banktransactions", "/banktransactions", "banktransaction"),
    "project": Module("projects", "/projects", "project"),
}

BY_TABLE: Mapping[str, Module] = {module.table: module for module in MODULES.values()}
"""Modules of one table share path and wrapper: any of them will do."""
