"""Where references to Zoho's records are looked up when a caller names them by anything but their id."""

from connectors.kit.paging import Paging
from connectors.kit.references import Key, Lookup

_NAMED = Key("contact_name", "contact_name", near="contact_name_contains")

CUSTOMERS = Lookup(
    noun="customer",
    resource="contacts",
    path="/contacts",
    many="contacts",
    id="contact_id",
    keys={"name": _NAMED, "email": Key("email", "email")},
    query=(("contact_type", "customer"),),
)

VENDORS = Lookup(
    noun="vendor",
    resource="contacts",
    path="/contacts",
    many="contacts",
    id="contact_id",
    keys={"name": _NAMED, "email": Key("email", "email")},
    query=(("contact_type", "vendor"),),
)

ITEMS = Lookup(
    noun="item",
    resource="items",
    path="/items",
    many="items",
    id="item_id",
    keys={"code": Key("sku", "search_text"), "name": Key("name", "name", near="name_contains")},
)

ACCOUNTS = Lookup(
    noun="account",
    resource="accounts",
    path="/chartofaccounts",
    many="chartofaccounts",
    id="account_id",
    keys={"code": Key("account_code"), "name": Key("account_name")},
    query=(("filter_by", "AccountType.All"),),
    fresh_for=300,
)

TAXES = Lookup(
    noun="tax rate",
    resource="tax_rates",
    path="/settings/taxes",
    many="taxes",
    id="tax_id",
    keys={"name": Key("tax_name")},
    fresh_for=300,
)

CURRENCIES = Lookup(
    noun="currency",
    resource="currencies",
    path="/settings/currencies",
    many="currencies",
    id="currency_id",
    keys={"code": Key("currency_code")},
    fresh_for=3600,
    missing="currency_not_enabled",
)

PROJECTS = Lookup(
    noun="project",
    resource="projects",
    path="/projects",
    many="projects",
    id="project_id",
    keys={"name": Key("project_name")},
)

EMPLOYEES = Lookup(
    noun="employee",
    resource="employees",
    path="/employees",
    many="employees",
    id="employee_id",
    keys={"name": Key("name"), "email": Key("email")},
)

LOCATIONS = Lookup(
    noun="location",
    resource="tracking_categories",
    path="/locations",
    many="locations",
    id="location_id",
    keys={"name": Key("location_name")},
    fresh_for=300,
    paging=Paging(whole=True),
    prefix="loc_",
)
"""Our ids of locations are prefixed: they stand among tracking categories, whose ids are counted apart."""

USERS = Lookup(
    noun="user",
    resource="users",
    path="/users",
    many="users",
    id="user_id",
    keys={"name": Key("name")},
    fresh_for=300,
)

TAGS = Lookup(
    noun="tracking category",
    resource="tracking_categories",
    path="/reportingtags",
    many="reporting_tags",
    id="tag_id",
    keys={"name": Key("tag_name")},
    fresh_for=300,
    paging=Paging(whole=True),
)

TAX_EXEMPTIONS = Lookup(
    noun="tax exemption",
    resource="tax_rates",
    path="/settings/taxexemptions",
    many="tax_exemptions",
    id="tax_exemption_id",
    keys={"name": Key("tax_exemption_code")},
    fresh_for=300,
)

CONTACTS = Lookup(
    noun="contact",
    resource="contacts",
    path="/contacts",
    many="contacts",
    id="contact_id",
    keys={"name": Key("contact_name", "contact_name")},
)
"""A name is taken once, by customers and vendors together."""

INVOICES = Lookup(
    noun="invoice",
    resource="invoices",
    path="/invoices",
    many="invoices",
    id="invoice_id",
    keys={"number": Key("invoice_number", "invoice_number")},
)

BILLS = Lookup(
    noun="bill",
    resource="bills",
    path="/bills",
    many="bills",
    id="bill_id",
    keys={
        "number": Key("bill_number", "bill_number"),
        "reference": Key("reference_number", "reference_number"),
    },
)

PURCHASE_ORDERS = Lookup(
    noun="purchase order",
    resource="purchase_orders",
    path="/purchaseorders",
    many="purchaseorders",
    id="purchaseorder_id",
    keys={
        "number": Key("purchaseorder_number", "purchaseorder_number"),
        "reference": Key("reference_number", "reference_number"),
    },
)

CREDIT_NOTES = Lookup(
    noun="credit note",
    resource="credit_notes",
    path="/creditnotes",
    many="creditnotes",
    id="creditnote_id",
    keys={"number": Key("creditnote_number", "creditnote_number")},
)

VENDOR_CREDITS = Lookup(
    noun="vendor credit",
    resource="vendor_credits",
    path="/vendorcredits",
    many="vendor_credits",
    id="vendor_credit_id",
    keys={"number": Key("vendor_credit_number", "vendor_credit_number")},
)

SALES_ORDERS = Lookup(
    noun="sales order",
    resource="sales_orders",
    path="/salesorders",
    many="salesorders",
    id="salesorder_id",
    keys={
        "number": Key("salesorder_number", "salesorder_number"),
        "reference": Key("reference_number", "reference_number"),
    },
)

ESTIMATES = Lookup(
    noun="estimate",
    resource="estimates",
    path="/estimates",
    many="estimates",
    id="estimate_id",
    keys={
        "number": Key("estimate_number", "estimate_number"),
        "reference": Key("reference_number", "reference_number"),
    },
)

SALES_RECEIPTS = Lookup(
    noun="sales receipt",
    resource="sales_receipts",
    path="/salesreceipts",
    many="salesreceipts",
    id="sales_receipt_id",
    keys={"number": Key("receipt_number", "receipt_number")},
)

BANK_ACCOUNTS = Lookup(
    noun="money account",
    resource="bank_accounts",
    path="/bankaccounts",
    many="bankaccounts",
    id="account_id",
    keys={"code": Key("account_code"), "name": Key("account_name")},
    query=(("filter_by", "Status.All"),),
    fresh_for=300,
)
