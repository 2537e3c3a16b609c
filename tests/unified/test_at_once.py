"""Creates of one thing at the same moment, and after one nobody saw the end of. On both databases."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from app.models.grants import Grant
from app.models.integrated_accounts import IntegratedAccount
from connectors.kit.faults import Fault, Kind
from connectors.kit.operations import Op
from tests.unified.conftest import Invoices
from tests.unified.test_intents import NEW, create

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 3, 1, tzinfo=UTC)
REFERRED = {**NEW, "reference": "order-9"}


@pytest.fixture
async def world(either_world: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(Invoices, "filters", {**Invoices.filters, "number": frozenset({Op.EQ})})
    kept: dict[str, Any] = {"environment_id": "env_1", "integration": "books", "location": "us", "scopes": []}
    times = {"created_at": NOW, "updated_at": NOW}
    async with either_world.app.state.database.write() as session:  # the account has a row, which can be held
        session.add(Grant(id="grt_1", **kept, **times))
        await session.flush()
        session.add(
            IntegratedAccount(
                id="acc_1", tenant_id="t1", organization_id="1", organization={}, grant_id="grt_1", **kept, **times
            )
        )  # fmt: skip
    return either_world


def sent(world: Any) -> int:
    return sum(not ask.is_read for ask in world.provider.seen)


async def test_the_same_document_under_six_keys_at_once_is_made_once(world: Any) -> None:
    keys = [{"Idempotency-Key": f"order-{number}"} for number in range(6)]
    answers = await asyncio.gather(*(create(world, key, REFERRED) for key in keys))
    assert sorted(each.status_code for each in answers) == [201] + [409] * 5
    refused = [each.json()["code"] for each in answers if each.status_code == 409]
    assert refused == ["possible_duplicate"] * 5
    assert sent(world) == 1


async def test_what_may_have_been_made_is_not_made_again_by_who_looks_for_it(world: Any) -> None:
    world.provider.fail = lambda ask: None if ask.is_read else Fault(Kind.NETWORK, phase="body")
    lost = await create(world, {"Idempotency-Key": "a"}, query="match_on=number")
    assert lost.json()["code"] == "outcome_unknown", lost.text
    world.provider.fail = lambda ask: None
    second = await create(world, {"Idempotency-Key": "b"}, query="match_on=number")
    assert (second.status_code, second.json()["code"]) == (409, "possible_duplicate"), second.text
    assert (second.json()["write_id"], second.json()["executed"]) == (lost.json()["write_id"], "no")
    assert sent(world) == 1
