"""Signatures over audit chains: what they show, what is deleted behind them, and that they outlive the key ring."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, func, select, update
from structlog.testing import capture_logs

from app.core.metrics import REGISTRY
from app.core.secrets import LocalWrapper
from app.keys import audit_seals
from app.keys.audit import SYSTEM
from app.keys.audit_check import Verdict, verify
from app.keys.audit_keeping import AuditKeeping
from app.keys.audit_seals import HEAD, PRUNED, Broken, Seals, Signed, read_signed, signed
from app.models import AuditEntry, AuditHead, AuditSeal, AuditSigner
from tests.keys.conftest import Room
from tests.keys.test_audit import unguarded, write

pytestmark = pytest.mark.anyio

LONG_AGO = datetime(2023, 3, 1, tzinfo=UTC)  # for the database's own clock, too
SINCE = timedelta(days=401)


def seals(room: Room) -> Seals:
    return Seals(room.database, LocalWrapper(room.ring), room.clock)


async def check(room: Room, exported: list[Signed] | None = None) -> Verdict:
    key = await seals(room).public_key()
    async with room.database.read() as session:
        return await verify(session, "env_1", key, exported or ())


async def every(room: Room) -> list[Signed]:
    async with room.database.read() as session:
        return await signed(session, "env_1")


async def kept(room: Room) -> list[int]:
    async with room.database.read() as session:
        return list(await session.scalars(select(AuditEntry.seq).order_by(AuditEntry.seq)))


async def test_ends_are_signed_as_far_as_they_go(room: Room) -> None:
    assert await seals(room).public_key() is None
    await write(room, "env_1", "a.one", "a.two")
    await write(room, "env_2", "b.one")
    assert await check(room) == Verdict(2)
    assert await seals(room).sign_heads() == 2
    assert await seals(room).sign_heads() == 0
    await write(room, "env_1", "a.three")
    assert await check(room) == Verdict(3, signed=2)
    assert await seals(room).sign_heads() == 1
    assert await check(room) == Verdict(3, signed=3)
    assert [(one.kind, one.seq) for one in await every(room)] == [(HEAD, 2), (HEAD, 3)]


async def test_processes_that_begin_together_sign_with_one_key(room: Room) -> None:
    await write(room, "env_1", "a.one")
    await asyncio.gather(*(seals(room).sign_heads() for _ in range(8)))
    async with room.database.read() as session:
        assert await session.scalar(select(func.count()).select_from(AuditSigner)) == 1
    assert await check(room) == Verdict(1, signed=1)


async def test_a_chain_made_anew_is_found(room: Room) -> None:
    await write(room, "env_1", "a.one", "a.two")
    await seals(room).sign_heads()
    await unguarded(room, [delete(AuditEntry), delete(AuditHead)])
    await write(room, "env_1", "x.one", "x.two", "x.three")
    verdict = await check(room)
    assert (verdict.broken_at, verdict.reason) == (2, "it is not the entry that was signed")


async def test_an_end_that_was_cut_off_is_found(room: Room) -> None:
    await write(room, "env_1", "a.one", "a.two", "a.three")
    await seals(room).sign_heads()
    exported = await every(room)
    first = select(AuditEntry.hash).where(AuditEntry.seq == 1).scalar_subquery()
    cut = [update(AuditHead).values(seq=1, hash=first), delete(AuditEntry).where(AuditEntry.seq > 1)]
    await unguarded(room, cut)
    assert (await check(room)).broken_at == 2
    await unguarded(room, [delete(AuditSeal)])
    assert await check(room) == Verdict(1), "only what is kept elsewhere can tell"
    told = [read_signed(one.told()) for one in exported]
    assert told == exported
    verdict = await check(room, told)
    assert (verdict.broken_at, verdict.reason) == (2, "the end of the chain is missing")


@pytest.mark.parametrize(
    "change",
    [
        {"hash": b"x" * 32},
        {"seq": 1},
        {"kind": PRUNED},
        {"signed_at": LONG_AGO},
        {"signature": b"x" * 64},
        {"signature": b""},
    ],
)
async def test_a_forged_signature_is_found(room: Room, change: dict[str, object]) -> None:
    await write(room, "env_1", "a.one", "a.two")
    await seals(room).sign_heads()
    await unguarded(room, [update(AuditSeal).values(**change)])
    verdict = await check(room)
    assert verdict.broken_at is not None and "signature" in verdict.reason


async def test_another_signing_key_signs_for_nobody(room: Room) -> None:
    await write(room, "env_1", "a.one")
    await seals(room).sign_heads()
    await unguarded(room, [delete(AuditSigner)])
    assert (await check(room)).broken_at == 1
    await write(room, "env_1", "a.two")
    await seals(room).sign_heads()
    assert (await check(room)).broken_at == 1


async def test_what_is_past_retention_goes_in_batches(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_seals, "_BATCH", 2)
    room.clock.at = LONG_AGO
    await write(room, "env_1", *(f"a.{number}" for number in range(5)))
    await seals(room).sign_heads()
    room.clock.forward(days=395)
    await write(room, "env_1", "b.young")
    assert await seals(room).prune("env_1") == 0
    room.clock.at = LONG_AGO + SINCE
    assert await seals(room).prune("env_1") == 2
    assert await check(room) == Verdict(4, signed=5)
    assert await AuditKeeping(room.database, LocalWrapper(room.ring), room.clock).once() == 3
    assert await kept(room) == [6]
    assert [(one.kind, one.seq) for one in await every(room)] == [(PRUNED, 5), (HEAD, 6)]
    assert await check(room) == Verdict(1, signed=6)
    await write(room, "env_1", "c.next")
    assert await check(room) == Verdict(2, signed=6)
    room.clock.forward(days=800)
    assert await seals(room).prune("env_1") == 2
    assert await check(room) == Verdict(0, signed=7)
    await write(room, "env_1", "d.next")
    assert await check(room) == Verdict(1, signed=7)


async def test_two_that_prune_at_once_delete_no_more(room: Room) -> None:
    room.clock.at = LONG_AGO
    await write(room, "env_1", "a.one", "a.two", "a.three")
    room.clock.forward(days=402)
    gone = await asyncio.gather(*(seals(room).prune("env_1") for _ in range(4)))
    assert sorted(gone) == [0, 0, 0, 3]
    assert await check(room) == Verdict(0, signed=3)


async def test_a_signed_end_is_no_licence_to_delete_what_is_before(room: Room) -> None:
    await write(room, "env_1", "a.one")
    await seals(room).sign_heads()
    await write(room, "env_1", "a.two")
    await unguarded(room, [delete(AuditEntry).where(AuditEntry.seq == 1)])
    verdict = await check(room)
    assert (verdict.broken_at, verdict.reason) == (2, "entries before this one are missing")


async def test_what_was_tampered_with_is_not_tidied_away(room: Room) -> None:
    room.clock.at = LONG_AGO
    await write(room, "env_1", "a.one", "a.two", "a.three")
    await unguarded(room, [update(AuditEntry).where(AuditEntry.seq == 2).values(action="x.y")])
    room.clock.forward(days=402)
    with pytest.raises(Broken, match="at 2"):
        await seals(room).prune("env_1")
    assert await AuditKeeping(room.database, LocalWrapper(room.ring), room.clock).once() == 0
    assert await kept(room) == [1, 2, 3]
    assert (await check(room)).broken_at == 2


async def test_a_chain_is_verified_while_it_grows(room: Room) -> None:
    await write(room, "env_1", "a.one")

    async def grow() -> None:
        for number in range(40):
            await write(room, "env_1", f"b.{number}")
            await seals(room).sign_heads()

    growing = asyncio.create_task(grow())
    while not growing.done():
        verdict = await check(room)
        assert verdict.broken_at is None, verdict
    await growing
    assert await check(room) == Verdict(41, signed=41)


async def test_whoever_works_looks_at_every_chain_once_a_day(room: Room) -> None:
    keeping = AuditKeeping(room.database, LocalWrapper(room.ring), room.clock)

    async def alarms(hours: int) -> list[tuple[str, int]]:
        """What is said in the pass so many hours later; the metric says how many chains that are."""
        room.clock.forward(hours=hours)
        with capture_logs() as logs:
            await keeping.once()
        broken = [each for each in logs if each["event"] == "audit_log_broken"]
        assert all(each["log_level"] == "error" and each["reason"] for each in broken)
        return [(each["environment_id"], each["broken_at"]) for each in broken]

    def counted() -> float | None:
        return REGISTRY.get_sample_value("ledgerway_audit_broken_chains")

    for chain in ("env_1", "env_2", SYSTEM):
        await write(room, chain, "a.one", "a.two")
    assert (await alarms(0), counted()) == ([], 0.0)
    await unguarded(room, [update(AuditEntry).where(AuditEntry.environment_id == SYSTEM).values(target="x")])
    await unguarded(room, [delete(AuditHead).where(AuditHead.environment_id == "env_1")])
    assert (await alarms(1), counted()) == ([], 0.0)
    assert (await alarms(24), counted()) == ([("env_1", 3), (SYSTEM, 1)], 2.0)
