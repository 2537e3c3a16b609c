"""The queue of messages, on both databases, with a clock of the test's own."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, func, insert, select

from app.core.auth import Principal
from app.core.clock import Clock
from app.core.database import Database
from app.core.http.egress import Egress
from app.core.secrets import LocalWrapper, Vault, keyring
from app.keys.audit import Actor
from app.keys.data_keys import DataKeyRows
from app.models import Environment, Event
from app.models.webhooks import Webhook, WebhookAttempt, WebhookMessage
from app.webhooks import messages, outbox
from app.webhooks.catalogue import Happening
from app.webhooks.fanout import PAGE, fan_out, is_behind, wants
from app.webhooks.messages import Outcome, Parcel
from app.webhooks.outbox import Told
from app.webhooks.retention import forget
from app.webhooks.service import Webhooks

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@asynccontextmanager
async def opened(url: str, *webhooks: Webhook) -> AsyncIterator[Database]:
    database = Database(url)
    await database.migrate()
    try:
        async with database.write() as session:
            session.add(Environment(id="env_1", name="test", mode="test", created_at=NOW))
            await session.flush()
            session.add_all(webhooks)
        yield database
    finally:
        await database.close()


def webhook(id: str = "whk_1", **more: Any) -> Webhook:
    lists = ("event_types", "resources", "account_ids", "tenant_ids", "changed_fields", "secrets")
    given: dict[str, Any] = {
        "environment_id": "env_1", "target_url": "https://example.com/", "position": 0,
        "created_at": NOW, "updated_at": NOW, **{name: [] for name in lists}, **more,
    }  # fmt: skip
    return Webhook(id=id, **given)


async def tell(database: Database, count: int, event: Happening = Happening.QUOTA_WARNING) -> None:
    async with database.write() as session:
        await outbox.append(
            session, NOW, "env_1", None, [Told(event, {"number": number}) for number in range(count)]
        )


async def fan(database: Database, webhooks: int = 20) -> bool:
    return await database.transact(lambda session: fan_out(session, NOW, webhooks))


async def claim(database: Database, now: datetime = NOW, most: int = 64) -> list[Parcel]:
    return await database.transact(lambda session: messages.claim(session, now, most))


async def settle(database: Database, now: datetime, parcels: Sequence[Parcel], status: int | None) -> None:
    outcomes = [Outcome(parcel, now, 5, status, None if status else "no connection") for parcel in parcels]
    await database.transact(lambda session: messages.settle(session, now, outcomes))


async def queued(database: Database, **narrow: Any) -> list[WebhookMessage]:
    async with database.read() as session:
        query = select(WebhookMessage).filter_by(**narrow)
        return list(await session.scalars(query.order_by(WebhookMessage.sequence)))


async def stored(database: Database, id: str = "whk_1") -> Webhook:
    async with database.read() as session:
        return await session.get_one(Webhook, id)


async def due(database: Database, now: datetime = NOW) -> bool:
    async with database.read() as session:
        return await session.scalar(messages.is_due(now)) is not None


# Fan-out


def test_every_event_becomes_a_message_once(database_url: str) -> None:
    async def run() -> None:
        count = PAGE + 7
        async with opened(
            database_url, webhook(), webhook("whk_2"), webhook("whk_3", is_active=False)
        ) as database:
            await tell(database, count)
            assert await fan(database)
            while await fan(database):
                pass
            async with database.read() as session:
                assert await session.scalar(is_behind()) is None
            for id in ("whk_1", "whk_2"):
                assert [row.sequence for row in await queued(database, webhook_id=id)] == list(
                    range(1, count + 1)
                )
                assert (await stored(database, id)).position == count
            assert await queued(database, webhook_id="whk_3") == []
            await tell(database, 1)
            await fan(database)
            assert len(await queued(database, webhook_id="whk_1")) == count + 1

    asyncio.run(run())


def test_a_rolled_back_fan_out_loses_and_doubles_nothing(database_url: str) -> None:
    async def run() -> None:
        async with opened(database_url, webhook()) as database:
            await tell(database, 5)
            with pytest.raises(LookupError):
                async with database.write() as session:
                    await fan_out(session, NOW, 20)
                    raise LookupError
            assert await queued(database) == [] and (await stored(database)).position == 0
            await asyncio.gather(*(fan(database) for _ in range(4)))
            assert [row.sequence for row in await queued(database)] == [1, 2, 3, 4, 5]

    asyncio.run(run())


def test_events_that_were_forgotten_hold_nobody_up(database_url: str) -> None:
    async def run() -> None:
        async with opened(database_url, webhook()) as database:
            await tell(database, 5)
            async with database.write() as session:
                await session.execute(delete(Event))
            await fan(database)
            assert (await stored(database)).position == 5
            await tell(database, 1)
            await fan(database)
            assert [row.sequence for row in await queued(database)] == [6]

    asyncio.run(run())


def happened(event: Happening = Happening.RECORD_UPDATED, **payload: Any) -> Event:
    is_record = event.value.startswith("record:")
    told = {"tenant_id": "tenant_1", "origin": None, **payload}
    if is_record:
        told = {"change": event.value.partition(":")[2], "changed_fields": ["status", "balance"], **told}
    return Event(
        environment_id="env_1", sequence=1, id="evt_1", account_id="acc_1", event=event.value, payload=told,
        created_at=NOW, resource="invoices" if is_record else None, record_id="1" if is_record else None,
    )  # type: ignore[arg-type]  # fmt: skip


ACCOUNT = Happening.ACCOUNT_ACTIVE
ECHO = {"origin": {"request_id": "req_1", "source_event": None}}
FILTERS: list[tuple[dict[str, Any], Event, bool]] = [
    ({}, happened(), True),
    ({}, happened(ACCOUNT), True),
    ({}, happened(Happening.TEST), False),
    ({"event_types": ["test"]}, happened(Happening.TEST), False),
    ({"event_types": ["record:updated"]}, happened(), True),
    ({"event_types": ["record:*"]}, happened(), True),
    ({"event_types": ["record:created", "record:deleted"]}, happened(), False),
    ({"event_types": ["record:*"]}, happened(ACCOUNT), False),
    ({"account_ids": ["acc_1"]}, happened(), True),
    ({"account_ids": ["acc_2"]}, happened(), False),
    ({"tenant_ids": ["tenant_1", "tenant_2"]}, happened(), True),
    ({"tenant_ids": ["tenant_2"]}, happened(), False),
    ({"resources": ["invoices"]}, happened(), True),
    ({"resources": ["contacts"]}, happened(), False),
    ({"resources": ["contacts"]}, happened(ACCOUNT), True),
    ({"changed_fields": ["balance"]}, happened(), True),
    ({"changed_fields": ["name"]}, happened(), False),
    ({"changed_fields": ["name"]}, happened(newly_told=["name"]), True),
    ({"changed_fields": ["name"]}, happened(newly_told=["memo"]), False),
    ({"changed_fields": ["name"]}, happened(Happening.RECORD_CREATED), True),
    ({"changed_fields": ["name"]}, happened(Happening.RECORD_DELETED), True),
    ({"changed_fields": ["name"]}, happened(ACCOUNT), True),
    ({"exclude_origin": True}, happened(**ECHO), False),
    ({"exclude_origin": True}, happened(), True),
    ({"exclude_origin": False}, happened(**ECHO), True),
    ({"resources": ["invoices"], "account_ids": ["acc_2"]}, happened(), False),
]


@pytest.mark.parametrize(("narrow", "event", "told"), FILTERS)
def test_who_is_told_of_what(narrow: dict[str, Any], event: Event, told: bool) -> None:
    assert wants(webhook(**narrow), event) is told


# Claims


def test_an_endpoint_has_four_under_way(database_url: str) -> None:
    async def run() -> None:
        async with opened(database_url, webhook()) as database:
            await tell(database, 20)
            await fan(database)
            taken = await asyncio.gather(*(claim(database) for _ in range(3)))
            parcels = [parcel for each in taken for parcel in each]
            assert len(parcels) == 4 and len({parcel.message_id for parcel in parcels}) == 4
            assert await claim(database) == [] and not await due(database)
            await settle(database, NOW, parcels[:1], 200)
            assert await due(database) and len(await claim(database)) == 1
            done = await queued(database, state="delivered")
            assert [(row.attempts, row.last_status, row.due_at) for row in done] == [(1, 200, None)]

    asyncio.run(run())


def test_a_dead_endpoint_with_thousands_takes_nobodys_turn(database_url: str) -> None:
    async def run() -> None:
        dead = [f"whk_dead_{number}" for number in range(12)]
        async with opened(database_url, webhook(), *(webhook(id) for id in dead)) as database:
            await tell(database, 1)
            async with database.write() as session:
                rows = [
                    {
                        "id": f"whm_{at}", "environment_id": "env_1", "webhook_id": "whk_dead_0", "sequence": at,
                        "event_id": "evt_x", "event": "test", "created_at": NOW, "due_at": NOW - 900 * SECOND,
                        "state": "pending", "attempts": 0, "replays": 0,
                    }
                    for at in range(1_000, 5_000)
                ]  # fmt: skip
                await session.execute(insert(WebhookMessage), rows)
            await tell(database, 10)
            while await fan(database):
                pass
            held = await claim(database, most=1_000)
            assert {parcel.webhook.id for parcel in held} == {"whk_1", *dead}
            await settle(database, NOW, [parcel for parcel in held if parcel.webhook.id == "whk_1"], 200)
            again = await claim(database, most=4)
            assert {parcel.webhook.id for parcel in again} == {"whk_1"}, "all others are full"

    asyncio.run(run())


def test_a_lease_that_ran_out_is_taken_over(database_url: str) -> None:
    async def run() -> None:
        async with opened(database_url, webhook()) as database:
            await tell(database, 1)
            await fan(database)
            [first] = await claim(database)
            later = NOW + messages.LEASE
            assert await claim(database, later - SECOND) == []
            [second] = await claim(database, later)
            assert second.message_id == first.message_id and second.event.id == first.event.id
            await settle(database, later, [first], 500)
            [row] = await queued(database)
            assert (row.state, row.attempts, row.lease) == ("pending", 0, second.lease)
            await settle(database, later, [second], 200)
            await settle(database, later, [first], 500)
            [row] = await queued(database)
            assert (row.state, row.attempts) == ("delivered", 1)
            assert (await stored(database)).failures == 0

    asyncio.run(run())


def test_ten_attempts_then_it_is_dead(database_url: str) -> None:
    async def run() -> None:
        async with opened(database_url, webhook(failing_since=None)) as database:
            await tell(database, 1)
            await fan(database)
            now = NOW
            for attempt in range(1, 11):
                [parcel] = await claim(database, now)
                await settle(database, now, [parcel], 503 if attempt % 2 else None)
                [row] = await queued(database)
                assert row.attempts == attempt
                if attempt < 10:
                    assert row.due_at is not None and await claim(database, row.due_at - SECOND) == []
                    now = row.due_at
            assert (row.state, row.due_at, row.last_error) == ("dead", None, "no connection")
            assert timedelta(hours=60) < now - NOW < timedelta(hours=91)
            async with database.read() as session:
                assert await session.scalar(select(func.count()).select_from(WebhookAttempt)) == 10

    asyncio.run(run())


def test_an_endpoint_that_rests_is_probed_once_a_minute(database_url: str) -> None:
    async def run() -> None:
        async with opened(database_url, webhook(failures=9, failing_since=NOW)) as database:
            await tell(database, 20)
            await fan(database)
            [one, *others] = await claim(database)
            await settle(database, NOW, [one], 500)
            assert (await stored(database)).health == "degraded"
            await settle(database, NOW, others, 500)
            assert await claim(database, NOW + 59 * SECOND) == []
            minute = NOW + 61 * SECOND
            [probe] = await claim(database, minute)
            assert await claim(database, minute + 59 * SECOND) == [], "one, whether it came back or not"
            await settle(database, minute, [probe], 200)
            assert (await stored(database)).health == "ok"
            assert len(await claim(database, minute)) == 4

    asyncio.run(run())


def test_410_ends_it_whatever_else_was_under_way(database_url: str) -> None:
    async def run() -> None:
        async with opened(database_url, webhook(), webhook("whk_2")) as database:
            await tell(database, 6)
            await fan(database)
            parcels = [parcel for parcel in await claim(database) if parcel.webhook.id == "whk_1"]
            await settle(database, NOW, parcels[:1], 410)
            await settle(database, NOW, parcels[1:2], 200)
            await settle(database, NOW, parcels[2:3], 500)
            await settle(database, NOW, parcels[3:], 410)
            assert (await stored(database)).health == "disabled"
            states = [row.state for row in await queued(database, webhook_id="whk_1")]
            assert states.count("delivered") == 1 and states.count("cancelled") == 5
            async with database.read() as session:
                told = list(await session.scalars(select(Event).where(Event.event == "webhook:disabled")))
            assert [event.payload["id"] for event in told] == ["whk_1"], "told once"
            await fan(database)
            assert len(await queued(database, webhook_id="whk_1")) == 6, "it is told nothing more"
            assert len(await queued(database, webhook_id="whk_2")) == 7, "others are told of it"

    asyncio.run(run())


# Retention


def test_what_is_older_than_thirty_days_is_forgotten(database_url: str) -> None:
    async def run() -> None:
        async with opened(database_url, webhook()) as database:
            await tell(database, 3)
            await fan(database)
            await settle(database, NOW, await claim(database), 200)
            later = NOW + timedelta(days=30) + SECOND
            async with database.write() as session:
                await outbox.append(session, later, "env_1", None, [Told(Happening.QUOTA_WARNING, {})])
            await fan(database)
            assert not await database.transact(lambda session: forget(session, NOW + timedelta(days=30)))
            assert len(await queued(database)) == 4
            while await database.transact(lambda session: forget(session, later)):
                pass
            assert [row.sequence for row in await queued(database)] == [4]
            async with database.read() as session:
                assert list(await session.scalars(select(Event.sequence))) == [4]
                assert await session.scalar(select(func.count()).select_from(WebhookAttempt)) == 0

    asyncio.run(run())


async def test_secrets_rotated_at_once_are_all_kept(database_url: str) -> None:
    async with opened(database_url, webhook()) as database:
        vault = Vault(database, LocalWrapper(keyring.generate(NOW)), DataKeyRows(), Clock())
        house = Webhooks(database, Clock(), vault, Egress())
        caller = Principal("env_1", "test", "test", "key_1", frozenset({"*"}))
        turned = await asyncio.gather(
            *(house.rotate(caller, Actor("api_key", "key_1"), "whk_1") for _ in range(4))
        )
        stored = await house.webhook(caller, "whk_1")
        assert {one["generation"] for one in stored.secrets} == {2, 3, 4, 5}
        assert len({secret for _, secret in turned}) == 4
