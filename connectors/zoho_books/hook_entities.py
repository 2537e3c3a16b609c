"""The kinds of records Zoho has workflows for."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entity:
    """One of them.

    names   in the settings API; how those of two words are spelled is not published: the first Zoho takes is it
    bodies  names of the record in a body
    module  what the settings pages call it
    key     its id in a body
    own     a member only its own body has beside that id: other records are named in a body too
    """

    names: tuple[str, ...]
    bodies: tuple[str, ...]
    module: str
    key: str
    own: str


def _entity(name: str, module: str, key: str, own: str, *more: str, body: str = "") -> Entity:
    names = (name, *more)
    return Entity(names, tuple(dict.fromkeys((body or name, *names))), module, key, own)


ENTITIES: Mapping[str, Entity] = {
    "/contacts": _entity("contact", "Customers, and once more for Vendors", "contact_id", "contact_name"),
    "/items": _entity("item", "Items", "item_id", "item_type"),
    "/estimates": _entity("estimate", "Quotes", "estimate_id", "estimate_number"),
    "/salesorders": _entity("salesorder", "Sales Orders", "salesorder_id", "salesorder_number"),
    "/invoices": _entity("invoice", "Invoices", "invoice_id", "invoice_number"),
    "/salesreceipts": _entity(
        "salesreceipt", "Sales Receipts", "sales_receipt_id", "receipt_number", "sales_receipt"
    ),
    "/creditnotes": _entity("creditnote", "Credit Notes", "creditnote_id", "creditnote_number"),
    "/customerpayments": _entity(
        "customer_payment",
        "Payments Received",
        "payment_id",
        "customer_id",
        "customerpayment",
        body="payment",
    ),
    "/purchaseorders": _entity(
        "purchaseorder", "Purchase Orders", "purchaseorder_id", "purchaseorder_number"
    ),
    "/bills": _entity("bill", "Bills", "bill_id", "bill_number"),
    "/vendorcredits": _entity(
        "vendor_credit", "Vendor Credits", "vendor_credit_id", "vendor_credit_number", "vendorcredit"
    ),
    "/vendorpayments": _entity("vendor_payment", "Payments Made", "payment_id", "vendor_id", "vendorpayment"),
    "/expenses": _entity("expense", "Expenses", "expense_id", "paid_through_account_id"),
    "/chartofaccounts": _entity("chart_of_account", "Chart of Accounts", "account_id", "account_type"),
    "/banktransactions": _entity(
        "bank_transaction", "Bank Transactions", "transaction_id", "transaction_type", "banktransaction"
    ),
    "/journals": _entity("journal", "Manual Journals", "journal_id", "journal_date"),
    "/projects": _entity("project", "Projects", "project_id", "billing_type"),
}
"""Native collection → its entity. What is not here is found by polling alone."""

BY_NAME: Mapping[str, str] = {
    name: path for path, entity in ENTITIES.items() for name in (*entity.names, *entity.bodies)
}
"""Every name of an entity → its collection."""
