"""Who repeats a request by its Idempotency-Key, and what they hear while it has no answer."""

import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any

from starlette.datastructures import Headers

from app.core.clock import Clock
from app.core.errors import Problem
from app.models.writes import Write

HEADER = "Idempotency-Key"
_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_LONGEST_WAIT = 10
_POLL = 0.2


def key_of(headers: Headers, *, required: bool = False) -> str | None:
    """The Idempotency-Key, quotes of its structured form taken off.

    Problem idempotency_key_invalid; idempotency_key_required where the operator demands one.
    """
    given = headers.getlist(HEADER)
    if not given:
        if required:
            detail = (
                f"Writes carry an {HEADER} here: one value of your own for each, the same when you repeat it."
            )
            raise Problem("idempotency_key_required", detail, parameter=HEADER)
        return None
    key = given[0].strip()
    if len(key) > 2 and key[0] == key[-1] == '"':
        key = key[1:-1]
    if len(given) > 1 or not _KEY.fullmatch(key):
        detail = f"{HEADER} is one value of 1 to 255 visible ASCII characters."
        raise Problem("idempotency_key_invalid", detail, parameter=HEADER)
    return key


def patience(headers: Headers) -> float:
    """Seconds a caller waits for the first request with the same key (`Prefer: wait=`)."""
    wait = re.search(r"\bwait=(\d{1,3})\b", headers.get("prefer", ""))
    return min(int(wait[1]), _LONGEST_WAIT) if wait else 0


def ordered(value: Any) -> Any:
    """A JSON value whose objects are in one order, whatever order they came in."""
    if isinstance(value, Mapping):
        return {key: ordered(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [ordered(item) for item in value]
    return value


async def turn(
    claim: Callable[[], Awaitable[tuple[Write, bool]]], clock: Clock, seconds: float
) -> tuple[Write, bool]:
    """The intent, and whether it is the caller's to carry out. Waits so long for somebody else's end.

    Problem idempotency_in_progress, and what `claim` raises.
    """
    until = clock.monotonic() + seconds
    while True:
        intent, is_ours = await claim()
        if is_ours or intent.state != "executing":
            return intent, is_ours
        if clock.monotonic() >= until:
            raise Problem(
                "idempotency_in_progress",
                "The request with this Idempotency-Key is still being carried out.",
                retry_after=1,
                headers={"Ledgerway-Write-Id": intent.id},
            )
        await clock.sleep(_POLL)


def unsettled(intent: Write, now: datetime) -> Problem:
    """What is said to whoever repeats a write nobody saw the end of."""
    headers = {"Ledgerway-Write-Id": intent.id, "Ledgerway-Outcome": "unknown"}
    if intent.error_code == "write_conflict_multiple":
        detail = "What this write made cannot be told from records like it."
        problem = Problem("write_conflict_multiple", detail, headers=headers, executed="unknown")
    else:
        detail = "Nobody saw how this write ended."
        problem = Problem("outcome_pending", detail, headers=headers)
    unseen(problem, intent, now)
    return problem


def unseen(problem: Problem, intent: Write, now: datetime) -> None:
    """Adds to a problem what its caller can do about a write nobody saw the end of, in words and for programs."""
    address = f"/write/{intent.id}"
    told: dict[str, Any] = {"write_id": intent.id, "retryable": False}
    step = {"method": "GET", "path": address}
    if intent.next_check_at is None:
        step = {"method": "POST", "path": f"{address}/resolve"}
        words = f"It is not sent again: look, and say what became of it with POST {address}/resolve."
    elif intent.idempotency_key is None:
        words = (
            f"It is being looked for: GET {address} tells what came of it. Do not send it again before that; who knows "
            f"says it with POST {address}/resolve."
        )
    else:
        wait = (intent.next_check_at - now).total_seconds()
        told |= {"retryable": True, "retry_after": max(1, int(wait) + 1)}
        words = "It is being looked for; ask again with the same key."
    problem.detail = f"{problem.detail} {words}"
    problem.extra |= told | {"next": step}
