"""What bad calls get. Nothing a caller sends may raise."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.books import scope_needed

PATHS = ("/contacts", "/items", "/invoices", "/customerpayments", "/chartofaccounts", "/settings/taxes")


def test_unknown_routes(desk: Any) -> None:
    for method, path in (("GET", "/nothing"), ("PATCH", "/invoices"), ("GET", "/invoices/"), ("GET", "")):
        assert desk.refused(method, path) == (404, 5)
        assert scope_needed(method, path) is None
    assert desk.send("GET", "/nothing").body["message"] == "Invalid URL Passed"


def test_scopes() -> None:
    expected = {
        ("GET", "/invoices"): "invoices.READ",
        ("POST", "/invoices/12/status/void"): "invoices.CREATE",
        ("DELETE", "/contacts/12"): "contacts.DELETE",
        ("PUT", "/items/12"): "settings.UPDATE",
        ("GET", "/chartofaccounts"): "accountants.READ",
        ("POST", "/customerpayments"): "customerpayments.CREATE",
        ("GET", "/users/me"): "settings.READ",
        ("GET", "/organizations/12"): "settings.READ",
    }
    for (method, path), scope in expected.items():
        assert scope_needed(method, path) == f"ZohoBooks.{scope}"


@pytest.mark.parametrize("path", PATHS)
def test_bodies_that_are_no_objects(desk: Any, path: str) -> None:
    assert desk.refused("POST", path, None, malformed=True) == (400, 1038)
    assert desk.refused("POST", path, [1]) == (400, 1038)
    assert desk.refused("POST", path, None) == (400, 2)
    assert desk.refused("POST", path, {}) == (400, 4)


@pytest.mark.parametrize("path", PATHS)
def test_unknown_ids(desk: Any, path: str) -> None:
    for method, body in (("GET", None), ("PUT", {"notes": "x"}), ("DELETE", None)):
        assert desk.refused(method, f"{path}/999", body) == (404, 1002)


def test_recorded_messages(desk: Any) -> None:
    desk.customer("FORGE BREU-HOUS")
    answer = desk.send("POST", "/contacts", {"contact_name": "FORGE BREU-HOUS"})
    assert answer.body == {
        "code": 3062,
        "message": 'The customer "FORGE BREU-HOUS" already exists. Please specify a different name.',
    }
    assert desk.send("GET", "/invoices/1").body == {"code": 1002, "message": "Invoice does not exist."}
    bad = desk.send("GET", "/invoices", query={"last_modified_time": "2026-08-01T00:00:00Z"})
    assert bad.body == {"code": 2, "message": "Invalid value passed for last_modified_time"}


FIELDS = [
    "contact_name",
    "contact_type",
    "contact_persons",
    "billing_address",
    "currency_id",
    "payment_terms",
    "custom_fields",
    "tags",
    "name",
    "rate",
    "item_type",
    "tax_id",
    "account_id",
    "customer_id",
    "line_items",
    "date",
    "due_date",
    "discount",
    "shipping_charge",
    "exchange_rate",
    "adjustment",
    "invoice_number",
    "is_inclusive_tax",
    "amount",
    "payment_mode",
    "invoices",
    "account_name",
    "account_type",
    "parent_account_id",
    "tax_name",
    "tax_percentage",
    "tax_type",
    "contact_id",
    "first_name",
    "taxes",
    "tax_group_name",
    "currency_code",
    "price_precision",
    "effective_date",
    "email",
    "role_id",
    "to_mail_ids",
    "invoice_payments",
    "apply_creditnotes",
    "description",
    "from_account_id",
]
INSIDE = [
    *FIELDS,
    "item_id",
    "line_item_id",
    "quantity",
    "invoice_id",
    "amount_applied",
    "api_name",
    "value",
    "tag_id",
]
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.decimals(allow_nan=True, allow_infinity=True),
    st.floats(),
    st.sampled_from(
        ["", "10%", "%", "2026-06-15", "x" * 3000, "1", "CUSTOMER", "ITEM", "INVOICE", "TAX", "EUR", "²"]
    ),
    st.text(max_size=8),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(INSIDE), inner, max_size=4)
    ),
    max_leaves=8,
)
CALLS = st.tuples(
    st.sampled_from(["POST", "PUT", "GET", "DELETE"]),
    st.sampled_from(
        [
            *PATHS,
            *(f"{path}/ANY" for path in PATHS),
            "/contacts/contactpersons",
            "/contacts/CUSTOMER/address",
            "/settings/taxgroups",
            "/settings/currencies",
            "/settings/currencies/EUR/exchangerates",
            "/users",
            "/invoices/INVOICE",
            "/invoices/INVOICE/credits",
            "/invoices/INVOICE/email",
            "/invoices/INVOICE/comments",
            "/invoices/INVOICE/address/billing",
            "/invoice/INVOICE/customfields",
            "/customerpayments/PAYMENT",
            "/customerpayments/PAYMENT/refunds",
            "/contacts/CUSTOMER",
            "/items/ITEM",
        ]
    ),
    st.one_of(st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=6), VALUES),
    st.dictionaries(
        st.sampled_from(
            [
                "page",
                "per_page",
                "sort_column",
                "sort_order",
                "filter_by",
                "status",
                "date_start",
                "total_less_than",
                "rate",
                "name_contains",
                "search_text",
                "last_modified_time",
                "invoice_ids",
                "payment_ids",
                "account_ids",
                "item_ids",
                "account_id",
                "accept",
                "send",
            ]
        ),
        st.one_of(
            st.text(max_size=6), st.sampled_from(["1", "true", "2026-06-15", "Status.Active", "INVOICE,1"])
        ),
        max_size=3,
    ),
)


@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(calls=st.lists(CALLS, min_size=1, max_size=6))
def test_any_call_gets_an_answer(open_desk: Any, calls: Any) -> None:
    desk = open_desk()
    customer, item, tax = desk.customer(), desk.item(), desk.tax("VAT", 20)
    invoice = desk.sent(customer, {"item_id": item, "tax_id": tax})["invoice_id"]
    payment = desk.pay(customer, 200, {invoice: 50})["payment_id"]
    known = {
        "CUSTOMER": customer,
        "ITEM": item,
        "TAX": tax,
        "INVOICE": invoice,
        "PAYMENT": payment,
        "EUR": desk.currency("EUR"),
    }

    def fill(value: Any) -> Any:
        if isinstance(value, str):
            return known.get(value, value)
        if isinstance(value, list):
            return [fill(each) for each in value]
        return {key: fill(each) for key, each in value.items()} if isinstance(value, dict) else value

    for method, path, body, query in calls:
        for word, key in known.items():
            path = path.replace(word, key)
        answer = desk.send(method, path, fill(body), query=fill(query))
        assert answer.status in (200, 201, 400, 404)
        if answer.body is not None:
            assert (answer.body["code"] == 0) is (answer.status < 400)
    for row in desk.books.truth()["invoices"].values():
        shares = [
            share["amount_applied"]
            for one in desk.books.truth()["payments"].values()
            for share in one["applied"]
            if share["invoice_id"] == row["invoice_id"]
        ]
        assert row["payment_made"] == sum(shares)
        assert 0 <= row["balance"] <= row["total"]
        assert (
            row["total"]
            == row["balance"] + row["payment_made"] + row["write_off_amount"] + (row["tax_amount_withheld"])
        )
    assert all(one["unused_amount"] >= 0 for one in desk.books.truth()["payments"].values())
