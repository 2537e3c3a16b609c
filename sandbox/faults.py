"""Ways for a call to go wrong, each chosen by name, and the list of those that are due."""

import gzip
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from itertools import count
from typing import Any

from .wire import HTML, JSON, Line, Received, Reply, json_reply

DEFAULT_HANG = 30.0
PAGE = (
    b"<!DOCTYPE html><html><head><title>Zoho</title></head><body><h1>We will be back soon</h1>"
    b"<p>The service is temporarily unavailable.</p></body></html>"
)

ENVELOPES: Mapping[int, tuple[int, str]] = {
    400: (2, "Invalid value passed"),
    401: (57, "You are not authorized to perform this operation"),
    404: (5, "Invalid URL Passed"),
    429: (
        44,
        "For security reasons your organization has been blocked as it have exceeded the maximum number of "
        "requests per minute that can originate from an organization.",
    ),
    500: (1000, "Internal error"),
}
"""The envelope of a status when the fault brings no body of its own; other statuses answer with a page."""


@dataclass(slots=True)
class Fault:
    """One arranged misfortune: `kind` is a key of `KINDS`, `options` are for that kind.

    It befalls `times` calls (-1: every one) that match, after letting `skip` matching ones pass. `method`
    is exact; `path`, `query` and `content` (the body as text) are regular expressions searched for; `dc` is a
    location. `endpoint` is "books", "token", "accounts" (the token endpoint too) or "any". `executed` overrides
    whether the call takes effect.
    """

    id: int
    kind: str
    times: int = 1
    skip: int = 0
    method: str = ""
    path: str = ""
    query: str = ""
    content: str = ""
    dc: str = ""
    endpoint: str = "books"
    organization_id: str = ""
    executed: bool | None = None
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    applied: int = 0

    @property
    def executes(self) -> bool:
        return KINDS[self.kind].executes if self.executed is None else self.executed

    def matches(self, call: Received, organization_id: str) -> bool:
        return (
            self.endpoint in endpoints(call.path)
            and self.method in ("", call.method)
            and self.dc in ("", call.location)
            and self.organization_id in ("", organization_id)
            and re.search(self.path, call.path) is not None
            and re.search(self.query, call.raw_query) is not None
            and (
                not self.content or re.search(self.content, call.body.decode("utf-8", "replace")) is not None
            )
        )

    async def effect(self, line: Line, reply: Reply) -> int | None:
        """Answer the call, or fail to; the status the caller could read."""
        return await KINDS[self.kind].effect(self, line, reply)

    def number(self, name: str, default: float) -> float:
        return float(self.options.get(name, default))


def endpoints(path: str) -> tuple[str, ...]:
    """Which values of a fault's `endpoint` cover a path."""
    if path.rstrip("/") == "/oauth/v2/token":
        return "token", "accounts", "any"
    return ("accounts", "any") if path.startswith("/oauth") else ("books", "any")


Effect = Callable[[Fault, Line, Reply], Awaitable[int | None]]
"""Answers the call, or fails to; `Reply` is the true answer, or an empty one if the call was not executed.
Returns the status the caller could read."""


async def _status(fault: Fault, line: Line, reply: Reply) -> int | None:
    status = int(fault.options.get("status", 500))
    code, message = ENVELOPES.get(status, (None, ""))
    code, message = fault.options.get("code", code), fault.options.get("message", message)
    if "body" in fault.options:
        wrong = json_reply(fault.options["body"], status)
    elif code is None:
        wrong = Reply(status, PAGE, {"content-type": HTML})
    else:
        wrong = json_reply({"code": code, "message": message}, status)
    kept = {name: value for name, value in reply.headers.items() if name.startswith("x-rate-limit")}
    wrong.headers |= {"server": "ZGS", **kept, **fault.options.get("headers", {})}
    await line.answer(wrong)
    return status


async def _html(fault: Fault, line: Line, _: Reply) -> int | None:
    status = int(fault.options.get("status", 200))
    await line.answer(Reply(status, PAGE, {"content-type": HTML, "server": "ZGS"}))
    return status


async def _redirect(fault: Fault, line: Line, _: Reply) -> int | None:
    status, to = int(fault.options.get("status", 302)), str(fault.options.get("location", "/elsewhere"))
    await line.answer(Reply(status, b"", {"location": to, "server": "ZGS"}))
    return status


async def _hang(fault: Fault, line: Line, _: Reply) -> int | None:
    if await line.hold(fault.number("seconds", DEFAULT_HANG)):
        await line.close()
    return None


async def _delay(fault: Fault, line: Line, reply: Reply) -> int | None:
    if not await line.hold(fault.number("seconds", 1.0)):
        return None
    await line.answer(reply)
    return reply.status


async def _reset(_: Fault, line: Line, __: Reply) -> int | None:
    await line.reset()
    return None


async def _drop(_: Fault, line: Line, __: Reply) -> int | None:
    await line.close()
    return None


async def _truncated(fault: Fault, line: Line, reply: Reply) -> int | None:
    length = len(reply.content)
    keep = int(length * fault.number("keep", 0.5))
    await line.misdeclare(Reply(reply.status, reply.content[:keep], reply.headers), length)
    return reply.status


async def _wrong_length(fault: Fault, line: Line, reply: Reply) -> int | None:
    await line.misdeclare(reply, max(0, len(reply.content) + int(fault.number("by", -10))))
    return reply.status


