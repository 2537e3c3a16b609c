"""Having Zoho send hooks: what is made, found again and taken back, and what is left to a person."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import pytest

from connectors.kit.faults import Fault, Kind
from connectors.kit.hooks import Wanted
from connectors.kit.http import Flow, Reply, Request
from connectors.zoho_books.hooks import HOOKS
from tests.support.driving import drive

T = TypeVar("T")

SECRET = "q8WmZ1nT5rYbE0cVxA7dKfJ2hLs9PgUo4iRt6NyB"


@dataclass
class Settings:
    """The settings API of one organisation. `refuses` answers a request with a fault, or not; `tells` what is told of
    what was done, given the request and the usual answer."""

    webhooks: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    workflows: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    refuses: Callable[[Request], Fault | None] = lambda request: None
    tells: Callable[[Request, Any], Any] = lambda request, body: body
    seen: list[Request] = field(default_factory=list[Request])
    made: int = 0

    def __call__(self, request: Request) -> Reply:
        reply = self._answer(request)
        body = self.tells(request, reply.body)
        if body is None:
            raise Fault(Kind.GARBLED, reply.status)
        return replace(reply, body=body)

    def _answer(self, request: Request) -> Reply:
        self.seen.append(request)
        fault = self.refuses(request)
        if fault is not None:
            raise fault
        _, _, kind, *rest = request.path.split("/")
        rows: dict[str, dict[str, Any]] = getattr(self, kind)
        one = kind[:-1]
        if request.method == "GET":
            context = {"page": 1, "has_more_page": False}
            return Reply(200, body={"code": 0, kind: list(rows.values()), "page_context": context})
        if request.method == "POST" and rest:
            rows[rest[0]]["is_active"] = True
            return Reply(200, body={"code": 0})
        if request.method == "POST":
            self.made += 1
            id = str(self.made)
            rows[id] = {**request.body, f"{one}_id": id, "is_active": True}
            return Reply(201, body={"code": 0, one: rows[id]})
        if rest[0] not in rows:
            raise Fault(Kind.NOT_FOUND, 404)
        if request.method == "DELETE":
            del rows[rest[0]]
            return Reply(200, body={"code": 0})
        rows[rest[0]] |= request.body
        return Reply(200, body={"code": 0, one: rows[rest[0]]})

    def run(self, flow: Flow[T]) -> T:
        self.seen.clear()
        return drive(flow, self)

    @property
    def writes(self) -> list[str]:
        return [f"{each.method} {each.path}" for each in self.seen if each.method != "GET"]


def wanted(*paths: str, mark: str = "0123456789") -> Wanted:
    return Wanted("https://gateway.example/inbound/zohobooks/inb_x", SECRET, mark, frozenset(paths))


def test_a_webhook_and_two_workflows_are_made_for_each_kind_of_record() -> None:
    settings = Settings()
    assert settings.run(HOOKS.install(wanted("/invoices", "/bills"))) == {"/invoices": None, "/bills": None}
    assert {row["entity"] for row in settings.webhooks.values()} == {"invoice", "bill"}
    for row in settings.webhooks.values():
        assert row["url"] == wanted().url and row["secret"] == SECRET and row["method"] == "POST"
        assert len(row["webhook_name"]) <= 50 and "body_type" not in row
        [mine] = [each for each in settings.workflows.values() if each["entity"] == row["entity"]][:1]
        assert mine["instant_actions"] == [{"action_id": row["webhook_id"], "action_type": "webhook"}]
    rules = sorted((row["entity"], row["rule_type"]) for row in settings.workflows.values())
    assert rules == [("bill", "add_edit"), ("bill", "delete"), ("invoice", "add_edit"), ("invoice", "delete")]


def test_installing_again_makes_nothing_twice_and_repairs_what_was_changed() -> None:
    settings = Settings()
    settings.run(HOOKS.install(wanted("/invoices")))
    [hook] = settings.webhooks.values()
    hook["url"] = "https://elsewhere.example"
    next(iter(settings.workflows.values()))["is_active"] = False
    settings.run(HOOKS.install(wanted("/invoices")))
    assert len(settings.webhooks) == 1 and len(settings.workflows) == 2
    assert hook["url"] == wanted().url
    assert all(row["is_active"] for row in settings.workflows.values())
    assert not [each for each in settings.writes if each.startswith("DELETE")]


def test_a_workflow_somebody_deleted_is_made_again() -> None:
    settings = Settings()
    settings.run(HOOKS.install(wanted("/invoices")))
    settings.workflows.popitem()
    settings.run(HOOKS.install(wanted("/invoices")))
    assert len(settings.webhooks) == 1 and len(settings.workflows) == 2


def test_what_is_not_wanted_any_more_goes_and_what_is_not_ours_stays() -> None:
    settings = Settings()
    settings.webhooks["a"] = {"webhook_id": "a", "webhook_name": "Slack"}
    settings.run(HOOKS.install(wanted("/contacts", mark="abcdefghij")))
    settings.run(HOOKS.install(wanted("/invoices", "/bills")))
    settings.run(HOOKS.install(wanted("/bills")))
    names = {row["webhook_name"] for row in settings.webhooks.values()}
    assert names == {"Slack", "Ledgerway contact abcdefghij", "Ledgerway bill 0123456789"}
    settings.run(HOOKS.remove("0123456789", frozenset({"/bills"})))
    assert settings.writes == []
    settings.run(HOOKS.remove("0123456789", frozenset()))
    assert [each.partition(" ")[2].split("/")[2] for each in settings.writes] == ["workflows"] * 2 + [
        "webhooks"
    ]
    assert {row["webhook_name"] for row in settings.webhooks.values()} == {
        "Slack",
        "Ledgerway contact abcdefghij",
    }


def test_the_other_spelling_of_an_entity_is_tried() -> None:
    def refuses(request: Request) -> Fault | None:
        entity = (request.body or {}).get("entity")
        return (
            Fault(Kind.INVALID, 400, message="Invalid value passed for entity")
            if entity == "vendor_credit"
            else None
        )

    settings = Settings(refuses=refuses)
    assert settings.run(HOOKS.install(wanted("/vendorcredits"))) == {"/vendorcredits": None}
    assert {row["entity"] for row in settings.workflows.values()} == {"vendorcredit"}


def test_an_entity_that_is_refused_leaves_nothing_behind_and_the_others_alone() -> None:
    def refuses(request: Request) -> Fault | None:
        body = request.body or {}
        limit = body.get("workflow_name") and body["entity"] == "bill" and body["rule_type"] == "delete"
        return (
            Fault(Kind.INVALID, 400, message="You have reached the limit of workflow rules")
            if limit
            else None
        )

    settings = Settings(refuses=refuses)
    told = settings.run(HOOKS.install(wanted("/bills", "/invoices")))
    assert told == {"/invoices": None, "/bills": "You have reached the limit of workflow rules"}
    assert {row["entity"] for row in settings.webhooks.values()} == {"invoice"}
    assert {row["entity"] for row in settings.workflows.values()} == {"invoice"}


def test_without_the_scope_nobody_is_asked_twice() -> None:
    forbidden = Fault(Kind.FORBIDDEN, 401, "57", "You are not authorized to perform this operation")
    settings = Settings(refuses=lambda request: None if request.method == "GET" else forbidden)
    told = settings.run(HOOKS.install(wanted("/bills", "/invoices", "/contacts")))
    assert set(told.values()) == {forbidden.message} and len(settings.writes) == 1
    settings = Settings(refuses=lambda request: forbidden)
    assert set(settings.run(HOOKS.install(wanted("/bills", "/invoices"))).values()) == {forbidden.message}


@pytest.mark.parametrize("kind", [Kind.MINUTE, Kind.DAY, Kind.UNAVAILABLE, Kind.TIMEOUT, Kind.NETWORK])
def test_what_may_pass_comes_out(kind: Kind) -> None:
    settings = Settings(refuses=lambda request: Fault(kind) if request.method == "POST" else None)
    with pytest.raises(Fault) as raised:
        settings.run(HOOKS.install(wanted("/bills")))
    assert raised.value.kind is kind


BARE = {"code": 0, "message": "success"}


def lists(request: Request) -> bool:
    return request.method == "GET"


def creates(request: Request) -> bool:
    return request.method == "POST" and request.path.count("/") == 2


def kind_of(request: Request) -> str:
    return request.path.split("/")[2].removesuffix("s")


@pytest.mark.parametrize(
    "told",
    [
        lambda kind, id: {kind: {f"{kind}_id": id, f"{kind}_name": "Mine"}},
        lambda kind, id: {kind: {"id": int(id)}},
        lambda kind, id: {f"{kind}_id": id},
        lambda kind, id: {"id": id},
        lambda kind, id: {"data": {f"{kind}_id": id}},
        lambda kind, id: {"data": [{"id": id}]},
        lambda kind, id: {"data": {kind: {"id": id}}},
        lambda kind, id: {},
        lambda kind, id: None,
    ],
)
def test_the_id_of_what_was_made_is_found_wherever_it_stands(told: Callable[[str, str], Any]) -> None:
    def tells(request: Request, body: Any) -> Any:
        if not creates(request):
            return body
        kind = kind_of(request)
        spelled = told(kind, body[kind][f"{kind}_id"])
        return None if spelled is None else BARE | spelled

    settings = Settings(tells=tells)
    assert settings.run(HOOKS.install(wanted("/invoices"))) == {"/invoices": None}
    [hook] = settings.webhooks.values()
    assert len(settings.workflows) == 2
    for row in settings.workflows.values():
        assert row["instant_actions"] == [{"action_id": hook["webhook_id"], "action_type": "webhook"}]


@pytest.mark.parametrize(
    "told",
    [
        lambda kind, rows: {f"{kind}_list": rows},
        lambda kind, rows: {"data": rows},
        lambda kind, rows: {"data": {f"{kind}s": rows}},
        lambda kind, rows: {
            f"{kind}s": [{"id": row[f"{kind}_id"], "name": row[f"{kind}_name"]} for row in rows]
        },
        lambda kind, rows: {f"{kind}s": rows or ""},
    ],
)
def test_lists_are_read_under_other_names(told: Callable[[str, Any], Any]) -> None:
    def tells(request: Request, body: Any) -> Any:
        kind = kind_of(request)
        return BARE | told(kind, body[f"{kind}s"]) if lists(request) else body

    settings = Settings(tells=tells)
    for _ in range(2):
        assert settings.run(HOOKS.install(wanted("/invoices"))) == {"/invoices": None}
    assert len(settings.webhooks) == 1 and len(settings.workflows) == 2
    settings.run(HOOKS.remove("0123456789", frozenset()))
    assert not settings.webhooks and not settings.workflows


@pytest.mark.parametrize("kind", ["webhook", "workflow"])
@pytest.mark.parametrize("body", [BARE, None])
def test_lists_that_cannot_be_read_leave_it_to_a_person(kind: str, body: Any) -> None:
    settings = Settings(tells=lambda request, usual: body if kind_of(request) == kind else usual)
    told = settings.run(HOOKS.install(wanted("/invoices", "/bills")))
    assert told.keys() == {"/invoices", "/bills"}
    assert all(reason and reason.startswith("Zoho's answer could not be read") for reason in told.values())
    assert settings.writes == []
    settings.run(HOOKS.remove("0123456789", frozenset()))
    assert settings.writes == []


def test_what_neither_answer_nor_list_tells_is_made_once_and_left_to_a_person() -> None:
    def tells(request: Request, body: Any) -> Any:
        if lists(request):
            return {**body, "webhooks": []} if kind_of(request) == "webhook" else body
        return BARE

    settings = Settings(tells=tells)
    told = settings.run(HOOKS.install(wanted("/invoices", "/bills", "/contacts")))
    assert len(told) == 3 and all(told.values())
    assert len(settings.webhooks) == 1 and not settings.workflows, "no more of what we cannot name"


def test_a_webhook_whose_workflow_cannot_be_named_is_taken_back() -> None:
    def tells(request: Request, body: Any) -> Any:
        if kind_of(request) == "webhook":
            return body
        return {**body, "workflows": []} if lists(request) else BARE

    settings = Settings(tells=tells)
    assert all(settings.run(HOOKS.install(wanted("/invoices", "/bills"))).values())
    assert not settings.webhooks


def test_what_is_there_stays_though_the_answers_to_its_repair_cannot_be_read() -> None:
    settings = Settings()
    settings.run(HOOKS.install(wanted("/invoices")))
    settings.tells = lambda request, body: body if lists(request) else None
    assert settings.run(HOOKS.install(wanted("/invoices"))) == {"/invoices": None}
    assert len(settings.webhooks) == 1 and len(settings.workflows) == 2
    settings.run(HOOKS.remove("0123456789", frozenset()))
    assert not settings.webhooks and not settings.workflows


def test_what_cannot_be_taken_back_does_not_hide_what_was_arranged() -> None:
    settings = Settings()
    settings.run(HOOKS.install(wanted("/invoices", "/bills")))
    in_use = Fault(Kind.INVALID, 400, message="It is in use")
    settings.refuses = lambda request: in_use if request.method == "DELETE" else None
    assert settings.run(HOOKS.install(wanted("/bills"))) == {"/bills": None}
    with pytest.raises(Fault):
        settings.run(HOOKS.remove("0123456789", frozenset()))


def test_a_person_is_told_the_url_and_the_modules_but_no_secret() -> None:
    text = "\n".join(HOOKS.instructions("https://g.example/inbound/zohobooks/inb_x", ["/bills", "/invoices"]))
    assert "https://g.example/inbound/zohobooks/inb_x" in text and "Bills; Invoices" in text
    assert SECRET not in text
