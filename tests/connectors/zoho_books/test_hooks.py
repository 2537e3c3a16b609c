"""Zoho's hooks: signatures, what bodies speak of, and having them sent."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar
from urllib.parse import urlencode

import pytest

from connectors.kit.faults import Fault, Kind
from connectors.kit.hooks import Delivery, Mention, Wanted
from connectors.kit.http import Flow, Pairs, Reply, Request
from connectors.zoho_books.hook_entities import BY_NAME, ENTITIES
from connectors.zoho_books.hooks import HOOKS, SIGNATURE, signed
from connectors.zoho_books.workflows import ENTITY_HEADER
from tests.support.driving import drive

T = TypeVar("T")

SECRET = "q8WmZ1nT5rYbE0cVxA7dKfJ2hLs9PgUo4iRt6NyB"
PUBLISHED = 'namebasicsubscription_id90343{"created_date":"2019-03-06","event_id":"5675"}'
"""What is signed in the example of the published help page."""

FORM = "application/x-www-form-urlencoded; charset=UTF-8"


def delivery(
    content: bytes,
    signature: str | None = None,
    query: Pairs = (),
    media: str = "application/json",
    entity: str = "",
) -> Delivery:
    headers = {"content-type": media, ENTITY_HEADER.lower(): entity}
    if signature is not None:
        headers[SIGNATURE.lower()] = signature
    return Delivery(query, headers, content)


def digest(text: str | bytes, secret: str = SECRET) -> bytes:
    raw = text.encode() if isinstance(text, str) else text
    return hmac.digest(secret.encode(), raw, hashlib.sha256)


# Signatures


def test_the_published_example_is_what_is_signed() -> None:
    query = (("subscription_id", "90343"), ("name", "basic"))
    body = b'{"created_date":"2019-03-06","event_id":"5675"}'
    assert signed(delivery(body, query=query)).decode() == PUBLISHED
    assert HOOKS.is_signed(delivery(body, digest(PUBLISHED).hex(), query), SECRET)


@pytest.mark.parametrize("spelled", ["hex", "HEX", "base64", "blanks", "named", "Named", "for URLs", "bare"])
def test_hexadecimal_and_base64_are_taken(spelled: str) -> None:
    body = b'{"invoice":{"invoice_id":"3"}}'
    raw = digest(body)
    for_urls = base64.urlsafe_b64encode(raw).decode()
    assert "-" in for_urls and "_" in for_urls
    written = {
        "hex": raw.hex(),
        "HEX": raw.hex().upper(),
        "base64": base64.b64encode(raw).decode(),
        "blanks": f"  {raw.hex()} ",
        "named": f"sha256={raw.hex()}",
        "Named": f"SHA256={base64.b64encode(raw).decode()}",
        "for URLs": for_urls,
        "bare": for_urls.rstrip("="),
    }
    assert HOOKS.is_signed(delivery(body, written[spelled]), SECRET)


def test_a_form_is_signed_by_its_decoded_pairs_sorted_with_those_of_the_query() -> None:
    fields = {"total": "1,200.50", "bill_id": "7", "note": "Café & more", "empty": ""}
    content = urlencode(fields).encode()
    base = "bill_id7emptynoteCafé & moretotal1,200.50z1"
    given = delivery(content, digest(base).hex(), (("z", "1"),), FORM)
    assert signed(given) == base.encode()
    assert HOOKS.is_signed(given, SECRET)


@pytest.mark.parametrize(
    "signature",
    [
        None,
        "",
        "not a signature",
        digest(b"{}", "another secret of forty characters, nearly").hex(),
        digest(b"{ }").hex(),
        digest(b"{}").hex()[:-1],
        digest(b"{}").hex()[:-2] + "00",
        "0" * 64,
        "t=1,v=" + digest(b"{}").hex(),
        "sha256=",
        "sha256=" + digest(b"{ }").hex(),
        "sha1=" + digest(b"{}").hex(),
        "é" * 64,
    ],
)
def test_every_other_signature_is_refused(signature: str | None) -> None:
    assert not HOOKS.is_signed(delivery(b"{}", signature), SECRET)


def test_a_changed_query_breaks_the_signature() -> None:
    assert not HOOKS.is_signed(delivery(b"{}", digest(b"{}").hex(), (("a", "b"),)), SECRET)


# What a body speaks of

SALES_ORDER = {
    "salesorder": {
        "salesorder_id": "460000000039129", "salesorder_number": "SO-00009", "customer_id": "460000000017138",
        "estimate_id": "", "invoices": [{"invoice_id": "1"}], "cf_color": "red",
    }
}  # fmt: skip
INVOICE = {
    "invoice": {
        "invoice_id": 982000000567114, "invoice_number": "INV-1", "salesorder_id": "460000000039129",
        "customer_custom_fields": [], "total": 40.6, "total_formatted": "$40.60",
    }
}  # fmt: skip
BILL = {
    "bill_id": "460000000053199", "bill_number": "B-12", "vendor_id": "460000000038029", "purchaseorder_ids": "",
    "line_items": json.dumps([{"line_item_id": "5"}]), "total": "244.00", "documents": "",
}  # fmt: skip


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (SALES_ORDER, [("/salesorders", "460000000039129")]),
        (INVOICE, [("/invoices", "982000000567114")]),
        ({"payment": {"payment_id": "9", "vendor_id": ""}}, [("/customerpayments", "9")]),
        ({"vendorpayment": {"payment_id": "9"}}, [("/vendorpayments", "9")]),
        ({"vendor_payment": {"payment_id": "9"}}, [("/vendorpayments", "9")]),
        ({"contact": json.dumps({"contact_id": "3"})}, [("/contacts", "3")]),
        ({"invoice_id": "4"}, [("/invoices", "4")]),
        ({"invoice": {"status": "void"}}, [("/invoices", None)]),
        ({"invoice": "4"}, []),
        ({"timesheet": {"time_entry_id": "4"}}, []),
        ({"invoice_id": True}, []),
        ({"invoice_id": "4" * 65}, []),
        ([INVOICE], []),
        ("invoice", []),
        (None, []),
    ],
)
def test_the_record_a_body_speaks_of(body: Any, expected: list[tuple[str, str | None]]) -> None:
    found = HOOKS.mentions(delivery(json.dumps(body).encode()))
    assert [(mention.path, mention.id) for mention in found] == expected


@pytest.mark.parametrize(
    ("name", "record", "path"),
    [
        ("quote", {"estimate_id": "5", "estimate_number": "Q-1", "salesorder_id": ""}, "/estimates"),
        ("quote", {"estimate_id": "5"}, "/estimates"),
        ("customer", {"contact_id": "5", "contact_name": "Ann", "primary_contact_id": "8"}, "/contacts"),
        ("vendor", {"contact_id": "5"}, "/contacts"),
        ("sales_order", {"salesorder_id": "5", "salesorder_number": "SO", "estimate_id": "6"}, "/salesorders"),
        ("purchase_order", {"purchaseorder_id": "5", "vendor_id": "7"}, "/purchaseorders"),
        ("credit_note", {"creditnote_id": "5", "creditnote_number": "C", "invoice_id": "6"}, "/creditnotes"),
        ("bill_payment", {"payment_id": "5", "vendor_id": "7"}, "/vendorpayments"),
        ("paymentreceived", {"payment_id": "5", "customer_id": "7", "vendor_id": ""}, "/customerpayments"),
        ("journal_entry", {"journal_id": "5", "journal_date": "2026-01-31"}, "/journals"),
        ("customer_payment", {"payment_id": "5"}, "/customerpayments"),
    ],
)  # fmt: skip
def test_a_wrapper_of_any_name_is_judged_by_the_id_in_it(
    name: str, record: dict[str, Any], path: str
) -> None:
    assert HOOKS.mentions(delivery(json.dumps({name: record}).encode())) == (Mention(path, "5"),)
    as_text = urlencode({name: json.dumps(record)}).encode()
    assert HOOKS.mentions(delivery(as_text, media=FORM)) == (Mention(path, "5"),)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"invoice_id": "5", "event": "edit"}, [("/invoices", "5")]),
        ({"invoice_id": 5, "customer_id": "7", "total": 12.5}, [("/invoices", "5")]),
        ({"payment_id": "5", "event": "edit"}, [("/customerpayments", "5"), ("/vendorpayments", "5")]),
        ({"payment_id": "5", "customer_id": "7", "invoice_id": "9"}, [("/customerpayments", "5")]),
        ({"invoice_id": "5", "salesorder_id": "6"}, []),
        ({"time_entry_id": "5", "project_id": "6"}, []),
        ({"timesheet": {"time_entry_id": "5", "project_id": "6"}}, []),
        ({"customer_id": "5"}, []),
    ],
)
def test_a_template_of_ones_own_is_read_where_it_is_clear(
    body: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    found = HOOKS.mentions(delivery(json.dumps(body).encode()))
    assert [(mention.path, mention.id) for mention in found] == expected


def test_our_header_finds_the_record_under_any_wrapper() -> None:
    for body in (
        {"bill_payment": {"payment_id": "5"}},
        {"vendorpayment": {"payment_id": "5"}},
        {"payment_id": "5"},
    ):
        told = HOOKS.mentions(delivery(json.dumps(body).encode(), entity="vendor_payment"))
        assert told == (Mention("/vendorpayments", "5"),)


def test_a_form_body_names_the_record_that_has_its_own_number() -> None:
    assert HOOKS.mentions(delivery(urlencode(BILL).encode(), media=FORM)) == (
        Mention("/bills", "460000000053199"),
    )


def test_a_form_may_hold_the_record_as_text() -> None:
    for body in ({"JSONString": json.dumps(INVOICE)}, {"invoice": json.dumps(INVOICE["invoice"])}):
        found = HOOKS.mentions(delivery(urlencode(body).encode(), media=FORM))
        assert found == (Mention("/invoices", "982000000567114"),)


def test_an_invoice_in_a_form_may_also_name_its_order() -> None:
    fields = {"invoice_id": "1", "invoice_number": "I", "salesorder_id": "2", "salesorder_number": "S"}
    found = HOOKS.mentions(delivery(urlencode(fields).encode(), media=FORM))
    assert set(found) == {Mention("/invoices", "1"), Mention("/salesorders", "2")}
    told = HOOKS.mentions(delivery(urlencode(fields).encode(), media=FORM, entity="invoice"))
    assert told == (Mention("/invoices", "1"),)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"invoice":{"invoice_id":' + b"9" * 9000]
)
def test_what_cannot_be_read_names_nothing(content: bytes) -> None:
    assert HOOKS.mentions(delivery(content)) == ()
    assert HOOKS.mentions(delivery(content, media=FORM)) == ()


def test_names_of_entities_are_one_collections_each() -> None:
    names = [name for entity in ENTITIES.values() for name in {*entity.names, *entity.bodies}]
    assert len(names) == len(set(names)) == len(BY_NAME)
    assert all(len(f"Ledgerway {entity.names[0]} delete 0123456789") <= 50 for entity in ENTITIES.values())


# Having them sent


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