async def _slow_body(fault: Fault, line: Line, reply: Reply) -> int | None:
    pieces = max(2, int(fault.number("pieces", 10)))
    await line.answer(reply, pause=fault.number("seconds", 2.0) / pieces, pieces=pieces)
    return reply.status


async def _gzip(_: Fault, line: Line, reply: Reply) -> int | None:
    headers = reply.headers | {"content-encoding": "gzip"}
    await line.answer(Reply(reply.status, gzip.compress(reply.content), headers))
    return reply.status


async def _bad_gzip(_: Fault, line: Line, reply: Reply) -> int | None:
    await line.answer(Reply(reply.status, reply.content, reply.headers | {"content-encoding": "gzip"}))
    return reply.status


async def _garbage(_: Fault, line: Line, reply: Reply) -> int | None:
    await line.answer(
        Reply(reply.status, b'{"code":0,"mess\xff\xfe' + bytes(64), {"content-type": JSON, "server": "ZGS"})
    )
    return reply.status


async def _noise(_: Fault, line: Line, __: Reply) -> int | None:
    await line.raw(b"\x16\x03\x01\x00\x00 this is not HTTP\r\n\r\n")
    return None


async def _answer(_: Fault, line: Line, reply: Reply) -> int | None:
    await line.answer(reply)
    return reply.status


@dataclass(frozen=True, slots=True)
class Kind:
    """A way to go wrong. `executes`: the call takes effect all the same."""

    doc: str
    executes: bool
    effect: Effect


COMMIT_LATE = "commit_late"
UNREAD_BODY = "unread_body"

KINDS: Mapping[str, Kind] = {
    "status": Kind("`status` (500), with the provider's envelope or `code`, `message`, `body`, `headers`",
                   False, _status),
    "html": Kind("a web page instead of JSON, `status` (200)", False, _html),
    "redirect": Kind("`status` (302) to `location`", False, _redirect),
    "hang": Kind("silence for `seconds` (30), then the connection ends", False, _hang),
    "reset_before": Kind("TCP reset, nothing executed", False, _reset),
    "noise": Kind("bytes that are not HTTP", False, _noise),
    "delay": Kind("the true answer after `seconds` (1)", True, _delay),
    "reset_after": Kind("executed, then TCP reset", True, _reset),
    "commit_then_drop": Kind("executed, then the connection ends in order without an answer", True, _drop),
    COMMIT_LATE: Kind("the connection ends without an answer; `seconds` (1) later the call takes effect", True, _drop),
    UNREAD_BODY: Kind("the true answer to the call as if it had no body", True, _answer),
    "truncated": Kind("`keep` (0.5) of the body, then the connection ends", True, _truncated),
    "wrong_length": Kind("content-length off `by` (-10) bytes", True, _wrong_length),
    "slow_body": Kind("the body in `pieces` (10) over `seconds` (2)", True, _slow_body),
    "gzip": Kind("a gzip body though nobody asked", True, _gzip),
    "bad_gzip": Kind("declared gzip, but plain", True, _bad_gzip),
    "garbage": Kind("declared JSON, but is not", True, _garbage),
    "insert_rows": Kind("the list answers truly; then `count` (1) rows are created, as `body` or by default",
                        True, _answer),
    "delete_rows": Kind("the list answers truly; then the first `count` (1) rows it showed are deleted",
                        True, _answer),
    "meanwhile": Kind("the call is answered truly; then `calls` (`method`, `path`, `body`) are made, dated `late` (0) "
                      "seconds before they are seen", True, _answer),
}  # fmt: skip


class Faults:
    """What is due, in the order in which it was arranged."""

    def __init__(self) -> None:
        self._due: list[Fault] = []
        self._ids = count(1)

    def __iter__(self) -> Iterator[Fault]:
        return iter(tuple(self._due))

    def arrange(self, kind: str, **details: Any) -> Fault:
        """Raises ValueError naming what is wrong."""
        if kind not in KINDS:
            raise ValueError(f"kind is one of {', '.join(KINDS)}")
        known = {part.name for part in fields(Fault)} - {"id", "kind", "options", "applied"}
        if details.get("endpoint", "any") not in ("books", "token", "accounts", "any"):
            raise ValueError("endpoint is books, token, accounts or any")
        given = {name: value for name, value in details.items() if name in known}
        options = {name: value for name, value in details.items() if name not in known}
        for name in ("path", "query", "content"):
            try:
                re.compile(str(given.get(name, "")))
            except re.error as error:
                raise ValueError(f"{name} is not a regular expression: {error}") from None
        fault = Fault(next(self._ids), kind, options=options, **given)
        self._due.append(fault)
        return fault

    def take(self, call: Received, organization_id: str) -> Fault | None:
        """The fault that befalls this call, if one is due."""
        for fault in self._due:
            if not fault.matches(call, organization_id):
                continue
            if fault.skip > 0:
                fault.skip -= 1
                continue
            fault.applied += 1
            if fault.times > 0:
                fault.times -= 1
            if fault.times == 0:
                self._due.remove(fault)
            return fault
        return None

    def clear(self, fault_id: int | None = None) -> int:
        """Forget one or all; how many that were."""
        before = len(self._due)
        self._due = [fault for fault in self._due if fault_id not in (None, fault.id)]
        return before - len(self._due)
