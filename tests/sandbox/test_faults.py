"""Every way a call can go wrong, as a client sees it, and whether the call took effect."""

import gzip
import json
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from sandbox.faults import KINDS, Faults
from sandbox.wire import Received

from .conftest import Caller, Walker

BODY = {"contact_name": "Acme"}


def arrange(admin: httpx.Client, kind: str, **details: Any) -> int:
    answer = admin.post("/faults", json={"kind": kind, **details})
    assert answer.status_code == 200, answer.text
    return answer.json()["id"]


def stored(admin: httpx.Client, caller: Caller) -> list[str]:
    path = f"/organizations/{caller.organization_id}/calls"
    rows = admin.post(path, json={"path": "/contacts"}).json()["body"]["contacts"]
    return [row["contact_name"] for row in rows]


def raw(caller: Caller, path: str = "/contacts", method: str = "GET") -> bytes:
    """Everything the server puts on the wire until it hangs up; ConnectionResetError passes."""
    parts = urlsplit(caller.grant["api_domain"])
    target = f"/books/v3{path}?organization_id={caller.organization_id}"
    with socket.create_connection((parts.hostname, parts.port or 80), timeout=20) as line:
        line.sendall(
            f"{method} {target} HTTP/1.1\r\nHost: x\r\nAuthorization: {caller.headers['authorization']}\r\n"
            "Connection: close\r\n\r\n".encode()
        )
        received = b""
        while piece := line.recv(65536):
            received += piece
    return received


@pytest.mark.parametrize(
    ("status", "code"), [(429, 44), (500, 1000), (401, 57), (404, 5), (502, None), (503, None)]
)
def test_status(admin: httpx.Client, caller: Callable[..., Caller], status: int, code: int | None) -> None:
    mine = caller()
    arrange(admin, "status", status=status)
    answer = mine("POST", "/contacts", json=BODY)
    assert answer.status_code == status
    if code is None:
        assert answer.headers["content-type"].startswith("text/html")
    else:
        assert answer.json()["code"] == code
        assert answer.headers["x-rate-limit-limit"] == "5000"
    assert stored(admin, mine) == []
    assert mine("GET", "/contacts").status_code == 200


def test_status_with_all_its_options(admin: httpx.Client, caller: Callable[..., Caller]) -> None:
    mine = caller()
    arrange(admin, "status", status=429, code=1070, message="busy", headers={"retry-after": "7"})
    answer = mine("GET", "/contacts")
    assert answer.json() == {"code": 1070, "message": "busy"}
    assert answer.headers["retry-after"] == "7"
    arrange(admin, "status", status=200, body={"code": 45})
    assert mine("GET", "/contacts").json() == {"code": 45}


def test_write_that_happened_but_answered_500(admin: httpx.Client, caller: Callable[..., Caller]) -> None:
    mine = caller()
    arrange(admin, "status", status=500, executed=True)
    assert mine("POST", "/contacts", json=BODY).status_code == 500
    assert stored(admin, mine) == ["Acme"]


def test_html(admin: httpx.Client, caller: Callable[..., Caller]) -> None:
    arrange(admin, "html")
    answer = caller()("GET", "/contacts")
    assert (answer.status_code, answer.text[:15]) == (200, "<!DOCTYPE html>")


def test_redirect(admin: httpx.Client, caller: Callable[..., Caller]) -> None:
    arrange(admin, "redirect", status=307, location="http://127.0.0.1:1/")
    answer = caller()("GET", "/contacts")
    assert (answer.status_code, answer.headers["location"]) == (307, "http://127.0.0.1:1/")


@pytest.mark.parametrize(
    ("kind", "names"),
    [("reset_before", []), ("reset_after", ["Acme"]), ("commit_then_drop", ["Acme"])],
)
def test_no_answer(admin: httpx.Client, caller: Callable[..., Caller], kind: str, names: list[str]) -> None:
    mine = caller()
    arrange(admin, kind)
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        mine("POST", "/contacts", json=BODY)
    assert stored(admin, mine) == names
    entry = admin.get("/journal").json()["calls"][-1]
    assert (entry["fault"], entry["status"], entry["executed"]) == (kind, None, bool(names))


