"""Data keys move to another wrapping key while they are in use, in pieces, and by several at once."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import select, update

from app.core.clock import Clock
from app.core.database import Database
from app.core.secrets import Context, LocalWrapper, SecretUnavailable, Vault, keyring, rotation
from app.core.secrets.keyring import Status
from app.keys.data_keys import DataKeyRows, check_ring, keys_in_use, rewrap
from app.models.data_keys import DataKey
from app.models.environments import Environment

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
CLOCK = Clock()
OWNERS = 23
OLD = keyring.generate(NOW)
RING = rotation.promote(rotation.add(OLD, keyring.fresh_key(NOW, Status.DECRYPT, "kek-next")), "kek-next")


def context(number: int) -> Context:
    return Context("env_1", f"grant:{number}", "oauth.refresh", "grants.refresh_blob", 1)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    await database.migrate()
    async with database.write() as session:
        session.add(Environment(id="env_1", name="one", mode="test", created_at=NOW))
    yield database
    await database.close()


@pytest.fixture
async def blobs(database: Database) -> list[bytes]:
    vault = Vault(database, LocalWrapper(OLD), DataKeyRows(), CLOCK)
    return [await vault.seal(context(n), f"secret {n}") for n in range(OWNERS)]


async def opened(database: Database, blobs: list[bytes], ring: keyring.Keyring) -> list[bytes]:
    vault = Vault(database, LocalWrapper(ring), DataKeyRows(), CLOCK)
    return [(await vault.open(blob, context(n))).reveal() for n, blob in enumerate(blobs)]


async def test_interrupted_and_resumed_everything_opens_at_every_moment(
    database: Database, blobs: list[bytes]
) -> None:
    secrets = [f"secret {n}".encode() for n in range(OWNERS)]
    steps = rewrap(database, LocalWrapper(RING), CLOCK, batch=5)
    assert [await anext(steps), await anext(steps)] == [(5, 18), (10, 13)]
    await steps.aclose()  # type: ignore[attr-defined]
    assert await keys_in_use(database) == {OLD.primary: 13, "kek-next": 10}
    assert await opened(database, blobs, RING) == secrets
    assert [step async for step in rewrap(database, LocalWrapper(RING), CLOCK, batch=100)] == [(13, 0)]
    assert await keys_in_use(database) == {"kek-next": OWNERS}
    retired = rotation.retire(RING, OLD.primary, NOW)
    assert await check_ring(database, retired, CLOCK) == []
    assert await opened(database, blobs, retired) == secrets


async def test_two_at_once_do_it_once(database: Database, blobs: list[bytes]) -> None:
    async def all_of_it() -> None:
        async for _ in rewrap(database, LocalWrapper(RING), CLOCK, batch=3):
            await asyncio.sleep(0)

    await asyncio.gather(all_of_it(), all_of_it())
    assert await keys_in_use(database) == {"kek-next": OWNERS}
    assert await opened(database, blobs, RING) == [f"secret {n}".encode() for n in range(OWNERS)]


async def test_a_ring_without_a_needed_key_is_named(database: Database, blobs: list[bytes]) -> None:
    assert blobs
    retired = rotation.retire(RING, OLD.primary, NOW)
    assert await check_ring(database, retired, CLOCK) == [
        f"the ring in new lacks key {OLD.primary}, which stored secrets need"
    ]


async def test_a_blob_or_wrapped_key_moved_to_another_row_never_opens(
    database: Database, blobs: list[bytes]
) -> None:
    vault = Vault(database, LocalWrapper(OLD), DataKeyRows(), CLOCK)
    for other in (
        context(1),
        Context("env_2", "grant:0", "oauth.refresh", "grants.refresh_blob", 1),
        Context("env_1", "grant:0", "oauth.access", "grants.refresh_blob", 1),
        Context("env_1", "grant:0", "oauth.refresh", "grants.access_blob", 1),
        Context("env_1", "grant:0", "oauth.refresh", "grants.refresh_blob", 2),
    ):
        with pytest.raises(SecretUnavailable):
            await vault.open(blobs[0], other)
    async with database.write() as session:
        first, second = list(await session.scalars(select(DataKey).order_by(DataKey.id).limit(2)))
        await session.execute(update(DataKey).where(DataKey.id == first.id).values(wrapped=second.wrapped))
        owner = int(first.owner.partition(":")[2])
    with pytest.raises(SecretUnavailable):
        await Vault(database, LocalWrapper(OLD), DataKeyRows(), CLOCK).open(blobs[owner], context(owner))
