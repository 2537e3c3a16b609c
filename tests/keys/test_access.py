"""Who gets in, what they may do, and what the refused are told."""

import pytest
from sqlalchemy import select, update

from app.core.auth import Principal, covers, known
from app.core.errors import Problem
from app.keys import format as key_format
from app.keys.access import Access, require
from app.models import ApiKey
from tests.keys.conftest import CLI, Room

pytestmark = pytest.mark.anyio


def text(made: object) -> str:
    return made.secret.reveal().decode()  # type: ignore[attr-defined]


async def refused(room: Room, header: str | None, ip: str | None = "127.0.0.1") -> Problem:
    with pytest.raises(Problem) as caught:
        await room.access.authenticate(header, ip)
    return caught.value


async def test_a_key_opens_its_environment(room: Room) -> None:
    made = await room.make("acme", "live", scopes=["accounting:read"])
    principal = await room.access.authenticate(f"bearer {text(made)}", None)
    assert (principal.environment, principal.mode) == ("acme", "live")
    assert principal.environment_id == made.key.environment_id
    assert principal.key_id == made.key.id
    assert principal.scopes == {"accounting:read"}
    assert not principal.token


async def test_the_text_of_a_key_is_as_published(room: Room) -> None:
    made = await room.make(mode="live")
    found = key_format.read(text(made))
    assert found is not None
    assert found.mode == "live" and found.kid == made.key.kid
    assert text(made).startswith(f"lw_live_{made.key.kid}_") and len(text(made)) == 8 + 12 + 1 + 43 + 6


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer ", "Basic abc", "lw_test_x", "Bearer lw_test_x", "Bearer é"]
)
async def test_what_is_no_key_is_refused_without_a_query(room: Room, header: str | None) -> None:
    await room.database.close()
    problem = await refused(
        Room(None, room.ring, room.clock, Access(None, room.ring, room.clock), room.app), header
    )  # type: ignore[arg-type]
    assert (problem.status, problem.code) == (401, "unauthenticated")
    assert problem.headers["WWW-Authenticate"].startswith("Bearer")


async def test_every_changed_character_is_noticed(room: Room) -> None:
    key = text(await room.make())
    for at in range(len(key)):
        other = "A" if key[at] != "A" else "B"
        assert key_format.read(key[:at] + other + key[at + 1 :]) is None


async def test_a_well_formed_key_nobody_made_is_refused(room: Room) -> None:
    await room.make()
    stranger = key_format.generate("test")
    assert (await refused(room, f"Bearer {stranger.text.reveal().decode()}")).code == "unauthenticated"


async def test_another_secret_for_a_known_key_is_refused(room: Room) -> None:
    made = await room.make()
    stranger = key_format.generate("test")
    async with room.database.write() as session:
        await session.execute(update(ApiKey).where(ApiKey.id == made.key.id).values(kid=stranger.kid))
    assert (await refused(room, f"Bearer {stranger.text.reveal().decode()}")).code == "unauthenticated"


async def test_the_secret_is_nowhere_in_the_row(room: Room) -> None:
    made = await room.make()
    secret = text(made).split("_")[3][:43]
    async with room.database.read() as session:
        row = (await session.scalars(select(ApiKey))).one()
    stored = [str(getattr(row, column.key)) for column in ApiKey.__table__.columns] + [row.digest.hex()]
    assert not [value for value in stored if secret in value]
    assert row.last4 == secret[-4:]


async def test_revocation_is_seen_within_five_seconds(room: Room) -> None:
    made = await room.make()
    header = f"Bearer {text(made)}"
    await room.access.authenticate(header, None)
    await room.keys.revoke(made.key.environment_id, made.key.id, CLI)
    room.clock.forward(seconds=4)
    await room.access.authenticate(header, None)  # another process's memory may still hold it
    room.clock.forward(seconds=1)
    assert (await refused(room, header)).code == "key_revoked"


async def test_an_expired_key_is_refused_at_once(room: Room) -> None:
    made = await room.make(expires_at="2026-03-01T12:00:03Z")
    header = f"Bearer {text(made)}"
    await room.access.authenticate(header, None)
    room.clock.forward(seconds=3)
    assert (await refused(room, header)).code == "key_expired"


async def test_networks_are_enforced(room: Room) -> None:
    header = f"Bearer {text(await room.make(networks=['10.1.0.0/16', '2001:db8::/32']))}"
    for inside in ("10.1.2.3", "::ffff:10.1.2.3", "2001:db8::9"):
        await room.access.authenticate(header, inside)
    for outside in ("10.2.0.1", "2001:db9::1", None, "testclient"):
        problem = await refused(room, header, outside)
        assert (problem.status, problem.code) == (403, "ip_not_allowed")


