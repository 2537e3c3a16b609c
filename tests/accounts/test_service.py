"""Loading accounts: whose they are, whether they can be called, and how soon a change is seen."""

import asyncio

import pytest
from sqlalchemy import delete, select

from app.core.errors import Problem
from app.keys import audit, audit_check
from app.models import IntegratedAccount
from connectors.kit.limits import Limits
from tests.accounts.conftest import CONNECTOR, House, principal

pytestmark = pytest.mark.anyio


@pytest.fixture
async def furnished(house: House) -> House:
    await house.grant("gra_1")
    await house.account("acc_1", "gra_1", plan="Premium", context={"theirs": [1]})
    await house.account("acc_2", "gra_1", tenant_id="tenant-2")
    await house.grant("gra_other", "env_2")
    await house.account("acc_other", "gra_other", "env_2")
    return house


async def refusal(house: House, account_id: str, **limits: object) -> Problem:
    with pytest.raises(Problem) as caught:
        await house.accounts.usable(principal(**limits), account_id)
    return caught.value


async def test_an_account_comes_with_what_a_call_needs(furnished: House) -> None:
    account = await furnished.accounts.load("env_1", "acc_1")
    assert account.connector is CONNECTOR
    assert account.data_center == CONNECTOR.auth.data_centers["us"]
    assert account.limits == Limits(100, 10, 10_000)
    assert (account.organization.id, account.organization.name) == ("org of acc_1", "Acme")
    assert (account.tenant_id, account.grant_id, account.status) == ("tenant-1", "gra_1", "active")
    assert account.context == {"theirs": [1]}


async def test_a_foreign_account_is_as_unknown_as_none(furnished: House) -> None:
    foreign, unknown = await refusal(furnished, "acc_other"), await refusal(furnished, "acc_none")
    assert (foreign.code, foreign.detail, foreign.extra) == (unknown.code, unknown.detail, unknown.extra)
    assert foreign.status == 404
    await furnished.accounts.load("env_2", "acc_other")  # memory does not let it through either
    assert (await refusal(furnished, "acc_other")).status == 404


@pytest.mark.parametrize(
    "limits",
    [
        {"account_ids": frozenset({"acc_2"})},
        {"tenant_ids": frozenset({"tenant-2"})},
        {"account_ids": frozenset({"acc_1"}), "tenant_ids": frozenset({"tenant-2"})},
        {"account_ids": frozenset()},
    ],
)
async def test_what_a_key_is_not_for_it_does_not_see(furnished: House, limits: dict[str, object]) -> None:
    problem = await refusal(furnished, "acc_1", **limits)
    assert (problem.status, problem.detail) == (404, (await refusal(furnished, "acc_none")).detail)


async def test_a_key_for_the_account_sees_it(furnished: House) -> None:
    limited = principal(account_ids=frozenset({"acc_1"}), tenant_ids=frozenset({"tenant-1"}))
    assert (await furnished.accounts.usable(limited, "acc_1")).id == "acc_1"


async def test_an_ended_grant_is_told_with_what_to_do(furnished: House) -> None:
    error = {"code": "invalid_code", "message": "The provider ended the connection."}
    assert await furnished.accounts.set_grant_status("gra_1", "needs_reauth", error=error) == [
        "acc_1",
        "acc_2",
    ]
    assert await furnished.accounts.set_grant_status("gra_1", "needs_reauth", error=error) == []
    problem = await refusal(furnished, "acc_1")
    assert (problem.status, problem.code) == (424, "needs_reauth")
    assert problem.extra["account"] == {
        "id": "acc_1",
        "tenant_id": "tenant-1",
        "integration": "ledgeronline",
        "last_error": {"at": "2026-03-01T12:00:00Z", **error},
    }
    assert problem.extra["next"] == {
        "method": "POST",
        "path": "/link-token",
        "body": {"integrated_account_id": "acc_1"},
    }
    assert (await furnished.accounts.visible(principal(), "acc_1")).status == "needs_reauth"
    assert await furnished.accounts.set_grant_status("gra_1", "active") == ["acc_1", "acc_2"]
    account = await furnished.accounts.usable(principal(), "acc_1")
    assert account.last_error is None


