from typing import Any

import pytest

from app.core import json
from app.unified.body import validate
from app.unified.examples import body_example, record_example
from app.unified.openapi import describe
from unified_models import MODELS
from unified_models.types import READING

RESOURCES = sorted(MODELS)


@pytest.mark.parametrize("key", RESOURCES, ids="/".join)
def test_examples_are_what_the_models_take(key: tuple[str, str]) -> None:
    model = MODELS[key]
    model.model_validate(json.parse(json.encode(record_example(model))), context=READING)
    create = json.parse(json.encode(body_example(model, "create")))
    if create:
        assert validate(create, model, "create")
    validate(json.parse(json.encode(body_example(model, "update"))), model, "update")


def references(value: Any) -> set[str]:
    if isinstance(value, dict):
        own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
        return own.union(*(references(member) for member in value.values()))
    if isinstance(value, list):
        return set().union(*(references(item) for item in value))
    return set()


def document(world: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    connector = world.connector
    return describe([connector])


@pytest.mark.anyio
async def test_one_path_per_resource_method_and_action(world: Any) -> None:
    paths, schemas = document(world)
    base = "/unified/accounting"
    assert {path: sorted(item) for path, item in paths.items()} == {
        f"{base}/contacts/meta": ["get"],
        f"{base}/contacts/{{id}}": ["get"],
        f"{base}/currencies": ["get"],
        f"{base}/currencies/meta": ["get"],
        f"{base}/currencies/{{id}}": ["get"],
        f"{base}/invoices": ["get", "post"],
        f"{base}/invoices/meta": ["get"],
        f"{base}/invoices/{{id}}": ["delete", "get", "patch"],
        f"{base}/invoices/{{id}}/pdf": ["get"],
        f"{base}/invoices/{{id}}/authorise": ["post"],
        f"{base}/invoices/{{id}}/email": ["post"],
    }
    named = {name.rpartition("/")[2] for name in references(paths) | references(schemas)}
    assert named - set(schemas) == {"Problem"}
    operations = [operation["operationId"] for item in paths.values() for operation in item.values()]
    assert len(operations) == len(set(operations))


@pytest.mark.anyio
async def test_the_document_says_what_the_query_takes(world: Any) -> None:
    paths, _ = document(world)
    told = [
        one["name"]
        for one in paths["/unified/accounting/invoices"]["get"]["parameters"]
        if one["in"] == "query"
    ]
    assert {"status", "status[in]", "updated_at[gt]", "contact[id]", "sort_by", "expand[]", "limit"} <= set(
        told
    )
    for name in told:
        value = {"limit": "5", "max_calls": "1", "expand[]": "line_items", "fields[]": "id", "truto_key_by": "id",
                 "truto_exclude_fields[]": "memo", "truto_response_format": "unified",
                 "source": "live"}.get(name, "true")  # fmt: skip
        query = {"sort_by": "sort_by[issue_date]=asc", "remote_query": "remote_query[a]=b"}.get(
            name, f"{name}={value}"
        )
        if name.endswith("cursor") or name == "integrated_account_id":
            continue
        assert (await world.ask("GET", "/invoices", query)).status_code == 200, name


@pytest.mark.anyio
async def test_bodies_hold_what_can_be_written(world: Any) -> None:
    _, schemas = document(world)
    create, update = schemas["InvoiceCreate"], schemas["InvoiceUpdate"]
    assert create["required"] == ["contact", "line_items"]
    assert "balance" not in create["properties"] and "required" not in update
    assert "status" in create["properties"] and "status" not in update["properties"]
    assert schemas["Invoice"]["properties"]["balance"]["readOnly"] is True
    assert {"type": "string", "minLength": 1} in schemas["ContactRefCreate"]["anyOf"]
    assert "tax_amount" not in schemas["LineItemCreate"]["properties"]


@pytest.mark.anyio
async def test_meta_describes_this_accounts_connector(world: Any) -> None:
    body = (await world.ask("GET", "/invoices/meta")).json()
    assert (body["model"], body["resource"], body["integration"]) == ("accounting", "invoices", "zohobooks")
    assert body["create_schema"]["required"] == ["contact", "line_items"]
    assert "status" in body["filters"]
    assert references(body["schema"]) <= {f"#/$defs/{name}" for name in body["schema"]["$defs"]}


@pytest.mark.anyio
async def test_answers_are_open_and_bodies_are_closed(world: Any) -> None:
    _, schemas = document(world)
    assert (
        "additionalProperties" not in schemas["Invoice"]
        and "additionalProperties" not in schemas["ContactRef"]
    )
    assert schemas["InvoiceCreate"]["additionalProperties"] is False


@pytest.mark.anyio
async def test_a_preview_is_a_documented_answer(world: Any) -> None:
    paths, schemas = document(world)
    created = paths["/unified/accounting/invoices"]["post"]["responses"]
    assert {"200", "201", "default"} <= created.keys()
    assert references(created["200"]) == {"#/components/schemas/Preview"}
    on_one = paths["/unified/accounting/invoices/{id}"]
    acted = paths["/unified/accounting/invoices/{id}/authorise"]["post"]
    for operation in (on_one["patch"], on_one["delete"], acted):
        assert "#/components/schemas/Preview" in references(operation["responses"]["200"])
    body = {"contact": "7", "line_items": [{"name": "Tea", "unit_price": 1}]}
    answer = await world.ask("POST", "/invoices", "preview=true", json=body)
    assert answer.status_code == 200
    assert answer.json().keys() >= set(schemas["Preview"]["required"])


def test_examples_keep_to_what_a_connector_takes() -> None:
    tax_rate, currency = MODELS["accounting", "tax_rates"], MODELS["accounting", "currencies"]
    assert "code" not in body_example(tax_rate, "create", {"name", "total_tax_rate"})
    assert body_example(currency, "update", {"symbol", "precision"}) == {"symbol": "€"}
    assert body_example(currency, "update", {"precision"}) == {}
