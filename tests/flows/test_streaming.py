"""A long list as a stream: memory stays flat, nobody is read ahead of, whoever leaves stops it."""

import asyncio
import json
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from benchmarks import streaming
from benchmarks.processes import Bench

MIB = 16
"""What memory may grow by. Rows that were kept would be twenty times as much."""


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A gateway in front of a provider whose lists are as long as we say, and whose minute has no limit."""
    started = Bench(Path(tmp_path_factory.mktemp("bench")))
    yield started
    started.stop()


def served(bench: Bench, what: str) -> int:
    return httpx.get(f"{bench.upstream_url}/served", trust_env=False).json()[what]


def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.05)


def at_rest(bench: Bench) -> int:
    """The pages the provider was asked for, once it is asked no more."""
    before, quiet = -1, 0
    while quiet < 10:
        now = served(bench, "pages")
        quiet = quiet + 1 if now == before else 0
        before = now
        time.sleep(0.1)
    return before


def listener(bench: Bench, url: str) -> socket.socket:
    """A client that has sent its request and read nothing yet; it holds little in hand."""
    parts = urlsplit(url)
    opened = socket.socket()
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
    opened.settimeout(30)
    opened.connect((parts.hostname, parts.port))
    head = "".join(f"{name}: {value}\r\n" for name, value in bench.headers.items())
    opened.sendall(f"GET {parts.path}?{parts.query} HTTP/1.1\r\nHost: {parts.netloc}\r\n{head}\r\n".encode())
    return opened


def test_memory_is_flat(bench: Bench) -> None:
    seen = asyncio.run(streaming.run(bench, rows=20_000))
    assert seen.rows == 20_000
    assert seen.peak < MIB, f"{seen.peak:.1f} MiB more on the way than at row {streaming.WARM}"


def test_a_reader_that_stops_is_not_read_ahead_of(bench: Bench) -> None:
    before, level = served(bench, "pages"), bench.gateway.memory()
    with listener(bench, streaming.stream_url(bench, 100_000)) as client:
        assert client.recv(12) == b"HTTP/1.1 200"
        asked = at_rest(bench) - before
        assert 1 <= asked < 50, f"{asked} of 500 pages were fetched for nobody"
        assert bench.gateway.memory() - level < 2 * MIB
        client.recv(4096)
    assert at_rest(bench) - before < asked + 5


def test_a_client_that_leaves_stops_the_fetching(bench: Bench) -> None:
    """The second page is never answered: only the client's leaving ends the wait for it."""
    with listener(bench, streaming.stream_url(bench, 100_000, held=2)) as client:
        client.recv(4096)
        until(lambda: served(bench, "waiting") == 1)
    until(lambda: served(bench, "waiting") == 0, seconds=20)


def test_a_stream_that_breaks_says_so_at_its_end(bench: Bench) -> None:
    url = streaming.stream_url(bench, 2_000, broken=4)
    with httpx.stream("GET", url, headers=bench.headers, timeout=60, trust_env=False) as answer:
        lines = list(answer.iter_lines())
    assert answer.status_code == 200 and len(lines) == 3 * 200 + 1
    problem = json.loads(lines[-1])["error"]
    assert (problem["code"], problem["status"], problem["retryable"]) == ("upstream_error", 502, True)
