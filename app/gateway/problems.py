"""A fault nobody caught, as the problem its caller gets."""

from typing import Any

from app.core.errors import Problem
from app.gateway.cure import Executed
from connectors.kit.connector import Connector
from connectors.kit.faults import Fault, Kind

_CODES: dict[Kind, str] = {
    Kind.TOKEN: "upstream_auth_rejected",
    Kind.FORBIDDEN: "provider_forbidden",
    Kind.ORGANIZATION: "organization_not_found",
    Kind.NOT_FOUND: "not_found",
    Kind.METHOD: "not_implemented",
    Kind.INVALID: "provider_validation_failed",
    Kind.DUPLICATE: "already_exists",
    Kind.CONFLICT: "provider_conflict",
    Kind.DEPENDENTS: "has_dependents",
    Kind.LOCKED: "period_locked",
    Kind.MINUTE: "provider_rate_limited",
    Kind.DAY: "provider_daily_quota_exhausted",
    Kind.CONCURRENT: "provider_rate_limited",
    Kind.UNAVAILABLE: "upstream_error",
    Kind.GARBLED: "upstream_invalid_response",
    Kind.STUCK: "upstream_paging_stuck",
    Kind.TOO_LARGE: "upstream_response_too_large",
    Kind.OVERSIZED: "body_too_large",
    Kind.REDIRECT: "upstream_unexpected_redirect",
    Kind.TIMEOUT: "upstream_timeout",
    Kind.NETWORK: "upstream_error",
    Kind.TLS: "upstream_tls_failed",
}

_DETAILS: dict[Kind, str] = {
    Kind.TOKEN: "{label} refuses a token that was just renewed.",
    Kind.FORBIDDEN: "{label} does not allow this: the connection lacks the permission, or its user the role.",
    Kind.ORGANIZATION: "The user who connected {label} no longer reaches this organisation.",
    Kind.NOT_FOUND: "{label} does not know this record.",
    Kind.METHOD: "{label} does not offer this operation.",
    Kind.INVALID: "{label} refused a value.",
    Kind.DUPLICATE: "{label} already has such a record.",
    Kind.CONFLICT: "The state of the record in {label} does not allow this.",
    Kind.DEPENDENTS: "Other records in {label} depend on this one; take them back first.",
    Kind.LOCKED: "The books of {label} are locked for this day.",
    Kind.MINUTE: "The organisation's calls of this minute are used up.",
    Kind.DAY: "The organisation's calls of this day are used up.",
    Kind.CONCURRENT: "Too many calls of this organisation are in process.",
    Kind.UNAVAILABLE: "{label} answered with an error of its own.",
    Kind.GARBLED: "{label}'s answer could not be read.",
    Kind.STUCK: "The pages of {label}'s list do not advance.",
    Kind.TOO_LARGE: "{label}'s answer is larger than the gateway accepts.",
    Kind.OVERSIZED: "{label} takes no request of this size; nothing of it was done.",
    Kind.REDIRECT: "{label} answered with a redirect; redirects are never followed.",
    Kind.TIMEOUT: "{label} did not answer in time.",
    Kind.NETWORK: "The connection to {label} failed.",
    Kind.TLS: "No trusted connection to {label} could be made.",
}

_OF_THE_NETWORK = frozenset({Kind.TIMEOUT, Kind.NETWORK, Kind.TLS})
LIMITS = frozenset({Kind.MINUTE, Kind.DAY, Kind.CONCURRENT})
"""Refusals before any work: the organisation's budget is used up."""

_SAYS_MORE = frozenset(
    {
        Kind.INVALID,
        Kind.DUPLICATE,
        Kind.CONFLICT,
        Kind.DEPENDENTS,
        Kind.LOCKED,
        Kind.FORBIDDEN,
        Kind.METHOD,
        Kind.OVERSIZED,
    }
)


class OutOfTime(Fault):
    """The caller's deadline leaves no time for an attempt: the provider was not even asked."""


def problem_of(
    fault: Fault, connector: Connector, executed: Executed, *, retryable: bool, watched: bool = False
) -> Problem:
    """The problem for `fault`; `outcome_unknown` when nobody knows whether a write happened. `watched`: whoever asked
    keeps the write, and says what can be done about it.
    """
    unknown = executed == "unknown"
    late = isinstance(fault, OutOfTime)
    code = "outcome_unknown" if unknown else "deadline_exceeded" if late else _CODES[fault.kind]
    detail = _DETAILS[fault.kind].format(label=connector.label)
    if late:
        detail = "The time the caller gives (Ledgerway-Timeout) leaves none for another attempt."
    if unknown:
        detail += " Whether the write happened is not known."
        detail += "" if watched else " Look before sending it again."
    elif fault.kind in _SAYS_MORE and fault.message:
        detail += f" It says: {fault.message}"
    elif fault.kind is Kind.TOO_LARGE and fault.message:
        detail += f" ({fault.message})"
    extra: dict[str, Any] = {
        "origin": _origin(fault),
        "executed": executed,
        "retryable": retryable,
        "provider": {
            "name": connector.slug,
            "status": fault.status,
            "code": fault.code,
            "message": fault.message if fault.status is not None else None,
        },
    }
    if fault.retry_after is not None and retryable:
        extra["retry_after"] = max(1, int(fault.retry_after + 0.999))
    if fault.kind in LIMITS and not unknown:
        extra["violated_policies"] = [fault.kind.value]
    if fault.existing is not None:
        extra["existing"] = dict(fault.existing)
    if fault.records is not None:
        extra["records"] = [dict(each) for each in fault.records]
    if isinstance(fault.raw, dict | list):
        extra["raw_response"] = fault.raw  # decoded JSON only: a foreign HTML page is not passed on
    return Problem(code, detail, errors=fault.errors, **extra)


def _origin(fault: Fault) -> str:
    if isinstance(fault, OutOfTime):
        return "gateway"
    if fault.kind in _OF_THE_NETWORK:
        return "network"
    if fault.kind in LIMITS and fault.status is None:
        return "gateway"
    return "provider"
