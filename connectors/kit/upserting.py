"""Making a record at most once: a create that names itself in a custom field the provider keeps unique."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

from connectors.kit.faults import Fault, Kind
from connectors.kit.http import Flow, Pairs, Reply, Request
from connectors.kit.operations import Answer

T = TypeVar("T")

Standing = Literal["missing", "shared", "unique", "untold"]
"""What an organisation's field is: not there, there but not unique, unique, or there and nobody tells."""


@dataclass(frozen=True, slots=True)
class Upsert:
    """How a provider does it.

    field      api name of the custom field
    method     of a create that names itself; the path stays
    headers    (field, value) → what makes it one
    modules    resource → what people call the module the field belongs to
    standing   resource → a flow that tells how the organisation's field stands
    manual     how a person makes the field in {module}
    """

    field: str
    method: str
    headers: Callable[[str, str], Pairs]
    modules: Mapping[str, str]
    standing: Callable[[str], Flow[Standing]]
    manual: str


@dataclass(frozen=True, slots=True)
class Mark:
    """What one record is to carry."""

    field: str
    value: str


def upserted(
    flow: Flow[T], upsert: Upsert, mark: Mark, path: str, holders: Callable[[], Flow[list[Answer]]],
    wrapped: Callable[[object], object],
) -> Flow[T]:  # fmt: skip
    """`flow`, its create at `path` sent with the mark. Who is told that another record has it already, made it
    before: the answer is that record. A refusal of any words is worth the look."""
    try:
        request = next(flow)
        while True:
            fault: Fault | None = None
            reply = Reply(0)
            try:
                reply = yield from _sent(request, upsert, mark, path, holders, wrapped)
            except Fault as refused:
                fault = refused
            request = flow.send(reply) if fault is None else flow.throw(fault)
    except StopIteration as done:
        return done.value
    finally:
        flow.close()


def creates(request: Request, path: str) -> bool:
    return request.method == "POST" and request.path == path


def _sent(
    request: Request, upsert: Upsert, mark: Mark, path: str, holders: Callable[[], Flow[list[Answer]]],
    wrapped: Callable[[object], object],
) -> Flow[Reply]:  # fmt: skip
    if not creates(request, path):
        return (yield request)
    headers = (*request.headers, *upsert.headers(mark.field, mark.value))
    try:
        return (yield replace(request, method=upsert.method, headers=headers))
    except Fault as fault:
        if fault.kind not in (Kind.DUPLICATE, Kind.CONFLICT, Kind.INVALID):
            raise
        found = yield from holders()
        if len(found) != 1:
            raise
        return Reply(200, body=wrapped(found[0].native))
