"""A small application around the unified API: real routes, a connector of our own, a provider in memory."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request

from app.accounts.credentials import Credentials
from app.core.auth import Principal
from app.core.cursor import Cursors
from app.core.database import Database
from app.core.edge import Edge
from app.core.error_answers import install
from app.core.errors import Problem
from app.core.rates import Allowance, Rates
from app.core.secrets import LocalWrapper, keyring
from app.core.settings import Settings
from app.gateway.calls import Calls
from app.gateway.runs import Run
from app.keys import access
from app.models import Environment
from app.unified import api, calls
from app.unified.resolver import Resolver
from app.unified.shelf import WriteShelf
from app.writes.supervised import supervisor
from connectors.kit.auth import DataCenter
from connectors.kit.connector import Organization
from connectors.kit.faults import Conflict, Fault, FieldError, Kind, Rejected
from connectors.kit.http import Reply
from connectors.kit.http import Request as Ask
from connectors.kit.mapping import Table
from connectors.kit.operations import Answer, Issue, Op, Page
from connectors.kit.paging import Paging
from connectors.kit.resource import Action, Resource
from unified_models import MODELS

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
INVOICE = MODELS["accounting", "invoices"]


class Clock:
    """Stands still until a test moves it."""

    passed = timedelta()

    def now(self) -> datetime:
        return NOW + self.passed

    def monotonic(self) -> float:
        return 1000.0 + self.passed.total_seconds()

    async def sleep(self, seconds: float) -> None:
        self.passed += timedelta(seconds=seconds)
        await asyncio.sleep(0)


@dataclass
class Provider:
    """Answers like a ledger of `rows`; `fail` may stand in for any answer."""

    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    seen: list[Ask] = field(default_factory=list)
    fail: Callable[[Ask], Fault | None] = lambda ask: None
    hold: asyncio.Event | None = None

    def __call__(self, ask: Ask) -> Reply:
        self.seen.append(ask)
        fault = self.fail(ask)
        if fault is not None:
            raise fault
        if ask.path.startswith("/contacts/"):
            return Reply(200, body={"id": ask.path.removeprefix("/contacts/")})
        id = ask.path.removeprefix("/invoices").strip("/")
        if ask.method == "GET" and not id:
            start, size = (int(value) for _, value in ask.query[:2])
            every = list(self.rows.values())
            return Reply(200, body={"rows": every[start : start + size], "more": start + size < len(every)})
        if ask.method == "POST" and not id:
            row = {"id": str(len(self.rows) + 1), **ask.body}
            self.rows[row["id"]] = row
            return Reply(201, body=row)
        if id not in self.rows:
            raise Fault(Kind.NOT_FOUND, 404, "1002", "gone")
        if ask.method == "PUT":
            self.rows[id] = {**self.rows[id], **ask.body}
        if ask.method == "DELETE":
            return Reply(200, body={"id": self.rows.pop(id)["id"]})
        return Reply(200, body=self.rows[id])


def read(row: Mapping[str, Any], *, complete: bool) -> Answer:
    record: dict[str, Any] = {
        "id": row["id"],
        "number": row.get("number"),
        "status": row.get("status", "draft"),
        "type": "invoice",
        "issue_date": date(2026, 2, 1),
        "total_amount": row.get("total", Decimal("10.50")),
        "updated_at": row.get("updated", NOW),
        "contact": {"id": row.get("contact", "c1"), "name": "Acme", "type": "customer"},
        "is_partial": not complete,
    }
    if complete:
        record["line_items"] = [{"name": "Tea", "quantity": Decimal(2)}]
        record["memo"] = row.get("memo")
    return Answer(record, native=dict(row))


class Invoices(Resource):
    """Flows as simple as flows can be; what they refuse is what tests need refused."""

    model = INVOICE
    filters = {
        "status": frozenset({Op.EQ, Op.IN}),
        "updated_at": frozenset({Op.GT}),
        "contact.id": frozenset({Op.EQ}),
    }
    sorts = frozenset({"issue_date"})

    def describe(self) -> dict[str, Any]:
        return {"calls": {"get": 1}, "filters": {name: sorted(ops) for name, ops in self.filters.items()}}

    def list(self, query: Any, ctx: Any) -> Any:
        start = (query.position or {}).get("start", 0)
        ask = (("start", str(start)), ("size", str(query.limit)), *ctx.remote_query)
        reply = yield Ask("GET", "/invoices", query=ask)
        rows = [read(row, complete=False) for row in reply.body["rows"]]
        after = {"start": start + query.limit} if reply.body["more"] else None
        before = {"start": max(0, start - query.limit)} if start else None
        return Page(rows, next=after, previous=before, absent=("line_items", "memo"))

    def get(self, id: str, ctx: Any) -> Any:
        reply = yield Ask("GET", f"/invoices/{id}")
        return read(reply.body, complete=True)

    def create(self, body: Any, ctx: Any) -> Any:
        if body.get("memo") == "refuse":
            raise Rejected(FieldError("unsupported_field", "/memo", "There is no place for memo."))
        if body.get("number") == "taken":
            raise Conflict("already_exists", "It exists.", existing={"resource": "invoices", "id": "1"})
        yield Ask("GET", "/invoices", query=(("start", "0"), ("size", "1")), step="find the customer")
        native = {"number": body.get("number"), "memo": body.get("memo"), "lines": len(body["line_items"])}
        reply = yield Ask("POST", "/invoices", body=native, step="create the invoice")
        answer = read(reply.body, complete=True)
        answer.outcome = "created"
        if body.get("terms"):
            answer.issues.append(Issue("not_applied", "/terms", "terms were ignored"))
        return answer

    def update(self, id: str, body: Any, ctx: Any, *, replace_lines: bool = False) -> Any:
        if "line_items" in body and not replace_lines:
            raise Rejected(FieldError("would_remove_lines", "/line_items", "Line 1 would go."))
        reply = yield Ask("PUT", f"/invoices/{id}", body={"memo": body.get("memo")})
        return read(reply.body, complete=True)

    def delete(self, id: str, ctx: Any) -> Any:
        reply = yield Ask("DELETE", f"/invoices/{id}")
        return reply.body["id"]

    def act(self, action: str, id: str, body: Any, ctx: Any) -> Any:
        reply = yield Ask("PUT", f"/invoices/{id}", body={"status": "authorised"})
        return read(reply.body, complete=True)


def pdf(id: str, ctx: Any) -> Any:
    yield Ask("GET", f"/invoices/{id}", expect="bytes")
    return Reply(200, {"content-type": "application/pdf"}, content=b"%PDF-1.7")


RESOURCE = Invoices(
    name="invoices",
    path="/invoices",
    one="invoice",
    many="invoices",
    table=Table(INVOICE, ()),
    paging=Paging(),
    actions={
        "authorise": Action(name="authorise", doc="Make it live.", path="/invoices/{id}/approve"),
        "email": Action(name="email", doc="Mail it.", path="/invoices/{id}/email", reaches_person=True),
    },
    expansions={"line_items": "invoices", "contact": "contacts"},
    pdf=pdf,
)


class Contacts(Resource):
    """Only read in place of what refers to it."""

    def get(self, id: str, ctx: Any) -> Any:
        reply = yield Ask("GET", f"/contacts/{id}")
        return Answer({"id": reply.body["id"], "name": "Acme", "website": "https://acme.example"}, reply.body)


CONTACTS = Contacts(
    name="contacts",
    path="/contacts",
    one="contact",
    many="contacts",
    table=Table(MODELS["accounting", "contacts"], ()),
    methods=frozenset({"get"}),
)

CURRENCIES = Resource(
    name="currencies",
    path="/currencies",
    one="currency",
    many="currencies",
    table=Table(MODELS["accounting", "currencies"], ()),
    paging=Paging(),
    methods=frozenset({"list", "get"}),
)


class Gateway:
    """Runs flows against the provider; faults become problems as the real one makes them."""

    def __init__(self, provider: Provider, calls: Calls) -> None:
        self.provider = provider
        self.calls = calls
        self.runs: list[Run] = []

    async def perform(self, run: Run, flow: Any) -> Any:
        self.runs.append(run)
        try:
            ask = next(flow)
            while True:
                run.meter.calls += 1
                if self.provider.hold is not None and not ask.is_read:
                    await self.provider.hold.wait()
                if run.before_write is not None and not ask.is_read:
                    await run.before_write(ask)
                await asyncio.sleep(0)
                try:
                    reply = self.provider(ask)
                except Fault as fault:
                    ask = flow.throw(fault)
                else:
                    ask = flow.send(reply)
        except StopIteration as done:
            return done.value
        except Fault as fault:
            code = {Kind.NOT_FOUND: "not_found", Kind.MINUTE: "provider_rate_limited"}.get(
                fault.kind, "upstream_error"
            )
            if fault.phase == "body" and not ask.is_read:
                raise Problem("outcome_unknown", fault.message, executed="unknown") from None
            raise Problem(code, fault.message, executed="no") from None

    def allowance(self, account: Any) -> Allowance:
        return Allowance(100, 97, 41, policies='"minute";q=100;w=60', left='"minute";r=97;t=41')


def account(id: str = "acc_1") -> Any:
    return SimpleNamespace(
        id=id,
        environment_id="env_1",
        tenant_id="t1",
        status="active",
        connector=SimpleNamespace(
            slug="zohobooks",
            label="Books",
            native=SimpleNamespace(reserved_query=("organization_id",)),
            guard=None,
            upsert=None,
            resources={("accounting", each.name): each for each in (RESOURCE, CURRENCIES, CONTACTS)},
        ),
        data_center=DataCenter("us", "https://a.example", "https://b.example"),
        organization=Organization("org1", "Acme", currency="EUR", time_zone="Europe/Berlin"),
        upserts={},
    )


class Accounts:
    async def usable(self, principal: Principal, id: str) -> Any:
        if id not in ("acc_1", "acc_2"):
            raise Problem("not_found", "There is no such account.")
        return account(id)


@dataclass
class World:
    """What a test drives: the client, the provider behind it and who asks."""

    app: FastAPI
    client: httpx.AsyncClient
    provider: Provider
    gateway: Gateway
    scopes: set[str]
    token: list[str]

    @property
    def connector(self) -> Any:
        return account().connector

    async def ask(self, method: str, path: str, query: str = "", **more: Any) -> httpx.Response:
        """Call `/unified/accounting{path}` for account acc_1."""
        joined = "&".join(part for part in ("integrated_account_id=acc_1", query) if part)
        return await self.client.request(method, f"/unified/accounting{path}?{joined}", **more)

    def fill(self, count: int) -> None:
        for number in range(1, count + 1):
            self.provider.rows[str(number)] = {"id": str(number), "number": f"INV-{number}"}


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file with the schema and the environment of these tests."""
    path = tmp_path_factory.mktemp("unified") / "ledgerway.db"

    async def prepare() -> None:
        database = Database(f"sqlite:///{path}")
        await database.migrate()
        async with database.write() as session:
            session.add(Environment(id="env_1", name="shop", mode="test", created_at=NOW))
        await database.close()

    asyncio.run(prepare())
    return path


