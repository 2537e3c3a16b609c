"""A stand-in for a Vault-compatible transit engine: derived keys, versions, and failures on demand."""

import base64
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

TOKEN = "s.transit-token"


class Transit:
    """`versions` are the key's; `fail` is a list of statuses the next calls are answered with."""

    def __init__(self) -> None:
        self.versions = [os.urandom(32)]
        self.fail: list[int] = []
        self.calls: list[str] = []
        self.derived = True
        self.port = 0

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def rotate(self) -> None:
        self.versions.append(os.urandom(32))

    def answer(self, path: str, token: str | None, body: dict[str, str]) -> tuple[int, Any]:
        self.calls.append(path)
        if self.fail:
            return self.fail.pop(0), {"errors": ["told to"]}
        if token != TOKEN:
            return 403, {"errors": ["permission denied"]}
        verb, _, name = path.removeprefix("/v1/transit/").partition("/")
        if name != "ledgerway":
            return 404, {"errors": []}
        if verb == "keys":
            return 200, {"data": {"latest_version": len(self.versions), "derived": self.derived}}
        try:
            context = base64.b64decode(body["context"], validate=True)
            if verb == "encrypt":
                plaintext = base64.b64decode(body["plaintext"], validate=True)
            else:
                plaintext = self._open(body["ciphertext"], context)
        except (KeyError, ValueError, InvalidTag):
            return 400, {"errors": ["unable to decrypt"]}
        if verb == "decrypt":
            return 200, {"data": {"plaintext": base64.b64encode(plaintext).decode()}}
        return 200, {"data": {"ciphertext": self._close(plaintext, context)}}

    def _close(self, plaintext: bytes, context: bytes) -> str:
        nonce = os.urandom(12)
        sealed = nonce + AESGCM(self.versions[-1]).encrypt(nonce, plaintext, context)
        return f"vault:v{len(self.versions)}:{base64.b64encode(sealed).decode()}"

    def _open(self, ciphertext: str, context: bytes) -> bytes:
        _, version, text = ciphertext.split(":")
        sealed = base64.b64decode(text, validate=True)
        return AESGCM(self.versions[int(version[1:]) - 1]).decrypt(sealed[:12], sealed[12:], context)


@contextmanager
def transit() -> Iterator[Transit]:
    engine = Transit()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: Any) -> None: ...

        def _serve(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, body = engine.answer(
                self.path, self.headers.get("X-Vault-Token"), json.loads(raw) if raw else {}
            )
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = _serve

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    engine.port = server.server_address[1]
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield engine
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
