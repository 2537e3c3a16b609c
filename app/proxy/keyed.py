"""Raw writes with an Idempotency-Key: sent once, and what they were answered kept and given again."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from hashlib import sha256

from starlette.requests import Request

from app.core import failpoints, json
from app.core.auth import Principal
from app.core.errors import Problem
from app.gateway.engine import Gateway, RawAnswer, RawCall, Run
from app.keys.audit import actor_of
from app.writes.claims import ordered, patience
from app.writes.keyed import Answer, Keyed, Sending
from app.writes.shelf import Asked
from connectors.kit.faults import Fault
from connectors.kit.http import Request as Outgoing

_BOUNDARY = re.compile(r";\s*boundary=(?:\"([^\"]+)\"|([^\s;\"]+))", re.IGNORECASE)
_LONGEST_PATH = 1000  # bytes of a path that stand in an index


async def once(request: Request, principal: Principal, run: Run, call: RawCall, key: str) -> RawAnswer:
    """The provider's answer to `call`, or what it answered when the key came first.

    Problem as of `Gateway.forward` and `Keyed.once`; body_too_large.
    """
    state = request.app.state
    gateway: Gateway = state.gateway
    headers = tuple(pair for pair in call.headers if pair[0] != "prefer")  # it tells us how long to wait
    call = replace(call, headers=headers, body=await _whole(call.body))
    fingerprint = _fingerprint(call, request.headers.get("content-type", ""))
    asked = asked_of(request, run, call, fingerprint, key)

    async def work(sending: Sending) -> Answer:
        async def announced(_: Outgoing) -> None:
            await sending()

        answer = await gateway.forward(replace(run, before_write=announced), call)
        failpoints.hit("write.after_send")
        content = await _read(answer, run, run.deadline - state.clock.monotonic())
        outcome = outcome_of(call.method, answer.status) if answer.executed == "yes" else None
        return Answer(answer.status, tuple(answer.headers), content, answer.executed, outcome)

    keyed = Keyed(state.shelf, state.writes, state.clock)
    answer = await keyed.once(asked, actor_of(request, principal), patience(request.headers), work)
    return RawAnswer(answer.status, list(answer.headers), answer.content, executed=answer.executed)


def asked_of(
    request: Request, run: Run, call: RawCall, fingerprint: str = "", key: str | None = None
) -> Asked:
    """What is asked for, as it is kept."""
    return Asked(
        environment_id=run.account.environment_id,
        account_id=run.account.id,
        tenant_id=run.account.tenant_id,
        method=call.method,
        path=_indexed(request.scope["path"].rstrip("/")),
        resource=run.resource,
        operation=run.operation,
        fingerprint=fingerprint,
        key_id=run.key_id,
        request_id=run.request_id,
        idempotency_key=key,
        source_event=run.source_event,
    )


async def _whole(body: AsyncIterator[bytes] | bytes | None) -> bytes | None:
    if body is None or isinstance(body, bytes):
        return body
    return b"".join([part async for part in body])


async def _read(answer: RawAnswer, run: Run, seconds: float) -> bytes:
    """The whole body. Problem outcome_unknown when it breaks off: what it would have said is not known."""
    if isinstance(answer.body, bytes):
        return answer.body
    try:
        async with asyncio.timeout(max(0.0, seconds)):
            return b"".join([part async for part in answer.body])
    except (Fault, TimeoutError) as broken:
        label = run.account.connector.label
        raise Problem(
            "outcome_unknown",
            f"{label}'s answer broke off. Whether the write happened is not known.",
            origin="network",
            executed="unknown",
            provider={"name": run.account.connector.slug, "status": answer.status},
        ) from broken
    finally:
        await answer.aclose()


def _fingerprint(call: RawCall, content_type: str) -> str:
    """What makes two calls the same: their query in any order, JSON however it is written, any boundary."""
    media = content_type.partition(";")[0].strip().casefold()
    assert call.body is None or isinstance(call.body, bytes)
    query = "&".join(sorted(call.query.split("&")))
    told = "\n".join((call.method, call.path, query, media, "")).encode("latin-1", "replace")
    return sha256(told + _canonical(call.body or b"", media, content_type)).hexdigest()


def _canonical(body: bytes, media: str, content_type: str) -> bytes:
    if media.startswith("multipart/"):
        found = _BOUNDARY.search(content_type)
        return body.replace((found[1] or found[2]).encode("latin-1"), b"") if found else body
    if media.endswith("json"):
        try:
            return json.encode(ordered(json.parse(body)))
        except Problem:
            return body  # the provider's to understand
    return body


def _indexed(path: str) -> str:
    """A path short enough for an index, and still no other's."""
    whole = path.encode()
    return path if len(whole) <= _LONGEST_PATH else f"{path[:200]}#{sha256(whole).hexdigest()}"


def outcome_of(method: str, status: int) -> str | None:
    """What became of the record, as far as a native answer shows it; None for a refusal."""
    if status >= 300:
        return None
    if method == "DELETE":
        return "deleted"
    return "created" if status == 201 else "updated"
