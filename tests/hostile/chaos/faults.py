"""What is done to a fleet. Every fault has a firm of its own; it returns its callers, who go on."""

import asyncio
import signal
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from app.core.failpoints import VARIABLE
from tests.hostile.chaos.clients import Wish, insist
from tests.hostile.chaos.fleet import PROCESSES, Fleet
from tests.hostile.chaos.verdict import Row

POINTS = ("before_intent", "before_send", "after_send", "before_store", "before_reply")
_FROZEN = 3.0  # longer than a lease, shorter than a lost write takes to be settled


@dataclass(frozen=True)
class Size:
    """How much of it: kills at each point with so many writes in flight, bursts of each other fault, and kills of
    the process that refreshes the tokens of so many accounts."""

    kills: int
    flight: int
    bursts: int
    burst: int
    token_kills: int
    accounts: int


FULL = Size(kills=2, flight=100, bursts=2, burst=100, token_kills=2, accounts=100)
TENTH = Size(kills=1, flight=20, bursts=1, burst=20, token_kills=1, accounts=20)

_STILL_AT_IT = (
    "409 idempotency_in_progress"  # on a slow machine a caller may ask again before the first is done
)

Callers = list[asyncio.Task[None]]
Fault = Callable[[Fleet, Row, Size], Awaitable[Callers]]


def wishes(row: Row, count: int) -> list[Wish]:
    """So many invoices that are wanted of a row's firms in its next run."""
    row.runs += 1
    made = [
        Wish(row.firms[n % len(row.firms)], f"{row.fault}-{row.runs}-{n}".replace(" ", "-"))
        for n in range(count)
    ]
    row.wishes += made
    return made


def callers(
    fleet: Fleet, wanted: list[Wish], *, spread: bool = False, hang: float = 30.0, pace: float = 0.0
) -> Callers:
    """Who asks for them: the doomed process first, or one each; all at once, or one after so many seconds."""
    first = range(PROCESSES) if spread else (fleet.doomed,)
    return [
        fleet.begin(insist(fleet, wish, first[n % len(first)], hang=hang, after=n * pace))
        for n, wish in enumerate(wanted)
    ]


def killed(point: str) -> Fault:
    """kill -9 when half of the writes have come to a point."""

    async def fault(fleet: Fleet, row: Row, size: Size) -> Callers:
        going: Callers = []
        for _ in range(size.kills):
            # it resolves nothing: a re-send that is cut off, too, is left to a person by design
            await fleet.replace(
                **{VARIABLE: f"write.{point}={size.flight // 2}", "LEDGERWAY_WORKER": "false"}
            )
            going += callers(fleet, wishes(row, size.flight))
            if not await fleet.ended(60.0):
                row.remarks.append(f"run {row.runs}: nobody came to {point}")
        return going

    return fault


async def terminated(fleet: Fleet, row: Row, size: Size) -> Callers:
    """SIGTERM with writes in flight that take a second each: they are finished first."""
    going: Callers = []
    for _ in range(size.bursts):
        await fleet.revive()
        await fleet.arrange("PUT", "/latency", books=1.0)
        going += callers(fleet, wishes(row, size.burst))
        await asyncio.sleep(0.5)
        fleet.signal(signal.SIGTERM)
        await fleet.ended(60.0)
        if (code := fleet.product.server(fleet.doomed).exit_code) != 0:
            row.remarks.append(f"run {row.runs}: ended with {code}")
        await fleet.arrange("PUT", "/latency")
    await fleet.revive()
    return going


