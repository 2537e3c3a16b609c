"""Rows that cannot be read are kept once each, shown, and gone once they are read, gone or long past."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from app.core.database import Database
from app.models.synced_records import QuarantinedRecord, SyncedRecord
from app.sync import quarantine
from connectors.kit.faults import Fault, Kind
from connectors.kit.http import Reply, Request
from connectors.kit.operations import Answer, Context
from connectors.kit.resource import Resource
from tests.inbound.conftest import anyio_backend, database
from tests.sync.house import House

__all__ = ["anyio_backend", "database"]

pytestmark = pytest.mark.anyio

Spoil = Callable[[list[dict[str, Any]]], object]


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    with capture_logs():
        yield


@pytest.fixture
def house(database: Database) -> House:
    return House(database)


def spoiled(house: House, spoil: Spoil | None) -> None:
    """What becomes of the rows of contacts on their way here."""
    plain = type(house.twin).reply

    def reply(request: Request) -> Reply:
        answer = plain(house.twin, request)
        if spoil is not None and request.path == "/contacts":
            spoil(answer.body["contacts"])
        return answer

    house.twin.reply = reply  # type: ignore[method-assign]


def nameless(rows: list[dict[str, Any]]) -> None:
    """The first row comes without an id."""
    if rows:
        rows[0]["contact_id"] = None


@pytest.fixture
def unread(house: House, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Ids of contacts this release cannot read."""
    ids: set[str] = set()
    kind = type(house.twin.resource("contacts"))
    plain = kind.read

    def read(part: Resource, native: Any, ctx: Context, *, detail: bool = True) -> Answer:
        if isinstance(native, dict) and native.get("contact_id") in ids:
            raise Fault(Kind.GARBLED, message="too odd to read")
        return plain(part, native, ctx, detail=detail)

    monkeypatch.setattr(kind, "read", read)
    return ids


def contacts(house: House) -> list[str]:
    return [answer.record["id"] for answer in house.twin.list("contacts").answers]


async def run(house: House, mode: str = "full") -> Any:
    house.clock.at += timedelta(hours=1)
    return await house.ended(await house.start(mode))


async def aside(house: House) -> list[QuarantinedRecord]:
    return await house.rows(QuarantinedRecord)


async def test_a_row_is_kept_once_however_often_it_is_met(house: House, unread: set[str]) -> None:
    await house.job("contacts")
    odd = contacts(house)[0]
    unread.add(odd)
    for round in range(1, 4):
        done = await run(house)
        assert done.state == "completed" and done.totals.quarantined >= 1
        [row] = await aside(house)
        assert (row.unit, row.mark, row.run_id) == ("accounting/contacts", odd, done.id)
        assert row.last_seen_at == house.clock.at and row.reason == "too odd to read"
        assert row.created_at == house.clock.at - timedelta(hours=round - 1)
        assert row.seen >= round
        assert odd.encode() not in row.native, "it is sealed"


async def test_rows_without_any_id_are_told_apart_by_what_they_say(house: House) -> None:
    await house.job("contacts")

    def spoil(rows: list[dict[str, Any]]) -> None:
        for row in rows[:3]:
            row["contact_id"] = None
        rows[1].update({name: value for name, value in rows[0].items() if name != "contact_id"})

    spoiled(house, spoil)
    await run(house)
    rows = await aside(house)
    assert len(rows) == 2, "two of the three are the same"
    assert {quarantine.record_id_of(row) for row in rows} == {None}


async def test_what_a_complete_run_meets_no_more_is_set_aside_no_longer(house: House) -> None:
    await house.job("contacts", "items")
    spoiled(house, nameless)
    await run(house)
    known = len(await house.rows(SyncedRecord, resource="contacts"))
    assert len(await aside(house)) == 1
    spoiled(house, None)
    await run(house)
    assert await aside(house) == []
    assert len(await house.rows(SyncedRecord, resource="contacts")) == known + 1


async def test_what_is_read_is_set_aside_no_longer(house: House, unread: set[str]) -> None:
    """A delta is enough: as after a release that learned to read it."""
    await house.job("contacts")
    odd, other = contacts(house)[:2]
    unread.update((odd, other))
    await run(house)
    assert {row.mark for row in await aside(house)} == {odd, other}
    unread.remove(odd)
    house.twin.now = house.clock.at
    house.twin.update("contacts", odd, name="Read at last")
    await run(house, "delta")
    assert [row.mark for row in await aside(house)] == [other]


async def test_a_list_that_cannot_be_read_at_all_is_kept_in_part(
    house: House, unread: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quarantine, "MOST", 3)
    await house.job("contacts")
    unread.update(contacts(house))
    assert len(unread) > 3
    await run(house)
    assert len(await aside(house)) == 3


async def test_what_was_not_met_for_long_is_forgotten(house: House) -> None:
    await house.job("contacts")
    spoiled(house, nameless)
    await run(house)

    async def forget() -> int:
        return await house.database.transact(lambda session: quarantine.forget(session, house.clock.at, 25))

    house.clock.at += quarantine.KEPT
    assert await forget() == 0
    house.clock.at += timedelta(seconds=1)
    assert await forget() == 1 and await aside(house) == []
