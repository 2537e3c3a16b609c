"""Where references to Zoho's records are looked up when a caller names them by anything but their id."""

from connectors.kit.references import Key, Lookup

_NAMED = Key("contact_name", "contact_name", near="contact_name_contains")

CUSTOMERS = Lookup(
    noun="customer", resource="contacts", path="/contacts", many="contacts", id="contact_id", label="contact_name",
    keys={"name": _NAMED, "email": Key("email", "email")}, query=(("contact_type", "customer"),),
)  # fmt: skip

VENDORS = Lookup(
    noun="vendor", resource="contacts", path="/contacts", many="contacts", id="contact_id", label="contact_name",
    keys={"name": _NAMED, "email": Key("email", "email")}, query=(("contact_type", "vendor"),),
)  # fmt: skip

ITEMS = Lookup(
    noun="item", resource="items", path="/items", many="items", id="item_id", label="name",
    keys={"code": Key("sku", "search_text"), "name": Key("name", "name", near="name_contains")},
)  # fmt: skip

ACCOUNTS = Lookup(
    noun="account", resource="accounts", path="/chartofaccounts", many="chartofaccounts", id="account_id",
    label="account_name", keys={"code": Key("account_code"), "name": Key("account_name")},
    query=(("filter_by", "AccountType.All"),), fresh_for=300,
)  # fmt: skip

TAXES = Lookup(
    noun="tax rate", resource="tax_rates", path="/settings/taxes", many="taxes", id="tax_id", label="tax_name",
    keys={"name": Key("tax_name")}, fresh_for=300,
)  # fmt: skip

CURRENCIES = Lookup(
    noun="currency", resource="currencies", path="/settings/currencies", many="currencies", id="currency_id",
    label="currency_code", keys={"code": Key("currency_code")}, fresh_for=3600, missing="currency_not_enabled",
)  # fmt: skip

PROJECTS = Lookup(
    noun="project", resource="projects", path="/projects", many="projects", id="project_id", label="project_name",
    keys={"name": Key("project_name")},
)  # fmt: skip

LOCATIONS = Lookup(
    noun="location", resource="tracking_categories", path="/locations", many="locations", id="location_id",
    label="location_name", keys={"name": Key("location_name")}, fresh_for=300,
)  # fmt: skip

USERS = Lookup(
    noun="user", resource="users", path="/users", many="users", id="user_id", label="name",
    keys={"name": Key("name")}, fresh_for=300,
)  # fmt: skip

TAGS = Lookup(
    noun="tracking category", resource="tracking_categories", path="/reportingtags", many="reporting_tags",
    id="tag_id", label="tag_name", keys={"name": Key("tag_name")}, fresh_for=300,
)  # fmt: skip

TAX_EXEMPTIONS = Lookup(
    noun="tax exemption", resource="tax_rates", path="/settings/taxexemptions", many="tax_exemptions",
    id="tax_exemption_id", label="tax_exemption_code", keys={"name": Key("tax_exemption_code")}, fresh_for=300,
)  # fmt: skip
