"""Where Zoho Books finds a record by one of its natural keys.

Zoho compares text filters without regard to case and ignores those it does not know: the kit compares again.
"""

from connectors.kit.references import Key, Lookup

CONTACTS = Lookup(
    noun="contact",
    resource="contacts",
    path="/contacts",
    many="contacts",
    id="contact_id",
    label="contact_name",
    keys={
        "name": Key("contact_name", "contact_name", "search_text"),
        "email": Key("email", "email"),
        "number": Key("contact_number", "search_text"),
    },
    query=(("filter_by", "Status.All"),),
)

ACCOUNTS = Lookup(
    noun="account",
    resource="accounts",
    path="/chartofaccounts",
    many="chartofaccounts",
    id="account_id",
    label="account_name",
    keys={
        "code": Key("account_code", "account_code", "search_text"),
        "name": Key("account_name", "account_name", "search_text"),
    },
    query=(("filter_by", "AccountType.All"),),
)

ITEMS = Lookup(
    noun="item",
    resource="items",
    path="/items",
    many="items",
    id="item_id",
    label="name",
    keys={"code": Key("sku", "search_text"), "name": Key("name", "name", "search_text")},
    query=(("filter_by", "Status.All"),),
)

TAXES = Lookup(
    noun="tax rate",
    resource="tax_rates",
    path="/settings/taxes",
    many="taxes",
    id="tax_id",
    label="tax_name",
    keys={"name": Key("tax_name")},  # taxes take no filter; the whole list is short
    fresh_for=300.0,
)

CURRENCIES = Lookup(
    noun="currency",
    resource="currencies",
    path="/settings/currencies",
    many="currencies",
    id="currency_id",
    label="currency_code",
    keys={"code": Key("currency_code")},
    fresh_for=300.0,
    missing="currency_not_enabled",
)
