"""`preview=true`: a flow runs with its reads sent and its first write captured instead.

What was captured is signed into a token. A write that comes with it is sent only while it is still the same.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any, TypeVar

from app.core import json
from app.core.clock import Clock
from app.core.cursor import Cursors
from app.core.errors import Problem
from connectors.kit.faults import Conflict, Fault
from connectors.kit.http import Flow, Reply, Request
from connectors.kit.operations import Answer

T = TypeVar("T")

LIFETIME = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Step:
    """One call of a flow. `sent` says it was a read that really went out."""

    request: Request
    sent: bool

    def shown(self, number: int) -> dict[str, Any]:
        request = self.request
        return {
            "step": number,
            "purpose": request.step or None,
            "method": request.method,
            "path": request.path,
            "query": dict(request.query),
            "body": request.body,
            "sent": self.sent,
        }


def captured(flow: Flow[T], steps: list[Step]) -> Flow[T | None]:
    """Run `flow` as far as its first write, and take its word for the calls that follow a good answer.

    Its result where it ends without a write.
    """
    try:
        request = next(flow)
        while request.is_read:
            steps.append(Step(request, sent=True))
            try:
                reply: Reply = yield request
            except Fault as fault:
                request = flow.throw(fault)
            else:
                request = flow.send(reply)
        steps += (Step(each, sent=False) for each in (request, *request.then))
        return None
    except StopIteration as done:
        return done.value
    finally:
        flow.close()


@dataclass(frozen=True, slots=True)
class Promise:
    """What a preview said. `asked` stands for the caller's request, `etag` is the target's when there is one."""

    asked: str
    sends: str
    etag: str | None


class Tokens:
    """Signs promises and reads them back. Stateless: whoever holds the cursor key reads them."""

    def __init__(self, cursors: Cursors, clock: Clock) -> None:
        self._cursors = cursors
        self._clock = clock

    def sign(self, promise: Promise, account_id: str) -> str:
        until = int((self._clock.now() + LIFETIME).timestamp())
        told = {"u": until, "a": promise.asked, "s": promise.sends, "e": promise.etag}
        return self._cursors.sign(told, "preview", account_id)

    def open(self, token: str, asked: str, account_id: str) -> Promise:
        """Problem parameter_invalid for what is no token of this account, preview_stale when it is too old or
        was given for another request."""
        try:
            told = self._cursors.open(token, "preview", account_id)
        except Problem:
            detail = "This is no preview_token of this account."
            raise Problem("parameter_invalid", detail, parameter="preview_token") from None
        if told["u"] < self._clock.now().timestamp():
            raise Problem(
                "preview_stale", "The preview is more than 15 minutes old; look again.", changed=["time"]
            )
        if told["a"] != asked:
            raise Problem(
                "preview_stale", "The preview was of another request; look again.", changed=["request"]
            )
        return Promise(asked, told["s"], told["e"])


def sends(requests: Iterable[Request], result: Any = None) -> str:
    """Stands for what would be sent, or, where nothing would, for what there is instead."""
    told: list[Any] = [[each.method, each.path, each.query, each.body, each.comes_to] for each in requests]
    if not told and isinstance(result, Answer):
        told = [result.outcome, result.record.get("id")]
    return sha256(json.encode(told)).hexdigest()[:32]


def promised(flow: Flow[T], promise: Promise) -> Flow[T]:
    """`flow`, as long as its first write is the one that was promised. Raises Conflict preview_stale."""
    try:
        request = next(flow)
        while request.is_read:
            try:
                reply = yield request
            except Fault as fault:
                request = flow.throw(fault)
            else:
                request = flow.send(reply)
        if sends((request, *request.then)) != promise.sends:
            raise _changed()
        while True:
            try:
                reply = yield request
            except Fault as fault:
                request = flow.throw(fault)
            else:
                request = flow.send(reply)
    except StopIteration as done:
        result: T = done.value
        idle = isinstance(result, Answer) and result.outcome in ("already_existed", "unchanged")
        if idle and sends((), result) != promise.sends:
            raise _changed() from None
        return result
    finally:
        flow.close()


def _changed() -> Conflict:
    detail = "what would be sent is no longer what the preview showed; look again"
    return Conflict("preview_stale", detail, changed=["steps"])
