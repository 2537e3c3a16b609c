"""When a message is tried again, and when its endpoint is given a rest or given up."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

ATTEMPTS: tuple[float, ...] = (0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""Seconds before each attempt, from the one before it: 75 hours in all."""

_JITTER = 0.2
_LONGEST_ASKED = 86_400.0

DEGRADED_AT = 10
PROBE = timedelta(minutes=1)
GIVEN_UP = timedelta(days=5)


def wait_after(attempts: int, asked: float | None) -> float | None:
    """Seconds to the next attempt after so many failed; None when that was the last.

    `asked` is what the receiver's Retry-After said: it is waited for, up to a day.
    """
    if attempts >= len(ATTEMPTS):
        return None
    base = ATTEMPTS[attempts] * random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311 — not all at once
    if asked is None or asked > _LONGEST_ASKED:
        return base
    return max(base, asked)


@dataclass(frozen=True, slots=True)
class Health:
    """How an endpoint fared. `probe_at`: nothing is sent before."""

    word: str = "ok"
    failures: int = 0
    failing_since: datetime | None = None
    succeeded_at: datetime | None = None
    probe_at: datetime | None = None
    detail: str | None = None


def succeeded(now: datetime) -> Health:
    return Health(succeeded_at=now)


def failed(health: Health, now: datetime, status: int | None, asked: float | None) -> Health:
    """After one more failure: at work, resting (one message a minute), or given up.

    410 gives up at once; otherwise five days of failures without a success between them do.
    """
    failures = health.failures + 1
    since = health.failing_since or now
    rests = [health.probe_at] if health.probe_at and health.probe_at > now else []
    if asked:
        rests.append(now + timedelta(seconds=min(asked, _LONGEST_ASKED)))
    word, detail = "ok", None
    if failures >= DEGRADED_AT:
        word, detail = "degraded", f"{failures} attempts in a row failed; one message a minute is tried"
        rests.append(now + PROBE)
    if status == 410:
        word, detail = "disabled", "the endpoint answered 410: it wants no more"
    elif now - since >= GIVEN_UP:
        word, detail = "disabled", "no message got through for five days"
    return Health(word, failures, since, health.succeeded_at, max(rests, default=None), detail)
