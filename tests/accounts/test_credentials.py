"""Tokens at rest: sealed for their row and generation, replaced by one winner, gone when shredded."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select, text, update

from app.core.secrets import Reason, SecretUnavailable, keyring
from app.keys.data_keys import check_ring, keys_in_use
from app.models import DataKey, Grant, KeyringCheck
from tests.accounts.conftest import House

pytestmark = pytest.mark.anyio


async def replace(house: House, grant: Grant, access: str, **more: object) -> bool:
    expires = house.clock.now() + timedelta(hours=1)
    refresh = await house.credentials.open_refresh(grant)
    key = await house.credentials.key(grant.environment_id, grant.id)
    async with house.database.write() as session:
        return await house.credentials.store_tokens(session, key, grant, access, expires, refresh, **more)  # type: ignore[arg-type]


async def test_stored_tokens_come_back(house: House) -> None:
    await house.grant("gra_1")
    for credentials in (house.credentials, house.new_credentials()):
        assert await credentials.open_access("gra_1") == (
            "access of gra_1",
            1,
            house.clock.now() + timedelta(hours=1),
        )
        assert await credentials.open_refresh(await house.row("gra_1")) == "refresh-1"
    assert await house.credentials.open_access("gra_unknown") is None


async def test_no_column_of_any_table_holds_a_token_in_clear(house: House) -> None:
    await house.grant("gra_1", refresh="refresh-token-in-clear")
    async with house.database.read() as session:
        for table in ("grants", "data_keys", "audit_log"):
            for row in await session.execute(text(f"SELECT * FROM {table}")):
                shown = b" ".join(v if isinstance(v, bytes) else str(v).encode() for v in row)
                assert b"refresh-token-in-clear" not in shown and b"access of" not in shown


async def test_a_refresh_counts_the_generation_and_keeps_the_refresh_token(house: House) -> None:
    await house.grant("gra_1")
    grant = await house.row("gra_1")
    assert await replace(house, grant, "second")
    assert grant.generation == 2
    stored = await house.credentials.open_access("gra_1")
    assert stored is not None and stored[:2] == ("second", 2)
    assert await house.new_credentials().open_refresh(await house.row("gra_1")) == "refresh-1"


async def test_only_one_of_two_refreshes_of_a_generation_is_stored(house: House) -> None:
    await house.grant("gra_1")
    first, second = await house.row("gra_1"), await house.row("gra_1")
    results = await asyncio.gather(replace(house, first, "one"), replace(house, second, "two"))
    assert sorted(results) == [False, True]
    stored = await house.credentials.open_access("gra_1")
    assert stored is not None and stored[:2] == ("one" if results[0] else "two", 2)


async def test_the_loser_of_a_lease_stores_nothing(house: House) -> None:
    await house.grant("gra_1")
    async with house.database.write() as session:
        await session.execute(update(Grant).values(lease_owner="me", lease_until=house.clock.now()))
    assert not await replace(house, await house.row("gra_1"), "stale", lease_owner="you")
    assert await replace(house, await house.row("gra_1"), "mine", lease_owner="me")
    row = await house.row("gra_1")
    assert (row.lease_owner, row.lease_until, row.generation) == (None, None, 2)


@pytest.mark.parametrize("column", ["access_blob", "refresh_blob"])
async def test_a_blob_moved_to_another_row_does_not_open(house: House, column: str) -> None:
    await house.grant("gra_1")
    await house.grant("gra_2")
    await house.grant("gra_3", "env_2")
    stolen = getattr(await house.row("gra_1"), column)
    for other in ("gra_2", "gra_3"):
        async with house.database.write() as session:
            await session.execute(update(Grant).where(Grant.id == other).values({column: stolen}))
        for credentials in (house.credentials, house.new_credentials()):
            with pytest.raises(SecretUnavailable) as caught:
                if column == "access_blob":
                    await credentials.open_access(other)
                else:
                    await credentials.open_refresh(await house.row(other))
            assert caught.value.reason is Reason.CORRUPT


async def test_a_blob_in_the_other_column_does_not_open(house: House) -> None:
    await house.grant("gra_1")
    row = await house.row("gra_1")
    async with house.database.write() as session:
        await session.execute(update(Grant).values(access_blob=row.refresh_blob))
    with pytest.raises(SecretUnavailable):
        await house.credentials.open_access("gra_1")


async def test_a_blob_of_an_earlier_generation_does_not_open(house: House) -> None:
    await house.grant("gra_1")
    old = await house.row("gra_1")
    blobs = {"access_blob": old.access_blob, "refresh_blob": old.refresh_blob}
    assert await replace(house, old, "second")
    async with house.database.write() as session:
        await session.execute(update(Grant).values(**blobs))
    with pytest.raises(SecretUnavailable):
        await house.credentials.open_access("gra_1")
    with pytest.raises(SecretUnavailable):
        await house.credentials.open_refresh(await house.row("gra_1"))


async def test_swapping_wrapped_keys_does_not_help(house: House) -> None:
    await house.grant("gra_1")
    await house.grant("gra_2")
    async with house.database.write() as session:
        one, two = (await session.scalars(select(DataKey).order_by(DataKey.owner))).all()
        one.wrapped, two.wrapped = two.wrapped, one.wrapped
    with pytest.raises(SecretUnavailable):
        await house.new_credentials().open_access("gra_1")


async def test_a_shredded_grant_cannot_be_read_from_an_old_copy(house: House) -> None:
    await house.grant("gra_1")
    backup = await house.row("gra_1")
    async with house.database.write() as session:
        grant = (await session.scalars(select(Grant))).one()
        await house.credentials.shred(session, grant)
    row = await house.row("gra_1")
    assert (row.access_blob, row.refresh_blob, row.access_expires_at) == (None, None, None)
    async with house.database.read() as session:
        key = (await session.scalars(select(DataKey))).one()
    assert (key.state, key.wrapped) == ("shredded", None)
    for credentials in (house.credentials, house.new_credentials()):
        assert await credentials.open_access("gra_1") is None
        with pytest.raises(SecretUnavailable) as caught:
            await credentials.open_refresh(backup)
        assert caught.value.reason is Reason.UNKNOWN_KEY


async def test_a_refresh_that_ends_after_the_shredding_revives_nothing(house: House) -> None:
    await house.grant("gra_1")
    running, key = await house.row("gra_1"), await house.credentials.key("env_1", "gra_1")
    async with house.database.write() as session:
        await house.credentials.shred(session, (await session.scalars(select(Grant))).one())
    expires = house.clock.now() + timedelta(hours=1)
    async with house.database.write() as session:
        stored = await house.credentials.store_tokens(session, key, running, "late", expires, "late-refresh")
    assert not stored
    assert await house.credentials.open_access("gra_1") is None


async def test_a_key_of_a_transaction_that_failed_is_not_used_again(house: House) -> None:
    now = house.clock.now()

    async def attempt(fails: bool) -> None:
        key = await house.credentials.key("env_1", "gra_1")
        async with house.database.write() as session:
            grant = Grant(
                id="gra_1", environment_id="env_1", integration="x", location="us", scopes=[],
                created_at=now, updated_at=now,
            )  # fmt: skip
            session.add(grant)
            await session.flush()
            await house.credentials.store_tokens(session, key, grant, "access", now, "refresh")
            if fails:
                raise RuntimeError("rolled back")

    with pytest.raises(RuntimeError):
        await attempt(fails=True)
    await attempt(fails=False)
    assert await house.new_credentials().open_refresh(await house.row("gra_1")) == "refresh"


async def test_two_first_secrets_of_one_owner_share_a_key(house: House) -> None:
    from app.core.secrets import Context

    async def seal(field: str) -> tuple[bytes, Context]:
        context = Context("env_1", "environment:env_1", "test", field)
        return await house.new_credentials().vault.seal(context, field), context

    sealed = await asyncio.gather(*(seal(f"field {n}") for n in range(4)))
    for blob, context in sealed:
        opened = await house.credentials.vault.open(blob, context)
        assert opened.reveal().decode() == context.field
    async with house.database.read() as session:
        assert len((await session.scalars(select(DataKey))).all()) == 1


async def test_an_open_key_needs_no_database_for_a_quarter_of_an_hour(house: House) -> None:
    await house.grant("gra_1")
    row = await house.row("gra_1")
    await house.credentials.open_refresh(row)
    async with house.database.write() as session:
        await session.execute(update(DataKey).values(wrapped=b"gone"))
    house.clock.forward(minutes=11)
    assert await house.credentials.open_refresh(row) == "refresh-1"
    house.clock.forward(minutes=5)
    with pytest.raises(SecretUnavailable):
        await house.credentials.open_refresh(row)


async def test_another_ring_is_noticed_before_it_serves(house: House) -> None:
    assert await check_ring(house.database, house.ring, house.clock) == []
    await house.grant("gra_1")
    assert await keys_in_use(house.database) == {house.ring.primary: 1}
    assert await check_ring(house.database, house.ring, house.clock) == []
    stranger = keyring.generate(house.clock.now())
    (problem,) = await check_ring(house.database, stranger, house.clock)
    assert house.ring.primary in problem and "lacks" in problem
    async with house.database.read() as session:
        assert (await session.scalars(select(KeyringCheck.key_id))).all() == [house.ring.primary]
    async with house.database.write() as session:
        await session.execute(update(KeyringCheck).values(check_value=b"other"))
    (problem,) = await check_ring(house.database, house.ring, house.clock)
    assert "is not the key" in problem
