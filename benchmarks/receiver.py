"""Where webhooks arrive: a server in a thread of its own, that may also refuse or stay silent."""

import json
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True, slots=True)
class Arrived:
    """One delivery, and when it came (epoch seconds)."""

    path: str
    at: float
    headers: dict[str, str]
    body: bytes

    @property
    def told(self) -> dict[str, Any]:
        return json.loads(self.body)


@dataclass
class Receiver:
    """`silent` paths are answered after so many seconds only."""

    origin: str
    arrived: list[Arrived] = field(default_factory=list[Arrived])
    silent: dict[str, float] = field(default_factory=dict[str, float])

    def at(self, path: str) -> list[Arrived]:
        return [each for each in self.arrived if each.path == path]


@contextmanager
def receiver() -> Generator[Receiver]:
    """One that listens until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            made.arrived.append(Arrived(self.path, time.time(), headers, body))
            if seconds := made.silent.get(self.path):
                over.wait(seconds)
            try:
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()
            except OSError:  # nobody waited so long
                self.close_connection = True

        def log_message(self, format: str, *args: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 256

    over = threading.Event()
    server = Server(("127.0.0.1", 0), Handler)
    made = Receiver(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        over.set()
        server.shutdown()
        server.server_close()
