"""Writes nobody saw the end of: they are looked for, adopted or sent once more, or left to a person."""

import asyncio
import random
from dataclasses import replace
from typing import Any

from fastapi import FastAPI
from structlog.stdlib import get_logger

from app.core.auth import Principal
from app.core.chores import Chore
from app.core.errors import Problem
from app.keys.audit import Actor
from app.models.writes import Write
from app.synced.written import Written, gone, left
from app.unified.calls import Call
from app.unified.changes import Change
from app.unified.intents import Done, Intents
from app.unified.looking import Verdict, look
from app.unified.progress import Progress
from app.unified.recalled import recalled
from app.unified.refusals import translated
from app.unified.service import Shown, Unified
from app.unified.unsettled import AT_ONCE, Unsettled
from app.writes.pace import MOST_LOOKS
from connectors.kit.http import Reply

_log = get_logger("ledgerway.unified")

_SHORTEST = 0.3  # of a pause, however fast the clock runs
_PURGE_EVERY = 3600.0


class Resolver(Chore):
    """Every process that does background work has one; the lease on a row says which of them resolves it. What it is
    cut off from is taken up again when the lease has run out."""

    every = (0.7, 1.3)

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self._unsettled = Unsettled(app.state.database, app.state.clock, app.state.shelf)
        self._purged = app.state.clock.monotonic() - random.uniform(0, _PURGE_EVERY)  # noqa: S311 — processes should not meet

    async def once(self) -> None:
        """Look for all that is due; once an hour forget what is old."""
        while await self.look() == AT_ONCE:
            pass
        now = self._state.clock.monotonic()
        if now - self._purged > _PURGE_EVERY:
            self._purged = now
            await self._unsettled.purge()

    def pause(self) -> float:
        return super().pause() * max(_SHORTEST, self._unsettled.pace.factor)

    async def look(self) -> int:
        """Look once for what is due, as much as is looked for at once; how many writes that were."""
        due = await self._unsettled.due()
        await asyncio.gather(*(self._attend(write) for write in due))
        return len(due)

    async def taken(self, write_id: str, principal: Principal) -> Write | None:
        """An unknown write a person may decide; the caller owns it then."""
        return await self._unsettled.take(write_id, principal)

    async def decide(self, write: Write, actor: Actor, *, executed: bool, remote_id: str | None) -> None:
        """A person says how an unknown write ended; it is theirs (`WriteShelf.take`).

        What was left to do after it is done now. Problem not_found when there is no such record.
        """
        progress, asked = await self._state.shelf.journal(write)
        if not executed:
            await self._unsettled.decided(write, actor, "not_executed")
            await self._unsettled.give_back(write, progress, asked)
            return
        try:
            if asked is None or progress.pending is None:
                await self._unsettled.decided(write, actor, "executed", remote_id)
                await self._unsettled.adopted(write, remote_id)
                return
            call, change = await recalled(self._app, write, asked)
            seen = await self._seen(call, change, progress, remote_id)
            await self._unsettled.decided(write, actor, "executed", seen.id)
            await self._adopt(write, call, change, progress, seen)
        except Problem:
            await self._unsettled.postpone(write, None)
            raise

    # One write

    async def _attend(self, write: Write) -> None:
        with self._state.writes.owning(write.id, write.owner or ""):
            try:
                await self._resolve(write)
            except Exception as error:  # its lease runs out, and somebody takes it up again
                _log.warning("resolver_failed", write_id=write.id, error=type(error).__name__)

    async def _resolve(self, write: Write) -> None:
        try:
            progress, asked = await self._state.shelf.journal(write)
            if asked is None:
                await self._unsettled.postpone(write, None)
                return
            call, change = await recalled(self._app, write, asked)
            await self._intents.queue(call, change, write)  # what is looked at stays as it is
            known = await self._unsettled.made_by_others(write)
            context = call.context(change.remote_query, write.created_at)
            flow = look(
                call.resource.on(change.side),
                change,
                progress,
                context,
                write.sent_at or write.created_at,
                known,
            )
            with translated():
                verdict = await self._state.gateway.perform(call.run, flow)
        except Exception as error:
            _log.info("look_up_failed", write_id=write.id, error=type(error).__name__)
            await self._unsettled.postpone(write, self._unsettled.pace.after_failure)
            return
        if verdict.word == "undone" and change.id is not None and await self._unsettled.was_followed(write):
            verdict = Verdict("unclear")
        _log.info("write_looked_for", write_id=write.id, verdict=verdict.word)
        await self._conclude(write, call, change, progress, verdict)

    async def _conclude(
        self, write: Write, call: Call, change: Change, progress: Progress, verdict: Verdict
    ) -> None:
        match verdict.word:
            case "found":
                await self._adopt(write, call, change, progress, verdict)
            case "undone" if _may_be_sent(write):
                await self._unsettled.looked(write)
                await self._carry(write, call, change, progress)
            case "nothing":
                next_in = self._unsettled.pace.next(write.checks + 1)
                if next_in is not None:
                    await self._unsettled.postpone(write, next_in, looked=True)
                elif verdict.surely and write.resends == 0 and _may_be_sent(write):
                    await self._unsettled.looked(write)
                    await self._carry(write, call, change, progress)
                else:
                    await self._unsettled.postpone(write, None, looked=True)
            case "several":
                await self._unsettled.postpone(write, None, looked=True, error_code="write_conflict_multiple")
            case _:
                await self._unsettled.postpone(write, None, looked=True)

    async def _adopt(
        self, write: Write, call: Call, change: Change, progress: Progress, verdict: Verdict
    ) -> None:
        """It was done. With a key, what is left to do is done, and the answer kept."""
        progress.adopt(verdict.reply)
        if write.idempotency_key is None:
            await self._unsettled.adopted(write, verdict.id, _written(call, change, verdict))
        else:
            await self._carry(write, call, change, progress)

    async def _carry(self, write: Write, call: Call, change: Change, progress: Progress) -> Done | None:
        state = self._state
        change = replace(change, preview_token=None, if_match=None)
        service = Unified(state.gateway, state.cursors, state.clock)

        async def work(call: Call, progress: Progress) -> Shown:
            return await service.write(call, change, progress)

        try:
            return await self._intents.carry(call, change, write, progress, work)
        except Problem as problem:  # settled as what it is
            _log.info("write_resolved_in_error", write_id=write.id, code=problem.code)
            return None

    async def _seen(self, call: Call, change: Change, progress: Progress, remote_id: str | None) -> Verdict:
        """The record a person says it made, as the provider has it."""
        made = change.operation == "create" and not progress.has_done
        remote_id = remote_id or change.id
        if not made and change.operation != "update":
            return Verdict("found", Reply(200, body={}), remote_id)
        if remote_id is None:
            raise Problem("parameter_missing", "Say which record it made: remote_id.", parameter="remote_id")
        resource = call.resource.on(change.side).on(change.body.get(call.resource.by or ""))
        with translated():
            answer = await self._state.gateway.perform(call.run, resource.get(remote_id, call.context()))
        return Verdict("found", Reply(200, body=resource.wrapped(answer.native)), remote_id)

    @property
    def _intents(self) -> Intents:
        return Intents(self._state.shelf, self._state.writes, self._state.clock)

    @property
    def _state(self) -> Any:
        return self._app.state


def _may_be_sent(write: Write) -> bool:
    """Whether there is somebody to repeat it for, and it was not tried too often in vain."""
    return write.idempotency_key is not None and write.checks < MOST_LOOKS


def _written(call: Call, change: Change, verdict: Verdict) -> Written | None:
    """What the copies take in of a write that was found done: its record as it was looked at, or its deletion."""
    connector = call.account.connector
    if change.operation == "delete" and change.id is not None:
        return gone(call.owner, connector, call.path, change.id)
    part = call.resource.on(change.side).on(change.body.get(call.resource.by or ""))
    if change.operation not in ("create", "update") or not verdict.reply.body:
        return None
    answer = part.read(part.unwrap(verdict.reply), call.context())
    return left(call.owner, connector, call.path, answer)
