"""The settings of webhooks and workflow rules, and which changes fire."""

from typing import Any

import pytest

from sandbox.books import Allowances, Firing, Profile

from .conftest import Desk

URL = "http://127.0.0.1:9100/in?account=7"


class Firings(Desk):
    """A desk that keeps what it fires."""

    def __init__(self, **options: Any) -> None:
        self.fired: list[Firing] = []
        super().__init__(fire=self.fired.append, **options)

    def webhook(self, entity: str = "contact", **more: Any) -> dict[str, Any]:
        name = more.pop("webhook_name", f"Hook {len(self.ledger.tables['webhooks'])}")
        body = {"webhook_name": name, "entity": entity, "url": URL, **more}
        return self.post("/settings/webhooks", body)["webhook"]

    def rule(self, entity: str = "contact", rule_type: str = "add_edit", **more: Any) -> dict[str, Any]:
        action = {"action_type": "webhook", "action_id": self.webhook(entity)["webhook_id"]}
        body = {
            "workflow_name": "Rule",
            "entity": entity,
            "rule_type": rule_type,
            "instant_actions": [action],
        }
        return self.post("/settings/workflows", body | more)["workflow"]

    def events(self) -> list[str]:
        found = [firing.event for firing in self.fired]
        self.fired.clear()
        return found


@pytest.fixture
def books() -> Firings:
    return Firings()


def test_webhooks_come_and_go(books: Firings) -> None:
    made = books.send(
        "POST",
        "/settings/webhooks",
        {"webhook_name": "Mine", "entity": "invoice", "url": URL, "secret": "abcdefghijkl",
         "headers": [{"param_name": "X-Mine", "param_value": "private"}]},
    )  # fmt: skip
    assert made.status == 201
    assert made.body is not None
    webhook = made.body["webhook"]
    assert (webhook["method"], webhook["related_rules"]) == ("POST", "")
    assert "secret" not in webhook
    path = f"/settings/webhooks/{webhook['webhook_id']}"
    assert books.get(path)["webhook"] == webhook
    (row,) = books.get("/settings/webhooks")["webhooks"]
    assert row["headers"] == [{"param_name": "X-Mine", "param_value": ""}]
    assert books.put(path, {"method": "PUT"})["webhook"]["url"] == URL
    assert books.refused(
        "POST", "/settings/webhooks", {"webhook_name": "mine", "entity": "bill", "url": URL}
    ) == (
        400,
        107051,
    )
    books.delete(path)
    assert books.refused("GET", path) == (404, 1002)


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"url": ""}, 4),
        ({"url": "ftp://127.0.0.1/"}, 2),
        ({"url": "nowhere"}, 2),
        ({"url": "http://127.0.0.1:x/"}, 2),
        ({"url": "http://h/" + "x" * 5000}, 15),
        ({"webhook_name": ""}, 4),
        ({"webhook_name": "x" * 51}, 15),
        ({"description": "x" * 101}, 15),
        ({"entity": "tax"}, 2),
        ({"entity": ""}, 4),
        ({"secret": "elevenchars"}, 2),
        ({"secret": "x" * 51}, 2),
        ({"secret": "not-alphanumeric"}, 2),
        ({"method": "PATCH"}, 2),
        ({"body_type": "text/xml"}, 2),
        ({"headers": {"X": "y"}}, 2),
        ({"headers": [{"param_value": "y"}]}, 2),
        ({"events": "all"}, 2),
    ],
)
def test_webhooks_that_make_no_sense(books: Firings, wrong: dict[str, Any], code: int) -> None:
    usual = {"webhook_name": "Mine", "entity": "invoice", "url": URL, "secret": "abcdefghijkl"}
    assert books.refused("POST", "/settings/webhooks", usual | wrong) == (400, code)
    assert books.get("/settings/webhooks")["webhooks"] == []


