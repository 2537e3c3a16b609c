"""The yardstick: the least an ASGI application on aiohttp can do to pass a request on. `python -m … PORT UPSTREAM`."""

import sys
from typing import Any

import aiohttp
import uvicorn
from yarl import URL


class PassThrough:
    def __init__(self, upstream: str) -> None:
        self._upstream = upstream
        self._session: aiohttp.ClientSession | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        if self._session is None:
            self._session = aiohttp.ClientSession(
                auto_decompress=False,
                cookie_jar=aiohttp.DummyCookieJar(),
                connector=aiohttp.TCPConnector(limit=0),
            )
        url = URL(f"{self._upstream}{scope['path']}?{scope['query_string'].decode()}", encoded=True)
        async with self._session.request(scope["method"], url) as answer:
            headers = [(name.lower(), value) for name, value in answer.raw_headers]
            await send({"type": "http.response.start", "status": answer.status, "headers": headers})
            async for chunk in answer.content.iter_any():
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})


if __name__ == "__main__":
    uvicorn.run(PassThrough(sys.argv[2]), port=int(sys.argv[1]), log_level="warning", access_log=False)
