import asyncio
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select, update

from app.core.clock import Clock
from app.core.errors import Problem
from app.core.secrets import SecretUnavailable
from app.core.secrets.failures import Reason
from app.models import AuditEntry
from app.models.writes import Write
from app.unified.changes import Change
from app.unified.intents import Intents
from app.unified.matching import Rule
from app.writes.supervised import Supervisor, supervisor
from connectors.kit.faults import Fault, Kind

pytestmark = pytest.mark.anyio

NEW = {"contact": {"id": "7"}, "line_items": [{"name": "Tea", "unit_price": "2.50"}], "number": "A-1"}
KEY = {"Idempotency-Key": "order-1"}


async def create(world: Any, headers: Any = KEY, body: Any = NEW, query: str = "") -> Any:
    return await world.ask("POST", "/invoices", query, json=body, headers=headers)


async def intents(world: Any) -> list[Write]:
    async with world.app.state.database.read() as session:
        return list(await session.scalars(select(Write).order_by(Write.created_at, Write.id)))


async def test_a_repetition_is_answered_without_sending(world: Any) -> None:
    first = await create(world)
    asked = len(world.provider.seen)
    second = await create(world, {"Idempotency-Key": '"order-1"'})
    assert (second.status_code, second.content) == (201, first.content)
    assert second.headers["etag"] == first.headers["etag"]
    assert second.headers["ledgerway-write-id"] == first.headers["ledgerway-write-id"]
    assert (first.headers["ledgerway-outcome"], second.headers["ledgerway-outcome"]) == (
        "created",
        "replayed",
    )
    assert second.headers["idempotent-replayed"] == "true"
    assert len(world.provider.seen) == asked and len(world.provider.rows) == 1


@pytest.mark.parametrize(
    ("method", "path", "status"), [("POST", "/invoices", 201), ("DELETE", "/invoices/1", 200)]
)
async def test_what_was_done_is_told_where_its_answer_could_not_be_sealed(
    world: Any, monkeypatch: pytest.MonkeyPatch, method: str, path: str, status: int
) -> None:
    world.fill(1)
    vault = world.app.state.credentials.vault
    seal = vault.seal

    async def sealing(context: Any, secret: bytes) -> bytes:
        if context.purpose == "idempotent_answer":
            raise SecretUnavailable(Reason.SERVICE)
        return await seal(context, secret)

    monkeypatch.setattr(vault, "seal", sealing)
    body = {"json": NEW} if method == "POST" else {}
    first = await world.ask(method, path, **body, headers=KEY)
    assert "ledgerway-warning" not in first.headers
    sent = len(world.provider.seen)
    again = await world.ask(method, path, **body, headers=KEY)
    assert (again.status_code, again.json()) == (status, {"id": first.json()["id"]}), again.text
    assert again.headers["ledgerway-warning"] == "answer-not-kept"
    assert (again.headers["ledgerway-outcome"], again.headers["idempotent-replayed"]) == ("replayed", "true")
    assert again.headers["ledgerway-write-id"] == first.headers["ledgerway-write-id"]
    assert len(world.provider.seen) == sent


async def test_a_repetition_written_differently_is_the_same(world: Any) -> None:
    await create(world)
    turned = b'{ "number":"A-1","line_items":[{"unit_price":"2.50","name":"Tea"}],"contact":{"id":"7"} }'
    again = await world.ask("POST", "/invoices", content=turned, headers=KEY)
    assert again.headers["ledgerway-outcome"] == "replayed"


async def test_the_key_stands_for_one_content_path_and_account(world: Any) -> None:
    world.fill(2)
    await create(world)
    other = await create(world, body={**NEW, "number": "A-2"})
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    for path in ("/invoices/1", "/invoices/2"):
        assert (await world.ask("PATCH", path, json={"memo": "x"}, headers=KEY)).status_code == 200
    elsewhere = await world.client.post(
        "/unified/accounting/invoices?integrated_account_id=acc_2", json={**NEW, "number": "A-3"}, headers=KEY
    )
    assert elsewhere.status_code == 201


