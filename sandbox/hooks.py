"""Webhooks on their way out: what was fired, what became of it, and what goes wrong on purpose.

Every delivery is a task of its own, a few send at a time, and nothing keeps them in order. Only loopback
addresses are called.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field, fields, replace
from itertools import count
from typing import Any
from urllib.parse import urlsplit

import httpx

from .books import Firing
from .hook_requests import SIGNATURE, HookRequest, compose, signature
from .people import LOOPBACK

SECONDS = 5.0
AT_ONCE = 8
WAITING = 10_000
KEPT = 20_000

HOOK_KINDS: Mapping[str, str] = {
    "drop": "it is never sent",
    "duplicate": "it is sent `count` (2) times",
    "delay": "it is sent after `seconds` (1)",
    "reorder": "it is sent after the next one, or after `seconds` (5) if none follows",
    "wrong_signature": "its signature is made with another secret",
}


@dataclass(slots=True)
class HookFault:
    """One arranged misfortune of the next `times` (-1: all) webhooks of an organisation and an entity, after
    letting `skip` matching ones pass; without either, of any."""

    id: int
    kind: str
    times: int = 1
    skip: int = 0
    organization_id: str = ""
    entity: str = ""
    count: int = 2
    seconds: float | None = None
    applied: int = 0


@dataclass(slots=True)
class Delivery:
    """One webhook fired. `status` is waiting, delivered (2xx), failed, refused (not loopback), dropped,
    over_quota or overflowed; `attempts` are the requests sent, `http_status` the last answer to them."""

    id: int
    at: str
    organization_id: str
    entity: str
    event: str
    record_id: str
    workflow_id: str
    webhook_id: str
    method: str
    url: str
    status: str = "waiting"
    attempts: int = 0
    http_status: int | None = None
    error: str = ""
    fault: str = ""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(slots=True)
class Hooks:
    """The post room of all organisations. `stamp` gives the sandbox's time."""

    stamp: Callable[[], str]
    deliveries: deque[Delivery] = field(default_factory=lambda: deque[Delivery](maxlen=KEPT))
    faults: list[HookFault] = field(default_factory=list[HookFault])
    _ids: Iterator[int] = field(default_factory=lambda: count(1))
    _loop: asyncio.AbstractEventLoop | None = None
    _client: httpx.AsyncClient | None = None
    _gate: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))
    _tasks: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])
    _held: list[asyncio.Event] = field(default_factory=list[asyncio.Event])

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[None]:
        """Send what is fired until the block ends; what waits then is forgotten."""
        self._loop = asyncio.get_running_loop()
        async with httpx.AsyncClient(timeout=SECONDS, trust_env=False, follow_redirects=False) as client:
            self._client = client
            try:
                yield
            finally:
                self._loop = self._client = None
                self.clear()

    def clear(self) -> None:
        """Forget everything, and what was to be sent."""
        for delivery in list(self.deliveries):
            if delivery.status == "waiting":
                delivery.status = "forgotten"
        for task in list(self._tasks):
            if self._loop is None:
                task.cancel()
            else:
                self._loop.call_soon_threadsafe(task.cancel)
        self.deliveries.clear()
        self.faults.clear()
        self._held.clear()

    def submit(self, organization_id: str, firing: Firing) -> None:
        """Take a webhook and return at once; may be called from any thread."""
        request = compose(firing)
        delivery = Delivery(
            next(self._ids), self.stamp(), organization_id, firing.entity, firing.event, firing.record_id,
            firing.workflow_id, firing.webhook["webhook_id"], request.method, request.url,
        )  # fmt: skip
        self.deliveries.append(delivery)
        if firing.is_over_quota:
            delivery.status = "over_quota"
        elif urlsplit(request.url).hostname not in LOOPBACK:
            delivery.status, delivery.error = "refused", "the sandbox calls loopback addresses only"
        elif self._loop is None:
            delivery.status, delivery.error = "failed", "the sandbox does not serve"
        else:
            self._loop.call_soon_threadsafe(self._start, delivery, request, firing)

    def arrange(self, kind: str, **details: Any) -> HookFault:
        """Raises ValueError naming what is wrong."""
        if kind not in HOOK_KINDS:
            raise ValueError(f"kind is one of {', '.join(HOOK_KINDS)}")
        known = {part.name for part in fields(HookFault)} - {"id", "kind", "applied"}
        if unknown := details.keys() - known:
            raise ValueError(f"a fault of webhooks has no {', '.join(sorted(unknown))}")
        numbers = (details.get(name, 1) for name in ("times", "skip", "count", "seconds"))
        if not all(isinstance(number, (int, float)) for number in numbers):
            raise ValueError("times, skip, count and seconds are numbers")
        fault = HookFault(next(self._ids), kind, **details)
        self.faults.append(fault)
        return fault

    def call_off(self, fault_id: int | None = None) -> int:
        """Forget one fault or all; how many that were."""
        before = len(self.faults)
        self.faults[:] = [fault for fault in self.faults if fault_id not in (None, fault.id)]
        return before - len(self.faults)

    def _start(self, delivery: Delivery, request: HookRequest, firing: Firing) -> None:
        if delivery.status != "waiting":  # cleared in between
            return
        if len(self._tasks) >= WAITING:
            delivery.status = "overflowed"
            return
        task = asyncio.create_task(self._deliver(delivery, request, firing))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver(self, delivery: Delivery, request: HookRequest, firing: Firing) -> None:
        fault = self._take(delivery)
        times, kind = 1, "" if fault is None else fault.kind
        delivery.fault = kind
        if fault is not None:
            if kind == "drop":
                delivery.status = "dropped"
                return
            if kind == "wrong_signature":
                wrong = signature(firing.webhook["secret"] + "x", request.signed)
                request = replace(request, headers=request.headers | {SIGNATURE: wrong})
            if kind == "delay":
                await asyncio.sleep(1.0 if fault.seconds is None else fault.seconds)
            if kind == "reorder":
                await self._hold(5.0 if fault.seconds is None else fault.seconds)
            times = fault.count if kind == "duplicate" else 1
        arrived = False
        for _ in range(times):
            arrived = await self._attempt(delivery, request)
        for seconds in firing.retries:
            if arrived:
                break
            await asyncio.sleep(seconds)
            arrived = await self._attempt(delivery, request)
        delivery.status = "delivered" if arrived else "failed"
        if kind != "reorder":
            held, self._held = self._held, []
            for event in held:
                event.set()

    async def _attempt(self, delivery: Delivery, request: HookRequest) -> bool:
        """Whether the receiver took it."""
        client = self._client
        assert client is not None
        async with self._gate:
            delivery.attempts += 1
            try:
                answer = await client.request(
                    request.method, request.url, headers=request.headers, content=request.content
                )
            except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
                delivery.http_status, delivery.error = None, f"{type(error).__name__}: {error}"
                return False
        delivery.http_status, delivery.error = answer.status_code, ""
        return answer.is_success

    async def _hold(self, seconds: float) -> None:
        event = asyncio.Event()
        self._held.append(event)
        try:
            await asyncio.wait_for(event.wait(), seconds)
        except TimeoutError:
            self._held.remove(event)

    def _take(self, delivery: Delivery) -> HookFault | None:
        for fault in self.faults:
            if fault.organization_id not in ("", delivery.organization_id):
                continue
            if fault.entity not in ("", delivery.entity):
                continue
            if fault.skip > 0:
                fault.skip -= 1
                continue
            fault.applied += 1
            fault.times -= fault.times > 0
            if fault.times == 0:
                self.faults.remove(fault)
            return fault
        return None
