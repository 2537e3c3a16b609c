"""`/api-key`: shown once, narrowed only, gone when revoked, and nobody else's."""

import pytest

from tests.keys.conftest import Room

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("path", ["/api-key", "/api-token"])
async def test_a_key_is_made_used_and_revoked(room: Room, path: str) -> None:
    manager = await room.make(scopes=["keys:manage", "accounting:*"])
    async with room.client(manager) as api:
        answer = await api.post(path, json={"name": "billing", "scopes": ["accounting.invoices:write"]})
        assert answer.status_code == 201, answer.text
        made = answer.json()
        assert made["key"].startswith(made["prefix"])
        assert made["created_by"] == manager.key.id and made["name"] == "billing"
        principal = await room.access.authenticate(f"Bearer {made['key']}", None)
        assert principal.scopes == {"accounting.invoices:write"}
        await room.access.settle()
        shown = await api.get(f"{path}/{made['id']}")
        assert {**shown.json(), "last_used_at": None} == {
            name: value for name, value in made.items() if name != "key"
        }
        listed = await api.get(path)
        assert [row["id"] for row in listed.json()["result"]] == [made["id"], manager.key.id] or {
            row["id"] for row in listed.json()["result"]
        } == {made["id"], manager.key.id}
        assert made["key"] not in listed.text + shown.text
        ended = await api.delete(f"{path}/{made['id']}")
        assert ended.json() == {"id": made["id"]}
        again = await api.post(f"{path}/{made['id']}/revoke")
        assert again.status_code == 200 and again.json()["revoked_at"] is not None
    async with room.client(made["key"]) as api:
        refused = await api.get(path)
        assert (refused.status_code, refused.json()["code"]) == (401, "key_revoked")


async def test_lists_page_through_all_keys_once(room: Room) -> None:
    manager = await room.make()
    for _ in range(6):
        await room.make()
    await room.make(environment="other")
    async with room.client(manager) as api:
        ids: list[str] = []
        cursor = ""
        while True:
            page = (await api.get("/api-key", params={"limit": 3, "next_cursor": cursor})).json()
            ids += [row["id"] for row in page["result"]]
            cursor = page["next_cursor"]
            if not cursor:
                break
        assert len(ids) == len(set(ids)) == 7
        assert (await api.get("/api-key", params={"limit": 100_000})).json()["limit"] == 200


async def test_another_environments_keys_do_not_exist(room: Room) -> None:
    theirs = await room.make(environment="other")
    live = await room.make(environment="acme", mode="live")
    async with room.client(await room.make()) as api:
        for foreign in (theirs, live):
            for answer in (
                await api.get(f"/api-key/{foreign.key.id}"),
                await api.delete(f"/api-key/{foreign.key.id}"),
                await api.post(f"/api-key/{foreign.key.id}/revoke"),
            ):
                unknown = await api.get("/api-key/key_none")
                assert answer.status_code == 404
                assert answer.json()["detail"] == unknown.json()["detail"]
    await room.access.authenticate(f"Bearer {theirs.secret.reveal().decode()}", None)


@pytest.mark.parametrize(
    ("wanted", "pointer"),
    [
        ({"scopes": ["proxy:read"]}, "/scopes/0"),
        ({"scopes": ["accounting:read", "accounting:*"]}, "/scopes/1"),
        ({"scopes": ["*"]}, "/scopes/0"),
        ({"integrated_account_ids": ["acc_1", "acc_9"]}, "/integrated_account_ids/1"),
        ({"tenant_ids": ["t9"]}, "/tenant_ids/0"),
        ({"networks": ["10.0.0.0/8"]}, "/networks/0"),
        ({"networks": ["::/0"]}, "/networks/0"),
        ({"expires_at": "2026-03-02T12:00:01Z"}, "/expires_at"),
        ({"expires_at": "2026-03-01T11:59:59Z"}, "/expires_at"),
        ({"scopes": ["unicorns:read"]}, "/scopes/0"),
        ({"scopes": []}, "/scopes"),
        ({"networks": ["not a network"]}, "/networks/0"),
        ({"expires_at": "2026-03-01T12:00:01"}, "/expires_at"),
        ({"surprise": 1}, "/surprise"),
    ],
)
async def test_a_key_cannot_give_what_it_does_not_hold(
    room: Room, wanted: dict[str, object], pointer: str
) -> None:
    await room.connect("acc_1", "acc_9")
    manager = await room.make(
        scopes=["keys:manage", "accounting:read"],
        integrated_account_ids=["acc_1"],
        tenant_ids=["t1"],
        networks=["10.1.0.0/16"],
        expires_at="2026-03-02T12:00:00Z",
    )
    async with room.client(manager, "10.1.0.9") as api:
        answer = await api.post("/api-key", json=wanted)
        assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed"), answer.text
        assert pointer in [error["pointer"] for error in answer.json()["errors"]]
        assert len((await api.get("/api-key")).json()["result"]) == 1


