"""Files and text of a multipart body, as the ledger gets them."""

import asyncio
import json
from decimal import Decimal

import httpx

from sandbox.bodies import decode
from sandbox.books import Call, Upload
from sandbox.wire import Received


def decoded(request: httpx.Request) -> Call:
    headers = {name.lower(): value for name, value in request.headers.items()}
    query = request.url.query.decode()
    call = Received("us", request.method, request.url.path, query, headers, request.read())
    return asyncio.run(decode(call, "/x", {}))


def post(**content: object) -> httpx.Request:
    return httpx.Request("POST", "http://127.0.0.1/books/v3/x?a=1&a=2", **content)


def test_files_and_jsonstring() -> None:
    content = bytes(range(256)) * 1000
    files = {"attachment": ("bill.pdf", content, "application/pdf"), "other": ("a.txt", b"", "text/plain")}
    call = decoded(post(data={"JSONString": '{"total": 1.10}'}, files=files))
    assert call.files == (
        Upload("attachment", "bill.pdf", "application/pdf", content),
        Upload("other", "a.txt", "text/plain", b""),
    )
    assert call.body == {"total": Decimal("1.10")}
    assert not call.malformed


def test_a_file_alone_is_not_malformed() -> None:
    call = decoded(post(files={"receipt": ("r.png", b"\x89PNG", "image/png")}))
    assert (call.body, call.malformed, len(call.files)) == (None, False, 1)


def test_decimals_are_exact_and_ids_whole() -> None:
    text = '{"rate": 0.1234567890123456789, "id": 982000000567001123}'
    call = decoded(post(content=text))
    assert call.body == {"rate": Decimal("0.1234567890123456789"), "id": 982000000567001123}


def test_query_keeps_order_and_repeats_and_loses_the_body() -> None:
    body = json.dumps({"name": "ü"})
    request = httpx.Request(
        "PUT", "http://127.0.0.1/x", params=[("a", "1"), ("JSONString", body), ("a", "2")]
    )
    call = decoded(request)
    assert call.query == (("a", "1"), ("a", "2"))
    assert call.body == {"name": "ü"}


def test_no_body_is_none() -> None:
    assert decoded(httpx.Request("GET", "http://127.0.0.1/x")).body is None
