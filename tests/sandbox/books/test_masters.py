"""Items, accounts, taxes, currencies and users."""

from decimal import Decimal
from typing import Any


def test_items(desk: Any) -> None:
    answer = desk.send(
        "POST",
        "/items",
        {"name": "Widget", "rate": "12.50", "unit": "pcs", "item_type": "sales_and_purchases"},
    )
    item = answer.body["item"]
    assert (answer.status, answer.body["message"]) == (201, "The item has been added.")
    assert (item["rate"], item["can_be_sold"], item["can_be_purchased"]) == (Decimal("12.5"), True, True)
    assert item["account_name"] == "Sales"
    key = item["item_id"]
    assert desk.refused("POST", "/items", {"name": "widget", "rate": 1}) == (400, 1001)
    assert desk.refused("POST", "/items", {"name": "No price"}) == (400, 4)
    assert desk.refused("POST", "/items", {"name": "Bad", "rate": "dear"}) == (400, 2)
    assert desk.refused("POST", "/items", {"name": "x" * 101, "rate": 1}) == (400, 15)
    changed = desk.put(f"/items/{key}", {"description": "New"})
    assert changed["message"] == "Item details have been saved."
    assert (changed["item"]["description"], changed["item"]["rate"]) == ("New", Decimal("12.5"))
    assert [row["item_id"] for row in desk.get("/itemdetails", item_ids=f"{key},99")["items"]] == [key]
    desk.post(f"/items/{key}/inactive")
    assert desk.get("/items", filter_by="Status.Active")["items"] == []
    desk.post(f"/items/{key}/active")
    desk.invoice(desk.customer(), {"item_id": key})
    assert desk.refused("DELETE", f"/items/{key}")[0] == 400
    spare = desk.item("Spare")
    assert desk.delete(f"/items/{spare}")["message"] == "The item has been deleted."
    assert desk.refused("GET", f"/items/{spare}") == (404, 1002)


def test_a_fresh_chart_of_accounts(desk: Any) -> None:
    answer = desk.get("/chartofaccounts")
    assert len(answer["chartofaccounts"]) == 54
    assert "closing_balance" not in answer["chartofaccounts"][0]
    assert len(desk.get("/chartofaccounts", per_page="10")["chartofaccounts"]) == 10
    balanced = desk.get("/chartofaccounts", showbalance="true")["chartofaccounts"]
    assert all(row["closing_balance"] == 0 for row in balanced)


def test_accounts(desk: Any) -> None:
    answer = desk.send(
        "POST", "/chartofaccounts", {"account_name": "Ads", "account_type": "expense", "account_code": "640"}
    )
    made = answer.body["chart_of_account"]
    key = made["account_id"]
    assert answer.headers["Location"] == f"/api/v3/chartofaccountdetails/{key}"
    assert "created_time" in made
    assert "created_time" not in desk.get(f"/chartofaccounts/{key}")["chart_of_account"]
    assert desk.refused("POST", "/chartofaccounts", {"account_name": "ads", "account_type": "expense"}) == (
        400,
        1001,
    )
    assert desk.refused("POST", "/chartofaccounts", {"account_name": "B", "account_type": "gold"}) == (400, 2)
    child = {"account_name": "Web ads", "account_type": "expense", "parent_account_id": key}
    below = desk.post("/chartofaccounts", child)["chart_of_account"]["account_id"]
    row = next(one for one in desk.get("/chartofaccounts")["chartofaccounts"] if one["account_id"] == key)
    assert (row["is_child_present"], row["child_count"], row["depth"]) == (True, "1", 0)
    assert desk.refused("PUT", f"/chartofaccounts/{key}", {"parent_account_id": below}) == (400, 2)
    assert desk.refused("DELETE", f"/chartofaccounts/{key}")[0] == 400
    desk.delete(f"/chartofaccounts/{below}")
    desk.post(f"/chartofaccounts/{key}/inactive")
    assert key not in [one["account_id"] for one in desk.get("/chartofaccounts")["chartofaccounts"]]
    hidden = desk.get("/chartofaccounts", filter_by="AccountType.Inactive")["chartofaccounts"]
    assert [one["account_id"] for one in hidden] == [key]
    desk.delete(f"/chartofaccounts/{key}")
    sales = desk.ledger.id("000000000388")
    assert desk.refused("DELETE", f"/chartofaccounts/{sales}")[0] == 400


def test_postings_balance_and_show_up(desk: Any) -> None:
    tax = desk.tax("VAT", 20)
    customer = desk.customer()
    made = desk.sent(
        customer, {"name": "Work", "rate": 100, "tax_id": tax}, shipping_charge=10, discount="10%"
    )
    desk.pay(customer, 60, {made["invoice_id"]: 60})
    rows = desk.get("/chartofaccounts", showbalance="true")["chartofaccounts"]
    closing = {row["account_name"]: row["closing_balance"] for row in rows}
    assert closing["Accounts Receivable"] == made["total"] - 60
    assert (closing["Sales"], closing["Discount"], closing["Tax Payable"]) == (100, -10, 18)
    assert (closing["Shipping Charge"], closing["Undeposited Funds"]) == (10, 60)
    sales = desk.ledger.id("000000000388")
    entries = desk.get("/chartofaccounts/accounttransactions", account_id=sales)["transactions"]
    assert [(row["credit_amount"], row["debit_amount"]) for row in entries] == [(100, "")]
    recent = desk.get(f"/chartofaccounts/{sales}")["chart_of_account"]["transactions"]
    assert recent[0]["credit_formatted"] == "$100.00"
    assert desk.refused("GET", "/chartofaccounts/accounttransactions") == (400, 4)
    assert desk.refused("PUT", f"/chartofaccounts/{sales}", {"account_type": "expense"}) == (400, 2)