@pytest.fixture
async def world(monkeypatch: pytest.MonkeyPatch, migrated: Path, tmp_path: Path) -> AsyncIterator[World]:
    copy = shutil.copy(migrated, tmp_path / "ledgerway.db")
    async with opened(monkeypatch, Database(f"sqlite:///{copy}")) as found:
        yield found


@pytest.fixture
async def either_world(monkeypatch: pytest.MonkeyPatch, database_url: str) -> AsyncIterator[World]:
    """The same, once on each kind of database."""
    database = Database(database_url)
    await database.migrate()
    async with database.write() as session:
        session.add(Environment(id="env_1", name="shop", mode="test", created_at=NOW))
    async with opened(monkeypatch, database) as found:
        yield found


@asynccontextmanager
async def opened(monkeypatch: pytest.MonkeyPatch, database: Database) -> AsyncIterator[World]:
    app = FastAPI(redirect_slashes=False)
    install(app)
    app.include_router(api.router)
    provider = Provider()
    gateway = Gateway(provider, Calls(database, Clock(), timedelta(days=30)))  # type: ignore[arg-type]
    app.state.connectors = (account().connector,)
    app.state.gateway = gateway
    app.state.accounts = Accounts()
    app.state.clock = Clock()
    app.state.database = database
    app.state.credentials = Credentials(database, LocalWrapper(keyring.generate(NOW)), app.state.clock)
    app.state.shelf = WriteShelf(database, app.state.credentials.vault, app.state.clock)
    app.state.writes = supervisor(app)
    app.state.resolver = Resolver(app)
    app.state.cursors = Cursors(lambda: [b"k" * 32])
    app.state.rates = Rates(app.state.clock, None, None)
    app.add_middleware(Edge, settings=Settings(), aliases={})
    app.state.settings = SimpleNamespace(public_url="http://127.0.0.1", require_idempotency_key=False)
    scopes = {"accounting:*"}
    token: list[str] = []

    async def authenticated(request: Request) -> Principal:
        if "authorization" not in request.headers:
            raise Problem("unauthenticated", "No key.")
        ids = frozenset(token) or None
        return Principal("env_1", "shop", "live", "key_1", frozenset(scopes), ids, token=bool(token))

    def require(principal: Principal, scope: str) -> None:
        if not principal.allows(scope):
            raise Problem("insufficient_scope", scope)

    monkeypatch.setattr(calls, "authenticated", authenticated)
    monkeypatch.setattr(api, "authenticated", authenticated)
    monkeypatch.setattr(calls, "require", require)
    monkeypatch.setattr(access, "authenticated", authenticated)
    monkeypatch.setattr(access, "require", require)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    headers = {"Authorization": "Bearer k"}
    async with httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers) as client:
        yield World(app, client, provider, gateway, scopes, token)
    await database.close()
