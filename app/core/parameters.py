"""Query parameters of our own resources: only declared ones, each once; and pages of lists newest first."""

from collections.abc import Callable, Coroutine, Iterable
from datetime import datetime
from difflib import get_close_matches
from typing import Annotated, Any

from fastapi import Query
from fastapi.dependencies.utils import get_flat_params
from fastapi.params import Query as QueryParameter
from fastapi.routing import APIRoute
from pydantic_core import core_schema
from starlette.requests import Request
from starlette.responses import Response

from app.core.cursor import Cursors
from app.core.errors import Problem

LARGEST_PAGE = 200
TIMEOUT_HEADER = "ledgerway-timeout"
DEFAULT_TIMEOUT = 30
MAXIMUM_TIMEOUT = 60

Limit = Annotated[int, Query(ge=1, description="Rows of a page. Above 200 it is 200.")]
NextCursor = Annotated[str | None, Query(description="`next_cursor` of the page before.")]


class OneOf:
    """A text that is one of those given: `Annotated[str, OneOf(NAMES)]`. Problem validation_failed names them."""

    def __init__(self, values: Iterable[str]) -> None:
        self._values = list(values)

    def __get_pydantic_core_schema__(self, _source: object, _handler: object) -> core_schema.CoreSchema:
        return core_schema.literal_schema(self._values)


def timeout_of(request: Request) -> float:
    """The seconds a caller gives us (`Ledgerway-Timeout`). Problem parameter_invalid."""
    text = request.headers.get(TIMEOUT_HEADER)
    if text is None:
        return DEFAULT_TIMEOUT
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text[:9]) <= MAXIMUM_TIMEOUT:
        detail = f"Ledgerway-Timeout is a whole number of seconds from 1 to {MAXIMUM_TIMEOUT}."
        raise Problem("parameter_invalid", detail, parameter="Ledgerway-Timeout")
    return float(text)


class StrictRoute(APIRoute):
    """A route (`APIRouter(route_class=StrictRoute)`) that refuses query parameters it does not declare.

    Problem unknown_parameter (422, with the nearest known one), duplicate_parameter (400).
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        known = {
            field.alias
            for field in get_flat_params(self.dependant)
            if isinstance(field.field_info, QueryParameter)
        }

        async def strict(request: Request) -> Response:
            _check(request, known)
            return await handle(request)

        return strict


def _check(request: Request, known: set[str]) -> None:
    seen: set[str] = set()
    for name, _ in request.query_params.multi_items():
        if name not in known:
            near = next(iter(get_close_matches(name, known, n=1, cutoff=0.6)), None)
            more: dict[str, Any] = {"did_you_mean": near} if near else {}
            hint = f" Did you mean {near}?" if near else ""
            told = name[:100]
            raise Problem(
                "unknown_parameter", f"There is no parameter '{told}' here.{hint}", parameter=told, **more
            )
        if name in seen:
            raise Problem("duplicate_parameter", f"{name} was given more than once.", parameter=name)
        seen.add(name)


def clamp(limit: int) -> int:
    """The page size a caller gets."""
    return min(limit, LARGEST_PAGE)


def next_page(cursors: Cursors, at: datetime, row_id: str, *binding: str) -> str:
    """A cursor after the row made at `at`."""
    return cursors.sign({"at": at.isoformat(), "id": row_id}, *binding)


def page_after(cursors: Cursors, cursor: str | None, *binding: str) -> tuple[datetime, str] | None:
    """Where a page starts: (created_at, id) of the row before it, None at the first. Problem invalid_cursor."""
    if not cursor:
        return None
    position = cursors.open(cursor, *binding)
    return datetime.fromisoformat(position["at"]), position["id"]
