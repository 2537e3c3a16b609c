"""What is carried out once per key: claimed, answered, released, left to a person. On both databases."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.core.clock import Clock
from app.core.database import Database
from app.core.errors import Problem
from app.core.secrets import LocalWrapper, Vault, keyring
from app.keys.audit import Actor
from app.keys.data_keys import DataKeyRows
from app.models import AuditEntry, Environment
from app.models.writes import Write
from app.writes.keyed import MOST_KEPT, Answer, Executed, Keyed, Sending, Work
from app.writes.shelf import Asked, Shelf
from app.writes.supervised import Supervisor

pytestmark = pytest.mark.anyio

ACTOR = Actor("api_key", "key_1")
JSON = (b"content-type", b"application/json")


class Moved(Clock):
    passed = timedelta()

    def now(self) -> datetime:
        return super().now() + self.passed


@dataclass
class Desk:
    """A shelf and what was done."""

    database: Database
    shelf: Shelf
    clock: Moved
    done: list[str] = field(default_factory=list[str])
    supervisor: Supervisor = field(default_factory=Supervisor)

    async def ask(self, work: Work, content: str = "a", patience: float = 0.0) -> Answer:
        keyed = Keyed(self.shelf, self.supervisor, self.clock)
        return await keyed.once(asked(content), ACTOR, patience, work)

    def work(self, answer: Answer | Exception | None = None, *, sends: bool = True) -> Work:
        async def work(sending: Sending) -> Answer:
            if sends:
                await sending()
            self.done.append("done")
            if isinstance(answer, Exception):
                raise answer
            return answer or Answer(201, (JSON, (b"set-cookie", b"a=b"), (b"etag", b'"1"')), b'{"a": 1.0}')

        return work

    async def rows(self) -> list[Write]:
        async with self.database.read() as session:
            return list(await session.scalars(select(Write).order_by(Write.created_at, Write.id)))


def asked(content: str = "a") -> Asked:
    return Asked(
        environment_id="env_1", account_id="acc_1", tenant_id="t", method="POST", path="/proxy/contacts",
        resource="proxy", operation="forward", fingerprint=content, key_id="key_1", request_id="req_1",
        idempotency_key="k",
    )  # fmt: skip


@pytest.fixture
async def desk(database_url: str) -> AsyncIterator[Desk]:
    database, clock = Database(database_url), Moved()
    async with database.write() as session:
        session.add(Environment(id="env_1", name="shop", mode="test", created_at=datetime.now(UTC)))
    vault = Vault(database, LocalWrapper(keyring.generate(clock.now())), DataKeyRows(), clock)
    yield Desk(database, Shelf(database, vault, clock), clock)
    await database.close()


def told(answer: Answer) -> dict[bytes, bytes]:
    return dict(answer.headers)


async def test_a_repetition_gets_what_was_kept(desk: Desk) -> None:
    first = await desk.ask(desk.work())
    again = await desk.ask(desk.work())
    assert (again.status, again.content) == (first.status, first.content) == (201, b'{"a": 1.0}')
    assert told(first)[b"set-cookie"] == b"a=b"
    assert told(again) == {
        **dict([JSON, (b"etag", b'"1"')]),
        b"ledgerway-write-id": told(first)[b"ledgerway-write-id"],
        b"ledgerway-outcome": b"replayed",
        b"idempotent-replayed": b"true",
    }
    [row] = await desk.rows()
    assert (len(desk.done), row.state, row.status) == (1, "done", 201)
    assert row.answer is not None and b'{"a"' not in row.answer
    async with desk.database.read() as session:
        [entry] = list(await session.scalars(select(AuditEntry)))
    assert (entry.action, entry.target, entry.outcome) == ("record.forwarded", "acc_1/proxy/contacts", "ok")


async def test_another_content_is_refused(desk: Desk) -> None:
    await desk.ask(desk.work())
    with pytest.raises(Problem) as caught:
        await desk.ask(desk.work(), "b")
    assert (caught.value.code, len(desk.done)) == ("idempotency_key_reused", 1)


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (Answer(429, (), b"later", "no"), "released"),
        (Answer(500, (), b"oops", "unknown"), "unknown"),
        (Answer(400, (), b"no"), "done"),
        (Problem("provider_rate_limited", executed="no"), "released"),
        (Problem("outcome_unknown", executed="unknown"), "unknown"),
        (RuntimeError("a bug"), "unknown"),
    ],
)
async def test_what_becomes_of_the_key(desk: Desk, answer: Answer | Exception, state: str) -> None:
    if isinstance(answer, Exception):
        with pytest.raises(type(answer)) as caught:
            await desk.ask(desk.work(answer))
        headers = caught.value.headers if isinstance(caught.value, Problem) else {}
        assert ("Ledgerway-Outcome" in headers) == (isinstance(answer, Problem) and state == "unknown")
    else:
        first = await desk.ask(desk.work(answer))
        assert (first.status, first.content) == (answer.status, answer.content)
        assert told(first).get(b"ledgerway-outcome") == (b"unknown" if state == "unknown" else None)
    [row] = await desk.rows()
    assert (row.state, row.next_check_at, row.idempotency_key) == (
        state,
        None,
        None if state == "released" else "k",
    )
    if state == "unknown":
        with pytest.raises(Problem) as pending:
            await desk.ask(desk.work())
        assert (pending.value.code, pending.value.extra["retryable"]) == ("outcome_pending", False)
    else:
        await desk.ask(desk.work())
    assert len(desk.done) == (2 if state == "released" else 1)


async def test_nothing_sent_nothing_done(desk: Desk) -> None:
    with pytest.raises(RuntimeError):
        await desk.ask(desk.work(RuntimeError(), sends=False))
    assert (await desk.ask(desk.work())).status == 201


@pytest.mark.parametrize("sent", [True, False])
async def test_an_owner_that_died(desk: Desk, sent: bool) -> None:
    """Before sending: whoever comes next does it. After: nobody but a person knows."""
    row, is_ours = await desk.shelf.begin(asked())
    assert is_ours
    if sent:
        await desk.shelf.sends(row)
    with pytest.raises(Problem) as caught:
        await desk.ask(desk.work())
    assert caught.value.code == "idempotency_in_progress"
    async with desk.database.write() as session:
        stored = await session.get(Write, row.id)
        assert stored is not None
        stored.lease_until -= timedelta(minutes=5)
    if sent:
        with pytest.raises(Problem) as caught:
            await desk.ask(desk.work())
        assert (caught.value.code, caught.value.extra["retryable"], desk.done) == (
            "outcome_pending",
            False,
            [],
        )
        return
    assert (await desk.ask(desk.work())).status == 201
    with pytest.raises(Problem):  # it comes back to life, and is told
        await desk.shelf.sends(row)
    await desk.shelf.end(row, "released", ACTOR)
    assert [each.state for each in await desk.rows()] == ["done"]


@pytest.mark.parametrize("size", [MOST_KEPT, MOST_KEPT + 1])
async def test_of_a_large_answer_the_head_is_kept(desk: Desk, size: int) -> None:
    large = Answer(200, (JSON, (b"content-encoding", b"gzip"), (b"etag", b"1")), b"x" * size)
    assert (await desk.ask(desk.work(large))).content == large.content
    again = await desk.ask(desk.work())
    assert (again.status, told(again)[b"etag"]) == (200, b"1")
    if size == MOST_KEPT:
        assert again.content == large.content
        assert b"ledgerway-warning" not in told(again)
    else:
        assert again.content == b""
        assert told(again)[b"ledgerway-warning"] == b"answer-not-kept"
        assert not {b"content-type", b"content-encoding"} & set(told(again))


async def test_what_was_done_is_told_where_its_answer_could_not_be_sealed(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def sealed_answer(*_: Any) -> None:
        return None

    monkeypatch.setattr(desk.shelf, "sealed_answer", sealed_answer)
    await desk.ask(desk.work())
    again = await desk.ask(desk.work())
    assert (again.status, again.content, len(desk.done)) == (201, b'{"id":null}', 1)
    assert told(again)[b"ledgerway-warning"] == b"answer-not-kept"
    assert told(again)[b"ledgerway-outcome"] == b"replayed"


async def test_of_many_at_once_one_is_carried_out(desk: Desk) -> None:
    gate = asyncio.Event()

    async def work(sending: Sending) -> Answer:
        await sending()
        desk.done.append("done")
        await gate.wait()
        return Answer(200, (), b"x")

    asking = [asyncio.create_task(desk.ask(work, patience=10 * (n % 2))) for n in range(12)]
    while sum(each.done() for each in asking) < 5:
        await asyncio.sleep(0.01)
    gate.set()
    ended = await asyncio.gather(*asking, return_exceptions=True)
    refused = [each for each in ended if isinstance(each, Problem)]
    assert {each.code for each in refused} == {"idempotency_in_progress"}
    assert len(desk.done) == 1
    assert {each.content for each in ended if isinstance(each, Answer)} == {b"x"}
    assert 6 <= sum(isinstance(each, Answer) for each in ended) <= 7


async def test_it_goes_on_when_its_caller_leaves(desk: Desk) -> None:
    gate = asyncio.Event()

    async def work(sending: Sending) -> Answer:
        await sending()
        desk.done.append("done")
        await gate.wait()
        return Answer(200, (), b"x")

    asking = asyncio.create_task(desk.ask(work))
    while not desk.done:
        await asyncio.sleep(0.01)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    gate.set()
    assert await desk.supervisor.drain(10) == 0
    assert told(await desk.ask(work))[b"ledgerway-outcome"] == b"replayed"


async def test_a_key_is_free_again_after_a_week(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    await desk.ask(desk.work())
    async with desk.database.write() as session:
        [stored] = list(await session.scalars(select(Write)))
        stored.created_at -= timedelta(days=8)
    await desk.ask(desk.work(), "b")
    assert len(desk.done) == 2


@pytest.mark.parametrize(
    ("answer", "executed"), [(None, "yes"), (Answer(500, (), b"", "unknown"), "unknown")]
)
async def test_what_was_done_is_not_denied_for_want_of_storage(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, answer: Answer | None, executed: Executed
) -> None:
    async def end(*_: Any, **__: Any) -> None:
        raise Problem("storage_full")

    monkeypatch.setattr(desk.shelf, "end", end)
    with pytest.raises(Problem) as caught:
        await desk.ask(desk.work(answer))
    assert (caught.value.code, caught.value.extra["executed"]) == ("storage_full", executed)
    assert caught.value.headers["Ledgerway-Write-Id"]