@pytest.mark.parametrize("key", ["", " ", "a b", "ä", "x" * 256, "\t"])
async def test_keys_that_are_none(world: Any, key: str) -> None:
    answer = await create(world, {"Idempotency-Key": key.encode()})
    assert answer.json()["code"] == "idempotency_key_invalid"
    assert world.provider.seen == []


async def test_every_write_has_an_intent_and_only_keyed_ones_an_answer(world: Any) -> None:
    answer = await create(world, {"X-Source-Event": "evt-1"}, {**NEW, "reference": "order-9"})
    await create(world)
    plain, keyed = await intents(world)
    if plain.idempotency_key:
        plain, keyed = keyed, plain
    assert plain.id == answer.headers["ledgerway-write-id"]
    assert (plain.state, plain.status, plain.record_id, plain.outcome) == ("done", 201, "1", "created")
    assert (plain.source_event, plain.reference, plain.answer) == ("evt-1", "order-9", None)
    assert keyed.answer is not None and b"A-1" not in keyed.answer


async def test_a_write_is_audited_by_its_ids_alone(world: Any) -> None:
    answer = await create(world, {})
    async with world.app.state.database.read() as session:
        [entry] = list(await session.scalars(select(AuditEntry)))
    assert (entry.action, entry.target, entry.outcome) == (
        "record.created",
        "acc_1/accounting/invoices/1",
        "ok",
    )
    assert entry.detail["write_id"] == answer.headers["ledgerway-write-id"]
    assert "A-1" not in str(entry.detail)


async def test_what_was_refused_before_sending_leaves_the_key_free(world: Any) -> None:
    assert (await create(world, body={"contact": "7"})).status_code == 422
    assert (await create(world, body={**NEW, "memo": "refuse"})).status_code == 422
    assert (await create(world)).status_code == 201


async def test_what_the_provider_refused_leaves_the_key_free(world: Any) -> None:
    world.provider.fail = lambda ask: Fault(Kind.MINUTE, 429)
    assert (await create(world)).status_code == 429
    world.provider.fail = lambda ask: None
    assert (await create(world)).status_code == 201
    assert [row.state for row in await intents(world)].count("released") == 1


async def test_what_nobody_saw_is_never_sent_again(world: Any) -> None:
    world.provider.fail = lambda ask: None if ask.is_read else Fault(Kind.NETWORK, phase="body")
    lost = await create(world)
    assert (lost.status_code, lost.json()["code"], lost.json()["executed"]) == (
        502,
        "outcome_unknown",
        "unknown",
    )
    world.provider.fail = lambda ask: None
    again = await create(world)
    assert (again.status_code, again.json()["code"]) == (409, "outcome_pending")
    for told in (lost, again):
        assert told.json()["write_id"] == lost.headers["ledgerway-write-id"]
        assert (told.json()["retryable"], told.json()["executed"]) == (True, "unknown")
        assert told.json()["retry_after"] == int(told.headers["retry-after"]) >= 1
        assert told.json()["detail"].endswith("It is being looked for; ask again with the same key.")
    assert sum(not ask.is_read for ask in world.provider.seen) == 1


async def test_without_a_key_nobody_is_told_to_send_it_again(world: Any) -> None:
    world.provider.fail = lambda ask: None if ask.is_read else Fault(Kind.NETWORK, phase="body")
    lost = (await create(world, None)).json()
    assert (lost["code"], lost["retryable"], lost["retry_after"]) == ("outcome_unknown", False, None)
    address = f"/write/{lost['write_id']}"
    assert lost["next"] == {"method": "GET", "path": address}
    assert f"GET {address} " in lost["detail"] and f"POST {address}/resolve" in lost["detail"]