async def rolled(fleet: Fleet, row: Row, size: Size) -> Callers:
    """Every process in turn is ended and started again, under steady writes to all."""
    going: Callers = []
    for _ in range(max(1, size.bursts // 2)):
        begun: list[Wish] = []
        for fleet.doomed in range(PROCESSES):
            begun += wishes(row, size.burst // 2)
            going += callers(fleet, begun[-size.burst // 2 :], spread=True, pace=0.03)
            fleet.signal(signal.SIGTERM)
            await fleet.ended(60.0)
            if (code := fleet.product.server(fleet.doomed).exit_code) != 0:
                row.remarks.append(f"run {row.runs}: process {fleet.doomed} ended with {code}")
            await fleet.revive()
        await asyncio.gather(*going)
        row.complain(begun, besides=("503 shutting_down", "409 idempotency_in_progress"))
    return going


async def contended(fleet: Fleet, row: Row, size: Size) -> Callers:
    """Four processes write as fast as they can, and nobody is told of it."""
    going: Callers = []
    for _ in range(size.bursts):
        begun = wishes(row, size.burst)
        going += callers(fleet, begun, spread=True)
        await asyncio.gather(*going)
        row.complain(begun, {_STILL_AT_IT})
    return going


async def left_at_exchange(fleet: Fleet, row: Row, size: Size) -> Callers:
    """kill -9 when half of the browsers' codes are traded, before the tokens are stored: who comes again is connected,
    once. The process of the public address is the one."""
    fleet.doomed = 0
    for _ in range(size.kills):
        row.runs += 1
        people = [await fleet.person() for _ in range(size.accounts // 5)]
        await fleet.replace(**{VARIABLE: f"oauth.after_exchange={len(people) // 2}"})
        first = await asyncio.gather(*(fleet.connect(email) for email in people))
        if not await fleet.ended(30.0):
            row.remarks.append(f"run {row.runs}: nobody came to the exchange")
        await fleet.replace()
        left = [email for email, is_connected in zip(people, first, strict=True) if not is_connected]
        for email in left:
            for account in await fleet.accounts_of(email):  # stored, and its browser never heard of it
                if not await fleet.is_connected(account):
                    row.remarks.append(f"run {row.runs}: {email} is half connected")
            await fleet.connect(email)
        for email in people:
            accounts = await fleet.accounts_of(email)
            row.wishes += [Wish(account, told="done") for account in accounts]
            row.firms += accounts
            if len(accounts) != 1:
                row.remarks.append(f"run {row.runs}: {email} has {len(accounts)} accounts")
    fleet.doomed = PROCESSES - 1
    return []


async def left_in_transaction(fleet: Fleet, row: Row, size: Size) -> Callers:
    """kill -9 between a change of state and its event: both are there, or neither."""
    for _ in range(size.kills):
        row.runs += 1
        await fleet.replace(**{VARIABLE: f"tx.mid={size.accounts // 2}"})
        imports = [await fleet.grant() for _ in range(size.accounts)]
        tried = [fleet.begin(fleet.adopt(each, fleet.doomed)) for each in imports]
        if not await fleet.ended(60.0):
            row.remarks.append(f"run {row.runs}: nobody came to the middle")
        await asyncio.gather(*tried)
        await fleet.revive()
        row.remarks += await fleet.unmatched()
        for each in imports:
            row.firms += (accounts := await fleet.accounts_of(each["tenant_id"]))
            row.wishes += [Wish(account, told="done") for account in accounts]
    row.remarks = row.remarks[:9]
    return []


async def frozen(fleet: Fleet, row: Row, size: Size) -> Callers:
    """SIGSTOP for longer than a lease: others take over, and then it wakes."""
    going: Callers = []
    for _ in range(size.bursts):
        going += callers(fleet, wishes(row, size.burst), hang=1.5)
        await asyncio.sleep(0.15 * row.runs)
        fleet.signal(signal.SIGSTOP)
        await asyncio.sleep(_FROZEN)
        fleet.signal(signal.SIGCONT)
    return going


async def restarted(fleet: Fleet, row: Row, size: Size) -> Callers:
    """The database's server crashes and comes back while all processes write."""
    going: Callers = []
    for _ in range(size.bursts):
        going += callers(fleet, wishes(row, size.burst), spread=True)
        await asyncio.sleep(0.2 + 0.1 * row.runs)
        await fleet.restart_database()
        await asyncio.sleep(2.0)
    return going


def provider(kind: str, **options: Any) -> Fault:
    """The provider's answer to every second create goes wrong, once."""

    async def fault(fleet: Fleet, row: Row, size: Size) -> Callers:
        going: Callers = []
        for _ in range(size.bursts):
            wanted = wishes(row, size.burst)
            for wish in (wish for n, wish in enumerate(wanted) if n // PROCESSES % 2 == 0):
                await fleet.arrange(
                    "POST", "/faults", kind=kind, path="/invoices$", content=f'"{wish.key}"',
                    organization_id=wish.firm.organization_id, **options,
                )  # fmt: skip
            going += callers(fleet, wanted, spread=True)
            await asyncio.wait(going[-size.burst :], timeout=2.0)
        return going

    return fault


async def holder_killed(fleet: Fleet, row: Row, size: Size) -> Callers:
    """kill -9 of the process that refreshes many tokens, whose callers then go to the others."""
    for _ in range(size.token_kills):
        await fleet.revive()
        row.runs += 1
        firms = [await fleet.firm(customer=False) for _ in range(size.accounts)]
        row.firms += firms
        mark = await fleet.last_call()
        await fleet.arrange("POST", "/tokens/expire")
        await fleet.arrange("PUT", "/latency", token=4.0)
        readers = [Wish(firm) for firm in firms]
        row.wishes += readers
        going = callers(fleet, readers)
        for _ in range(600):
            if len(await fleet.token_calls(mark)) >= size.accounts // 2:
                break
            await asyncio.sleep(0.05)
        else:
            row.remarks.append(f"run {row.runs}: too few refreshes were in flight")
        fleet.signal(signal.SIGKILL)
        await fleet.ended(10.0)
        await fleet.arrange("PUT", "/latency")
        await asyncio.gather(*going)
        calls = Counter(call["grant"] for call in await fleet.token_calls(mark))
        row.refreshes = max(row.refreshes, *calls.values())
    return []


Acts = tuple[tuple[tuple[str, Fault], ...], ...]
ACTS: Acts = (
    tuple((f"kill -9 {point}", killed(point)) for point in POINTS),
    (("kill -9 tx.mid", left_in_transaction), ("kill -9 oauth.after_exchange", left_at_exchange)),
    (("SIGTERM", terminated), ("SIGSTOP", frozen)),
    (("rolling restart", rolled),),
    (("four writers", contended),),
    (
        ("commit, then cut", provider("commit_then_drop")),
        ("cut before commit", provider("reset_before")),
        ("500 burst", provider("status", status=500)),
        ("slow answers", provider("delay", seconds=3)),
    ),
    (("token holder killed", holder_killed),),
    (("database restart", restarted),),
)
"""Faults of an act follow each other at once; then all of its callers get their answers."""
