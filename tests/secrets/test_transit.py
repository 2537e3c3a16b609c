"""The contract of a key wrapper, kept by the ring, by a transit engine, and by one after the other."""

import os
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.core.http import Door
from app.core.secrets import KeyWrapper, LocalWrapper, Reason, SecretUnavailable, keyring
from app.core.secrets.transit import TransitWrapper
from app.core.secrets.wrapping import WrappedKey, Wrappers
from tests.support.transit import TOKEN, Transit, transit

pytestmark = pytest.mark.anyio
KEY = os.urandom(32)


@pytest.fixture
def engine() -> Iterator[Transit]:
    with transit() as engine:
        yield engine


@pytest.fixture
async def remote(engine: Transit, tmp_path: Path) -> AsyncIterator[TransitWrapper]:
    token = tmp_path / "token"
    token.write_text(f"{TOKEN}\n")
    door = Door([engine.address])
    yield TransitWrapper(door, engine.address, token, "transit", "ledgerway")
    await door.close()


@pytest.fixture
def local() -> LocalWrapper:
    return LocalWrapper(keyring.generate(datetime(2026, 3, 1, tzinfo=UTC)))


@pytest.fixture(params=["local", "transit", "moved"])
def wrapper(request: pytest.FixtureRequest, local: LocalWrapper, remote: TransitWrapper) -> KeyWrapper:
    return {"local": local, "transit": remote, "moved": Wrappers(remote, local)}[request.param]


@pytest.mark.parametrize("reason", Reason)
def test_callers_learn_only_whether_to_come_again(reason: Reason) -> None:
    problem = SecretUnavailable(reason)
    code = "key_service_unavailable" if reason is Reason.SERVICE else "decrypt_failed"
    assert (problem.code, problem.known.retryable) == (code, reason is Reason.SERVICE)
    assert problem.detail == f"{problem.known.title}."


async def refused(wrapper: KeyWrapper, wrapped: WrappedKey, context: bytes = b"row 1") -> Reason:
    with pytest.raises(SecretUnavailable) as caught:
        await wrapper.unwrap(wrapped, context)
    return caught.value.reason


async def test_a_wrapped_key_opens_in_its_context_only(wrapper: KeyWrapper) -> None:
    await wrapper.health()
    wrapped = await wrapper.wrap(KEY, b"row 1")
    assert (wrapped.provider, wrapped.kek_id) == (wrapper.provider, await wrapper.current())
    assert KEY not in wrapped.blob
    assert await wrapper.unwrap(wrapped, b"row 1") == KEY
    again = await wrapper.rewrap(wrapped, b"row 1")
    assert again.blob != wrapped.blob and await wrapper.unwrap(again, b"row 1") == KEY
    assert await refused(wrapper, wrapped, b"row 2") is Reason.CORRUPT
    damaged = WrappedKey(wrapped.provider, wrapped.kek_id, wrapped.blob[:-4])
    assert await refused(wrapper, damaged) is Reason.CORRUPT


async def test_a_rotated_transit_key_still_opens_and_rewraps_there(
    engine: Transit, remote: TransitWrapper
) -> None:
    old = await remote.wrap(KEY, b"row 1")
    engine.rotate()
    assert old.kek_id == "transit/ledgerway:v1" and await remote.current() == "transit/ledgerway:v2"
    new = await remote.rewrap(old, b"row 1")
    assert new.kek_id == "transit/ledgerway:v2"
    assert await remote.unwrap(old, b"row 1") == await remote.unwrap(new, b"row 1") == KEY
    assert [call.split("/")[3] for call in engine.calls].count("decrypt") == 2, (
        "rewrapping shows nobody the key"
    )


async def test_keys_of_the_ring_move_to_the_service(local: LocalWrapper, remote: TransitWrapper) -> None:
    old = await local.wrap(KEY, b"row 1")
    both = Wrappers(remote, local)
    assert await both.unwrap(old, b"row 1") == KEY
    new = await both.rewrap(old, b"row 1")
    assert new.provider == "vault-transit" and await remote.unwrap(new, b"row 1") == KEY
    assert await refused(Wrappers(remote), old) is Reason.UNKNOWN_KEY


async def test_a_short_outage_is_sat_out(engine: Transit, remote: TransitWrapper) -> None:
    wrapped = await remote.wrap(KEY, b"row 1")
    engine.fail = [503, 500]
    assert await remote.unwrap(wrapped, b"row 1") == KEY


@pytest.mark.parametrize("fail", [[503] * 100, [403], [404]])
async def test_a_service_that_refuses_is_told_as_such(
    engine: Transit, remote: TransitWrapper, fail: list[int]
) -> None:
    wrapped = await remote.wrap(KEY, b"row 1")
    engine.fail = list(fail)
    assert await refused(remote, wrapped) is Reason.SERVICE
    assert len(engine.calls) <= 1 + len(fail), "what is final is not asked again"


async def test_without_its_token_or_with_another_nothing_opens(
    remote: TransitWrapper, tmp_path: Path
) -> None:
    wrapped = await remote.wrap(KEY, b"row 1")
    (tmp_path / "token").write_text("s.other")
    assert await refused(remote, wrapped) is Reason.SERVICE
    (tmp_path / "token").unlink()
    assert await refused(remote, wrapped) is Reason.SERVICE
    (tmp_path / "token").write_text(TOKEN)
    assert await remote.unwrap(wrapped, b"row 1") == KEY


async def test_a_key_that_binds_no_context_is_not_healthy(engine: Transit, remote: TransitWrapper) -> None:
    engine.derived = False
    with pytest.raises(SecretUnavailable):
        await remote.health()
