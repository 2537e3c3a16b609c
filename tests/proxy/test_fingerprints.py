"""What makes two raw writes the same."""

from typing import Any

import pytest

from app.gateway.runs import RawCall
from app.proxy.keyed import _fingerprint, _indexed

JSON, FORM = "application/json; charset=utf-8", "application/x-www-form-urlencoded"


def mark(body: bytes | None = b'{"a":1.0,"b":[1,2]}', media: str = JSON, **more: Any) -> str:
    call = RawCall(**{"method": "POST", "path": "/contacts", "query": "a=1&b=2", **more}, body=body)
    return _fingerprint(call, media)


def part(boundary: str, content: str = "x") -> bytes:
    return f'--{boundary}\r\nContent-Disposition: form-data; name="a"\r\n\r\n{content}\r\n--{boundary}--\r\n'.encode()


@pytest.mark.parametrize(
    "same",
    [
        {"query": "b=2&a=1"},
        {"body": b' { "b": [1, 2],\n"a": 1.0 } '},
        {"media": "application/json"},
    ],
)
def test_the_same(same: dict[str, Any]) -> None:
    assert mark(**same) == mark()


@pytest.mark.parametrize(
    "other",
    [
        {"method": "PUT"}, {"path": "/contacts/1"}, {"query": "a=1&b=3"}, {"query": "a=1"}, {"query": ""},
        {"body": b'{"a":1.1,"b":[1,2]}'}, {"body": b'{"a":1.0,"b":[2,1]}'}, {"body": None}, {"body": b""},
        {"body": b"not json"}, {"media": "text/plain"}, {"media": ""},
    ],
)  # fmt: skip
def test_not_the_same(other: dict[str, Any]) -> None:
    assert mark(**other) != mark()


def test_forms() -> None:
    assert mark(part("one"), "multipart/form-data; boundary=one") == mark(
        part("two"), 'multipart/form-data; boundary="two"'
    )
    assert mark(part("one"), "multipart/form-data; boundary=one") != mark(
        part("two", "y"), "multipart/form-data; boundary=two"
    )
    assert mark(b"a=1&b=2", FORM) != mark(b"b=2&a=1", FORM)  # which of two comes first may matter


def test_paths_longer_than_an_index_takes() -> None:
    long = "/proxy/" + "é" * 3000
    assert _indexed(long[:500]) == long[:500]
    assert len(_indexed(long).encode()) < 1000
    assert _indexed(long) != _indexed(long + "x")