def test_resets_are_resets_and_drops_are_not(admin: httpx.Client, caller: Callable[..., Caller]) -> None:
    mine = caller()
    for kind in ("reset_before", "reset_after"):
        arrange(admin, kind)
        with pytest.raises(ConnectionResetError):
            raw(mine)
    arrange(admin, "commit_then_drop")
    assert raw(mine) == b""


def test_truncated(admin: httpx.Client, caller: Callable[..., Caller]) -> None:
    mine = caller()
    arrange(admin, "truncated")
    with pytest.raises(httpx.RemoteProtocolError):
        mine("POST", "/contacts", json=BODY)
    assert stored(admin, mine) == ["Acme"]
    arrange(admin, "truncated", keep=0.25)
    head, _, body = raw(mine).partition(b"\r\n\r\n")
    declared = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
    assert len(body) == declared // 4


@pytest.mark.parametrize("by", [-10, 10])
def test_wrong_length(admin: httpx.Client, caller: Callable[..., Caller], by: int) -> None:
    mine = caller()
    arrange(admin, "wrong_length", by=by)
    head, _, body = raw(mine).partition(b"\r\n\r\n")
    declared = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
    assert declared == len(body) + by
    assert json.loads(body)["code"] == 0


def test_hang(admin: httpx.Client, caller: Callable[..., Caller]) -> None:
    mine = caller()
    arrange(admin, "hang", seconds=30)
    with pytest.raises(httpx.ReadTimeout):
        mine("POST", "/contacts", json=BODY, timeout=0.3)
    assert stored(admin, mine) == []
    arrange(admin, "hang", seconds=0.05, executed=True)
    with pytest.raises(httpx.RemoteProtocolError):
        mine("POST", "/contacts", json=BODY)
    assert stored(admin, mine) == ["Acme"]


def test_delay_and_slow_body_tell_the_truth(admin: httpx.Client, caller: Callable[..., Caller]) -> None:
    mine = caller()
    arrange(admin, "delay", seconds=0.05)
    assert mine("POST", "/contacts", json=BODY).status_code == 201
    arrange(admin, "slow_body", seconds=2.0, pieces=5)
    pieces: list[bytes] = []
    url = f"{mine.grant['api_domain']}/books/v3/contacts"
    query = {"organization_id": mine.organization_id}
    with mine.web.stream("GET", url, params=query, headers=mine.headers) as answer:
        pieces.extend(answer.iter_raw())
    assert len(pieces) > 1
    assert json.loads(b"".join(pieces))["contacts"][0]["contact_name"] == "Acme"


def test_gzip(admin: httpx.Client, caller: Callable[..., Caller]) -> None:
    mine = caller()
    arrange(admin, "gzip")
    _, _, body = raw(mine).partition(b"\r\n\r\n")
    assert json.loads(gzip.decompress(body))["code"] == 0
    arrange(admin, "gzip")
    assert mine("GET", "/contacts").json()["code"] == 0
    arrange(admin, "bad_gzip")
    with pytest.raises(httpx.DecodingError):
        mine("GET", "/contacts")


def test_garbage_and_noise(admin: httpx.Client, caller: Callable[..., Caller]) -> None:
    mine = caller()
    arrange(admin, "garbage")
    answer = mine("GET", "/contacts")
    assert answer.headers["content-type"].startswith("application/json")
    with pytest.raises(ValueError, match=r".+"):
        json.loads(answer.content)
    arrange(admin, "noise")
    with pytest.raises(httpx.RemoteProtocolError):
        mine("GET", "/contacts")


def test_a_body_that_is_not_read(admin: httpx.Client, caller: Callable[..., Caller], walker: Walker) -> None:
    mine = caller()
    arrange(admin, "unread_body", method="POST")
    assert mine("POST", "/contacts", json=BODY).status_code == 400
    assert BODY["contact_name"] not in stored(admin, mine)
    token = {"token": mine.grant["refresh_token"]}
    url = walker.origin("us") + "/oauth/v2/token/revoke"
    arrange(admin, "unread_body", endpoint="accounts", times=2)
    assert walker.web.post(url, data=token).status_code == 400
    assert walker.web.post(url, params=token).json() == {"status": "success"}