@pytest.mark.parametrize(
    ("wrong", "answer"),
    [
        ({"workflow_name": ""}, (400, 4)),
        ({"entity": "tax"}, (400, 2)),
        ({"rule_type": "sometimes"}, (400, 2)),
        ({"rule_type": ""}, (400, 4)),
        ({"rule": {"criteria": "1"}}, (400, 2)),
        ({"field_update": ["status"]}, (400, 2)),
        ({"instant_actions": [{"action_type": "fax", "action_id": "1"}]}, (400, 2)),
        ({"instant_actions": [{"action_type": "webhook", "action_id": "1"}]}, (404, 1002)),
        ({"sub_rules": [{"rule": {"criteria": "1"}}]}, (400, 2)),
        ({"entity": "bill"}, (400, 2)),
    ],
)
def test_rules_that_make_no_sense(books: Firings, wrong: dict[str, Any], answer: tuple[int, int]) -> None:
    action = {"action_type": "webhook", "action_id": books.webhook("invoice")["webhook_id"]}
    usual = {"workflow_name": "R", "entity": "invoice", "rule_type": "add", "instant_actions": [action]}
    assert books.refused("POST", "/settings/workflows", usual | wrong) == answer
    assert books.get("/settings/workflows")["workflows"] == []


def test_a_webhook_tells_its_rules_and_stays_while_it_has_some(books: Firings) -> None:
    rule = books.rule()
    webhook_id = rule["instant_actions"][0]["action_id"]
    path = f"/settings/webhooks/{webhook_id}"
    related = [{"workflow_id": rule["workflow_id"], "workflow_name": "Rule"}]
    assert books.get(path)["webhook"]["related_rules"] == related
    assert books.refused("DELETE", path) == (400, 1007)
    books.delete(f"/settings/workflows/{rule['workflow_id']}")
    books.delete(path)


def test_limits_of_rules(books: Firings) -> None:
    books.books.allow(Allowances(rules=3, rules_per_module=2))
    first = books.rule("contact")
    books.rule("contact")
    action = {"action_type": "webhook", "action_id": books.webhook("contact")["webhook_id"]}
    body = {"workflow_name": "R", "entity": "contact", "rule_type": "add", "instant_actions": [action]}
    assert books.refused("POST", "/settings/workflows", body) == (400, 107052)
    path = f"/settings/workflows/{first['workflow_id']}"
    assert books.put(path, {"workflow_name": "Renamed"})["workflow"]["workflow_name"] == "Renamed"
    books.rule("item")
    action = {"action_type": "webhook", "action_id": books.webhook("bill")["webhook_id"]}
    body |= {"entity": "bill", "instant_actions": [action]}
    assert books.refused("POST", "/settings/workflows", body) == (400, 107052)
    books.delete(path)
    books.post("/settings/workflows", body)


def test_one_webhook_in_a_rule(books: Firings) -> None:
    one, two = ({"action_type": "webhook", "action_id": books.webhook()["webhook_id"]} for _ in range(2))
    body = {"workflow_name": "R", "entity": "contact", "rule_type": "add", "instant_actions": [one]}
    assert books.refused("POST", "/settings/workflows", body | {"instant_actions": [one, two]}) == (
        400,
        107052,
    )
    twice = {"sub_rules": [{"index": 1, "rule": {}, "instant_actions": [one], "time_based_actions": []}]}
    books.post("/settings/workflows", body | twice)
    books.customer()
    assert books.events() == ["add"]


def test_plans_without_rules() -> None:
    free = Firings(profile=Profile("927270289", "Test", plan_name="Free"))
    assert free.refused("GET", "/settings/workflows") == (400, 107053)
    assert free.refused("POST", "/settings/webhooks", {}) == (400, 107053)


@pytest.mark.parametrize(("reason", "answer"), [("plan", (400, 107053)), ("scope", (401, 57))])
def test_closed_settings(books: Firings, reason: str, answer: tuple[int, int]) -> None:
    books.rule()
    books.books.allow(Allowances(refuses=reason))
    for method, path in (("GET", "/settings/webhooks"), ("POST", "/settings/workflows/1/active")):
        assert books.refused(method, path) == answer
    books.customer()
    assert books.events() == ["add"]
    with pytest.raises(ValueError, match="refuses"):
        Allowances(refuses="mood")


