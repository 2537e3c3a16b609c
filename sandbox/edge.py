"""Where calls come in: every data centre's port, with the journal and the faults in front of the services."""

import asyncio
from dataclasses import replace

from starlette.types import Receive, Scope, Send

from .accounts import Accounts
from .drift import drift
from .faults import COMMIT_LATE, UNREAD_BODY, endpoints
from .front import PREFIX, BooksFront
from .journal import Entry
from .wire import Line, Received, Reply, json_reply, read
from .world import World

NOT_THERE = {"code": 5, "message": "Invalid URL Passed"}


class Edge:
    """The ASGI application of one data centre."""

    def __init__(self, world: World, location: str) -> None:
        self._world = world
        self._location = location
        self._accounts = Accounts(world)
        self._front = BooksFront(world)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        call = await read(scope, receive, send, self._location)
        if call is None:
            return
        line = Line(scope, receive, send)
        entry = self._note(call)
        fault = self._world.faults.take(call, entry.organization_id)
        if fault is None:
            reply = await self._handle(call, entry)
            entry.status = reply.status
            await line.answer(reply)
            return
        entry.fault = fault.kind
        if fault.kind == COMMIT_LATE:
            await line.close()
            await asyncio.sleep(fault.number("seconds", 1.0))
            await self._handle(call, entry)
            return
        if fault.kind == UNREAD_BODY:
            call = replace(call, body=b"")
        if fault.executes:
            reply = await self._handle(call, entry)
        else:
            reply = Reply(0, headers=self._front.rate_headers(call, entry.organization_id))
        drift(self._world, call, entry, fault, reply)
        entry.status = await fault.effect(line, reply)

    def _note(self, call: Received) -> Entry:
        is_accounts = call.path.startswith("/oauth")
        entry = self._world.journal.open(
            at=self._world.clock.stamp(),
            dc=call.location,
            server="accounts" if is_accounts else "books",
            method=call.method,
            path=call.path,
            query=call.query,
            headers=call.headers,
        )
        entry.organization_id = "" if is_accounts else self._front.organization_named(call)
        return entry

    async def _handle(self, call: Received, entry: Entry) -> Reply:
        if entry.server == "accounts":
            await asyncio.sleep(self._world.latency.of(endpoints(call.path)[0]))
            return self._accounts.handle(call, entry)
        if PREFIX.match(call.path):
            return await self._front.handle(call, entry)
        return json_reply(NOT_THERE, 404, {"server": "ZGS"})