def test_taxes_and_groups_share_a_list(desk: Any) -> None:
    state, city = desk.tax("State", "4"), desk.tax("City", "4.5")
    levy = desk.tax("Levy", 10, "compound_tax")
    answer = desk.send(
        "POST", "/settings/taxgroups", {"tax_group_name": "All", "taxes": f"{state},{city},{levy}"}
    )
    group = answer.body["tax_group"]
    assert answer.status == 201
    assert group["tax_group_percentage"] == Decimal("19.35")
    rows = {row["tax_name"]: row for row in desk.get("/settings/taxes")["taxes"]}
    assert rows["All"]["tax_type"] == "tax_group"
    assert "tax_authority_id" not in rows["All"]
    assert rows["Levy"]["tax_type"] == "compound_tax"
    assert (
        desk.get(f"/settings/taxgroups/{group['tax_group_id']}")["tax_group"]["taxes"][0]["tax_name"]
        == "State"
    )
    desk.put(f"/settings/taxes/{state}", {"tax_percentage": 5})
    assert desk.get(f"/settings/taxes/{group['tax_group_id']}")["tax"]["tax_percentage"] == Decimal("20.45")
    assert desk.refused("DELETE", f"/settings/taxes/{state}")[0] == 400
    desk.delete(f"/settings/taxgroups/{group['tax_group_id']}")
    desk.delete(f"/settings/taxes/{state}")
    assert desk.refused("GET", f"/settings/taxgroups/{city}") == (404, 1002)
    assert desk.refused("POST", "/settings/taxes", {"tax_name": "Much", "tax_percentage": 101}) == (400, 2)
    assert desk.refused("POST", "/settings/taxgroups", {"tax_group_name": "x", "taxes": "99"}) == (404, 1002)


def test_currencies_and_rates(desk: Any) -> None:
    rows = desk.get("/settings/currencies")["currencies"]
    assert len(rows) == 12
    assert [row["currency_code"] for row in rows if row["is_base_currency"]] == ["USD"]
    assert {row["price_precision"] for row in rows} == {0, 2}
    assert all(row["exchange_rate"] == 0 for row in rows)
    others = desk.get("/settings/currencies", filter_by="Currencies.ExcludeBaseCurrency")["currencies"]
    assert len(others) == 11
    made = desk.post("/settings/currencies", {"currency_code": "KWD"})["currency"]
    assert (made["price_precision"], made["currency_name"]) == (3, "Kuwaiti Dinar")
    assert desk.refused("POST", "/settings/currencies", {"currency_code": "kwd"}) == (400, 1001)
    base = f"/settings/currencies/{made['currency_id']}"
    rate = desk.post(f"{base}/exchangerates", {"effective_date": "2026-06-01", "rate": "3.25"})[
        "exchange_rate"
    ]
    desk.post(f"{base}/exchangerates", {"effective_date": "2027-01-01", "rate": "3.5"})
    assert desk.get(base)["currency"]["exchange_rate"] == Decimal("3.25")
    one = f"{base}/exchangerates/{rate['exchange_rate_id']}"
    desk.put(one, {"rate": 3})
    assert desk.get(one)["exchange_rate"]["rate"] == 3
    dates = [each["effective_date"] for each in desk.get(f"{base}/exchangerates")["exchange_rates"]]
    assert dates == ["2027-01-01", "2026-06-01"]
    desk.delete(one)
    assert desk.refused("GET", one) == (404, 1002)
    assert desk.refused("POST", f"{base}/exchangerates", {"effective_date": "2026-06-01", "rate": 0}) == (
        400,
        2,
    )
    desk.delete(base)
    assert desk.refused("DELETE", f"/settings/currencies/{desk.currency('USD')}")[0] == 400


def test_users(desk: Any) -> None:
    me = desk.get("/users/me")["user"]
    assert me["email_ids"] == [{"email": "ada@example.com", "is_selected": True}]
    assert desk.post("/users", {"name": "Tom", "email": "tom@example.com"}) == {
        "code": 0,
        "message": "Your invitation has been sent.",
    }
    rows = desk.get("/users", filter_by="Status.Invited")["users"]
    assert [row["email"] for row in rows] == ["tom@example.com"]
    tom = rows[0]["user_id"]
    desk.post(f"/users/{tom}/active")
    desk.put(f"/users/{tom}", {"name": "Thomas"})
    assert desk.get(f"/users/{tom}")["user"]["name"] == "Thomas"
    current = [row["user_id"] for row in desk.get("/users")["users"] if row["is_current_user"]]
    assert current == [me["user_id"]]
    assert desk.refused("POST", "/users", {"name": "T", "email": "TOM@example.com"}) == (400, 1001)
    desk.post(f"/users/{tom}/inactive")
    stranger = {"user_id": "9", "name": "Tom", "email": "tom@example.com"}
    assert desk.send("GET", "/items", user=stranger).body["code"] == 6018
    desk.delete(f"/users/{tom}")
    assert desk.refused("GET", f"/users/{tom}") == (404, 1002)