async def test_who_waits_in_vain_for_another_is_not_told_when_to_repeat_it() -> None:
    async def other(*_: Any) -> Any:
        return SimpleNamespace(id="wri_1", state="executing", next_check_at=None)

    shelf: Any = SimpleNamespace(turn=other)
    intent: Any = SimpleNamespace(operation="create", owner="own_1", turn=None)
    call: Any = SimpleNamespace(run=SimpleNamespace(deadline=0.0))
    change = Change("create", None, {"name": "Acme"}, {}, matching=Rule(("name",), "return"))
    with pytest.raises(Problem) as caught:
        await Intents(shelf, Supervisor(), Clock()).queue(call, change, intent)
    assert caught.value.code == "possible_duplicate"
    assert "retry_after" not in caught.value.extra


async def test_a_failure_after_the_write_says_it_happened(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def act(self: Any, action: str, id: str, body: Any, ctx: Any) -> Any:
        from connectors.kit.http import Request

        yield Request("POST", "/invoices", body={"number": "X"})
        yield Request("GET", "/invoices/gone")

    monkeypatch.setattr(type(world.connector.resources["accounting", "invoices"]), "act", act)
    world.fill(1)
    first = await world.ask("POST", "/invoices/1/authorise", headers=KEY)
    assert (first.status_code, first.json()["executed"]) == (404, "yes")
    second = await world.ask("POST", "/invoices/1/authorise", headers=KEY)
    assert (second.status_code, second.json()["code"]) == (404, "not_found")
    assert second.headers["content-type"] == "application/problem+json"
    assert sum(not ask.is_read for ask in world.provider.seen) == 1


async def test_of_many_at_once_one_is_carried_out(world: Any) -> None:
    world.provider.hold = asyncio.Event()
    requests = [asyncio.create_task(create(world)) for _ in range(20)]
    while sum(not ask.is_read for ask in world.provider.seen) == 0 and not any(r.done() for r in requests):
        await asyncio.sleep(0.01)
    while sum(request.done() for request in requests) < 19:
        await asyncio.sleep(0.01)
    world.provider.hold.set()
    answers = [await request for request in requests]
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 19
    refused = next(answer for answer in answers if answer.status_code == 409)
    assert (refused.json()["code"], refused.headers["retry-after"]) == ("idempotency_in_progress", "1")
    assert len(world.provider.rows) == 1


async def test_waiting_for_the_first_gives_its_answer(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    world.provider.hold = asyncio.Event()
    first = asyncio.create_task(create(world))
    while not await intents(world):
        await asyncio.sleep(0.01)

    async def sleep(seconds: float) -> None:
        world.provider.hold.set()
        await asyncio.sleep(0.01)

    monkeypatch.setattr(world.app.state.clock, "sleep", sleep)
    second = await create(world, {**KEY, "Prefer": "wait=10"})
    assert (await first).content == second.content
    assert second.headers["idempotent-replayed"] == "true"


async def test_an_intent_whose_process_died_is_unknown(world: Any) -> None:
    await create(world)
    async with world.app.state.database.write() as session:
        await session.execute(update(Write).values(state="executing", answer=None))
    assert (await create(world)).json()["code"] == "idempotency_in_progress"
    world.app.state.clock.passed = timedelta(minutes=5)
    assert (await create(world)).json()["code"] == "outcome_pending"


async def test_a_write_that_several_records_fit_is_for_a_person(world: Any) -> None:
    await create(world)
    async with world.app.state.database.write() as session:
        several = {"state": "unknown", "answer": None, "error_code": "write_conflict_multiple"}
        await session.execute(update(Write).values(**several, next_check_at=None))
    answer = await create(world)
    assert (answer.status_code, answer.json()["code"]) == (409, "write_conflict_multiple"), answer.text
    assert (answer.json()["executed"], answer.json()["retryable"]) == ("unknown", False)
    assert f"POST /write/{answer.json()['write_id']}/resolve" in answer.json()["detail"]


async def test_a_key_is_free_again_after_a_week(world: Any) -> None:
    await create(world)
    world.app.state.clock.passed = timedelta(days=8)
    assert (await create(world, body={**NEW, "number": "A-2"})).status_code == 201
    assert len(world.provider.rows) == 2


async def test_the_same_mail_twice_needs_a_key(world: Any) -> None:
    world.fill(1)
    assert (await world.ask("POST", "/invoices/1/email")).status_code == 200
    again = await world.ask("POST", "/invoices/1/email")
    assert (again.status_code, again.json()["code"]) == (409, "possible_duplicate")
    assert (await world.ask("POST", "/invoices/1/email", headers=KEY)).status_code == 200
    world.app.state.clock.passed = timedelta(minutes=11)
    assert (await world.ask("POST", "/invoices/1/email")).status_code == 200


async def test_a_live_write_that_a_retry_would_repeat_is_warned_of(world: Any) -> None:
    assert (await create(world, {})).headers["ledgerway-warning"] == "unguarded-write"
    assert "ledgerway-warning" not in (await create(world)).headers
    assert "ledgerway-warning" not in (await create(world, {}, {**NEW, "reference": "r"})).headers


async def test_an_abandoned_write_is_still_recorded(world: Any) -> None:
    world.provider.hold = asyncio.Event()
    request = asyncio.create_task(create(world))
    while not world.provider.seen:
        await asyncio.sleep(0.01)
    request.cancel()
    await asyncio.gather(request, return_exceptions=True)
    world.provider.hold.set()
    await supervisor(world.app).drain(5.0)
    assert (await create(world)).headers["ledgerway-outcome"] == "replayed"


async def test_nothing_is_sent_that_cannot_be_recorded(world: Any) -> None:
    await world.app.state.database.close()
    path = world.app.state.database.url.database
    with open(path, "wb") as file:
        file.write(b"not a database at all" * 100)
    answer = await create(world)
    assert answer.status_code == 503
    assert world.provider.seen == []


async def test_writes_can_be_looked_up(world: Any) -> None:
    world.scopes.add("logs:read")
    made = await create(world, {**KEY, "X-Source-Event": "evt-1"}, {**NEW, "reference": "order-9"})
    await create(world, {}, {**NEW, "number": "A-2"})
    [found] = (await world.client.get("/write", params={"source_event": "evt-1"})).json()["result"]
    assert found["id"] == made.headers["ledgerway-write-id"]
    assert (found["state"], found["record_id"], found["reference"]) == ("done", "1", "order-9")
    assert (await world.client.get(f"/write/{found['id']}")).json() == found
    assert len((await world.client.get("/write")).json()["result"]) == 2
    for other in ("reference=x", "idempotency_key=x", "state=unknown", "integrated_account_id=acc_2"):
        assert (await world.client.get(f"/write?{other}")).json()["result"] == [], other
    assert (await world.client.get("/write/wri_none")).status_code == 404
    page = (await world.client.get("/write?limit=1")).json()
    rest = (await world.client.get("/write", params={"limit": 1, "next_cursor": page["next_cursor"]})).json()
    assert {page["result"][0]["id"], rest["result"][0]["id"]} == {row.id for row in await intents(world)}


async def test_writes_of_accounts_a_key_cannot_see_are_not_there(world: Any) -> None:
    world.scopes.add("logs:read")
    made = await create(world)
    world.token.append("acc_2")
    assert (await world.client.get("/write")).json()["result"] == []
    assert (await world.client.get(f"/write/{made.headers['ledgerway-write-id']}")).status_code == 404


async def test_an_operator_may_demand_keys(world: Any) -> None:
    world.app.state.settings.require_idempotency_key = True
    refused = await create(world, {})
    assert (refused.status_code, refused.json()["code"]) == (400, "idempotency_key_required")
    assert refused.json()["executed"] == "no"
    assert await intents(world) == []
    assert (await create(world)).status_code == 201
