"""`truto_response_format=stream`: every page as lines of JSON, sent as soon as it is there."""

from collections.abc import AsyncIterator, Callable
from typing import Any

from fastapi import Request

from app.core import json
from app.core.errors import Problem, problem_body
from app.unified.render import issue_of, page_issues
from connectors.kit.operations import Page


async def lines(
    pages: AsyncIterator[Page], rows: Callable[[Page], list[Any]], request: Request
) -> AsyncIterator[bytes]:
    """The lines of all pages, whose rows `rows` shows. The first page is awaited here, so that its failure is a
    plain problem.

    Every page is one chunk. Issues follow their page as a line `{"issues": […]}`; a failure after the first
    page ends the stream with a line `{"error": {…}}`.
    """
    first = await anext(pages, None)
    return _lines(first, pages, rows, request)


async def _lines(
    first: Page | None,
    pages: AsyncIterator[Page],
    rows: Callable[[Page], list[Any]],
    request: Request,
) -> AsyncIterator[bytes]:
    if first is None:
        return
    try:
        yield _chunk(first, rows(first))
        async for page in pages:
            yield _chunk(page, rows(page))
    except Problem as problem:
        yield _error(request, problem)
    except Exception:
        yield _error(request, Problem("internal_error", "Something went wrong on our side."))
        raise


def _chunk(page: Page, rows: list[Any]) -> bytes:
    issues = page_issues(page)
    if issues:
        rows.append({"issues": [issue_of(issue) for issue in issues]})
    return b"".join(json.encode(row) + b"\n" for row in rows)


def _error(request: Request, problem: Problem) -> bytes:
    request.scope.setdefault("state", {})["problem"] = problem
    body = problem_body(
        problem,
        instance=request.url.path,
        request_id=str((request.scope.get("state") or {}).get("request_id", "")),
        base_url=str(request.app.state.settings.public_url or ""),
    )
    return json.encode({"error": body}) + b"\n"