@pytest.mark.parametrize(
    ("rule_type", "events"),
    [
        ("add", ["add"]),
        ("edit", ["edit"]),
        ("add_edit", ["add", "edit"]),
        ("delete", ["delete"]),
    ],
)
def test_what_each_type_of_rule_is_triggered_by(books: Firings, rule_type: str, events: list[str]) -> None:
    books.rule("contact", rule_type)
    customer = books.customer()
    books.put(f"/contacts/{customer}", {"notes": "A"})
    books.delete(f"/contacts/{customer}")
    assert {firing.record_id for firing in books.fired} == {customer}
    assert books.events() == events


def test_rules_that_are_off_or_gone_fire_nothing(books: Firings) -> None:
    rule = books.rule()
    path = f"/settings/workflows/{rule['workflow_id']}"
    books.post(f"{path}/inactive")
    assert books.get(path)["workflow"]["is_active"] is False
    books.customer("One")
    books.post(f"{path}/active")
    assert books.events() == []
    books.customer("Two")
    assert books.events() == ["add"]
    books.delete(path)
    books.customer("Three")
    assert books.events() == []
    assert all(table.watch is None for table in books.ledger.tables.values())


def test_only_tables_with_rules_are_watched(books: Firings) -> None:
    books.rule("vendor")
    assert [name for name, table in books.ledger.tables.items() if table.watch] == ["contacts"]
    books.customer()
    books.item()
    assert books.events() == []
    books.post("/contacts", {"contact_name": "Supplier", "contact_type": "vendor"})
    assert books.events() == ["add"]


def test_refused_calls_and_reads_fire_nothing(books: Firings) -> None:
    books.rule()
    customer = books.customer()
    books.fired.clear()
    assert books.refused("POST", "/contacts", {"contact_name": "Acme"})[0] == 400
    books.get(f"/contacts/{customer}")
    books.get("/contacts")
    assert books.events() == []


def test_a_payment_edits_its_invoice(books: Firings) -> None:
    books.rule("invoice", "edit")
    customer = books.customer()
    invoice = books.sent(customer)
    assert books.events() == ["edit"]
    books.pay(customer, 100, {invoice["invoice_id"]: 100})
    (firing,) = books.fired
    assert firing.payload["invoice"]["status"] == "paid"


def test_the_payload_is_what_get_shows(books: Firings) -> None:
    books.rule("invoice")
    invoice = books.invoice(books.customer())
    (firing,) = books.fired
    shown = books.get(f"/invoices/{invoice['invoice_id']}")["invoice"]
    assert firing.payload == {"invoice": shown}


def test_a_deletion_fires_what_get_showed_last(books: Firings) -> None:
    books.rule("contact", "add_edit")
    books.rule("contact", "delete")
    customer = books.customer()
    books.delete(f"/contacts/{customer}")
    made, gone = books.fired
    assert (made.event, gone.event) == ("add", "delete")
    assert gone.payload == made.payload, "nothing tells them apart"


def test_a_deletion_fires_with_what_goes_with_it(books: Firings) -> None:
    books.rule("customer_payment", "delete")
    customer = books.customer()
    invoice = books.sent(customer)
    payment = books.pay(customer, 100, {invoice["invoice_id"]: 100})
    path = f"/customerpayments/{payment['payment_id']}"
    shown = books.get(path)["payment"]
    books.delete(path)
    (firing,) = books.fired
    assert firing.payload == {"payment": shown} and shown["invoices"]


def test_fired_by_hand(books: Firings) -> None:
    webhook_id = books.webhook()["webhook_id"]
    customer = books.customer()
    books.books.fire_by_hand(webhook_id, customer)
    books.delete(f"/contacts/{customer}")
    books.books.fire_by_hand(webhook_id, customer)
    there, gone = books.fired
    assert there.payload["contact"]["contact_name"] == "Acme"
    assert gone.payload == {"contact": {"contact_id": customer}}
    with pytest.raises(KeyError):
        books.books.fire_by_hand("1", customer)


def test_a_day_has_a_number_of_webhooks(books: Firings) -> None:
    books.books.allow(Allowances(webhooks_per_day=1))
    books.rule()
    books.customer("One")
    books.customer("Two")
    books.later(days=1)
    books.customer("Three")
    assert [firing.is_over_quota for firing in books.fired] == [False, True, False]
