"""Accounts, tax rates, currencies, the company and users against a scripted Zoho."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from connectors.kit.faults import Fault, Kind, Rejected
from connectors.kit.operations import Context, Filter, ListQuery, Op
from connectors.zoho_books import accounts, company_info, currencies, tax_rates, users
from tests.support.script import CONTEXT, NOW, Script

MISSING = Fault(Kind.NOT_FOUND, 404, "1002")


def refused(script: Script, flow: Any) -> list[tuple[str, str]]:
    with pytest.raises(Rejected) as caught:
        script.run(flow)
    return [(error.code, error.pointer) for error in caught.value.errors]


# Accounts

ROWS = {
    "chartofaccounts": [
        {"account_id": "1", "account_name": "Bank", "account_type": "bank", "is_active": True, "depth": 0},
        {"account_id": "2", "account_name": "Old", "account_type": "cash", "is_active": False, "depth": 1,
         "parent_account_name": "Bank", "parent_account_id": "1"},
    ],
    "page_context": {"has_more_page": False},
}  # fmt: skip


def test_inactive_accounts_are_listed_too() -> None:
    script = Script([ROWS])
    page = script.run(accounts.RESOURCE.list(ListQuery(), CONTEXT))
    assert dict(script.asked[0].query)["filter_by"] == "AccountType.All"
    assert [answer.record["status"] for answer in page.answers] == ["active", "archived"]
    assert page.answers[1].record["fully_qualified_name"] == "Bank:Old"
    assert page.answers[1].record["parent_account"] == {"id": "1", "name": "Bank"}


@pytest.mark.parametrize(
    ("field", "value", "asked", "ids"),
    [
        ("status", "archived", "AccountType.Inactive", ["2"]),
        ("classification", "asset", "AccountType.Asset", ["1", "2"]),
        ("type", "bank", "AccountType.Asset", ["1"]),
    ],
)
def test_account_filters_ask_for_a_wider_set_and_drop_the_rest(
    field: str, value: str, asked: str, ids: list[str]
) -> None:
    script = Script([ROWS])
    page = script.run(accounts.RESOURCE.list(ListQuery(filters=(Filter(field, Op.EQ, value),)), CONTEXT))
    assert [pair for pair in script.asked[0].query if pair[0] == "filter_by"] == [("filter_by", asked)]
    assert [answer.record["id"] for answer in page.answers] == ids


def test_balances_come_with_lists_when_asked_for() -> None:
    context = Context("1", NOW, remote_query=(("showbalance", "true"),))
    row = {"account_id": "1", "account_type": "bank", "current_balance": Decimal("5.10")}
    script = Script([{"chartofaccounts": [row], "page_context": {}}])
    page = script.run(accounts.RESOURCE.list(ListQuery(), context))
    assert ("showbalance", "true") in script.asked[0].query
    assert page.answers[0].record["current_balance"] == Decimal("5.10")


def test_an_account_is_created_with_its_parent_and_currency_by_name() -> None:
    body = {
        "name": "Till",
        "type": "cash",
        "code": "1001",
        "parent_account": {"name": "Bank"},
        "currency": "EUR",
    }
    made = {"account_id": "9", "account_name": "Till", "account_type": "cash", "account_code": "1001",
            "parent_account_id": "1", "currency_code": "EUR"}  # fmt: skip
    euro = {"currencies": [{"currency_id": "77", "currency_code": "EUR"}], "page_context": {}}
    script = Script([ROWS, euro, {"chart_of_account": made}])
    answer = script.run(accounts.RESOURCE.create(body, CONTEXT))
    assert script.asked[2].body == {
        "account_name": "Till", "account_type": "cash", "account_code": "1001", "parent_account_id": "1",
        "currency_id": "77",
    }  # fmt: skip
    assert answer.issues == []


def test_an_account_needs_a_name_and_a_known_type() -> None:
    assert refused(Script([]), accounts.RESOURCE.create({"type": "unicorn"}, CONTEXT)) == [
        ("required", "/name"), ("enum_value", "/type"),
    ]  # fmt: skip


# Tax rates

TAX = {"tax_id": "1", "tax_name": "VAT", "tax_percentage": Decimal(10), "tax_type": "tax"}
PILED = {"tax_id": "2", "tax_name": "Levy", "tax_percentage": Decimal(5), "tax_type": "compound_tax"}
GROUP = {
    "tax_group_id": "3",
    "tax_group_name": "Both",
    "tax_group_percentage": Decimal(15),
    "taxes": [TAX, PILED],
}
GROUP_ROW = {"tax_id": "3", "tax_name": "Both", "tax_percentage": Decimal(15), "tax_type": "tax_group"}


def test_taxes_and_groups_share_a_list() -> None:
    script = Script([{"taxes": [TAX, GROUP_ROW], "page_context": {}}])
    page = script.run(tax_rates.RESOURCE.list(ListQuery(), CONTEXT))
    plain, group = (answer.record for answer in page.answers)
    assert (plain["type"], plain["total_tax_rate"], plain["effective_tax_rate"]) == (
        "tax",
        Decimal(10),
        Decimal(10),
    )
    assert (plain["components"], plain["is_partial"]) == ([], False)
    assert (group["type"], group["total_tax_rate"], group["is_partial"]) == ("group", Decimal(15), True)
    assert "components" not in group and "effective_tax_rate" not in group


@pytest.mark.parametrize("first", [{"tax": GROUP_ROW}, MISSING])
def test_a_group_is_read_with_its_components(first: Any) -> None:
    script = Script([first, {"tax_group": GROUP}])
    record = script.run(tax_rates.RESOURCE.get("3", CONTEXT)).record
    assert script.calls == ["GET /settings/taxes/3", "GET /settings/taxgroups/3"]
    assert [each["is_compound"] for each in record["components"]] == [False, True]
    assert record["total_tax_rate"] == Decimal(15)
    assert record["effective_tax_rate"] == Decimal("15.5")


@pytest.mark.parametrize("spelled", [TAX, [TAX]])
def test_a_plain_tax_is_one_call(spelled: Any) -> None:
    record = Script([{"tax": spelled}]).run(tax_rates.RESOURCE.get("1", CONTEXT)).record
    assert (record["name"], record["effective_tax_rate"], record["components"]) == ("VAT", Decimal(10), [])


def test_a_plain_tax_is_created() -> None:
    body = {"name": "VAT", "total_tax_rate": Decimal(10), "type": "compound"}
    script = Script([{"tax": {**TAX, "tax_type": "compound_tax"}}])
    assert script.run(tax_rates.RESOURCE.create(body, CONTEXT)).issues == []
    assert script.asked[0].body == {
        "tax_name": "VAT",
        "tax_percentage": Decimal(10),
        "tax_type": "compound_tax",
    }


def test_a_group_is_created_from_ids_and_names() -> None:
    body = {
        "name": "Both",
        "total_tax_rate": Decimal(15),
        "type": "group",
        "components": [{"id": "1"}, {"name": "Levy"}],
    }
    script = Script([{"taxes": [TAX, PILED], "page_context": {}}, {"tax_group": GROUP}])
    answer = script.run(tax_rates.RESOURCE.create(body, CONTEXT))
    assert script.calls == ["GET /settings/taxes", "POST /settings/taxgroups"]
    assert script.asked[1].body == {"tax_group_name": "Both", "taxes": "1,2"}
    assert answer.record["id"] == "3"
    assert answer.issues == []


def test_a_group_that_adds_up_otherwise_says_so() -> None:
    body = {
        "name": "Both",
        "total_tax_rate": Decimal(16),
        "type": "group",
        "components": [{"id": "1"}, {"id": "2"}],
    }
    answer = Script([{"tax_group": GROUP}]).run(tax_rates.RESOURCE.create(body, CONTEXT))
    assert [(issue.code, issue.pointer) for issue in answer.issues] == [("not_applied", "/total_tax_rate")]


def test_components_belong_to_groups() -> None:
    good = {"name": "x", "total_tax_rate": Decimal(1)}
    create = tax_rates.RESOURCE.create
    assert refused(Script([]), create({**good, "components": [{"id": "1"}]}, CONTEXT)) == [
        ("unsupported_field", "/components")
    ]
    assert refused(Script([]), create({**good, "type": "group"}, CONTEXT)) == [("required", "/components")]


def test_a_group_is_changed_whole() -> None:
    script = Script([MISSING, {"tax_group": GROUP}, {"tax_group": {**GROUP, "tax_group_name": "New"}}])
    answer = script.run(tax_rates.RESOURCE.update("3", {"name": "New"}, CONTEXT))
    assert script.calls[2] == "PUT /settings/taxgroups/3"
    assert script.asked[2].body == {"tax_group_name": "New", "taxes": "1,2"}
    assert answer.outcome == "updated"


def test_deleting_finds_the_group() -> None:
    script = Script([MISSING, {}])
    assert script.run(tax_rates.RESOURCE.delete("3", CONTEXT)) == "3"
    assert script.calls == ["DELETE /settings/taxes/3", "DELETE /settings/taxgroups/3"]


# Currencies

EURO = {"currency_id": "77", "currency_code": "EUR", "currency_name": "EUR- Euro", "price_precision": 2,
        "currency_format": "1.234,56", "is_base_currency": False, "exchange_rate": 0, "effective_date": ""}  # fmt: skip
LISTED = {"currencies": [EURO], "page_context": {"has_more_page": False}}


@pytest.mark.parametrize("id", ["EUR", "77"])
def test_a_currency_is_found_by_code_and_by_zohos_id(id: str) -> None:
    record = Script([LISTED]).run(currencies.RESOURCE.get(id, CONTEXT)).record
    assert (record["id"], record["remote_id"], record["name"], record["exchange_rate"]) == (
        "EUR",
        "77",
        "Euro",
        None,
    )


@pytest.mark.parametrize(("id", "says"), [("GBP", [LISTED]), ("../x", []), ("eur", [])])
def test_an_unknown_currency_is_not_found(id: str, says: list[Any]) -> None:
    with pytest.raises(Fault) as caught:
        Script(says).run(currencies.RESOURCE.get(id, CONTEXT))
    assert caught.value.kind is Kind.NOT_FOUND


def test_a_currency_is_created_with_a_format_that_fits_its_precision() -> None:
    script = Script([{"currency": {**EURO, "currency_code": "KWD", "price_precision": 3}}])
    answer = script.run(currencies.RESOURCE.create({"code": "KWD", "precision": 3}, CONTEXT))
    assert script.asked[0].body == {
        "currency_code": "KWD",
        "price_precision": 3,
        "currency_format": "1,234,567.890",
    }
    assert (answer.record["id"], answer.issues) == ("KWD", [])
    assert currencies.format_of(0) == "1,234,567"


def test_a_rate_is_a_second_call() -> None:
    rated = {**EURO, "exchange_rate": Decimal("1.08"), "effective_date": "2026-06-09"}
    script = Script([{"currency": EURO}, {}, {**LISTED, "currencies": [rated]}])
    answer = script.run(
        currencies.RESOURCE.create({"code": "EUR", "exchange_rate": Decimal("1.08")}, CONTEXT)
    )
    assert script.calls[1] == "POST /settings/currencies/77/exchangerates"
    assert script.asked[1].body == {"effective_date": "2026-06-09", "rate": Decimal("1.08")}
    assert (answer.record["exchange_rate"], answer.record["rate_date"]) == (Decimal("1.08"), date(2026, 6, 9))
    assert (answer.outcome, answer.issues) == ("created", [])


def test_a_rate_that_is_refused_leaves_the_currency() -> None:
    fault = Fault(Kind.INVALID, 400, "2", "no")
    body = {"code": "EUR", "exchange_rate": Decimal(1)}
    answer = Script([{"currency": EURO}, fault]).run(currencies.RESOURCE.create(body, CONTEXT))
    assert (answer.outcome, [issue.code for issue in answer.issues]) == ("partial", ["step_failed"])
    with pytest.raises(Fault):
        Script([LISTED, fault]).run(currencies.RESOURCE.update("EUR", {"exchange_rate": Decimal(1)}, CONTEXT))


def test_a_currency_is_changed_by_zohos_id() -> None:
    script = Script([LISTED, {"currency": {**EURO, "currency_symbol": "€"}}])
    answer = script.run(currencies.RESOURCE.update("EUR", {"symbol": "€"}, CONTEXT))
    assert script.calls[1] == "PUT /settings/currencies/77"
    assert script.asked[1].body == {
        "currency_code": "EUR",
        "currency_format": "1.234,56",
        "currency_symbol": "€",
    }
    assert (answer.outcome, answer.issues) == ("updated", [])
    script = Script([LISTED, {}])
    assert script.run(currencies.RESOURCE.delete("EUR", CONTEXT)) == "EUR"
    assert script.calls[1] == "DELETE /settings/currencies/77"


def test_a_day_alone_is_no_rate() -> None:
    body = {"rate_date": date(2026, 1, 1)}
    assert refused(Script([]), currencies.RESOURCE.update("EUR", body, CONTEXT)) == [
        ("required", "/exchange_rate")
    ]


# The company


def test_only_the_connected_company_is_found() -> None:
    with pytest.raises(Fault) as caught:
        Script([]).run(company_info.RESOURCE.get("60089553909", CONTEXT))
    assert caught.value.kind is Kind.NOT_FOUND
    own = {"organization": {"organization_id": CONTEXT.organization_id, "name": "Own"}}
    others = {"organizations": [{"organization_id": "60089553909", "name": "Other", "plan_name": "Free"}]}
    page = Script([own, others, {"transaction_locks": []}]).run(
        company_info.RESOURCE.list(ListQuery(), CONTEXT)
    )
    assert [answer.record["name"] for answer in page.answers] == ["Own"]
    assert page.answers[0].record["plan"] is None


@pytest.mark.parametrize(
    ("told", "months"),
    [("april", (4, 3, 31)), ("January", (1, 12, 31)), (3, (3, 2, 28)), ("10", (10, 9, 30)), ("", (None,) * 3),
     ("soon", (None,) * 3), (0, (None,) * 3)],
)  # fmt: skip
def test_the_fiscal_year_in_all_its_spellings(told: Any, months: tuple[int | None, ...]) -> None:
    native = {"organization_id": "1", "fiscal_year_start_month": told}
    record = company_info.RESOURCE.read(native, CONTEXT).record
    names = ("fiscal_year_start_month", "fiscal_year_end_month", "fiscal_year_end_day")
    assert tuple(record[name] for name in names) == months


def test_address_and_tax_number_of_the_company() -> None:
    native = {
        "organization_id": "1",
        "address": {"street_address1": "1 Main", "zip": "10001", "country": "U.S.A", "state_code": "NY", "city": ""},
        "tax_settings": {"tax_reg_no": "T1"}, "phone": "1", "fax": "2", "website": "https://x.example",
    }  # fmt: skip
    record = company_info.RESOURCE.read(native, CONTEXT).record
    (address,) = record["addresses"]
    assert (address["street_1"], address["postal_code"], address["city"]) == ("1 Main", "10001", None)
    assert record["tax_number"] == "T1"
    assert [each["type"] for each in record["phones"]] == ["work", "fax"]
    assert record["urls"] == ["https://x.example"]


# Users

JOHN = {"user_id": "1", "name": "John van Dyke", "email": "j@x.example", "user_role": "admin", "role_id": "6",
        "status": "invited", "is_current_user": True}  # fmt: skip


def test_a_user_of_the_list() -> None:
    script = Script([{"users": [JOHN], "page_context": {}}])
    page = script.run(users.RESOURCE.list(ListQuery(filters=(Filter("status", Op.EQ, "invited"),)), CONTEXT))
    record = page.answers[0].record
    assert dict(script.asked[0].query)["filter_by"] == "Status.Invited"
    assert (record["first_name"], record["last_name"], record["is_current"]) == ("John van", "Dyke", True)
    assert record["emails"] == [{"email": "j@x.example", "type": None, "is_primary": True}]
    assert record["roles"] == [{"id": "6", "name": "admin", "group": None}]
    assert record["organizations"] == [{"id": "927270289", "name": "Nango Dev"}]


def test_a_user_alone_tells_all_addresses() -> None:
    ids = [{"email": "a@x.example", "is_selected": False}, {"email": "b@x.example", "is_selected": True}]
    native = {**JOHN, "email_ids": ids, "created_time": "2016-06-05T02:30:08-0700"}
    record = Script([{"user": native}]).run(users.RESOURCE.get("1", CONTEXT)).record
    assert [each["is_primary"] for each in record["emails"]] == [False, True]
    assert record["created_at"].hour == 9


def test_a_user_is_changed() -> None:
    script = Script([{"user": {**JOHN, "name": "J"}}])
    script.run(users.RESOURCE.update("1", {"name": "J", "emails": [{"email": "j@x.example"}]}, CONTEXT))
    assert script.asked[0].body == {"name": "J", "email": "j@x.example"}


INVITED = {"name": "John van Dyke", "emails": [{"email": "J@x.example"}], "roles": [{"id": "6"}]}


def test_an_invited_user_is_looked_up_because_zoho_answers_none() -> None:
    other = {**JOHN, "user_id": "2", "email": "o@x.example"}
    first = {"users": [other], "page_context": {"has_more_page": True}}
    script = Script([{"code": 0}, first, {"users": [JOHN], "page_context": {}}])
    answer = script.run(users.RESOURCE.create(INVITED, CONTEXT))
    assert script.asked[0].body == {"name": "John van Dyke", "email": "J@x.example", "role_id": "6"}
    assert (answer.record["id"], answer.record["status"], answer.outcome) == ("1", "invited", "created")


def test_an_invited_user_the_answer_holds_is_not_looked_up() -> None:
    script = Script([{"user": JOHN}])
    assert script.run(users.RESOURCE.create(INVITED, CONTEXT)).record["id"] == "1"


def test_an_invited_user_who_is_nowhere_is_no_success() -> None:
    script = Script([{"code": 0}, {"users": [], "page_context": {}}])
    with pytest.raises(Fault) as fault:
        script.run(users.RESOURCE.create(INVITED, CONTEXT))
    assert fault.value.kind is Kind.GARBLED


def test_an_invitation_needs_a_name_and_an_address() -> None:
    script = Script([])
    assert refused(script, users.RESOURCE.create({}, CONTEXT)) == [
        ("required", "/name"), ("required", "/emails"),
    ]  # fmt: skip


def test_who_is_asking() -> None:
    script = Script([{"user": {"user_id": "1", "name": "John"}}])
    record = script.run(users.RESOURCE.get("me", CONTEXT)).record
    assert (script.asked[0].path, record["id"], record["is_current"]) == ("/users/me", "1", True)


def test_only_reading_knows_me() -> None:
    with pytest.raises(Fault) as fault:
        Script([]).run(users.RESOURCE.delete("me", CONTEXT))
    assert fault.value.kind is Kind.NOT_FOUND
