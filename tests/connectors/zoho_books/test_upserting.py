from typing import Any

import pytest

from connectors.kit.faults import Fault, Kind
from connectors.kit.http import Request
from connectors.zoho_books import CONNECTOR
from connectors.zoho_books.field_names import definitions
from connectors.zoho_books.upserting import UPSERT
from tests.support.scripted import CONTEXT, run

OWN = {"api_name": "cf_lw_ref", "label": "lw_ref", "data_type": "string"}
[INVOICES] = UPSERT.modules["invoices"]


def test_the_mark_goes_into_headers_and_body() -> None:
    mark = UPSERT.mark("invoices", "cf_lw_ref", "M1")
    body = {"customer_id": "7", "custom_fields": [{"api_name": "cf_a", "value": "x"}]}
    sent = UPSERT.marked(Request("POST", "/invoices", (("send", "false"),), body), mark)
    assert (sent.method, sent.path, sent.query) == ("PUT", "/invoices", (("send", "false"),))
    assert dict(sent.headers) == {
        "X-Unique-Identifier-Key": "cf_lw_ref", "X-Unique-Identifier-Value": "M1", "X-Upsert": "true",
    }  # fmt: skip
    own = {"api_name": "cf_lw_ref", "value": "M1"}
    assert sent.body == {**body, "custom_fields": [*body["custom_fields"], own]}


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ({"customfields": [OWN | {"is_unique": True}]}, "unique"),
        ({"customfields": [OWN | {"is_unique": "false"}]}, "shared"),
        ({"customfields": [OWN]}, "untold"),
        ({"customfields": []}, "missing"),
        ({"customfields": [{"api_name": "cf_a", "label": "A"}, {"api_name": "cf_b"}]}, "missing"),
        ({"customfields": [], "page_context": {"search_criteria": [{"column_name": "entity"}]}}, "missing"),
        ({"custom_fields": {"invoice": [], "bill": [{"api_name": "cf_a"}]}}, "missing"),
        ({"customfields": [{"api_name": "cf_lw_ref_1", "label": "lw_ref"}]}, "missing"),
        ({"customfields": [{"api_name": "CF_LW_REF", "is_unique": "true"}]}, "unique"),
        ({"customfields": [{"customfield_id": "1", "label": "LW_ref ", "is_unique": False}]}, "shared"),
        ({"customfields": [{"field_id": "1", "field_name": "cf_lw_ref"}]}, "untold"),
        ({"customfields": [{"placeholder": "cf_lw_ref", "label": "Mark", "is_unique": True}]}, "unique"),
        ({"custom_fields": {"invoice": [OWN | {"is_unique": True}]}}, "unique"),
        ({"customfields": {"460000000000001": OWN | {"is_unique": True}}}, "unique"),
        ({"customfields": [{"section": "x", "fields": [{"api_name": "cf_a"}]}]}, "untold"),
        ({"customfields": [{"customfield_id": "1", "label": "Region"}]}, "untold"),
        ({"customfields": [{"api_name": "cf_a"}, {"customfield_id": "1"}]}, "untold"),
        ({"customfields": ["cf_a"]}, "untold"),
        ({"customfields": {"1": {"api_name": "cf_a"}}}, "untold"),
        ({"code": 0, "message": "success"}, "untold"),
        (Fault(Kind.NOT_FOUND, 404), "untold"),
        (Fault(Kind.INVALID, 400), "untold"),
    ],
)
def test_how_the_field_stands(answer: Any, found: str) -> None:
    assert run(UPSERT.standing(INVOICES), [answer])[0] == found


def test_what_nobody_may_read_is_said() -> None:
    with pytest.raises(Fault):
        run(UPSERT.standing(INVOICES), [Fault(Kind.FORBIDDEN, 401)])


def test_each_module_is_where_its_resource_creates() -> None:
    for name, modules in UPSERT.modules.items():
        parts = CONNECTOR.resources["accounting", name].parts
        assert {module.path for module in modules} <= {part.path for part in parts}


def test_the_field_is_not_listed_among_the_companys_own() -> None:
    rows = [OWN, {**OWN, "api_name": "cf_a"}]
    found, _ = run(definitions("invoice")(CONTEXT), [{"customfields": rows}])
    assert [each["api_name"] for each in found] == ["cf_a"]