@pytest.mark.parametrize(
    ("status", "code"),
    [("connecting", "connection_state_conflict"), ("validation_error", "connection_disabled")],
)
async def test_accounts_that_cannot_be_called(furnished: House, status: str, code: str) -> None:
    assert await furnished.accounts.set_status("env_1", "acc_1", status)
    assert (await refusal(furnished, "acc_1")).code == code


async def test_trouble_of_one_account_outlives_news_of_its_grant(furnished: House) -> None:
    await furnished.accounts.set_status("env_1", "acc_1", "validation_error")
    assert await furnished.accounts.set_grant_status("gra_1", "needs_reauth") == ["acc_2"]
    assert (await furnished.accounts.load("env_1", "acc_1")).status == "validation_error"


async def test_a_status_is_set_in_its_environment_only(furnished: House) -> None:
    assert not await furnished.accounts.set_status("env_1", "acc_other", "needs_reauth")
    assert not await furnished.accounts.set_status("env_1", "acc_1", "active")
    assert (await furnished.accounts.load("env_2", "acc_other")).status == "active"


async def test_every_change_of_status_is_in_the_audit_log(furnished: House) -> None:
    await furnished.accounts.set_status("env_1", "acc_1", "needs_reauth", error={"code": "invalid_code"})
    async with furnished.database.read() as session:
        (entry,) = await audit.page(session, "env_1", 10)
        assert await audit.page(session, "env_2", 10) == []
    async with furnished.database.read() as session:
        verdict = await audit_check.verify(session, "env_1", None)
    assert (entry.action, entry.target) == ("integrated_account.status_changed", "acc_1")
    assert entry.detail == {"from": "active", "to": "needs_reauth", "error": "invalid_code"}
    assert (verdict.checked, verdict.broken_at) == (1, None)


async def test_another_process_sees_a_change_within_two_seconds(furnished: House) -> None:
    await furnished.accounts.load("env_1", "acc_1")
    async with furnished.database.write() as session:
        await session.execute(delete(IntegratedAccount).where(IntegratedAccount.id == "acc_1"))
    furnished.clock.forward(seconds=1.9)
    await furnished.accounts.load("env_1", "acc_1")
    furnished.clock.forward(seconds=0.1)
    assert (await refusal(furnished, "acc_1")).status == 404


async def test_forgetting_makes_a_change_seen_at_once(furnished: House) -> None:
    await furnished.accounts.load("env_1", "acc_1")
    async with furnished.database.write() as session:
        await session.execute(delete(IntegratedAccount).where(IntegratedAccount.id == "acc_1"))
    furnished.accounts.forget("acc_1")
    assert (await refusal(furnished, "acc_1")).status == 404


async def test_a_data_centre_that_is_gone_is_told(furnished: House) -> None:
    await furnished.account("acc_far", "gra_1", location="mars")
    problem = await refusal(furnished, "acc_far")
    assert (problem.status, problem.code) == (424, "connection_disabled") and "mars" in problem.detail


async def test_use_is_noted_once_a_minute(furnished: House) -> None:
    async def used() -> object:
        await furnished.accounts.settle()
        async with furnished.database.read() as session:
            return await session.scalar(
                select(IntegratedAccount.last_used_at).where(IntegratedAccount.id == "acc_1")
            )

    await furnished.accounts.load("env_1", "acc_1")
    assert await used() is None
    await asyncio.gather(*(furnished.accounts.usable(principal(), "acc_1") for _ in range(20)))
    first = furnished.clock.now()
    assert await used() == first
    furnished.clock.forward(seconds=30)
    await furnished.accounts.usable(principal(), "acc_1")
    assert await used() == first
    furnished.clock.forward(seconds=31)
    await furnished.accounts.usable(principal(), "acc_1")
    assert await used() == furnished.clock.now()
