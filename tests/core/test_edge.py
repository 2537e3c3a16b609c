"""The outermost layer: what is refused before any handler, and how paths, bodies and ids arrive there."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Request
from pydantic import BaseModel, ConfigDict
from starlette.responses import StreamingResponse
from starlette.routing import Route

from app.core import edge, error_answers, json
from app.core.bodies import Bodies
from app.core.errors import Problem
from app.core.settings import Settings


class Thing(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str
    size: int = 1


def application(**settings: Any) -> FastAPI:
    app = FastAPI(docs_url=None, redoc_url=None, redirect_slashes=False, strict_content_type=False)
    app.state.settings = Settings(**settings)
    error_answers.install(app)

    @app.post("/things")
    async def create(thing: Thing) -> dict[str, Any]:
        return thing.model_dump()

    @app.get("/things/{id}")
    async def get(id: str, request: Request, n: int = 0) -> dict[str, Any]:
        return {"id": id, "n": n, "request_id": request.state.request_id}

    @app.get("/fails/{how}")
    async def fails(how: str) -> Any:
        if how == "problem":
            raise Problem("rate_limited", "Slow down.", retry_after=2.1)
        if how == "midway":

            async def body() -> AsyncIterator[bytes]:
                yield b"half"
                raise RuntimeError("secret detail")

            return StreamingResponse(body())
        raise RuntimeError("secret detail")

    async def raw(scope: Any, receive: Any, send: Any) -> None:
        size = 0
        async for part in Request(scope, receive).stream():
            size += len(part)
        body = b"%s %d" % (scope["raw_path"], size)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})

    class Raw:
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            await raw(scope, receive, send)

    app.router.routes.insert(0, Route("/proxy/{path:path}", Raw(), methods=["GET", "POST"]))
    app.router.routes.insert(0, Route("/native/{i}/{path:path}", Raw(), methods=["GET", "POST"]))
    app.add_middleware(Bodies, limit=1000, raw_limit=5000)
    app.add_middleware(
        edge.Edge, settings=app.state.settings, aliases={"old_name": "name", "old-name": "name"}
    )
    return app


def call(method: str, path: str, app: FastAPI | None = None, **options: Any) -> httpx.Response:
    async def work() -> httpx.Response:
        transport = httpx.ASGITransport(app or application())
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
            return await client.request(method, path, **options)

    return asyncio.run(work())


def code(response: httpx.Response) -> tuple[int, str]:
    assert response.headers["content-type"] == "application/problem+json", response.text
    body = response.json()
    assert body["status"] == body["statusCode"] == response.status_code
    assert body["request_id"] == response.headers["x-request-id"]
    return response.status_code, body["code"]


def test_request_id_is_kept_or_made() -> None:
    kept = call("GET", "/things/1", headers={"X-Request-Id": "mine-1"})
    assert kept.headers["x-request-id"] == kept.json()["request_id"] == "mine-1"
    made = call("GET", "/things/1", headers={"X-Request-Id": "no spaces allowed"})
    assert made.headers["x-request-id"].startswith("req_")


@pytest.mark.parametrize("path", ["//things///7", "/things/7/", "/things//7//"])
def test_slashes_collapse(path: str) -> None:
    assert call("GET", f"http://gateway{path}").json()["id"] == "7"


def test_provider_paths_keep_everything_but_duplicate_slashes() -> None:
    assert call("GET", "http://gateway//proxy//a%2Fb//c/").content == b"/proxy/a%2Fb/c/ 0"


@pytest.mark.parametrize("name", ["name", "old_name", "old-name"])
def test_integrations_answer_to_their_aliases(name: str) -> None:
    assert (
        call("GET", f"/native/{name}/acc/v3/%6f%20ld_name").content == b"/native/name/acc/v3/%6f%20ld_name 0"
    )


def test_security_headers() -> None:
    headers = call("GET", "/things/1").headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert "strict-transport-security" not in headers
    secure = call("GET", "/things/1", application(public_url="https://gateway.example")).headers
    assert "strict-transport-security" in secure


def test_unknown_route_and_method() -> None:
    assert code(call("GET", "/nowhere")) == (404, "not_found")
    wrong = call("DELETE", "/things")
    assert code(wrong) == (405, "method_not_allowed")
    assert wrong.headers["allow"] == "POST"


def test_a_refused_method_is_told_all_that_the_address_takes() -> None:
    both = APIRouter()

    @both.get("/pairs/{name}")
    async def read(name: str) -> str:  # pyright: ignore[reportUnusedFunction]
        return name

    @both.delete("/pairs/{name}")
    async def remove(name: str) -> str:  # pyright: ignore[reportUnusedFunction]
        return name

    app = application()
    app.include_router(both)
    wrong = call("PATCH", "/pairs/a", app)
    assert code(wrong) == (405, "method_not_allowed")
    assert wrong.headers["allow"] == "GET, DELETE"
    assert wrong.json()["allowed"] == ["GET", "DELETE"]


def test_long_urls_and_headers() -> None:
    assert code(call("GET", "/things/1?x=" + "a" * 9000)) == (414, "uri_too_long")
    assert code(call("GET", "/things/1", headers={f"x-{n}": "1" for n in range(101)})) == (
        431,
        "headers_too_large",
    )
    assert code(call("GET", "/things/1", headers={"x-big": "a" * 33_000})) == (431, "headers_too_large")


@pytest.mark.parametrize(
    "headers",
    [[("Host", "a"), ("Host", "b")], [("Host", "a/b")], [("Host", "a@b")], [("Host", "")], [("Host", "a b")]],
)
def test_hosts(headers: list[tuple[str, str]]) -> None:
    assert code(call("GET", "/things/1", headers=headers)) == (400, "host_invalid")


@pytest.mark.parametrize("host", ["a", "a.example:8080", "127.0.0.1:1", "[::1]:80", "a_b.internal"])
def test_good_hosts(host: str) -> None:
    assert call("GET", "/things/1", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "media", ["application/json", "text/plain; charset=utf-8", "application/x+json", None]
)
def test_json_under_its_names(media: str | None) -> None:
    headers = {"Content-Type": media} if media else {}
    assert call("POST", "/things", content=b'{"name": "a"}', headers=headers).json() == {
        "name": "a",
        "size": 1,
    }


def test_other_bodies_are_refused() -> None:
    xml = call("POST", "/things", content=b"<a/>", headers={"Content-Type": "text/xml"})
    assert code(xml) == (415, "unsupported_media_type")
    form = call("POST", "/things", data={"name": "a"})
    assert code(form) == (415, "unsupported_media_type")
    packed = call("POST", "/things", content=b"x", headers={"Content-Encoding": "gzip"})
    assert code(packed) == (415, "unsupported_encoding")


@pytest.mark.parametrize(
    "body", [b"{", b'{"name":"a","name":"b"}', b'{"name":NaN}', b"\xef\xbb\xbf{}", b"\xff"]
)
def test_malformed_json(body: bytes) -> None:
    assert code(call("POST", "/things", content=body)) == (400, "malformed_json")


def test_validation_names_the_fields() -> None:
    answer = call("POST", "/things", json={"size": "x", "more": 1})
    assert code(answer) == (422, "validation_failed")
    found = {error["pointer"]: error["code"] for error in answer.json()["errors"]}
    assert found == {"/name": "required", "/size": "wrong_type", "/more": "unknown_field"}
    assert code(call("GET", "/things/1?n=x")) == (400, "parameter_invalid")


def test_a_large_body_with_or_without_its_length() -> None:
    assert code(call("POST", "/things", content=b"x" * 1001)) == (413, "body_too_large")

    async def chunks() -> AsyncIterator[bytes]:
        while True:  # endless: only a limit ends it
            yield b"x" * 100

    assert code(call("POST", "/things", content=chunks())) == (413, "body_too_large")
    assert call("POST", "/proxy/a", content=b"x" * 4000).content == b"/proxy/a 4000"
    assert code(call("POST", "/proxy/a", content=chunks())) == (413, "body_too_large")
    assert code(call("POST", "/native/name/a", content=b"x" * 5001)) == (413, "body_too_large")


def test_a_file_is_not_read_before_its_handler_asks_for_it() -> None:
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        while True:
            read += 100
            yield b"x" * 100

    app = application()

    @app.post("/unified/{id}/attachments")
    async def attach(id: str, request: Request) -> None:  # pyright: ignore[reportUnusedFunction]
        if id == "unknown":
            raise Problem("unauthenticated")
        await request.body()

    kind = {"Content-Type": "multipart/form-data; boundary=b"}
    refused = call("POST", "/unified/unknown/attachments", app, content=endless(), headers=kind)
    assert code(refused) == (401, "unauthenticated")
    assert read == 0
    assert code(call("POST", "/unified/1/attachments", app, content=endless(), headers=kind)) == (
        413,
        "body_too_large",
    )
    packed = call("POST", "/unified/1/attachments", app, content=b"x", headers={"Content-Encoding": "gzip"})
    assert code(packed) == (415, "unsupported_encoding")


def test_problems_and_accidents() -> None:
    limited = call("GET", "/fails/problem")
    assert code(limited) == (429, "rate_limited")
    assert limited.headers["retry-after"] == "3" and limited.json()["retryable"] is True
    accident = call("GET", "/fails/badly")
    assert code(accident) == (500, "internal_error")
    assert "secret detail" not in accident.text


def test_half_an_answer_never_looks_whole() -> None:
    with pytest.raises(RuntimeError):
        call("GET", "/fails/midway")


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("method", "key", "executed", "retryable"),
    [("GET", None, "no", True), ("POST", None, "unknown", False), ("POST", "order-1", "unknown", True)],
)
async def test_what_is_cut_off_at_the_end_is_told_so(
    method: str, key: str | None, executed: str, retryable: bool
) -> None:
    begun = asyncio.Event()
    sent: list[Any] = []

    async def never(_scope: Any, _receive: Any, _send: Any) -> None:
        begun.set()
        await asyncio.Event().wait()

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"host", b"ledger.example"), *([(b"idempotency-key", key.encode())] if key else [])]
    scope = {
        "type": "http", "method": method, "path": "/link-token", "query_string": b"", "headers": headers,
        "http_version": "1.1",
    }  # fmt: skip
    request = asyncio.create_task(edge.Edge(never, settings=Settings(), aliases={})(scope, never, send))
    await begun.wait()
    request.cancel()
    with pytest.raises(asyncio.CancelledError):
        await request
    assert sent[0]["status"] == 503
    told = json.decode(sent[1]["body"])
    assert (told["code"], told["executed"], told["retryable"]) == ("shutting_down", executed, retryable)