async def test_last_used_is_stored_at_most_once_a_minute(room: Room) -> None:
    made = await room.make()
    header = f"Bearer {text(made)}"

    async def used_at() -> object:
        await room.access.settle()
        return (await room.keys.get(made.key.environment_id, made.key.id)).last_used_at

    assert await used_at() is None
    await room.access.authenticate(header, None)
    first = room.clock.now()
    assert await used_at() == first
    room.clock.forward(seconds=59)
    await room.access.authenticate(header, None)
    assert await used_at() == first
    room.clock.forward(seconds=1)
    await room.access.authenticate(header, None)
    assert await used_at() == room.clock.now()


async def test_an_account_token_opens_one_account_for_fifteen_minutes(room: Room) -> None:
    made = await room.make(
        scopes=["accounting.invoices:write", "proxy:read", "keys:manage", "connections:read"]
    )
    principal = await room.access.authenticate(f"Bearer {text(made)}", None)
    token = room.access.mint(principal, "acc_1")
    assert token.startswith("lwt_")
    narrow = await room.access.authenticate(f"Bearer {token}", None)
    assert narrow.token and narrow.account_ids == {"acc_1"}
    assert narrow.environment_id == principal.environment_id
    assert narrow.scopes == {"accounting.invoices:write", "proxy:read"}
    assert narrow.sees("acc_1", "any") and not narrow.sees("acc_2", "any")
    again = await room.access.authenticate(f"Bearer {room.access.mint(narrow, 'acc_1')}", None)
    assert again.scopes == narrow.scopes
    room.clock.forward(minutes=14, seconds=59)
    await room.access.authenticate(f"Bearer {token}", None)
    room.clock.forward(seconds=1)
    assert (await refused(room, f"Bearer {token}")).code == "unauthenticated"


async def test_a_token_of_a_key_that_may_do_everything_reaches_data_only(room: Room) -> None:
    principal = await room.access.authenticate(f"Bearer {text(await room.make())}", None)
    narrow = await room.access.authenticate(f"Bearer {room.access.mint(principal, 'acc_1')}", None)
    for scope in ("accounting.invoices:write", "user-directory.users:read", "proxy:write"):
        require(narrow, scope)
    for scope in (
        "keys:manage",
        "connections:read",
        "connections:write",
        "link:create",
        "logs:read",
        "audit:read",
    ):
        with pytest.raises(Problem, match=scope):
            require(narrow, scope)


async def test_a_token_ends_with_its_key(room: Room) -> None:
    made = await room.make()
    principal = await room.access.authenticate(f"Bearer {text(made)}", None)
    token = room.access.mint(principal, "acc_1")
    await room.keys.revoke(made.key.environment_id, made.key.id, CLI)
    room.clock.forward(seconds=5)
    assert (await refused(room, f"Bearer {token}")).code == "key_revoked"


async def test_a_changed_token_is_refused(room: Room) -> None:
    principal = await room.access.authenticate(f"Bearer {text(await room.make())}", None)
    token = room.access.mint(principal, "acc_1")
    body, _, mac = token.partition(".")
    for other in (
        f"{body}x.{mac}",
        f"{body}.{mac[:-2]}AA",
        body,
        "lwt_",
        "lwt_.",
        "lwt_e30.e30",
        f"{body}.é",
    ):
        assert (await refused(room, f"Bearer {other}")).status == 401


def principal_with(*scopes: str) -> Principal:
    return Principal("env_1", "acme", "test", "key_1", frozenset(scopes))


@pytest.mark.parametrize(
    ("held", "needed", "granted"),
    [
        ("accounting:write", "accounting.invoices:write", True),
        ("accounting:write", "accounting:write", True),
        ("accounting:write", "accounting.invoices:read", False),
        ("accounting.invoices:write", "accounting:write", False),
        ("accounting.invoices:write", "accounting.items:write", False),
        ("accounting:*", "accounting.items:read", True),
        ("accounting:read", "accounting:*", False),
        ("user-directory:read", "user-directory.users:read", True),
        ("account:read", "accounting:read", False),
        ("*", "keys:manage", True),
        ("keys:manage", "*", False),
        ("proxy:read", "proxy:write", False),
    ],
)
def test_scopes_cover(held: str, needed: str, granted: bool) -> None:
    assert covers(held, needed) is granted
    assert principal_with("logs:read", held).allows(needed) is granted


def test_the_scope_that_is_missing_is_named() -> None:
    with pytest.raises(Problem) as caught:
        require(principal_with("accounting:read"), "accounting.invoices:write")
    assert caught.value.status == 403 and caught.value.code == "insufficient_scope"
    assert caught.value.extra["scope"] == "accounting.invoices:write"
    assert "accounting.invoices:write" in caught.value.headers["WWW-Authenticate"]


@pytest.mark.parametrize(
    ("scope", "meant"),
    [
        ("*", True),
        ("link:create", True),
        ("accounting:*", True),
        ("accounting.invoices:read", True),
        ("connections:*", True),
        ("accounting.unicorns:read", False),
        ("accounting:delete", False),
        ("links:create", False),
        ("", False),
        (":", False),
        ("*:read", False),
    ],
)
def test_scopes_that_mean_something(scope: str, meant: bool) -> None:
    assert known(scope, {"accounting"}, {("accounting", "invoices")}) is meant
