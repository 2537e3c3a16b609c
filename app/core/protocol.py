"""How the server reads from the network: bounded headers, bounded patience, problems instead of plain text."""

import asyncio
import http
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.core import json
from app.core.edge import LONGEST_URL, MOST_HEADER_BYTES, MOST_HEADERS, abandon
from app.core.errors import Problem, problem_body
from app.core.ids import new_id

HEAD_SECONDS = 10.0
BODY_SECONDS = 30.0
SLOWEST_BODY = 32 * 1024  # bytes per second a body must average once its first half minute is over
PARTING_SECONDS = 2.0
MOST_CONNECTIONS = 512
_OWN_FILES = 64  # databases, logs, the listening socket, and callers being told that it is full


class Protocol(HttpToolsProtocol):
    """uvicorn's httptools protocol with limits: a slow or endless head or body ends the connection.

    A head larger than 8 KB of URL and 32 KB of headers is 414 or 431 before it is complete; a head has 10
    seconds, a body 30 and then as long as it keeps up 32 KB/s; over `most` connections the answer is 503.
    A read whose caller left is cancelled, so that nothing goes on waiting for a provider on behalf of nobody.
    """

    most = MOST_CONNECTIONS

    def connection_made(self, transport: asyncio.Transport) -> None:
        super().connection_made(transport)
        self._refusal: Problem | None = None
        self._in_head = False
        self._chunk = 0
        self._head = 0
        self._body = 0
        self._body_due = 0.0
        self._parting = False
        self._timer: asyncio.TimerHandle | None = None
        if len(self.connections) > self.most:
            self._refuse(Problem("overloaded", "Too many connections.", retry_after=1))
            return
        self._wait(HEAD_SECONDS, self._head_late)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop()
        cycle = self.cycle
        super().connection_lost(exc)
        if cycle is not None and cycle.disconnected:  # pyright: ignore[reportUnnecessaryComparison]
            abandon(cycle.scope.get("state", {}))

    def data_received(self, data: bytes) -> None:
        if self._parting or self.transport.is_closing():
            return
        self._chunk = len(data)
        self._head += self._chunk
        super().data_received(data)
        if self._in_head and self._head > LONGEST_URL + 2 * MOST_HEADER_BYTES:
            self._refuse(Problem("headers_too_large", "The headers do not end."))

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head = True
        self._head = self._chunk  # at most: the end of the request before may be in it
        self._fields = 0
        self._wait(HEAD_SECONDS, self._head_late)

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        if len(self.url) > LONGEST_URL:
            self._stop_parsing(Problem("uri_too_long", f"The URL is longer than {LONGEST_URL} bytes."))

    def on_header(self, name: bytes, value: bytes) -> None:
        super().on_header(name, value)
        self._fields += len(name) + len(value) + 4
        if len(self.headers) > MOST_HEADERS or self._fields > MOST_HEADER_BYTES:
            self._stop_parsing(Problem("headers_too_large", "There are too many or too large headers."))

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._body = 0
        self._body_due = self.loop.time() + BODY_SECONDS
        self._wait(BODY_SECONDS, self._body_late)
        super().on_headers_complete()
        self.cycle.transport = _Courteous(self)  # pyright: ignore[reportAttributeAccessIssue] — all it uses

    def on_body(self, body: bytes) -> None:
        self._body += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._stop()
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """What uvicorn calls when the parser gave up, whether by itself or because a limit told it to."""
        self._refuse(self._refusal or Problem("request_invalid", "This is not a valid HTTP request."))

    def _stop_parsing(self, problem: Problem) -> None:
        self._refusal = problem
        raise problem  # the parser turns it into its own error, and data_received ends in send_400_response

    def _refuse(self, problem: Problem) -> None:
        self._stop()
        if self.transport.is_closing():
            return
        idle = self.cycle is None or self.cycle.response_complete or not self.cycle.response_started  # pyright: ignore[reportUnnecessaryComparison]
        if idle:
            content = json.encode(problem_body(problem, instance="", request_id=new_id("req")))
            phrase = http.HTTPStatus(problem.status).phrase.encode()
            lines = [
                b"HTTP/1.1 %d %s" % (problem.status, phrase),
                b"content-type: application/problem+json",
                b"content-length: %d" % len(content),
                b"connection: close",
            ]
            self.transport.write(b"\r\n".join((*lines, b"", content)))
        self.part()

    def part(self) -> None:
        """Close so that the last answer arrives: a socket closed with unread data would take it back."""
        if self._parting or self.transport.is_closing():
            return
        if not self.transport.can_write_eof():
            self.transport.close()
            return
        self._parting = True
        self.transport.write_eof()
        self.flow.resume_reading()
        self._wait(PARTING_SECONDS, self.transport.close)

    def _head_late(self) -> None:
        if self.cycle is not None and not self.cycle.response_complete:  # pyright: ignore[reportUnnecessaryComparison]
            return  # an answer is on its way; its own deadline holds
        if self._in_head:
            self._refuse(Problem("request_timeout", "The request headers took too long."))
        else:
            self.transport.close()

    def _body_late(self) -> None:
        now = self.loop.time()
        if self.flow.read_paused:  # we are the ones who are slow
            self._body_due = now + BODY_SECONDS
        elif self._body < SLOWEST_BODY * (now - self._body_due + BODY_SECONDS):
            if self.cycle is not None and not self.cycle.response_complete:  # pyright: ignore[reportUnnecessaryComparison]
                self._refuse(Problem("request_timeout", "The request body took too long."))
            return
        self._wait(BODY_SECONDS / 3, self._body_late)

    def _wait(self, seconds: float, then: Any) -> None:
        self._stop()
        self._timer = self.loop.call_later(seconds, then)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def make_room(files: int) -> None:
    """Serve no more callers than `files` open files are enough for: each may need one more, to the provider."""
    Protocol.most = max(8, min(MOST_CONNECTIONS, (files - _OWN_FILES) // 2))


class _Courteous:
    """The transport as one answer sees it: closing it before the request was read to its end means parting."""

    def __init__(self, protocol: Protocol) -> None:
        self._protocol = protocol
        self._cycle = protocol.cycle
        self.write = protocol.transport.write
        self.is_closing = protocol.transport.is_closing

    def close(self) -> None:
        if self._cycle.more_body:
            self._protocol.part()
        else:
            self._protocol.transport.close()
