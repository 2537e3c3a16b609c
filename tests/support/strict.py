"""A provider that knows nothing but its specification: answers its examples, and writes down what breaks it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, TypeVar

import msgspec

from connectors.kit.faults import Fault
from connectors.kit.http import Flow, Reply, Request
from tests.support.driving import drive, judged
from tests.support.specification import Specification, Violation

T = TypeVar("T")

_decode = msgspec.json.Decoder(float_hook=Decimal).decode
_encode = msgspec.json.Encoder(decimal_format="number").encode


@dataclass
class Strict:
    """`amended`: members set to what a test needs, wherever an example has them; `added`: of the records answered."""

    specification: Specification
    judge: Callable[[Reply], Fault | None]
    amended: Mapping[str, Any] = field(default_factory=dict[str, Any])
    added: Mapping[str, Any] = field(default_factory=dict[str, Any])
    seen: list[Request] = field(default_factory=list[Request])
    violations: list[Violation] = field(default_factory=list[Violation])

    def run(self, flow: Flow[T]) -> T:
        """The flow's result, its faults judged as the gateway judges them."""
        return drive(flow, lambda request: judged(self.reply(request), request, self.judge))

    def reply(self, request: Request) -> Reply:
        self.seen.append(request)
        body = _decode(_encode(request.body)) if request.body is not None else None
        query = [*request.query, ("organization_id", "10234695")]
        files = [each.field for each in request.files]
        self.violations += self.specification.violations(request.method, request.path, query, body, files)
        answer = self.specification.answer(request.method, request.path)
        if answer is None:
            return Reply(404, {}, {"code": 5, "message": "Invalid URL Passed"})
        if request.expect == "bytes":
            return Reply(200, {"content-type": "application/pdf"}, None, b"%PDF-1.4")
        status, example = answer
        told = amend(_decode(_encode(example)), {"has_more_page": False, **self.amended})
        for record in told.values():
            for each in record if isinstance(record, list) and len(record) == 1 else [record]:
                if isinstance(each, dict):
                    each.update(self.added)
        return Reply(status, {}, told)


def amend(value: Any, members: Mapping[str, Any]) -> Any:
    if isinstance(value, dict):
        return {
            name: members[name] if name in members else amend(part, members) for name, part in value.items()
        }
    return [amend(each, members) for each in value] if isinstance(value, list) else value
