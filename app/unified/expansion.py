"""Making list rows whole: their own complete records and those they refer to, as many calls as the caller allows."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from app.core.errors import Problem
from app.gateway.engine import Gateway
from app.unified.calls import Call
from app.unified.refusals import translated
from connectors.kit.http import Flow
from connectors.kit.operations import Answer, Context, Issue, Page
from connectors.kit.resource import Resource

_AT_ONCE = 8
"""Below every provider's concurrency limit; the gateway queues what is still too much."""


@dataclass(slots=True)
class Budget:
    """How many further calls expansions may make. A streamed list spends one budget over all its pages."""

    left: int


@dataclass(frozen=True, slots=True)
class _Read:
    """A complete record to read, or one list inside it that the record itself does not tell."""

    resource: str
    side: str | None
    id: str
    part: str | None = None


_Found = Mapping[_Read, Any]
"""What was read (an `Answer`, or the rows of a list inside), or the Problem that came of it."""


async def expand(
    gateway: Gateway, call: Call, names: tuple[str, ...], page: Page, context: Context, budget: Budget
) -> None:
    """Fill `page` in place, row by row from the first on: a row gets all that was asked for, or stays partial.

    A record that several rows need is read once. What cannot be read leaves its rows partial, with an issue
    `expansion_failed`.
    """
    wanted = [_needed(call, answer, names) for answer in page.answers]
    chosen: dict[_Read, None] = {}
    for answer, reads in zip(page.answers, wanted, strict=True):
        new = [read for read in dict.fromkeys(reads.values()) if read not in chosen]
        cost = sum(_cost(call, read) for read in new)
        if cost > budget.left:
            answer.record["is_partial"] = True
            reads.clear()
            continue
        budget.left -= cost
        chosen.update(dict.fromkeys(new))
    found = await _read_all(gateway, call, chosen, context)
    for index, reads in enumerate(wanted):
        for name, read in reads.items():
            _fill(page, index, name, found[read])


def _needed(call: Call, answer: Answer, names: tuple[str, ...]) -> dict[str, _Read]:
    """What has to be read for one row, by the field it fills; "" is the row itself, which comes first."""
    own, record = call.resource, answer.record
    side = record.get(own.by or "")
    reads: dict[str, _Read] = {}
    for name in names:
        target = own.expansions[name]
        if target != own.name:
            id = record[name].get("id") if isinstance(record.get(name), Mapping) else None
            if id is not None:
                reads[name] = _Read(target, None, id)
            continue
        if record.get("is_partial"):
            reads = {"": _Read(own.name, side, record["id"]), **reads}
        if name in own.on(side).apart:
            reads[name] = _Read(own.name, side, record["id"], name)
    return reads


def _fill(page: Page, index: int, name: str, found: Any) -> None:
    """The row itself first: what else was read is put into the complete one."""
    row = page.answers[index]
    if isinstance(found, Problem):
        pointer = f"/result/{index}/{name}" if name else f"/result/{index}"
        retryable = found.known.retryable
        page.issues.append(Issue("expansion_failed", pointer, found.detail, retryable=retryable))
        row.record["is_partial"] = True
    elif name:
        row.expanded[name] = found.record if isinstance(found, Answer) else found
    else:
        found.expanded = {key: value for key, value in row.record.items() if key not in found.record}
        page.answers[index] = found


async def _read_all(gateway: Gateway, call: Call, reads: Iterable[_Read], context: Context) -> _Found:
    """A few at a time. After a spent budget at the provider no more are asked for."""
    gate = asyncio.Semaphore(_AT_ONCE)
    found: dict[_Read, Any] = {}
    stopped: list[Problem] = []

    async def one(read: _Read) -> None:
        async with gate:
            if stopped:
                found[read] = stopped[0]
                return
            try:
                with translated():
                    found[read] = await gateway.perform(call.run, _flow(call, read, context))
            except Problem as problem:
                found[read] = problem
                if problem.status in (424, 429, 503, 504):
                    stopped.append(problem)

    async with asyncio.TaskGroup() as group:
        for read in reads:
            group.create_task(one(read))
    return found


def _resource(call: Call, read: _Read) -> Resource:
    return call.account.connector.resources[call.model, read.resource].on(read.side)


def _cost(call: Call, read: _Read) -> int:
    return _resource(call, read).costs[read.part or "get"]


def _flow(call: Call, read: _Read, context: Context) -> Flow[Any]:
    resource = _resource(call, read)
    return resource.inside(read.part, read.id, context) if read.part else resource.get(read.id, context)