async def test_what_is_left_out_is_as_narrow_as_the_maker(room: Room) -> None:
    limits = {
        "scopes": ["accounting:read", "keys:manage"],
        "integrated_account_ids": ["acc_1"],
        "tenant_ids": ["t1"],
        "networks": ["10.1.0.0/16"],
        "expires_at": "2026-03-02T12:00:00Z",
    }
    await room.connect("acc_1")
    async with room.client(await room.make(**limits), "10.1.0.9") as api:
        made = (await api.post("/api-key", json={})).json()
        assert {name: made[name] for name in limits} == limits
        narrower = await api.post(
            "/api-key", json={"networks": ["10.1.2.0/24"], "scopes": ["accounting.items:read"]}
        )
        assert narrower.status_code == 201


async def test_a_key_is_for_accounts_there_are(room: Room) -> None:
    await room.connect("acc_1")
    await room.connect("acc_theirs", environment="other")
    async with room.client(await room.make()) as api:
        assert (await api.post("/api-key", json={"integrated_account_ids": ["acc_1"]})).status_code == 201
        before = len((await api.get("/api-key")).json()["result"])
        details: set[str] = set()
        for wrong in ("acc_none", "acc_theirs"):
            answer = await api.post("/api-key", json={"integrated_account_ids": ["acc_1", wrong]})
            assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed"), answer.text
            [error] = answer.json()["errors"]
            assert (error["code"], error["pointer"]) == ("reference_not_found", "/integrated_account_ids/1")
            details.add(error["detail"].replace(wrong, "…"))
        assert len(details) == 1, "another environment's account is no other than one that is not there"
        assert len((await api.get("/api-key")).json()["result"]) == before


async def test_managing_keys_needs_its_scope(room: Room) -> None:
    async with room.client(await room.make(scopes=["accounting:*", "audit:read"])) as api:
        for answer in (await api.get("/api-key"), await api.post("/api-key", json={})):
            assert (answer.status_code, answer.json()["scope"]) == (403, "keys:manage")
    async with room.client() as api:
        answer = await api.get("/api-key")
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


async def test_an_account_token_manages_nothing(room: Room) -> None:
    principal = await room.access.authenticate(f"Bearer {(await room.make()).secret.reveal().decode()}", None)
    async with room.client(room.access.mint(principal, "acc_1")) as api:
        assert (await api.get("/api-key")).status_code == 403
        assert (await api.get("/audit")).status_code == 403


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("limt=3", 422, "unknown_parameter"),
        ("limit=3&limit=4", 400, "duplicate_parameter"),
        ("limit=0", 400, "parameter_invalid"),
        ("limit=x", 400, "parameter_invalid"),
        ("next_cursor=forged", 400, "invalid_cursor"),
        ("next_cursor=", 200, None),
    ],
)
async def test_parameters_are_checked(room: Room, query: str, status: int, code: str | None) -> None:
    async with room.client(await room.make()) as api:
        answer = await api.get(f"/api-key?{query}")
        assert (answer.status_code, answer.json().get("code")) == (status, code)
        if code == "unknown_parameter":
            assert answer.json()["did_you_mean"] == "limit"


async def test_a_cursor_serves_its_environment_only(room: Room) -> None:
    mine, theirs = await room.make(), await room.make(environment="other")
    await room.make()
    async with room.client(mine) as api, room.client(theirs) as other:
        cursor = (await api.get("/api-key?limit=1")).json()["next_cursor"]
        assert (await api.get(f"/api-key?limit=1&next_cursor={cursor}")).status_code == 200
        refused = await other.get(f"/api-key?next_cursor={cursor}")
        assert (refused.status_code, refused.json()["code"]) == (400, "invalid_cursor")
