"""Who was turned away is in the audit log, and cannot fill it."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from app.core.errors import Problem
from app.keys.audit_check import verify
from app.keys.refusals import Refusals
from app.models import ApiKey, AuditEntry
from tests.keys.conftest import CLI, Room

pytestmark = pytest.mark.anyio


@pytest.fixture
async def counted(room: Room) -> Refusals:
    room.app.state.refusals = Refusals(room.database, room.clock)
    return room.app.state.refusals


async def entries(room: Room, environment_id: str) -> list[AuditEntry]:
    async with room.database.read() as session:
        query = select(AuditEntry).where(AuditEntry.environment_id == environment_id)
        found = list(await session.scalars(query.order_by(AuditEntry.seq)))
    return [entry for entry in found if entry.action.endswith(".failed")]


async def test_strangers_are_the_installations(room: Room, counted: Refusals) -> None:
    secret = "lw_test_" + "a" * 60
    for text, address in ((None, "192.0.2.1"), (secret, "192.0.2.1"), (secret, "192.0.2.2")):
        async with room.client(text, address) as api:
            assert (await api.get("/audit")).status_code == 401
    assert await entries(room, "system") == [], "no request waits for the storage"
    assert await counted.once() == 2
    first, second = await entries(room, "system")
    assert (first.action, first.target, first.outcome) == (
        "authentication.failed",
        "unknown",
        "unauthenticated",
    )
    assert first.actor == {"type": "anonymous", "id": "unknown", "ip": "192.0.2.1"}
    assert (first.detail["count"], second.detail["count"]) == (2, 1)
    assert secret not in str([first.detail, first.actor, second.detail])
    assert await counted.once() == 0


async def test_a_known_key_is_its_environments(room: Room, counted: Refusals) -> None:
    made = await room.make(scopes=["logs:read"], networks=["192.0.2.0/24"])
    text = made.secret.reveal().decode()
    for address in ("192.0.2.1", "198.51.100.1"):
        async with room.client(text, address) as api:
            for _ in range(3):
                assert (await api.get("/audit")).status_code == 403
    async with room.database.write() as session:
        await session.execute(update(ApiKey).values(digest=b"x" * 32))
    room.access.forget(made.key.kid)
    async with room.client(text, "192.0.2.1") as api:
        assert (await api.get("/audit")).status_code == 401
    async with room.database.write() as session:
        await session.execute(update(ApiKey).values(digest=made.key.digest))
    room.access.forget(made.key.kid)
    await room.keys.revoke(made.key.environment_id, made.key.id, CLI)
    room.access.forget(made.key.kid)
    async with room.client(text, "192.0.2.1") as api:
        assert (await api.get("/audit")).json()["code"] == "key_revoked"
    room.clock.forward(seconds=30)
    await counted.once()
    found = await entries(room, made.key.environment_id)
    told = [(entry.action, entry.outcome, entry.actor.get("ip"), entry.detail["count"]) for entry in found]
    assert told == [
        ("authorization.failed", "insufficient_scope", "192.0.2.1", 3),
        ("authorization.failed", "ip_not_allowed", "198.51.100.1", 3),
        ("authentication.failed", "unauthenticated", "192.0.2.1", 1),
        ("authentication.failed", "key_revoked", "192.0.2.1", 1),
    ]
    assert found[0].detail["scope"] == "audit:read"
    assert {entry.target for entry in found} == {made.key.id} == {entry.actor["id"] for entry in found}
    async with room.database.read() as session:
        assert (await verify(session, made.key.environment_id, None)).broken_at is None


async def test_a_flood_is_a_handful_of_entries(room: Room, counted: Refusals) -> None:
    for number in range(300):
        async with room.client(None, f"198.51.{number // 250}.{number % 250}") as api:
            await api.get("/audit")
    assert await counted.once() == 21
    found = await entries(room, "system")
    assert sum(entry.detail["count"] for entry in found) == 300
    assert found[-1].outcome == "many" and found[-1].detail["count"] == 280


async def test_what_cannot_be_written_waits(
    room: Room, counted: Refusals, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = room.clock.now()
    async with room.client() as api:
        await api.get("/audit")
        with monkeypatch.context() as patched:

            async def away(*_: object) -> None:
                raise Problem("storage_unavailable")

            patched.setattr(counted, "_record", away)
            with pytest.raises(Problem):
                await counted.once()
        room.clock.forward(minutes=1)
        await api.get("/audit")
    await counted.close()
    [entry] = await entries(room, "system")
    assert entry.detail["count"] == 2
    assert entry.detail["first"] == started.isoformat()
    assert entry.detail["last"] == (started + timedelta(minutes=1)).isoformat()
