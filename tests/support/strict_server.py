"""A strict provider over HTTP: built from the specification, it refuses whatever that does not know."""

import json
import re
import threading
from collections.abc import Callable
from email import policy
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.support.specification import Specification, Violation
from tests.support.strict import amend

PREFIX = "/books/v3"
TOKEN = {
    "access_token": "1000.strict",
    "token_type": "Bearer",
    "expires_in": 3600,
    "scope": "ZohoBooks.fullaccess.all",
}


class StrictServer:
    """`allows` says which violations are known; `amended` and `added` are set in answers as `Strict` sets them;
    collections that are `empty` have no record.

    A data centre of its own; used as the `sandbox` of a Product.
    """

    def __init__(self, specification: Specification, allows: Callable[[Violation], bool]) -> None:
        self.specification = specification
        self.allows = allows
        self.amended: dict[str, Any] = {}
        self.added: dict[str, Any] = {}
        self.empty: tuple[str, ...] = ()
        self.violations: list[Violation] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def start(self) -> "StrictServer":
        self._thread.start()
        return self

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def settings(self) -> dict[str, str]:
        """The gateway's settings that make this the provider."""
        origin = f"http://127.0.0.1:{self._server.server_address[1]}"
        return {
            "LEDGERWAY_ZOHO_BOOKS_CLIENT_ID": "1000.STRICT",
            "LEDGERWAY_ZOHO_BOOKS_CLIENT_SECRET": "strict-secret",
            "LEDGERWAY_ZOHO_BOOKS_DATA_CENTERS": json.dumps({"us": {"accounts": origin, "api": origin}}),
        }

    def answer(
        self, method: str, target: str, media_type: str, body: bytes, origin: str
    ) -> tuple[int, str, bytes]:
        """Status, media type and body of the answer to a request."""
        url = urlsplit(target)
        if url.path.startswith("/oauth/"):
            return 200, "application/json", json.dumps({**TOKEN, "api_domain": origin}).encode()
        path, query = url.path.removeprefix(PREFIX), parse_qsl(url.query, keep_blank_values=True)
        sent, files = _read(media_type, body)
        found = self.specification.violations(method, path, query, sent, files)
        broken = [each for each in found if not self.allows(each)]
        self.violations += broken
        answer = self.specification.answer(method, path)
        if answer is None:
            return 404, "application/json", b'{"code":5,"message":"Invalid URL Passed"}'
        if path.startswith(tuple(f"{each}/" for each in self.empty)):
            return 404, "application/json", b'{"code":1002,"message":"does not exist"}'
        if broken:
            told = {"code": 2, "message": f"Invalid value passed for {broken[0].where}"}
            return 400, "application/json", json.dumps(told).encode()
        if ("accept", "pdf") in query or (
            method == "GET" and re.search(r"/(documents/\d+|attachment|receipt)$", path)
        ):
            return 200, "application/pdf", b"%PDF-1.4"
        status, example = answer
        return status, "application/json", json.dumps(self._told(example), default=str).encode()

    def _told(self, example: Any) -> Any:
        told = amend(example, {"has_more_page": False, **self.amended})
        for record in told.values():
            for each in record if isinstance(record, list) and len(record) == 1 else [record]:
                if isinstance(each, dict):
                    each.update(self.added)
        return told

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _serve(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                origin = f"http://{self.headers['Host']}"
                kind = self.headers.get("Content-Type", "")
                status, media_type, content = server.answer(self.command, self.path, kind, body, origin)
                self.send_response(status)
                self.send_header("Content-Type", media_type)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = do_DELETE = _serve

            def log_message(self, format: str, *args: Any) -> None:
                pass

        return Handler


def _read(media_type: str, body: bytes) -> tuple[Any, list[str]]:
    """The JSON of a body, or the names of its files."""
    if media_type.startswith("multipart/"):
        head = f"Content-Type: {media_type}\r\n\r\n".encode()
        message = BytesParser(policy=policy.HTTP).parsebytes(head + body)
        return None, [
            str(part.get_param("name", header="content-disposition")) for part in message.iter_parts()
        ]
    return (json.loads(body), []) if body else (None, [])
