"""Runs a flow against a scripted provider: what it asks, in order, and what it is told."""

from collections.abc import Generator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeVar

import msgspec

from connectors.kit.faults import Fault
from connectors.kit.http import Reply, Request
from connectors.kit.operations import Context
from tests.support.driving import drive

T = TypeVar("T")

NOW = datetime(2026, 6, 9, 20, 0, tzinfo=UTC)
CONTEXT = Context(
    "927270289", NOW, "America/New_York", "USD", "https://books.example", organization_name="Nango Dev"
)


@dataclass
class Script:
    """`says` answers each call in turn: a body, a whole Reply, or a Fault to throw. `asked` is what was sent."""

    says: list[Any]
    asked: list[Request] = field(default_factory=list[Request])

    def run(self, flow: Generator[Request, Reply, T]) -> T:
        answers = iter(self.says)

        def told(request: Request) -> Reply:
            self.asked.append(request)
            answer = next(answers, None)
            assert answer is not None, f"unexpected call {request.method} {request.path}"
            if isinstance(answer, Fault):
                raise answer
            return answer if isinstance(answer, Reply) else Reply(200, {}, {"code": 0, **answer})

        result = drive(flow, told)
        left = list(answers)
        assert not left, f"never asked for {left}"
        return result

    @property
    def calls(self) -> list[str]:
        return [f"{request.method} {request.path}" for request in self.asked]


def decoded(text: bytes) -> Any:
    """JSON as the gateway decodes it: numbers with a point are exact decimals."""
    return msgspec.json.Decoder(float_hook=Decimal).decode(text)
