"""Runs flows against the sandbox's ledger in memory: real state and arithmetic, no network, no gateway."""

from collections.abc import Generator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec

from connectors.kit.http import Reply, Request
from connectors.kit.operations import Context
from connectors.zoho_books import CONNECTOR
from sandbox.books import Books, Call, Profile, organization_detail, organization_row
from tests.support.script import decoded

T = TypeVar("T")

NOW = datetime(2026, 6, 9, 20, 0, tzinfo=UTC)
USER = {"user_id": "900", "name": "Owner", "email": "owner@example.com"}


@dataclass
class Twin:
    """One organisation. `calls` is what was asked of it."""

    profile: Profile = field(default_factory=lambda: Profile("10234695", "Acme Books"))
    seed: str = "empty"
    calls: list[Request] = field(default_factory=list[Request])

    def __post_init__(self) -> None:
        self.books = Books(self.profile, lambda: NOW, self.seed)

    @property
    def context(self) -> Context:
        profile = self.profile
        return Context(
            profile.organization_id,
            NOW,
            profile.time_zone,
            profile.currency_code,
            organization_name=profile.name,
        )

    def run(self, flow: Generator[Request, Reply, T]) -> T:
        try:
            request = next(flow)
            while True:
                self.calls.append(request)
                reply = self._reply(request)
                fault = CONNECTOR.judge(reply)
                request = flow.send(reply) if fault is None else flow.throw(fault)
        except StopIteration as stop:
            return stop.value

    def _reply(self, request: Request) -> Reply:
        if request.path.startswith("/organizations"):
            return Reply(200, {}, self._organization(request.path))
        # Across the wire numbers lose nothing and dates become text, so they do here.
        body = None if request.body is None else decoded(_json(request.body))
        call = Call(request.method, request.path, request.query, body=body, user=USER)
        answer = self.books.handle(call)
        headers = {"content-type": answer.media_type}
        if answer.body is None:
            return Reply(answer.status, headers, None, answer.content or b"")
        content = _json(answer.body)
        return Reply(answer.status, headers, decoded(content), content)

    def _organization(self, path: str) -> Any:
        if path == "/organizations":
            return decoded(_json({"code": 0, "organizations": [organization_row(self.profile, USER)]}))
        return decoded(_json({"code": 0, "organization": organization_detail(self.profile)}))


def _json(value: Any) -> bytes:
    return msgspec.json.Encoder(decimal_format="number").encode(value)
