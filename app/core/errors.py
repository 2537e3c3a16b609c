"""One error base, rendered as RFC 9457 problem+json that a Truto client also understands."""

import http
from collections.abc import Mapping, Sequence
from typing import Any

from app.core.codes import CODES, Code
from app.core.redaction import redact
from connectors.kit.faults import FieldError

__all__ = ["CODES", "Code", "FieldError", "Problem", "problem_body"]

QUOTA_EXCEEDED = "https://iana.org/assignments/http-problem-types#quota-exceeded"
# Python renames these between versions; callers compare them.
_PHRASES = {413: "Payload Too Large", 414: "URI Too Long", 422: "Unprocessable Entity"}
_UNKNOWN_OUTCOME = frozenset({"outcome_unknown", "outcome_pending"})


class Problem(Exception):
    """An answer that is an error. `code` is a key of CODES; `detail` is for people and holds no secret.

    `extra` becomes members of the body. Known members:
    origin            gateway | provider | network
    executed          no | yes | unknown
    retryable         when it differs from the code's
    retry_after       seconds; also sent as header
    provider          {name, status, code, message}
    raw_response      what the provider said; sets truto_is_remote_error

    `caller` is the environment and key it is about, where the request does not say; it is not shown.
    """

    def __init__(
        self,
        code: str,
        detail: str = "",
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
        **extra: Any,
    ) -> None:
        self.known = CODES[code]
        super().__init__(detail or self.known.title)
        self.code = code
        self.detail = detail or f"{self.known.title}."
        self.errors = tuple(errors)
        self.headers = dict(headers or {})
        self.extra = extra
        self.caller: tuple[str, str] | None = None

    @property
    def status(self) -> int:
        return self.known.status


def problem_body(problem: Problem, *, instance: str, request_id: str, base_url: str = "") -> dict[str, Any]:
    """The members of the answer, in a fixed order. `base_url` is where the codes are documented."""
    known = problem.known
    extra = {name: value for name, value in problem.extra.items() if name not in ("executed", "retryable")}
    quota = known.status == 429
    body: dict[str, Any] = {
        "type": QUOTA_EXCEEDED if quota else f"{base_url}/docs/errors/{problem.code}",
        "title": known.title,
        "status": known.status,
        "code": problem.code,
        "detail": problem.detail,
        "instance": redact(instance),  # a secret may stand where an id belongs
        "request_id": request_id,
        "origin": extra.pop("origin", "provider" if "raw_response" in extra else "gateway"),
        "executed": executed_of(problem),
        "retryable": retryable_of(problem),
        "retry_after": extra.pop("retry_after", None),
        "statusCode": known.status,
        "error": _PHRASES.get(known.status) or http.HTTPStatus(known.status).phrase,
        "message": problem.detail,
    }
    if quota:
        body["violated-policies"] = extra.pop("violated_policies", [problem.code])
    if problem.errors:
        body["errors"] = [_field_error(error, base_url) for error in problem.errors]
    if extra.get("raw_response") is not None or (extra.get("provider") or {}).get("status") is not None:
        body["truto_is_remote_error"] = True
    body.update(extra)
    return body


def executed_of(problem: Problem) -> str:
    """no, yes or unknown: whether the provider did what was asked."""
    executed: str = problem.extra.get("executed", "unknown" if problem.code in _UNKNOWN_OUTCOME else "no")
    return executed


def retryable_of(problem: Problem) -> bool:
    """Whether the same request may succeed later."""
    retryable: bool = problem.extra.get("retryable", problem.known.retryable)
    return retryable


def _field_error(error: FieldError, base_url: str) -> dict[str, Any]:
    out: dict[str, Any] = {"code": error.code, "pointer": error.pointer, "detail": error.detail}
    if error.allowed:
        out["allowed"] = list(error.allowed)
    if error.did_you_mean is not None:
        out["did_you_mean"] = error.did_you_mean
    out["docs_url"] = f"{base_url}/docs/errors/{error.code}"
    return out
