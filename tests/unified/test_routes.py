from typing import Any

import pytest

pytestmark = pytest.mark.anyio

BASE = "/unified/accounting/invoices"


async def test_without_a_key_nothing_is_said(world: Any) -> None:
    del world.client.headers["authorization"]
    for path in ("/invoices", "/invoices/1", "/nothing", "/invoices/1/2/3"):
        assert (await world.ask("GET", path)).json()["code"] == "unauthenticated", path
    assert world.provider.seen == []


async def test_reading_and_writing_are_scopes_of_their_own(world: Any) -> None:
    world.scopes.clear()
    world.scopes.add("accounting.invoices:read")
    assert (await world.ask("GET", "/invoices")).status_code == 200
    assert (await world.ask("GET", "/currencies")).status_code == 403
    for method, path in (("POST", "/invoices"), ("PATCH", "/invoices/1"), ("DELETE", "/invoices/1"),
                         ("POST", "/invoices/1/authorise")):  # fmt: skip
        assert (await world.ask(method, path, json={})).json()["code"] == "insufficient_scope", method
    assert len(world.provider.seen) == 1


async def test_the_account_is_named_by_query_header_or_token(world: Any) -> None:
    missing = await world.client.get(BASE)
    assert (missing.status_code, missing.json()["code"]) == (400, "parameter_missing")
    assert missing.json()["parameter"] == "integrated_account_id"
    assert (await world.client.get(BASE, headers={"X-Integrated-Account-Id": "acc_1"})).status_code == 200
    both = await world.ask("GET", "/invoices", headers={"X-Integrated-Account-Id": "acc_2"})
    assert both.status_code == 400
    world.token.append("acc_1")
    assert (await world.client.get(BASE)).status_code == 200


async def test_a_foreign_account_is_not_there(world: Any) -> None:
    answer = await world.client.get(BASE, params={"integrated_account_id": "acc_foreign"})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_what_the_connector_does_not_offer(world: Any) -> None:
    for name in ("items", "invoice"):
        answer = await world.ask("GET", f"/{name}")
        assert answer.status_code == 404
        assert answer.json()["offered"] == [
            "accounting/contacts",
            "accounting/currencies",
            "accounting/invoices",
        ]
    answer = await world.ask("POST", "/currencies", json={"code": "EUR"})
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")
    assert (await world.ask("DELETE", "/currencies/1")).json()["code"] == "method_not_allowed"


async def test_methods_and_paths_nobody_offers(world: Any) -> None:
    answer = await world.ask("PUT", "/invoices/1", json={})
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, PATCH, DELETE")
    assert (await world.ask("GET", "/invoices/1/2/3")).status_code == 404
    told = {
        ("PUT", "/invoices"): "GET, POST",
        ("OPTIONS", "/currencies"): "GET",
        ("OPTIONS", "/invoices/1"): "GET, PATCH, DELETE",
        ("PUT", "/invoices/meta"): "GET",
        ("GET", "/invoices/1/authorise"): "POST",
        ("DELETE", "/invoices/1/pdf"): "GET",
    }
    for (method, path), allowed in told.items():
        answer = await world.ask(method, path)
        assert (answer.status_code, answer.headers["allow"]) == (405, allowed), path
    assert (await world.ask("GET", "/invoices/1/nothing")).status_code == 404


async def test_an_unknown_action_names_the_near_one(world: Any) -> None:
    answer = (await world.ask("POST", "/invoices/1/authorize")).json()
    assert (answer["code"], answer["did_you_mean"]) == ("unknown_action", "authorise")
    sent = await world.ask("POST", "/invoices/1/send")
    assert sent.status_code == 404
    assert "authorise" in sent.json()["detail"] and "email" in sent.json()["detail"]
    assert world.provider.seen == []


@pytest.mark.parametrize("id", ["%2e%2e", "%00", "a%2Fb", "a" * 256, "%0a"])
async def test_ids_that_name_nothing(world: Any, id: str) -> None:
    answer = await world.ask("GET", f"/invoices/{id}")
    assert answer.status_code == 404
    assert world.provider.seen == []


async def test_one_record_has_a_version(world: Any) -> None:
    world.fill(1)
    answer = await world.ask("GET", "/invoices/1")
    body = answer.json()
    assert answer.headers["etag"] == f'"{body["etag"]}"'
    assert body["is_partial"] is False
    assert list(body)[-3:] == ["etag", "is_partial", "remote_data"]
    same = await world.ask("GET", "/invoices/1", headers={"If-None-Match": answer.headers["etag"]})
    assert same.status_code == 304 and same.content == b""
    world.provider.rows["1"]["memo"] = "new"
    assert (await world.ask("GET", "/invoices/1")).json()["etag"] != body["etag"]


async def test_the_wrong_side_is_not_there(world: Any) -> None:
    world.fill(1)
    assert (await world.ask("GET", "/invoices/1", "type=invoice")).status_code == 200
    assert (await world.ask("GET", "/invoices/1", "type=bill")).status_code == 404
    assert (await world.ask("DELETE", "/invoices/1", "type=bill")).status_code == 404
    assert "1" in world.provider.rows


async def test_a_record_that_is_not_there(world: Any) -> None:
    answer = await world.ask("GET", "/invoices/77")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_a_pdf_is_bytes(world: Any) -> None:
    world.fill(1)
    answer = await world.ask("GET", "/invoices/1/pdf")
    assert (answer.headers["content-type"], answer.content) == ("application/pdf", b"%PDF-1.7")
    assert (await world.ask("GET", "/currencies/1/pdf")).status_code == 404


async def test_a_timeout_must_be_sensible(world: Any) -> None:
    await world.ask("GET", "/invoices", headers={"Ledgerway-Timeout": "5"})
    assert world.gateway.runs[-1].deadline == 1005.0
    answer = await world.ask("GET", "/invoices", headers={"Ledgerway-Timeout": "900"})
    assert answer.json()["code"] == "parameter_invalid"


async def test_metadata_of_custom_fields_is_no_record(world: Any) -> None:
    answer = await world.ask("GET", "/invoices/custom-fields")
    assert (answer.status_code, answer.json()["code"]) == (422, "not_implemented")
    assert world.provider.seen == []
