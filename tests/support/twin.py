"""Drives flows against the sandbox's ledger in memory: the whole way but for HTTP and the gateway."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeVar

import msgspec

from connectors.kit.http import Flow, Reply, Request
from connectors.kit.operations import Answer, Context, Filter, ListQuery, Page
from connectors.kit.resource import Resource
from connectors.zoho_books import CONNECTOR
from sandbox.books import Books, Call, Profile, Upload
from tests.support.driving import drive, judged
from unified_models import MODELS

T = TypeVar("T")

_decode = msgspec.json.Decoder(float_hook=Decimal).decode
_encode = msgspec.json.Encoder(decimal_format="number").encode
_USER = {"user_id": "1", "name": "Owner", "email": "owner@example.com"}


class Twin:
    """One organisation, reached through the connector. `seen` keeps the requests made."""

    def __init__(self, seed: str = "empty", **profile: Any) -> None:
        self.now = datetime(2026, 6, 20, 12, tzinfo=UTC)
        self.profile = Profile("927270289", "Acme Books", **profile)
        self.books = Books(self.profile, lambda: self.now, seed)
        self.seen: list[Request] = []
        self.context = Context(
            organization_id="927270289",
            now=self.now,
            time_zone=self.profile.time_zone,
            currency=self.profile.currency_code,
            web="https://books.example",
        )

    def run(self, flow: Flow[T]) -> T:
        """The flow's result, its faults judged as the gateway judges them."""
        context = replace(self.context, now=self.now)
        self.context = context
        return drive(flow, lambda request: judged(self.reply(request), request, CONNECTOR.judge))

    def reply(self, request: Request) -> Reply:
        self.seen.append(request)
        body = _decode(_encode(request.body)) if request.body is not None else None
        files = tuple(Upload(each.field, each.name, each.media_type, each.content) for each in request.files)
        call = Call(
            request.method, request.path, request.query, dict(request.headers), body, files=files, user=_USER
        )
        answer = self.books.handle(call)
        decoded = _decode(_encode(answer.body)) if answer.body is not None else None
        return Reply(answer.status, answer.headers, decoded, answer.content or b"")

    def resource(self, name: str) -> Resource:
        return CONNECTOR.resources["accounting", name]

    @staticmethod
    def body(name: str, values: dict[str, Any]) -> dict[str, Any]:
        return MODELS["accounting", name].model_validate(values).model_dump(exclude_unset=True)

    def create(self, name: str, /, **values: Any) -> Answer:
        return self.run(self.resource(name).create(self.body(name, values), self.context))

    def update(self, name: str, id: str, /, *, replace_lines: bool = False, **values: Any) -> Answer:
        body = self.body(name, values)
        return self.run(self.resource(name).update(id, body, self.context, replace_lines=replace_lines))

    def get(self, name: str, id: str) -> Answer:
        return self.run(self.resource(name).get(id, self.context))

    def act(self, name: str, id: str, action: str, /, **values: Any) -> Answer:
        return self.run(self.resource(name).act(action, id, values, self.context))

    def list(self, name: str, *filters: Filter, **query: Any) -> Page:
        return self.run(self.resource(name).list(ListQuery(filters=filters, **query), self.context))
