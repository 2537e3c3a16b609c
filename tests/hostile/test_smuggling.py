"""Bytes on a socket that two readers might understand differently: one answer at most, and nothing crosses."""

import socket
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.flows.conftest import Admin
from tests.support.product import Product

SECOND = b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture(scope="module")
def account(product: Product) -> dict[str, Any]:
    return product.connect("smuggler")[0]


def told(product: Product, sent: bytes, patience: float = 20.0) -> bytes:
    """What the gateway says until it closes or falls silent; it begins within `patience` seconds."""
    place = urlsplit(product.bases[0])
    said = b""
    with socket.create_connection((place.hostname, place.port or 80)) as wire:
        wire.settimeout(patience)
        wire.sendall(sent)
        try:
            while part := wire.recv(65536):
                said += part
                wire.settimeout(1.5)
        except (TimeoutError, ConnectionResetError):
            pass
    return said


def head(product: Product, account: dict[str, Any]) -> bytes:
    return (
        f"Host: x\r\nAuthorization: Bearer {product.key}\r\nX-Integrated-Account-Id: {account['id']}\r\n"
    ).encode()


@pytest.mark.parametrize(
    "framing",
    [
        b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n",
        b"Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcd",
        b"Content-Length: +4\r\n\r\nabcd",
        b"Content-Length: -4\r\n\r\nabcd",
        b"Content-Length: 4, 4\r\n\r\nabcd",
        b"Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\nabcd",
        b"Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n",
        b"X: a\r\n folded: b\r\n\r\n",
        b"X: a\x00b\r\n\r\n",
        b"X: a\rContent-Length: 0\r\n\r\n",
        b"X: a\nTransfer-Encoding: chunked\n\n0\n\n",
    ],
)
@pytest.mark.parametrize("path", [b"/proxy/contacts", b"/integrated-account/token"])
def test_lengths_that_contradict(
    product: Product, admin: Admin, account: dict[str, Any], path: bytes, framing: bytes
) -> None:
    mark = admin.last()
    said = told(product, b"POST " + path + b" HTTP/1.1\r\n" + head(product, account) + framing + SECOND)
    assert said.startswith(b"HTTP/1.1 400 "), said[:200]
    assert said.count(b"HTTP/1.1 ") == 1
    assert admin.calls(after=mark) == []


@pytest.mark.parametrize(
    ("target", "status"),
    [
        (b"http://evil.example/proxy/contacts", b"200"),
        (b"/proxy/contacts#/../organizations", b"200"),
        (b"/%70roxy/contacts", b"400"),
        (b"/proxy%2fcontacts", b"400"),
        (b"/proxy/../proxy/contacts", b"400"),
        (b"/proxy\\contacts", b"404"),
        (b"//evil.example/proxy/contacts", b"404"),
        (b"/proxy//evil.example/contacts", b"404"),
        (b"/proxy/http://evil.example/contacts", b"400"),
        ("/proxy/contäcts".encode(), b"400"),
        (b"*", b"404"),
        (b"evil.example:443", b"400"),
    ],
)
def test_targets_lead_to_the_accounts_books_or_nowhere(
    product: Product, admin: Admin, account: dict[str, Any], target: bytes, status: bytes
) -> None:
    mark = admin.last()
    said = told(product, b"GET " + target + b" HTTP/1.1\r\n" + head(product, account) + b"\r\n", 20)
    assert said[9:12] == status, said[:200]
    for call in admin.calls(after=mark):
        assert call["path"].startswith("/books/v3/") and ".." not in call["path"]
        assert ["organization_id", account["organization"]["id"]] in call["query"]


def test_methods_that_are_not_forwarded(product: Product, admin: Admin, account: dict[str, Any]) -> None:
    mark = admin.last()
    for method in (b"TRACE", b"CONNECT", b"PROPFIND", b"get", b"FOO"):
        said = told(product, method + b" /proxy/contacts HTTP/1.1\r\n" + head(product, account) + b"\r\n")
        assert said[9:12] in (b"400", b"405"), said[:200]
    assert admin.calls(after=mark) == []


def test_hosts_twice_or_wrong(product: Product) -> None:
    for hosts in (b"Host: a\r\nHost: b\r\n", b"Host: a/b\r\n", b"Host: a@b\r\n", b"Host:\r\n", b""):
        assert told(product, b"GET /ping HTTP/1.1\r\n" + hosts + b"\r\n").startswith(b"HTTP/1.1 400 ")


def test_a_body_without_end(product: Product, admin: Admin, account: dict[str, Any]) -> None:
    mark = admin.last()
    place = urlsplit(product.bases[0])
    chunk = b"10000\r\n" + bytes(0x10000) + b"\r\n"
    for path, most in ((b"/link-token", 40), (b"/proxy/contacts", 700)):
        with socket.create_connection((place.hostname, place.port or 80)) as wire:
            wire.settimeout(10)
            wire.sendall(b"POST " + path + b" HTTP/1.1\r\n" + head(product, account)
                         + b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")  # fmt: skip
            try:
                for _ in range(most):  # 100 MB and more, if it were let
                    wire.sendall(chunk)
            except (BrokenPipeError, ConnectionResetError):
                pass
            try:
                said = wire.recv(65536)
            except ConnectionResetError:
                said = b"HTTP/1.1 413 "
            assert said.startswith(b"HTTP/1.1 413 "), said[:100]
    assert [call for call in admin.calls(after=mark) if call["status"] in (200, 201)] == []