def test_every_kind_leaves_the_next_call_alone(admin: httpx.Client, caller: Callable[..., Caller]) -> None:
    mine = caller()
    options = {"hang": {"seconds": 0.01}, "delay": {"seconds": 0.01}, "slow_body": {"seconds": 0.01}}
    for kind in KINDS:
        arrange(admin, kind, **options.get(kind, {}))
        with suppress(httpx.HTTPError):
            mine("GET", "/contacts")
        answer = mine("GET", "/contacts")
        assert (answer.status_code, answer.json()["code"]) == (200, 0), kind


def test_faults_at_the_token_endpoint(
    admin: httpx.Client, caller: Callable[..., Caller], walker: Walker
) -> None:
    mine = caller()
    arrange(admin, "status", status=500, endpoint="token")
    assert mine("GET", "/contacts").status_code == 200
    refused = walker.web.post(walker.origin("us") + "/oauth/v2/token")
    assert refused.status_code == 500
    arrange(admin, "commit_then_drop", endpoint="token", skip=1)
    walker.refresh("us", mine.grant["refresh_token"])
    with pytest.raises(httpx.RemoteProtocolError):
        walker.refresh("us", mine.grant["refresh_token"])
    assert admin.get("/journal").json()["calls"][-1]["outcome"] == "ok"


def call(path: str = "/books/v3/contacts", method: str = "GET", query: str = "", dc: str = "us") -> Received:
    return Received(dc, method, path, query, {}, b"")


@pytest.mark.parametrize(
    ("match", "hit", "miss"),
    [
        ({"method": "POST"}, call(method="POST"), call()),
        ({"path": "/contacts$"}, call(), call("/books/v3/contacts/1")),
        ({"query": "page=2"}, call(query="page=2&x=1"), call(query="page=1")),
        ({"dc": "in"}, call(dc="in"), call()),
        ({"endpoint": "token"}, call("/oauth/v2/token"), call("/oauth/v2/auth")),
        ({"endpoint": "accounts"}, call("/oauth/v2/token"), call()),
        ({}, call(), call("/oauth/v2/token")),
    ],
)
def test_matching(match: dict[str, str], hit: Received, miss: Received) -> None:
    faults = Faults()
    faults.arrange("html", **match)
    assert faults.take(miss, "1") is None
    assert faults.take(hit, "1") is not None
    assert faults.take(hit, "1") is None


def test_any_endpoint_and_one_organisation() -> None:
    faults = Faults()
    faults.arrange("html", endpoint="any", times=-1)
    assert [bool(faults.take(call(path), "1")) for path in ("/oauth/v2/token", "/books/v3/x")] == [True, True]
    faults.clear()
    faults.arrange("html", organization_id="7")
    assert faults.take(call(), "1") is None
    assert faults.take(call(), "7") is not None


def test_a_fault_may_be_meant_for_one_content(admin: httpx.Client, caller: Callable[..., Caller]) -> None:
    mine = caller()
    arrange(admin, "status", content='"contact_name": ?"B')
    told = [
        mine("POST", "/contacts", json={"contact_name": name}).status_code for name in ("Acme", "Bo", "Bo")
    ]
    assert told == [201, 500, 201]


def test_times_skip_and_clearing(admin: httpx.Client, caller: Callable[..., Caller]) -> None:
    mine = caller()
    arrange(admin, "status", times=2, skip=1)
    assert [mine("GET", "/contacts").status_code for _ in range(4)] == [200, 500, 500, 200]
    first, second = arrange(admin, "status", times=-1), arrange(admin, "html", times=-1)
    assert [mine("GET", "/contacts").status_code for _ in range(2)] == [500, 500]
    assert admin.delete("/faults", params={"id": first}).json() == {"cleared": 1}
    assert mine("GET", "/contacts").headers["content-type"].startswith("text/html")
    assert [fault["id"] for fault in admin.get("/faults").json()["faults"]] == [second]
    assert admin.delete("/faults").json() == {"cleared": 1}
    assert mine("GET", "/contacts").json()["code"] == 0


@pytest.mark.parametrize(
    "details",
    [{"kind": "explode"}, {"kind": "html", "endpoint": "moon"}, {"kind": "html", "path": "("}, {}],
)
def test_nonsense_is_refused(admin: httpx.Client, details: dict[str, str]) -> None:
    answer = admin.post("/faults", json=details)
    assert answer.status_code == 400
    assert answer.json()["error"]
