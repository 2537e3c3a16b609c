"""One error base, rendered in one place as RFC 9457 problem+json that a Truto client also understands."""

import http
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match
from structlog.stdlib import get_logger

from app.core.codes import CODES, Code
from app.core.redaction import redact
from connectors.kit.faults import FieldError

__all__ = ["CODES", "Code", "FieldError", "Problem", "install", "problem_body", "problem_response"]

_log = get_logger("ledgerway.errors")

QUOTA_EXCEEDED = "https://iana.org/assignments/http-problem-types#quota-exceeded"
# Python renames these between versions; callers compare them.
_PHRASES = {413: "Payload Too Large", 414: "URI Too Long", 422: "Unprocessable Entity"}
_UNKNOWN_OUTCOME = frozenset({"outcome_unknown", "outcome_pending"})
_BY_STATUS = {
    400: "parameter_invalid",
    401: "unauthenticated",
    403: "insufficient_scope",
    404: "not_found",
    405: "method_not_allowed",
    413: "body_too_large",
    415: "unsupported_media_type",
    422: "validation_failed",
    429: "rate_limited",
    503: "overloaded",
}
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_VALIDATION = {
    "missing": "required",
    "extra_forbidden": "unknown_field",
    "enum": "enum_value",
    "literal_error": "enum_value",
}


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
    extra = dict(problem.extra)
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
        "executed": extra.pop("executed", "unknown" if problem.code in _UNKNOWN_OUTCOME else "no"),
        "retryable": extra.pop("retryable", known.retryable),
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


def problem_response(request: Request, problem: Problem) -> Response:
    """The answer to `request`: problem+json, `Retry-After` and the problem's own headers."""
    state = request.scope.get("state") or {}
    house = getattr(request.scope.get("app"), "state", None)
    settings = getattr(house, "settings", None)
    if problem.status in (401, 403) and (refusals := getattr(house, "refusals", None)) is not None:
        refusals.note(request, problem)
    body = problem_body(
        problem,
        instance=str(request.scope.get("path", "")),
        request_id=str(state.get("request_id", "")),
        base_url=str(getattr(settings, "public_url", "") or ""),
    )
    headers = dict(problem.headers)
    if body["retry_after"] is not None:
        headers.setdefault("Retry-After", str(max(0, -int(-float(body["retry_after"]) // 1))))
    if problem.status == 401:
        headers.setdefault("WWW-Authenticate", "Bearer")
    from app.core import json  # the codec raises Problem, so it imports this module

    return Response(
        json.encode(body), status_code=problem.status, headers=headers, media_type="application/problem+json"
    )


def install(app: FastAPI) -> None:
    """Every exception a handler lets out becomes a problem; nobody sees a trace."""

    async def on_problem(request: Request, error: Exception) -> Response:
        assert isinstance(error, Problem)
        return problem_response(request, error)

    async def on_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return problem_response(request, _from_http(request, error))

    async def on_validation(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return problem_response(request, _from_validation(error))

    async def on_unexpected(request: Request, error: Exception) -> Response:
        _log.error("unexpected_exception", exc_info=error)
        return problem_response(request, Problem("internal_error", "Something went wrong on our side."))

    app.add_exception_handler(Problem, on_problem)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(RequestValidationError, on_validation)
    app.add_exception_handler(Exception, on_unexpected)


def _field_error(error: FieldError, base_url: str) -> dict[str, Any]:
    out: dict[str, Any] = {"code": error.code, "pointer": error.pointer, "detail": error.detail}
    if error.allowed:
        out["allowed"] = list(error.allowed)
    if error.did_you_mean is not None:
        out["did_you_mean"] = error.did_you_mean
    out["docs_url"] = f"{base_url}/docs/errors/{error.code}"
    return out


def _from_http(request: Request, error: HTTPException) -> Problem:
    code = _BY_STATUS.get(error.status_code)
    headers = dict(error.headers or {})
    if code is None:
        code = "parameter_invalid" if error.status_code < 500 else "internal_error"
    if code == "not_found":
        return Problem(code, "There is nothing at this address.", headers=headers)
    if code == "method_not_allowed":
        allowed = _allowed(request)
        told: dict[str, Any] = {"allowed": allowed} if allowed else {}
        headers |= {"Allow": ", ".join(allowed)} if allowed else {}
        return Problem(code, f"{request.method} is not allowed at this address.", headers=headers, **told)
    detail = error.detail if error.status_code < 500 else ""
    return Problem(code, detail, headers=headers)


def _allowed(request: Request) -> list[str]:
    """The methods of this address: its routes have one each, and the router names those of one route only."""
    routes = request.app.router.routes
    return [
        method
        for method in _METHODS
        if any(route.matches({**request.scope, "method": method})[0] is Match.FULL for route in routes)
    ]


def _from_validation(error: RequestValidationError) -> Problem:
    """Query and header faults name the parameter, body faults point into the body."""
    found = list(error.errors())
    parameters = [
        one for one in found if one["loc"] and one["loc"][0] in ("query", "header", "path", "cookie")
    ]
    if parameters:
        first = parameters[0]
        name = ".".join(str(part) for part in first["loc"][1:])
        if first["loc"][0] == "path":
            return Problem("not_found", "There is nothing at this address.")
        if first["type"] == "missing":
            return Problem("parameter_missing", f"The parameter {name} is missing.", parameter=name)
        if first["type"] == "extra_forbidden":
            return Problem("unknown_parameter", f"The parameter {name} is not known.", parameter=name)
        return Problem(
            "parameter_invalid", f"The parameter {name} is invalid: {first['msg']}.", parameter=name
        )
    if any(one["type"] == "json_invalid" for one in found):
        return Problem("malformed_json", "The body is not JSON.")
    errors = [
        FieldError(
            _VALIDATION.get(str(one["type"]), "wrong_type"),
            "".join(f"/{_escape(part)}" for part in one["loc"] if part != "body"),
            str(one["msg"]),
        )
        for one in found
    ]
    return Problem("validation_failed", "The request body is not valid.", errors=errors)


def _escape(part: object) -> str:
    return str(part).replace("~", "~0").replace("/", "~1")
