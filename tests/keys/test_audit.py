"""The audit log: written with the change, in one chain per environment, and no entry can be altered unseen."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import delete, text, update

from app.keys import audit, audit_check
from app.keys.audit import Actor
from app.keys.audit_check import Verdict
from app.models import AuditEntry, AuditHead
from tests.keys.conftest import Room

pytestmark = pytest.mark.anyio

ME = Actor("api_key", "key_1", "127.0.0.1")


async def write(room: Room, environment: str, *actions: str) -> None:
    for action in actions:
        async with room.database.write() as session:
            await audit.record(
                session, room.clock.now(), environment, ME, action, "thing_1",
                request_id="req_1", detail={"b": [1, None, "é"], "a": True},
            )  # fmt: skip


async def verify(room: Room, environment: str = "env_1") -> Verdict:
    async with room.database.read() as session:
        return await audit_check.verify(session, environment, None)


async def unguarded(room: Room, statements: Sequence[object]) -> None:
    """What somebody with the database in their hands can do."""
    async with room.database.write() as session:
        if room.database.dialect == "sqlite":
            await session.execute(text("DROP TRIGGER IF EXISTS audit_log_no_update"))
            await session.execute(text("DROP TRIGGER IF EXISTS audit_log_no_delete"))
        else:
            await session.execute(text("ALTER TABLE audit_log DISABLE TRIGGER ALL"))
        for statement in statements:
            await session.execute(statement)  # type: ignore[call-overload]


async def test_a_chain_verifies(room: Room) -> None:
    assert await verify(room) == Verdict(0)
    await write(room, "env_1", "a.one", "a.two", "a.three")
    await write(room, "env_2", "b.one")
    assert await verify(room) == Verdict(3)
    assert await verify(room, "env_2") == Verdict(1)
    async with room.database.read() as session:
        entries = await audit.page(session, "env_1", 10)
        assert [(entry.seq, entry.action) for entry in entries] == [
            (3, "a.three"),
            (2, "a.two"),
            (1, "a.one"),
        ]
        assert [e.seq for e in await audit.page(session, "env_1", 1, before=3)] == [2]
        assert await audit.chains(session) == ["env_1", "env_2"]
    assert entries[0].actor == {"type": "api_key", "id": "key_1", "ip": "127.0.0.1"}


@pytest.mark.parametrize(
    "change",
    [
        {"action": "a.other"},
        {"target": "thing_2"},
        {"actor": {"type": "api_key", "id": "key_2"}},
        {"detail": {}},
        {"outcome": "failed"},
        {"request_id": None},
        {"hash": b"x" * 32},
        {"prev_hash": b"x" * 32},
    ],
)
async def test_a_changed_entry_is_found(room: Room, change: dict[str, object]) -> None:
    await write(room, "env_1", "a.one", "a.two", "a.three")
    await unguarded(room, [update(AuditEntry).where(AuditEntry.seq == 2).values(**change)])
    verdict = await verify(room)
    assert (verdict.checked, verdict.broken_at) == (1, 2)


async def test_a_moved_instant_is_found(room: Room) -> None:
    await write(room, "env_1", "a.one")
    later = room.clock.now() + timedelta(microseconds=1)
    await unguarded(room, [update(AuditEntry).values(created_at=later)])
    assert (await verify(room)).broken_at == 1


@pytest.mark.parametrize(("gone", "broken_at"), [(1, 2), (2, 3), (3, 3)])
async def test_a_missing_entry_is_found(room: Room, gone: int, broken_at: int) -> None:
    await write(room, "env_1", "a.one", "a.two", "a.three")
    await unguarded(room, [delete(AuditEntry).where(AuditEntry.seq == gone)])
    verdict = await verify(room)
    assert verdict.broken_at == broken_at and "missing" in verdict.reason


async def test_a_chain_without_its_end_marker_is_found(room: Room) -> None:
    await write(room, "env_1", "a.one")
    await unguarded(room, [delete(AuditHead)])
    assert (await verify(room)).broken_at == 2


async def test_a_change_that_is_rolled_back_leaves_no_entry(room: Room) -> None:
    await write(room, "env_1", "a.one")
    with pytest.raises(RuntimeError):
        async with room.database.write() as session:
            await audit.record(session, room.clock.now(), "env_1", ME, "a.two", "thing_1")
            raise RuntimeError("rolled back")
    await write(room, "env_1", "a.three")
    assert await verify(room) == Verdict(2)


async def test_many_writers_make_one_chain(room: Room) -> None:
    await asyncio.gather(*(write(room, "env_1", f"a.{n}", f"b.{n}") for n in range(8)))
    assert await verify(room) == Verdict(16)


async def test_a_long_chain_is_verified_in_parts(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_check, "_BATCH", 2)
    await write(room, "env_1", *(f"a.{n}" for n in range(5)))
    assert await verify(room) == Verdict(5)
    await unguarded(room, [update(AuditEntry).where(AuditEntry.seq == 4).values(action="x.y")])
    assert (await verify(room)).broken_at == 4


async def test_key_changes_are_read_through_the_api(room: Room) -> None:
    manager = await room.make()
    await room.make(environment="other")
    async with room.client(manager) as api:
        made = (await api.post("/api-key", json={"name": "x"})).json()
        await api.delete(f"/api-key/{made['id']}")
        answer = (await api.get("/audit")).json()
        actions = [entry["action"] for entry in answer["result"]]
        assert actions == ["api_key.revoked", "api_key.created", "api_key.created", "environment.created"]
        first = answer["result"][0]
        assert first["target"] == made["id"]
        assert first["actor"]["id"] == manager.key.id and first["actor"]["ip"] == "127.0.0.1"
        assert made["key"] not in str(answer)
        page = (await api.get("/audit?limit=3")).json()
        rest = (await api.get(f"/audit?limit=3&next_cursor={page['next_cursor']}")).json()
        assert [e["sequence"] for e in page["result"] + rest["result"]] == [4, 3, 2, 1]
        assert rest["next_cursor"] is None
        only = (await api.get(f"/audit?action=api_key.created&target={made['id']}")).json()
        assert [entry["sequence"] for entry in only["result"]] == [3]
    assert await verify(room, manager.key.environment_id) == Verdict(4)
