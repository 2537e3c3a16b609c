"""Whatever a handler lets out, answered as a problem."""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match
from structlog.stdlib import get_logger

from app.core import json
from app.core.errors import FieldError, Problem, problem_body

_log = get_logger("ledgerway.errors")

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
_QUOTED = re.compile(r"'([^']*)'")  # how what is told of a closed set names its values


def problem_response(request: Request, problem: Problem) -> Response:
    """The answer to `request`: problem+json, `Retry-After` and the problem's own headers."""
    state = request.scope.setdefault("state", {})
    state["problem"] = problem
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
        if _VALIDATION.get(first["type"]) == "enum_value":
            unknown = _field_error(first, name)
            detail = f"The parameter {name} is none of the values it can have."
            return Problem("validation_failed", detail, errors=[unknown], parameter=name)
        return Problem(
            "parameter_invalid", f"The parameter {name} is invalid: {first['msg']}.", parameter=name
        )
    if any(one["type"] == "json_invalid" for one in found):
        return Problem("malformed_json", "The body is not JSON.")
    errors = [
        _field_error(one, "".join(f"/{_escape(part)}" for part in one["loc"] if part != "body"))
        for one in found
    ]
    return Problem("validation_failed", "The request body is not valid.", errors=errors)


def _field_error(one: Mapping[str, Any], pointer: str) -> FieldError:
    code = _VALIDATION.get(str(one["type"]), "wrong_type")
    if code != "enum_value":
        return FieldError(code, pointer, str(one["msg"]))
    allowed = tuple(_QUOTED.findall(one["ctx"]["expected"]))
    near = next(iter(get_close_matches(str(one["input"]), allowed, n=1)), None)
    return FieldError(code, pointer, str(one["msg"]), allowed, near)


def _escape(part: object) -> str:
    return str(part).replace("~", "~0").replace("/", "~1")
