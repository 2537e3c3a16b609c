"""Whether a provider keeps its promise: many upserts of one value at the same moment, one record."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from fastapi import FastAPI

from app.accounts.service import Account
from app.core.errors import Problem
from app.core.ids import new_id
from app.unified.body import validate
from app.unified.calls import context_of
from app.unified.looking import EARLIER, holders
from app.unified.marking import marking, value_of
from app.unified.refusals import translated
from app.unified.upserts import offered, run_of
from connectors.kit.http import Flow
from connectors.kit.operations import Answer, Context, ListQuery, Record
from connectors.kit.resource import Resource
from connectors.kit.upserting import Mark, Module

T = TypeVar("T")

TIMES = 20
_PATIENCE = 600
"""Seconds: the organisation's limits may make some calls wait."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What came of one module. `failed`: why it could not be tried; `left`: ids that could not be deleted."""

    resource: str
    module: str
    answered: int = 0
    records: int = 0
    left: tuple[str, ...] = ()
    failed: str = ""

    @property
    def holds(self) -> bool:
        return self.records == 1 and not self.left and not self.failed


@dataclass(slots=True)
class Stage:
    """What a trial's records name: the day, contacts made for it, accounts that are there, names nobody has."""

    token: str
    today: str = ""
    customer: str = ""
    vendor: str = ""
    bank: str = ""
    expense: str = ""

    def name(self, number: int) -> str:
        return f"Ledgerway check {self.token} {number}"

    def sold(self, number: int) -> Record:
        line = {"name": self.name(number), "unit_price": 1, "quantity": 1}
        return {"contact": self.customer, "line_items": [line]}

    def bought(self, number: int) -> Record:
        line = {"name": self.name(number), "account": self.expense, "unit_price": 1, "quantity": 1}
        return {"contact": self.vendor, "line_items": [line]}

    def paid(self, side: str) -> Record:
        contact = self.vendor if side == "bill" else self.customer
        return {"contact": contact, "account": self.bank, "total_amount": 1}


_BODIES: dict[str, Callable[[Stage, int, str], Record]] = {
    "contacts": lambda stage, number, side: {"name": stage.name(number)},
    "items": lambda stage, number, side: {"name": stage.name(number), "unit_price": 1},
    "estimates": lambda stage, number, side: stage.sold(number),
    "sales_orders": lambda stage, number, side: stage.sold(number),
    "invoices": lambda stage, number, side: stage.sold(number),
    "credit_notes": lambda stage, number, side: stage.sold(number),
    "purchase_orders": lambda stage, number, side: stage.bought(number),
    "bills": lambda stage, number, side: stage.bought(number) | {"number": stage.name(number)},
    "expenses": lambda stage, number, side: {
        "transaction_date": stage.today,
        "account": stage.bank,
        "line_items": [{"account": stage.expense, "unit_price": 1}],
    },
    "payments": lambda stage, number, side: stage.paid(side),
    "projects": lambda stage, number, side: {
        "name": stage.name(number),
        "contact": stage.customer,
        "billing_type": "project_hours",
    },
}
"""Resource → the body of the n-th upsert. Bodies differ as far as their names go."""
_MASTERS = frozenset({"contacts", "items"})


class Trial:
    """Makes records and deletes them again."""

    def __init__(self, app: FastAPI, account: Account) -> None:
        self._app = app
        self._account = account
        self._upsert = offered(account)
        self._stage = Stage(new_id("try"))

    @property
    def modules(self) -> list[tuple[str, Module]]:
        return [(name, module) for name in self._account.upserts for module in self._upsert.modules[name]]

    @property
    def calls(self) -> int:
        """About so many of the organisation's calls it takes."""
        return (TIMES + 4) * len(self.modules) + 5

    async def run(self) -> list[Proof]:
        """One proof for each module the account marks in. Problem parameter_invalid when it marks nowhere."""
        if not self.modules:
            detail = "The account marks nothing: run `ledgerway accounts enable-upsert` first."
            raise Problem("parameter_invalid", detail)
        needs = bool(self._account.upserts.keys() - _MASTERS)
        try:
            if needs:
                await self._set()
            return [await self._prove(name, module) for name, module in self.modules]
        finally:
            for id in filter(None, (self._stage.customer, self._stage.vendor)):
                await self._deleted(self._resource("contacts"), id)

    async def _set(self) -> None:
        stage, contacts = self._stage, self._resource("contacts")
        stage.today = self._ctx.today.isoformat()
        for word, kind in (("customer", {}), ("vendor", {"type": "vendor"})):
            body = {"name": f"Ledgerway check {stage.token} {word}", **kind}
            made = await self._do(contacts.create(validate(body, contacts.model, "create"), self._ctx))
            setattr(stage, word, str(made.record["id"]))
        page = await self._do(self._resource("accounts").list(ListQuery(200), self._ctx))
        for record in (each.record for each in page.answers):
            if record.get("is_money_account"):
                stage.bank = stage.bank or str(record["id"])
            elif record.get("type") == "expense":
                stage.expense = stage.expense or str(record["id"])

    async def _prove(self, name: str, module: Module) -> Proof:
        resource, ctx = self._resource(name), self._ctx
        part = resource.part_at(module.path)
        side = next((word for word, each in resource.sides.items() if each is part), None)
        value = value_of(
            self._app.state.keyring, self._account.environment_id, f"{self._stage.token}{module.path}"
        )
        mark = Mark((module.path,), self._account.upserts[name], value)

        async def one(number: int) -> Answer:
            told = {} if side is None else {resource.by or "": side}
            body = validate(_BODIES[name](self._stage, number, side or "") | told, resource.model, "create")
            flow = resource.create(body, ctx)
            return await self._do(marking(flow, self._upsert, mark, resource, ctx, again=True))

        told = await asyncio.gather(*(one(number) for number in range(TIMES)), return_exceptions=True)
        made = [each for each in told if isinstance(each, Answer)]
        failed = next((str(each) for each in told if isinstance(each, BaseException)), "")
        ids = {str(each.record["id"]) for each in made}
        seen = await self._do(holders(part, mark, ctx, ctx.now - EARLIER))
        ids |= {str(each.record["id"]) for each in seen}
        left = [id for id in sorted(ids) if not await self._deleted(part, id)]
        return Proof(name, module.label, len(made), len(ids), tuple(left), "" if made else failed)

    async def _deleted(self, resource: Resource, id: str) -> bool:
        try:
            await self._do(resource.delete(id, self._ctx))
        except Exception:
            return False
        return True

    def _resource(self, name: str) -> Resource:
        found = (each for (_, word), each in self._account.connector.resources.items() if word == name)
        return next(found)

    async def _do(self, flow: Flow[T]) -> T:
        with translated():
            run = run_of(self._app, self._account, self._stage.token, "cli", _PATIENCE)
            return await self._app.state.gateway.perform(run, flow)

    @property
    def _ctx(self) -> Context:
        return context_of(self._account, self._app.state.clock.now())
