"""Drives a flow by hand against a scripted provider: no network, no gateway."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

from connectors.kit.faults import Fault
from connectors.kit.http import Flow, Reply, Request
from connectors.kit.operations import Context
from tests.support.driving import drive

T = TypeVar("T")

NOW = datetime(2026, 6, 20, 12, 0, tzinfo=UTC)

CONTEXT = Context(
    organization_id="927270289",
    now=NOW,
    time_zone="America/New_York",
    currency="USD",
    web="https://books.example",
    organization_name="Acme Books",
)


@dataclass
class Provider:
    """Answers requests in the order of `answers`: bodies, faults to raise, or functions of the request."""

    answers: list[Any]
    seen: list[Request] = field(default_factory=list[Request])

    def reply(self, request: Request) -> Reply:
        self.seen.append(request)
        assert self.answers, f"no answer is scripted for {request.method} {request.path}"
        answer = self.answers.pop(0)
        if isinstance(answer, Callable):
            answer = answer(request)
        if isinstance(answer, Fault):
            raise answer
        return Reply(200, body=answer)

    @property
    def calls(self) -> list[str]:
        return [f"{each.method} {each.path}" for each in self.seen]

    @property
    def last(self) -> Request:
        return self.seen[-1]


def run(flow: Flow[T], answers: Iterable[Any] = ()) -> tuple[T, Provider]:
    """The flow's result, and what the provider saw. Every scripted answer must be used."""
    provider = Provider(list(answers))
    result = drive(flow, provider.reply)
    assert not provider.answers, f"{len(provider.answers)} answers were not asked for"
    return result, provider
