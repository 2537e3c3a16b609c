"""How records and pages look on the wire."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from pydantic import BaseModel

from app.core.errors import Problem
from app.core.json import encode
from app.gateway.records import record_of
from app.unified.listing import View
from connectors.kit.operations import Answer, Issue, Page


def select(shown: dict[str, Any], view: View) -> dict[str, Any]:
    """Only what the caller asked to see."""
    if view.fields:
        chosen = frozenset(view.fields) - view.exclude
        return {name: value for name, value in shown.items() if name in chosen}
    if not view.remote_data:
        shown.pop("remote_data", None)
    for name in view.exclude:
        shown.pop(name, None)
    return shown


def single(answer: Answer, model: type[BaseModel], view: View) -> tuple[Any, str | None]:
    """(body, etag) of one record. Issues stand in an `issues` member of the record."""
    shown = record_of(answer, model)
    etag: str | None = shown.get("etag")
    if view.format == "raw":
        return answer.native, etag
    body = select(shown, view)
    if answer.issues:
        body["issues"] = [issue_of(issue) for issue in answer.issues]
    return body, etag


def rows_of(answers: Sequence[Answer], model: type[BaseModel], view: View) -> list[Any]:
    """The rows of a page, in its order."""
    if view.format == "raw":
        return [answer.native for answer in answers]
    return [select(record_of(answer, model), view) for answer in answers]


def envelope(
    page: Page,
    rows: list[Any],
    view: View,
    *,
    limit: int,
    next_cursor: str | None,
    prev_cursor: str | None,
    provider_calls: int,
) -> dict[str, Any]:
    """The body of a list answer: a page, and its rows as they are shown."""
    partial = any(answer.record.get("is_partial") for answer in page.answers)
    body: dict[str, Any] = {
        "result": _keyed(rows, page.answers, view) if view.key_by else rows,
        "next_cursor": next_cursor,
        "prev_cursor": prev_cursor,
        "result_count": len(rows),
        "limit": limit,
        "is_partial_response": partial,
        "provider_calls": provider_calls,
    }
    absent = [name for name in page.absent if not view.fields or name in view.fields] if partial else []
    if absent and view.format != "raw":
        body["absent_fields"] = absent
    issues = page_issues(page)
    if issues:
        body["issues"] = [issue_of(issue) for issue in issues]
    return body


def page_issues(page: Page) -> list[Issue]:
    """Every issue of a page, its pointer starting at the page's body."""
    found = list(page.issues)
    for index, answer in enumerate(page.answers):
        found += (replace(issue, pointer=f"/result/{index}{issue.pointer}") for issue in answer.issues)
    return found


def issue_of(issue: Issue) -> dict[str, Any]:
    shown: dict[str, Any] = {"code": issue.code, "pointer": issue.pointer, "detail": issue.detail}
    if issue.native_path is not None:
        shown["native_path"] = issue.native_path
    if issue.retryable is not None:
        shown["retryable"] = issue.retryable
    shown.update(issue.extra)
    return shown


def _keyed(rows: list[Any], answers: Iterable[Answer], view: View) -> dict[str, Any]:
    """`truto_key_by`: the rows as an object. A row without a value there has no key and is refused."""
    keyed: dict[str, Any] = {}
    name = view.key_by or ""
    for row, answer in zip(rows, answers, strict=True):
        value = answer.record.get(name)
        if value is None or isinstance(value, dict | list):
            detail = f"{name} has no single value on every row, so it cannot be the key."
            raise Problem("parameter_invalid", detail, parameter="truto_key_by")
        keyed[value if isinstance(value, str) else encode(value).decode().strip('"')] = row
    return keyed
