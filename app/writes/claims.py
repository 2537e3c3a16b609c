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
    told: dict[str, Any] = {"write_id": intent.id, "executed": "unknown", "retryable": False}
    resolve = f"say what became of it with POST /write/{intent.id}/resolve."
    if intent.error_code == "write_conflict_multiple":
        detail = f"What this write made cannot be told from records like it: {resolve}"
        return Problem("write_conflict_multiple", detail, headers=headers, **told)
    if intent.next_check_at is None:
        detail = (
            f"Nobody saw how this write ended, and it cannot be found out. It is not sent again: {resolve}"
        )
        return Problem("outcome_pending", detail, headers=headers, **told)
    wait = (intent.next_check_at - now).total_seconds()
    told |= {"retryable": True, "retry_after": max(1, int(wait) + 1)}
    detail = "Nobody saw how this write ended. It is being looked for; ask again with the same key."
    return Problem("outcome_pending", detail, headers=headers, **told)
