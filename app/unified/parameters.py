"""Parameters and answer headers of the unified API, as `/openapi.json` describes them."""

from collections.abc import Sequence
from typing import Any

from app.unified.calls import SOURCES
from app.unified.copies import UNTIL_HEADER
from app.unified.listing import DEFAULT_LIMIT, MAXIMUM_LIMIT
from app.unified.matching import ON_MATCH
from app.unified.schemas import Schema
from connectors.kit.reports import BASES


def in_query(name: str, schema: Schema, description: str) -> Schema:
    return {"name": name, "in": "query", "description": description, "schema": schema}


def in_header(name: str, description: str, **more: Any) -> Schema:
    schema = {"type": "string", **more}
    return {"name": name, "in": "header", "description": description, "schema": schema}


def match_parameters(able: Sequence[str]) -> list[Schema]:
    """`match_on` and `on_match` of a create that can look by the fields `able`."""
    return [
        {
            "name": "match_on",
            "in": "query",
            "description": "Look before creating: the first of these fields, in order, that finds one record wins. "
            "Compared exactly, but for case and surrounding blanks",
            "schema": {"type": "array", "items": {"type": "string", "enum": list(able)}},
            "style": "form",
            "explode": False,
        },
        {
            "name": "on_match",
            "in": "query",
            "description": "What becomes of a match: return it (Ledgerway-Outcome: already_existed), update what "
            "differs (updated, or unchanged), or 409 already_exists",
            "schema": {"type": "string", "enum": list(ON_MATCH), "default": ON_MATCH[0]},
        },
    ]


FLAG: Schema = {"type": "boolean", "default": False}
PAGING = [
    in_query(
        "limit",
        {"type": "integer", "minimum": 1, "default": DEFAULT_LIMIT},
        f"Above {MAXIMUM_LIMIT} it is that",
    ),
    in_query("next_cursor", {"type": "string"}, "From the page before"),
    in_query("prev_cursor", {"type": "string"}, "From the page after"),
    in_query("search", {"type": "string"}, "Free text, as the provider searches"),
    in_query("truto_key_by", {"type": "string"}, "Answer the rows as an object, by this field"),
    in_query("truto_ignore_limit", FLAG, "Pages of the largest size"),
]
SOURCE = in_query(
    "source",
    {"type": "string", "enum": list(SOURCES), "default": SOURCES[0]},
    "synced: from the copies a sync job keeps, without a call to the provider; filtered and sorted by every field "
    "(see `meta`), without expand, search, remote_query and raw",
)
WRITING = [
    in_query("preview", FLAG, "Answer what would be sent, without sending it"),
    in_query(
        "preview_token", {"type": "string"}, "From a preview: 409 preview_stale when it no longer holds"
    ),
    in_header(
        "Idempotency-Key",
        "The write is carried out once per key, method, path and account; repeated for 7 days",
        pattern="^[!-~]{1,255}$",
    ),
    in_header("X-Source-Event", "Kept with the write; see /write"),
    in_header("Prefer", "wait=N: wait up to 10 seconds for the first request with the same Idempotency-Key"),
]
_TEXT_HEADER = {"schema": {"type": "string"}}
LIMIT_HEADERS = {
    name: {"description": text, "schema": {"type": "integer"}}
    for name, text in (
        ("ratelimit-limit", "Calls of the organisation's tightest budget"),
        ("ratelimit-remaining", "Calls left of it"),
        ("ratelimit-reset", "Seconds until more of it is left"),
    )
} | {
    name: {"description": text, "schema": {"type": "string"}}
    for name, text in (
        ("RateLimit-Policy", "Every limit that applies: q requests in w seconds"),
        ("RateLimit", "What is left of each: r requests, more after t seconds"),
    )
}
SYNCED_HEADERS = {
    UNTIL_HEADER: {
        "description": "With source=synced: everything that changed before is in the copies",
        "schema": {"type": "string", "format": "date-time"},
    }
}
READ_HEADERS = {**LIMIT_HEADERS, **SYNCED_HEADERS, "ETag": _TEXT_HEADER}
WRITE_HEADERS = {
    **LIMIT_HEADERS,
    "ETag": _TEXT_HEADER,
    "Ledgerway-Outcome": _TEXT_HEADER,
    "Ledgerway-Write-Id": _TEXT_HEADER,
    "Idempotent-Replayed": _TEXT_HEADER,
}

_DAY: Schema = {"type": "string", "format": "date"}
REPORT = [
    in_query("start_date", _DAY, "First day of the period; the first of the month when absent"),
    in_query("end_date", _DAY, "Last day of the period; today when absent"),
    in_query("as_of", _DAY, "The day, of reports that show one; today when absent"),
    in_query("basis", {"type": "string", "enum": list(BASES)}, "Accounting basis"),
    in_query("group_by", {"type": "string"}, "Split the columns; `meta` says by what"),
]
