"""How many requests of one key are answered at a time."""

import asyncio
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request

from app.core import error_answers
from app.core.edge import Edge
from app.core.errors import Problem
from app.core.settings import Settings
from app.keys.crowd import Crowd


def application(crowd: Crowd, gate: asyncio.Event) -> FastAPI:
    app = FastAPI()
    error_answers.install(app)

    @app.get("/{key}")
    async def wait(key: str, request: Request) -> None:  # pyright: ignore[reportUnusedFunction]
        crowd.enter(request.scope, key)
        crowd.enter(request.scope, key)  # whoever authenticates twice is still one request
        await gate.wait()
        if request.query_params.get("fails"):
            raise RuntimeError("no matter how it ends")

    app.add_middleware(Edge, settings=Settings(), aliases={})
    return app


def test_those_too_many_are_told_to_come_again() -> None:
    async def run() -> None:
        gate, crowd = asyncio.Event(), Crowd(3)
        transport = httpx.ASGITransport(application(crowd, gate), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
            inside = [asyncio.create_task(client.get("/a", params={"fails": n or ""})) for n in range(3)]
            while crowd.inside("a") < 3:
                await asyncio.sleep(0.001)
            refused = await client.get("/a")
            told: dict[str, Any] = refused.json()
            assert told["code"] == "rate_limited" and told["retryable"] is True
            assert told["violated-policies"] == ["in-flight"] and refused.headers["retry-after"] == "1"
            other = asyncio.create_task(client.get("/b"))  # another key has room
            gate.set()
            assert sorted([(await one).status_code for one in inside]) == [200, 500, 500]
            assert (await other).status_code == 200
            again = await asyncio.gather(*(client.get("/a") for _ in range(3)))
            assert [answer.status_code for answer in again] == [200] * 3

    asyncio.run(run())


def test_without_an_edge_nobody_is_counted() -> None:
    crowd = Crowd(1)
    for _ in range(3):
        crowd.enter({"type": "http"}, "a")
    crowd.enter({"state": {}}, "a")
    with pytest.raises(Problem):
        crowd.enter({"state": {}}, "a")


def test_nobody_is_too_many_where_no_limit_is() -> None:
    crowd = Crowd(None)
    for _ in range(1_000):
        crowd.enter({"state": {}}, "a")
    assert crowd.inside("a") == 1_000
