"""Making list rows complete: one more call per row, as many as the caller allows."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.core.errors import Problem
from app.gateway.engine import Gateway
from app.unified.calls import Call
from app.unified.refusals import translated
from connectors.kit.operations import Answer, Context, Issue, Page
from connectors.kit.resource import Resource

_AT_ONCE = 8
"""Below every provider's concurrency limit; the gateway queues what is still too much."""


@dataclass(slots=True)
class Budget:
    """How many further calls expansions may make. A streamed list spends one budget over all its pages."""

    left: int

    def take(self) -> bool:
        if self.left <= 0:
            return False
        self.left -= 1
        return True


async def expand(
    gateway: Gateway, call: Call, names: tuple[str, ...], page: Page, context: Context, budget: Budget
) -> None:
    """Fill `page` in place. Rows are made complete from the first on; the rest stay partial.

    A row that cannot be read stays as it is, with an issue `expansion_failed`.
    """
    own = call.resource.name
    targets = {name: call.resource.expansions[name] for name in names}
    if any(target == own for target in targets.values()):
        await _complete(gateway, call, page, context, budget)
    for name, target in targets.items():
        if target != own:
            await _references(gateway, call, name, target, page, context, budget)


async def _complete(gateway: Gateway, call: Call, page: Page, context: Context, budget: Budget) -> None:
    rows = [index for index, answer in enumerate(page.answers) if answer.record.get("is_partial")]
    chosen = [index for index in rows if budget.take()]
    sides: dict[str | None, list[str]] = {}
    for index in chosen:
        record = page.answers[index].record
        sides.setdefault(record.get(call.resource.by or ""), []).append(record["id"])
    answers: dict[str, Answer | Problem] = {}
    for side, ids in sides.items():
        answers |= await _read(gateway, call, call.resource.on(side), ids, context)
    for index in chosen:
        found = answers[page.answers[index].record["id"]]
        if isinstance(found, Answer):
            page.answers[index] = found
        else:
            page.issues.append(_failed(f"/result/{index}", found))


async def _references(
    gateway: Gateway, call: Call, name: str, target: str, page: Page, context: Context, budget: Budget
) -> None:
    """Put the whole record in place of a reference; a record referred to often is read once."""
    resource = call.account.connector.resources.get((call.model, target))
    if resource is None:
        return
    chosen: dict[str, None] = {}
    for answer in page.answers:
        id = _id_of(answer.record.get(name))
        if id is not None and id not in chosen and budget.take():
            chosen[id] = None
    answers = await _read(gateway, call, resource, list(chosen), context)
    for index, answer in enumerate(page.answers):
        reference = answer.record.get(name)
        found = answers.get(_id_of(reference) or "")
        if isinstance(found, Answer) and isinstance(reference, Mapping):
            answer.record[name] = {**reference, **found.record}
        elif isinstance(found, Problem):
            page.issues.append(_failed(f"/result/{index}/{name}", found))


def _id_of(reference: Any) -> str | None:
    return reference.get("id") if isinstance(reference, Mapping) else None


async def _read(
    gateway: Gateway, call: Call, resource: Resource, ids: list[str], context: Context
) -> dict[str, Answer | Problem]:
    """Complete records by id, a few at a time. After a spent budget at the provider no more are asked for."""
    gate = asyncio.Semaphore(_AT_ONCE)
    found: dict[str, Answer | Problem] = {}
    stopped: list[Problem] = []

    async def one(id: str) -> None:
        async with gate:
            if stopped:
                found[id] = stopped[0]
                return
            try:
                with translated():
                    found[id] = await gateway.perform(call.run, resource.get(id, context))
            except Problem as problem:
                found[id] = problem
                if problem.status in (424, 429, 503, 504):
                    stopped.append(problem)

    async with asyncio.TaskGroup() as group:
        for id in ids:
            group.create_task(one(id))
    return found


def _failed(pointer: str, problem: Problem) -> Issue:
    return Issue("expansion_failed", pointer, problem.detail, retryable=problem.known.retryable)
