"""Whether a provider keeps its promise: many upserts of one value at the same moment, one record."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI

from app.accounts.service import Account
from app.core.errors import Problem
from app.core.ids import new_id
from app.unified.body import validate
from app.unified.calls import context_of
from app.unified.looking import EARLIER, holders
from app.unified.marking import marking, own_side, value_of
from app.unified.refusals import translated
from app.unified.upserts import offered, run_of
from connectors.kit.operations import Answer, Record
from connectors.kit.resource import Resource
from connectors.kit.upserting import Mark

TIMES = 20


@dataclass(frozen=True, slots=True)
class Proof:
    """What came of one resource. `records` None: it cannot be tried. `left`: ids that could not be deleted."""

    resource: str
    records: int | None
    answered: int = 0
    left: tuple[str, ...] = ()


def _document(number: int, contact: str) -> Record:
    lines = [{"name": f"Check {number}", "unit_price": "1", "quantity": "1"}]
    return {"contact": contact, "line_items": lines, "status": "draft"}


TRIED: dict[str, Callable[[int, str], Record]] = {
    "contacts": lambda number, token: {"name": f"Ledgerway check {token} {number}"},
    "items": lambda number, token: {"name": f"Ledgerway check {token} {number}", "unit_price": "1"},
    "invoices": _document,
    "estimates": _document,
    "sales_orders": _document,
}
"""Resource → the body of the n-th upsert, for a customer (documents) or under a name nobody has (masters)."""
_DOCUMENTS = ("invoices", "estimates", "sales_orders")


class Trial:
    """Makes records and deletes them again."""

    def __init__(self, app: FastAPI, account: Account) -> None:
        self._app = app
        self._account = account
        self._upsert = offered(account)
        self._token = new_id("try")

    async def run(self) -> list[Proof]:
        """One proof for each resource the account marks. Problem parameter_invalid when it marks none."""
        if not self._account.upserts:
            detail = "The account marks nothing: run `ledgerway accounts enable-upsert` first."
            raise Problem("parameter_invalid", detail)
        customer = ""
        if any(name in _DOCUMENTS for name in self._account.upserts):
            body = {"name": f"Ledgerway check {self._token}"}
            customer = str(
                (
                    await self._do(
                        "contacts", lambda made: made.create(validate(body, made.model, "create"), self._ctx)
                    )
                ).record["id"]
            )
        try:
            return [await self._prove(name, field, customer) for name, field in self._account.upserts.items()]
        finally:
            if customer:
                await self._do("contacts", lambda made: made.delete(customer, self._ctx))

    async def _prove(self, name: str, field: str, customer: str) -> Proof:
        if name not in TRIED:
            return Proof(name, None)
        ring, started = self._app.state.keyring, self._app.state.clock.now()
        mark = Mark(field, value_of(ring, self._account.environment_id, f"{self._token}/{name}"))
        about = customer if name in _DOCUMENTS else self._token

        async def one(number: int) -> Answer:
            body = TRIED[name](number, about)
            return await self._do(
                name,
                lambda made: marking(
                    made.create(validate(body, made.model, "create"), self._ctx),
                    self._upsert,
                    mark,
                    made,
                    self._ctx,
                    started,
                ),
            )

        told = await asyncio.gather(*(one(number) for number in range(TIMES)), return_exceptions=True)
        ids = {str(each.record["id"]) for each in told if isinstance(each, Answer)}
        seen = await self._do(name, lambda made: holders(own_side(made), mark, self._ctx, started - EARLIER))
        ids |= {str(each.record["id"]) for each in seen}
        left = [id for id in sorted(ids) if not await self._deleted(name, id)]
        return Proof(name, len(ids), sum(isinstance(each, Answer) for each in told), tuple(left))

    async def _deleted(self, name: str, id: str) -> bool:
        try:
            await self._do(name, lambda made: own_side(made).delete(id, self._ctx))
        except Exception:
            return False
        return True

    async def _do(self, name: str, flow: Callable[[Resource], Any]) -> Any:
        models = {each: model for model, each in self._account.connector.resources}
        resource = self._account.connector.resources[models[name], name]
        with translated():
            run = run_of(self._app, self._account, self._token, "cli")
            return await self._app.state.gateway.perform(run, flow(resource))

    @property
    def _ctx(self) -> Any:
        return context_of(self._account, self._app.state.clock.now())
