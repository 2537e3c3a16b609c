"""A canned provider: token endpoint, one organisation, one invoice, one page of 200. `python -m … PORT`.

Bodies come from the sandbox's ledger, encoded once, so that serving them costs almost nothing. The header or
query `delay` (milliseconds) holds an answer back.
"""

import asyncio
import json
import sys
from datetime import UTC, datetime
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


class Canned:
    def __init__(self) -> None:
        self._bodies = bodies()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        path = scope["path"]
        query = scope["query_string"]
        if b"delay=" in query:
            await asyncio.sleep(int(parse_qs(query.decode())["delay"][0]) / 1000)
        key = "token" if path.endswith("/token") else path.removeprefix("/books/v3")
        body = self._bodies.get(key, b'{"code":5,"message":"Invalid URL Passed"}')
        await send(
            {
                "type": "http.response.start",
                "status": 200,
                "headers": [*_JSON, (b"content-length", b"%d" % len(body))],
            }
        )
        await send({"type": "http.response.body", "body": body})


if __name__ == "__main__":
    uvicorn.run(Canned(), port=int(sys.argv[1]), log_level="warning", access_log=False)
