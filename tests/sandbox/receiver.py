"""An endpoint for the sandbox's webhooks, a verifier of their signatures, and an organisation that fires them."""

import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote_plus

import httpx

from .conftest import Caller

SECRET = "aB3dE6gH9jK2"
PATIENCE = 60.0


@dataclass(frozen=True)
class Arrival:
    method: str
    target: str
    headers: dict[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.content)

    @property
    def form(self) -> dict[str, str]:
        return dict(pairs(self.content.decode()))


def pairs(text: str) -> list[tuple[str, str]]:
    found = (part.partition("=") for part in text.split("&") if part)
    return [(unquote_plus(name), unquote_plus(value)) for name, _, value in found]


def verifies(arrival: Arrival, secret: str = SECRET) -> bool:
    """The algorithm as the provider words it: sort query and form pairs, append the JSON body, hash."""
    known = pairs(arrival.target.partition("?")[2])
    is_form = arrival.headers["content-type"] == "application/x-www-form-urlencoded"
    if is_form:
        known += pairs(arrival.content.decode())
    known.sort(key=lambda pair: pair[0])
    message = "".join(f"{name}{value}" for name, value in known).encode()
    if not is_form:
        message += arrival.content
    expected = hmac.digest(secret.encode(), message, hashlib.sha256).hex()
    return expected == arrival.headers["x-zoho-webhook-signature"]


def eventually(found: Callable[[], Any]) -> Any:
    """The first truthy value; conditions are waited for, times are not asserted."""
    end = time.monotonic() + PATIENCE
    while not (value := found()):
        assert time.monotonic() < end, "it never came"
        time.sleep(0.01)
    return value


class Receiver:
    """An endpoint on loopback that keeps what arrives and answers `statuses`, then 200."""

    def __init__(self) -> None:
        self.arrivals: list[Arrival] = []
        self.statuses: list[int] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers.get("content-length", "0"))
                headers = {name.lower(): value for name, value in self.headers.items()}
                content = self.rfile.read(length)
                outer.arrivals.append(Arrival(self.command, self.path, headers, content))
                self.send_response(outer.statuses.pop(0) if outer.statuses else 200)
                self.send_header("content-length", "0")
                self.end_headers()

            do_PUT = do_DELETE = do_POST

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/in"

    def first(self, count: int = 1) -> list[Arrival]:
        eventually(lambda: len(self.arrivals) >= count)
        return self.arrivals[:count]


@contextmanager
def receiving() -> Generator[Receiver]:
    """A receiver in a thread of its own, until the block ends."""
    found = Receiver()
    thread = threading.Thread(target=found.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        found.server.shutdown()
        found.server.server_close()
        thread.join()


@dataclass
class Automated:
    """An organisation, its webhooks and the admin API's view on them."""

    mine: Caller
    admin: httpx.Client
    receiver: Receiver

    def ok(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.mine(method, path, json=body)
        assert answer.status_code in (200, 201), answer.text
        return answer.json()

    def rule(self, entity: str, rule_type: str = "add_edit", **webhook: Any) -> str:
        """The id of the webhook of a new rule."""
        body = {
            "webhook_name": f"{entity} {rule_type}",
            "entity": entity,
            "url": self.receiver.url,
            **webhook,
        }
        webhook_id = self.ok("POST", "/settings/webhooks", body)["webhook"]["webhook_id"]
        action = {"action_type": "webhook", "action_id": webhook_id}
        rule = {
            "workflow_name": entity,
            "entity": entity,
            "rule_type": rule_type,
            "instant_actions": [action],
        }
        self.ok("POST", "/settings/workflows", rule)
        return webhook_id

    def contact(self, name: str = "Acme", **more: Any) -> str:
        return self.ok("POST", "/contacts", {"contact_name": name, **more})["contact"]["contact_id"]

    def deliveries(self, **narrowed: str) -> list[dict[str, Any]]:
        answer = self.admin.get("/hooks", params=narrowed)
        assert answer.status_code == 200, answer.text
        return answer.json()["deliveries"]

    def settled(self, count: int = 1) -> list[dict[str, Any]]:
        def found() -> list[dict[str, Any]]:
            rows = self.deliveries()
            return rows if len(rows) >= count and all(row["status"] != "waiting" for row in rows) else []

        return eventually(found)

    def admits(self, path: str, body: Any, method: str = "POST") -> Any:
        answer = self.admin.request(method, path, json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    @property
    def at(self) -> str:
        return f"/organizations/{self.mine.organization_id}"
