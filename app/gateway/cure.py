"""What to do about a fault: a pure function of what happened, how far it got, and the time left."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from connectors.kit.faults import Fault, Kind

Executed: TypeAlias = Literal["no", "yes", "unknown"]

_LEAST = 1.0  # no attempt starts with less left
_TRIES = 3
_BACKGROUND_TRIES = 6
_CAP = 20.0

_TRANSPORT = frozenset({Kind.NETWORK, Kind.TIMEOUT, Kind.TLS})
_UNCLEAR = _TRANSPORT | {Kind.UNAVAILABLE, Kind.GARBLED}
_HOPELESS = frozenset({Kind.TOO_LARGE, Kind.REDIRECT, Kind.DAY})


@dataclass(frozen=True, slots=True)
class Situation:
    """The attempt that failed.

    attempt  counts from 1
    left     seconds to the deadline
    chance   in [0, 1): the dice, thrown by the caller
    """

    fault: Fault
    repeatable: bool
    attempt: int
    left: float
    background: bool = False
    chance: float = 0.5


@dataclass(frozen=True, slots=True)
class Again:
    """Send it again after `seconds`. `charged` attempts draw on the host's retry budget."""

    seconds: float
    charged: bool = True


@dataclass(frozen=True, slots=True)
class GiveUp:
    """`executed`: whether the provider did it. `retryable`: whether the same may be sent again later."""

    executed: Executed
    retryable: bool


def executed(fault: Fault, repeatable: bool) -> Executed:
    """Whether the provider may have done what was asked."""
    if fault.phase == "idle" or fault.kind is Kind.TLS:
        return "no"
    if fault.kind in _TRANSPORT:
        return "no" if repeatable else "unknown"
    if repeatable or fault.kind not in (*_UNCLEAR, Kind.TOO_LARGE):
        return "no"
    if fault.kind is Kind.GARBLED and fault.status is not None and 400 <= fault.status < 500:
        return "no"
    return "unknown"


def decide(case: Situation) -> Again | GiveUp:
    """Again or give up.

    Nothing sent (also for want of a trusted connection): again. Sent without an answer, a 5xx or an unreadable
    answer: again for what is repeatable, otherwise nobody knows. Minute and concurrency limits refuse before
    any work: again. Everything else is the provider's considered answer. TOKEN and FORBIDDEN are decided where
    tokens are.
    """
    fault = case.fault
    outcome = executed(fault, case.repeatable)
    curable = fault.kind not in _HOPELESS and (
        (fault.kind in _UNCLEAR and outcome == "no") or fault.kind in (Kind.MINUTE, Kind.CONCURRENT)
    )
    if fault.kind is Kind.GARBLED and fault.status is not None and 400 <= fault.status < 500:
        curable = False  # a refusal in a shape we cannot read is still a refusal
    lasting = GiveUp(outcome, retryable=outcome == "no" and (curable or fault.kind is Kind.DAY))
    if not curable or case.attempt >= (_BACKGROUND_TRIES if case.background else _TRIES):
        return lasting
    seconds = _pause(case)
    if case.left - seconds < _LEAST:
        return lasting
    return Again(seconds, charged=fault.kind not in (Kind.MINUTE, Kind.CONCURRENT))


def _pause(case: Situation) -> float:
    fault = case.fault
    if fault.kind is Kind.MINUTE:
        return 0.0  # the governor has closed the organisation: the next permit waits
    backoff = case.chance * min(_CAP, 0.5 * 2**case.attempt)
    if fault.kind is Kind.CONCURRENT:
        return max(fault.retry_after or 0.0, 0.2 + backoff)
    if fault.phase == "idle" and case.attempt == 1:
        return case.chance * 0.1  # a stale connection: the next one is fresh
    return max(fault.retry_after or 0.0, backoff)
