"""A canned provider: token endpoint, one organisation, one invoice, lists of invoices. `python -m … PORT`.

Bodies come from the sandbox's ledger, encoded once, so that serving them costs almost nothing. Parameters:
`delay` (milliseconds) holds an answer back; `rows` makes the list of invoices that long, page by page, of which
`held` pages and more are never answered and `broken` pages and more fail. `/served` tells how many pages were
asked for and how many are waited for now.
"""

import asyncio
import json
import sys
from datetime import UTC, datetime
from sys import maxsize
from typing import Any
from urllib.parse import parse_qs

import uvicorn

from sandbox.books import Books, Call, Profile

ORGANIZATION = "10234695"
INVOICES = 200
_JSON = [(b"content-type", b"application/json;charset=UTF-8")]


def ledger() -> Books:
    """An organisation with at least 200 invoices."""
    profile = Profile(organization_id=ORGANIZATION, name="Bench Ltd")
    return Books(profile, lambda: datetime(2026, 6, 1, tzinfo=UTC), seed="furnished")


def ask(books: Books, path: str, **query: str) -> dict[str, Any]:
    """One answer of the ledger, as the service would give it."""
    answer = books.handle(Call("GET", path, tuple(query.items()), {}, None))
    assert answer.status == 200 and answer.body is not None, answer
    return answer.body


def bodies() -> dict[str, bytes]:
    """Path below /books/v3 → body."""
    books = ledger()
    page = ask(books, "/invoices", per_page=str(INVOICES))
    first = ask(books, f"/invoices/{page['invoices'][0]['invoice_id']}")
    page["page_context"]["has_more_page"] = False
    small = {"code": 0, "message": "success", "currency": {"currency_id": "1", "note": "x" * 640}}
    organization = {
        "organization_id": ORGANIZATION,
        "name": "Bench Ltd",
        "currency_code": "USD",
        "time_zone": "UTC",
    }
    told = {
        "/invoices": page,
        "/invoices/1": first,
        "/settings/currencies/1": small,
        "/organizations": {"code": 0, "message": "success", "organizations": [organization]},
        "token": {"access_token": "1000.bench", "expires_in": 3600, "token_type": "Bearer", "scope": "all"},
    }
    return {path: json.dumps(value, default=str).encode() for path, value in told.items()}


class Pages:
    """A list of any length: one row, over and over, each time with an id of its own."""

    def __init__(self, row: dict[str, Any]) -> None:
        self._row = json.dumps({**row, "invoice_id": "@id@"}, default=str).encode()
        self.served = 0
        self.waiting = 0

    async def answer(self, asked: dict[str, int], receive: Any) -> tuple[int, bytes]:
        self.served += 1
        if asked["page"] >= asked.get("held", maxsize):
            self.waiting += 1
            while (await receive())["type"] != "http.disconnect":
                pass
            self.waiting -= 1
        if asked["page"] >= asked.get("broken", maxsize):
            return 500, b'{"code":1000,"message":"Internal Error"}'
        return 200, self._page(asked["page"], asked["per_page"], asked["rows"])

    def _page(self, page: int, size: int, rows: int) -> bytes:
        numbers = range((page - 1) * size, min(page * size, rows))
        body = b",".join(self._row.replace(b"@id@", b"%d" % (10**15 + number)) for number in numbers)
        more = b"true" if page * size < rows else b"false"
        return b'{"code":0,"message":"success","page_context":{"has_more_page":%s},"invoices":[%s]}' % (
            more,
            body,
        )


class Canned:
    def __init__(self) -> None:
        self._bodies = bodies()
        self._pages = Pages(json.loads(self._bodies["/invoices"])["invoices"][0])

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        status, body = await self._answer(scope["path"], scope["query_string"].decode(), receive)
        headers = [*_JSON, (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _answer(self, path: str, query: str, receive: Any) -> tuple[int, bytes]:
        asked = parse_qs(query) if "delay=" in query or "rows=" in query else {}
        if "delay" in asked:
            await asyncio.sleep(int(asked["delay"][0]) / 1000)
        if "rows" in asked:
            numbers = {name: int(given[0]) for name, given in asked.items() if given[0].isdecimal()}
            return await self._pages.answer(numbers, receive)
        if path == "/served":
            return 200, json.dumps({"pages": self._pages.served, "waiting": self._pages.waiting}).encode()
        key = "token" if path.endswith("/token") else path.removeprefix("/books/v3")
        return 200, self._bodies.get(key, b'{"code":5,"message":"Invalid URL Passed"}')


if __name__ == "__main__":
    uvicorn.run(Canned(), port=int(sys.argv[1]), log_level="warning", access_log=False)
