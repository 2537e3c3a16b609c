"""How far a write got: what it and the provider said so far, kept so that another run goes on from there.

A flow that is told the same again asks the same again. So a write is resumed by running its flow once more,
with what was said answered from here, up to the request nobody answered.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from app.core import failpoints
from app.core.errors import Problem
from app.gateway.cure import executed
from connectors.kit.faults import Fault, Kind
from connectors.kit.http import Flow, Json, Reply, Request
from connectors.kit.upserting import Mark

T = TypeVar("T")

_CONSIDERED = frozenset(
    {
        Kind.FORBIDDEN,
        Kind.ORGANIZATION,
        Kind.NOT_FOUND,
        Kind.METHOD,
        Kind.INVALID,
        Kind.DUPLICATE,
        Kind.CONFLICT,
        Kind.DEPENDENTS,
        Kind.LOCKED,
        Kind.OVERSIZED,
    }
)
"""Refusals of what was asked. All others say nothing of what became of the same request before."""

_UNREAD = frozenset({Kind.TOKEN, Kind.MINUTE, Kind.DAY, Kind.CONCURRENT})
"""Refusals whatever is asked."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and what came of it: a good reply, or a fault."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    status: int = 0
    body: Json = None
    fault: Fault | None = None

    def is_about(self, request: Request) -> bool:
        return (self.method, self.path, self.query) == (request.method, request.path, request.query)

    def kept(self) -> dict[str, Any]:
        told = {"method": self.method, "path": self.path, "query": [list(pair) for pair in self.query]}
        if self.fault is None:
            return {**told, "status": self.status, "body": self.body}
        fault = self.fault
        return {
            **told,
            "fault": {
                "kind": fault.kind,
                "status": fault.status,
                "code": fault.code,
                "message": fault.message,
            },
        }


@dataclass(slots=True)
class Progress:
    """`said` is in order, without the look-ups that say nothing about the write.

    pending   the writing request that was handed to the gateway and that nobody saw the end of
    began     the moment the flows take for now
    sent      writing requests of this run
    answered  writing requests that came back good, in this run or before it
    stopped   something failed after something was done: what was said since then is not kept
    in_doubt  an earlier run left `pending`, and the provider has not said anything of it since
    unread    no writing request of this run was looked at by the provider, as far as is known
    mark      what the record it creates carries, so that it is made once
    """

    said: list[Exchange] = field(default_factory=list[Exchange])
    pending: Request | None = None
    began: datetime | None = None
    sent: int = 0
    answered: int = 0
    stopped: bool = False
    in_doubt: bool = False
    unread: bool = True
    mark: Mark | None = None
    _place: int = 0

    @property
    def resumes(self) -> bool:
        """Whether another run can go on where this one stopped."""
        return self.stopped and self.pending is None

    @property
    def has_done(self) -> bool:
        """Whether the provider did anything, in this run or before it."""
        return self.answered > 0 or any(
            each.fault is None and each.method not in ("GET", "HEAD") for each in self.said
        )

    def known(self, request: Request) -> Exchange | None:
        """What came of this request in an earlier run. Problem outcome_pending when the flow asks otherwise."""
        if request.fresh_for > 0 or self._place >= len(self.said):
            return None
        found = self.said[self._place]
        if not found.is_about(request):
            detail = "This write cannot be resumed by this release: it would be sent differently now."
            raise Problem("outcome_pending", detail, executed="unknown", retryable=False)
        self._place += 1
        if not request.is_read and found.fault is None:
            self.answered += 1
        return found

    def asks(self, request: Request) -> None:
        if not request.is_read:
            self.sent += 1
            self.pending = request

    def hears(self, request: Request, reply: Reply) -> None:
        if not request.is_read:
            failpoints.hit("write.after_send")
            self.answered += 1
            self.pending, self.in_doubt = None, False
        self._keep(request, Exchange(request.method, request.path, request.query, reply.status, reply.body))

    def fails(self, request: Request, fault: Fault) -> None:
        if not request.is_read:
            self.in_doubt = self.in_doubt and fault.kind not in _CONSIDERED
            self.unread = fault.phase == "idle" or fault.kind in _UNREAD
            is_open = self.in_doubt or executed(fault, request.is_repeatable) == "unknown"
            if not is_open:
                self.pending = None
            self.stopped = self.stopped or is_open
        if self.answered:
            self.stopped = True
        self._keep(request, Exchange(request.method, request.path, request.query, fault=fault))

    def adopt(self, reply: Reply) -> None:
        """The pending request was done: somebody found what it did."""
        if self.pending is None:
            return
        request, self.pending, self.in_doubt = self.pending, None, False
        self.said.append(Exchange(request.method, request.path, request.query, reply.status, reply.body))

    def kept(self) -> dict[str, Any]:
        """All of it as plain JSON."""
        pending = self.pending
        return {
            "said": [each.kept() for each in self.said],
            "mark": None if self.mark is None else asdict(self.mark),
            "pending": None
            if pending is None
            else {
                "method": pending.method,
                "path": pending.path,
                "query": [list(pair) for pair in pending.query],
                "body": pending.body,
                "repeatable": pending.repeatable,
            },
        }

    def _keep(self, request: Request, exchange: Exchange) -> None:
        if not self.stopped and request.fresh_for <= 0:
            self.said.append(exchange)
            self._place = len(self.said)


def progress_of(kept: Mapping[str, Any]) -> Progress:
    """What `Progress.kept` gave."""
    pending = kept["pending"]
    return Progress(
        [_exchange(each) for each in kept["said"]],
        pending
        and Request(
            pending["method"],
            pending["path"],
            _pairs(pending["query"]),
            pending["body"],
            repeatable=pending["repeatable"],
        ),
        in_doubt=pending is not None,
        mark=_mark(kept.get("mark")),
    )


def _mark(kept: Mapping[str, Any] | None) -> Mark | None:
    return None if kept is None else Mark(tuple(kept["paths"]), kept["field"], kept["value"])


def _exchange(kept: Mapping[str, Any]) -> Exchange:
    fault = kept.get("fault")
    if fault is not None:
        status = fault["status"]
        fault = Fault(Kind(fault["kind"]), status and int(status), fault["code"], fault["message"])
    return Exchange(
        kept["method"],
        kept["path"],
        _pairs(kept["query"]),
        int(kept.get("status", 0)),
        kept.get("body"),
        fault,
    )


def _pairs(kept: list[list[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in kept)


def watched(flow: Flow[T], progress: Progress) -> Flow[T]:
    """`flow`, what it says kept in `progress`, and what an earlier run was told told again."""
    try:
        request = next(flow)
        while True:
            before = progress.known(request)
            if before is not None:
                told = before.fault
                reply = Reply(before.status, body=before.body)
            else:
                told, reply = yield from _asked(request, progress)
            request = flow.send(reply) if told is None else flow.throw(told)
    except StopIteration as done:
        return done.value
    finally:
        flow.close()


def _asked(request: Request, progress: Progress) -> Flow[tuple[Fault | None, Reply]]:
    progress.asks(request)
    try:
        reply = yield request
    except Fault as fault:
        progress.fails(request, fault)
        return fault, Reply(0)
    progress.hears(request, reply)
    return None, reply
