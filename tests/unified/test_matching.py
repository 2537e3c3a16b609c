"""What counts as the same record, and what a match changes."""

from decimal import Decimal
from typing import Any

import pytest

from app.core.errors import Problem
from app.unified.matching import Rule, differences, is_of_party, matchable, rule_of, type_of, values_of
from app.unified.query import Query
from connectors.kit.operations import Answer
from connectors.zoho_books import CONNECTOR

CONTACTS = CONNECTOR.resources["accounting", "contacts"]
INVOICES = CONNECTOR.resources["accounting", "invoices"]
CURRENT = Answer(
    {
        "name": "Acme", "memo": None, "credit_limit": Decimal("10.50"), "currency": "EUR",
        "emails": [{"email": "a@b.example", "type": "work"}],
        "addresses": [{"id": "1", "type": "billing", "city": "Leeds", "street_1": "Dock"}],
        "contact_persons": [{"id": "7", "first_name": "Ada", "emails": [{"email": "Ada@b.example"}]}],
        "tax_rate": {"id": "9", "name": "VAT"},
    },
    {"cf": 1},
)  # fmt: skip


@pytest.mark.parametrize(
    ("query", "rule"),
    [
        (b"", None),
        (b"match_on=email,name", Rule(("email", "name"), "return")),
        (b"match_on[]=name&match_on[]=email&on_match=update", Rule(("name", "email"), "update")),
    ],
)
def test_what_a_caller_asks_for(query: bytes, rule: Rule | None) -> None:
    assert rule_of(Query(query), CONTACTS) == rule


def test_only_exact_texts_are_keys() -> None:
    assert {"name", "email", "phone", "company_name"} <= set(matchable(CONTACTS))
    assert not {"status", "type", "is_vendor", "updated_at", "tax_number"} & set(matchable(CONTACTS))
    assert {"number", "reference"} <= set(matchable(INVOICES))
    assert not {"contact", "contact.id", "issue_date", "total_amount"} & set(matchable(INVOICES))
    with pytest.raises(Problem) as refused:
        rule_of(Query(b"match_on=nmae"), CONTACTS)
    assert (refused.value.code, refused.value.errors[0].did_you_mean) == ("unsupported_filter", "name")


def test_texts_are_compared_folded() -> None:
    record = {"emails": [{"email": " A@B.example"}, {"email": ""}], "name": " Straße ", "code": None}
    assert values_of(record, "email") == {"a@b.example": "A@B.example"}
    assert values_of(record, "name") == {"strasse": "Straße"}
    assert values_of(record, "code") == {} and values_of(record, "number") is None


@pytest.mark.parametrize(
    ("body", "side"),
    [
        ({}, "customer"),
        ({"is_vendor": True}, "vendor"),
        ({"is_customer": False}, "vendor"),
        ({"type": "vendor"}, "vendor"),
    ],
)
def test_the_side_of_a_contact(body: Any, side: str) -> None:
    assert type_of(body) == side


def test_whose_a_number_is() -> None:
    record = {"contact": {"id": "1", "name": "Acme"}}
    assert is_of_party(record, {"contact": {"id": "1"}}) and is_of_party(
        record, {"contact": {"name": "ACME "}}
    )
    assert not is_of_party(record, {"contact": {"id": "2"}})
    assert not is_of_party(record, {"contact": {"name": "Other"}})
    assert is_of_party(record, {"contact": {"email": "x@y.example"}})


@pytest.mark.parametrize(
    "body",
    [
        {"name": "Acme ", "memo": None, "credit_limit": Decimal("10.5")},
        {"emails": [{"email": "a@b.example"}], "addresses": [{"type": "billing", "city": "Leeds"}]},
        {"tax_rate": {"id": "9"}},
        {"tax_rate": {"name": "VAT"}},
        {"remote_data": {"cf": 1}},
        {"contact_persons": [{"first_name": "Ada"}]},
    ],
)
def test_what_is_said_already_is_no_change(body: Any) -> None:
    assert differences(CONTACTS, body, CURRENT) == ({}, [])


@pytest.mark.parametrize(
    ("body", "changes"),
    [
        ({"name": "ACME", "currency": "EUR"}, {"name": "ACME"}),
        ({"credit_limit": Decimal("10.5001")}, {"credit_limit": Decimal("10.5001")}),
        ({"emails": [{"email": "new@b.example"}]}, {"emails": [{"email": "new@b.example"}]}),
        (
            {"addresses": [{"type": "billing", "city": "Leeds"}, {"type": "shipping", "city": "Hull"}]},
            {"addresses": [{"type": "shipping", "city": "Hull"}]},
        ),
        (
            {"contact_persons": [{"emails": [{"email": "ada@b.example"}], "role": "Buyer"}]},
            {"contact_persons": [{"id": "7", "emails": [{"email": "ada@b.example"}], "role": "Buyer"}]},
        ),
    ],
)
def test_only_what_differs_is_sent(body: Any, changes: Any) -> None:
    assert differences(CONTACTS, body, CURRENT) == (changes, [])


def test_what_only_a_create_can_say_is_told() -> None:
    changes, issues = differences(INVOICES, {"status": "authorised"}, Answer({"status": "draft"}, {}))
    assert (changes, [(each.code, each.pointer) for each in issues]) == ({}, [("not_applied", "/status")])
