"""Making a record at most once: a create that names itself in a custom field the provider keeps unique."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeVar

from connectors.kit.faults import Fault, Kind
from connectors.kit.http import Flow, Reply, Request

T = TypeVar("T")

Standing = Literal["missing", "shared", "unique", "untold"]
"""What an organisation's field is: not there, there but not unique, unique, or there as far as anybody tells."""

_REFUSALS = (Kind.DUPLICATE, Kind.CONFLICT, Kind.INVALID)


@dataclass(frozen=True, slots=True)
class Module:
    """A collection with a field of its own: where it is, what the provider calls it, what people call it."""

    path: str
    entity: str
    label: str


@dataclass(frozen=True, slots=True)
class Mark:
    """What one record is to carry, made by a POST to one of `paths`."""

    paths: tuple[str, ...]
    field: str
    value: str

    def is_on(self, request: Request) -> bool:
        return request.method == "POST" and request.path in self.paths


@dataclass(frozen=True, slots=True)
class Upsert:
    """How a provider does it.

    field      api name of the custom field
    modules    resource → where its creates go
    marked     a create → the same, carrying the mark
    standing   a flow that tells how the organisation's field stands in a module
    manual     how a person makes the field in {module}
    """

    field: str
    modules: Mapping[str, tuple[Module, ...]]
    marked: Callable[[Request, Mark], Request]
    standing: Callable[[Module], Flow[Standing]]
    manual: str

    def mark(self, resource: str, field: str, value: str) -> Mark:
        return Mark(tuple(module.path for module in self.modules[resource]), field, value)


def upserted(
    flow: Flow[T], upsert: Upsert, mark: Mark, made: Callable[[str], Flow[Reply | None]] | None
) -> Flow[T]:
    """`flow`, its create carrying the mark.

    `made` finds what carries it already at a path. A create that was sent before and is refused now, in whatever
    words, is answered with that; of one that was never sent, `made` is None.
    """
    try:
        request = next(flow)
        while True:
            refused: Fault | None = None
            reply = Reply(0)
            try:
                if mark.is_on(request):
                    reply = yield from _create(upsert.marked(request, mark), made)
                else:
                    reply = yield request
            except Fault as fault:
                refused = fault
            request = flow.send(reply) if refused is None else flow.throw(refused)
    except StopIteration as done:
        return done.value
    finally:
        flow.close()


def _create(request: Request, made: Callable[[str], Flow[Reply | None]] | None) -> Flow[Reply]:
    try:
        return (yield request)
    except Fault as fault:
        if made is None or fault.kind not in _REFUSALS:
            raise
        found = yield from made(request.path)
        if found is None:
            raise
        return found
