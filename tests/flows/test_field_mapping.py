"""Fields of an account's own: mapped as data, effective on the next call, for reading, writing and filtering."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.flows.company import Company, exact
from tests.support.product import Product

PO = {"field": "custom.po_number", "native": "custom_field_hash.cf_po", "codec": "text", "write": "always"}
TEA = {"name": "Tea", "unit_price": "4.00", "quantity": "2"}


def furnish(company: Company) -> Company:
    path = f"/organizations/{company.organization_id}/custom-fields"
    for label, kind in (("PO", "string"), ("Order", "string"), ("Cost", "amount"), ("Memo", "string")):
        company.admin.did("POST", path, entity="invoice", label=label, data_type=kind)
    company.admin.did("POST", path, entity="invoice", label="Hidden", data_type="string", in_rows=False)
    company.create("contacts", name="Buyer")
    return company


@pytest.fixture(scope="module")
def company(connected: Callable[..., Company]) -> Company:
    found = furnish(connected(seed="empty"))
    make(found, customer_note="Thank you")
    return found


def at(company: Company, more: str = "") -> str:
    return f"/integrated-account/{company.account_id}/field-mapping{more}"


def mapped(company: Company, *rows: dict[str, Any], resource: str = "invoices", **more: Any) -> Any:
    return company.good(company.call("PUT", at(company), json={resource: list(rows)}, **more))


def make(company: Company, **more: Any) -> Any:
    return company.create("invoices", contact={"name": "Buyer"}, line_items=[TEA], **more)


def stored(company: Company, id: str) -> dict[str, Any]:
    return company.truth("invoices", id)["custom"]


def test_it_is_read_written_and_filtered(company: Company) -> None:
    told = mapped(
        company, PO, {"field": "custom.cost", "native": "cf_cost", "codec": "money", "write": "always"}
    )
    assert (told["version"], told["issues"]) == (1, [])
    assert [(row["field"], row["source"]) for row in told["mapping"]["invoices"]] == [
        ("custom.po_number", "account"),
        ("custom.cost", "account"),
    ]

    made = make(
        company,
        custom={"po_number": "PO-77", "cost": "12.50"},
        custom_fields=[{"api_name": "cf_memo", "value": "beside"}],
    )
    assert made["custom"] == {"po_number": "PO-77", "cost": 12.5}
    assert stored(company, made["id"]) == {"cf_po": "PO-77", "cf_cost": 12.5, "cf_memo": "beside"}
    assert company.get(f"invoices/{made['id']}")["custom"] == made["custom"]

    changed = company.patch(f"invoices/{made['id']}", {"custom": {"po_number": "PO-78", "cost": None}})
    assert changed["custom"] == {"po_number": "PO-78", "cost": None}
    assert "issues" not in changed
    assert stored(company, made["id"]) == {"cf_po": "PO-78", "cf_memo": "beside"}

    make(company, custom_fields=[{"api_name": "cf_memo", "value": "PO-78"}])
    for name in ("custom.po_number", "custom[po_number]"):
        (row,) = company.rows("invoices", **{name: "PO-78"})
        assert (row["id"], row["custom"]) == (made["id"], {"po_number": "PO-78"})
    assert company.rows("invoices", **{"custom.po_number": "PO-7"}) == []

    assert company.get(f"invoices/{made['id']}", **{"fields[]": "custom"}) == {
        "custom": {"po_number": "PO-78", "cost": None}
    }
    meta = company.get("invoices/meta")
    assert meta["fields"]["custom"]["fields"]["po_number"]["native"] == ["custom_field_hash.cf_po"]
    assert "custom" in meta["create_schema"]["properties"]
    assert meta["filters"]["custom.po_number"] == ["eq"]


@pytest.mark.parametrize(
    ("method", "body", "code", "pointer", "near"),
    [
        ("POST", {"custom": {"po_nmber": "7"}}, "unknown_field", "/custom/po_nmber", "po_number"),
        ("POST", {"custom": {"po_number": 7}}, "wrong_type", "/custom/po_number", None),
        ("POST", {"custom": {"locked": "x"}}, "read_only", "/custom/locked", None),
    ],
)
def test_bad_writes_are_told_before_any_call(
    company: Company, method: str, body: Any, code: str, pointer: str, near: str | None
) -> None:
    mapped(company, PO, {"field": "custom.locked", "native": "cf_memo"})
    before = company.admin.last()
    answer = company.call(
        method, "invoices", json={"contact": {"name": "Buyer"}, "line_items": [TEA], **body}
    )
    problem = exact(answer)
    assert answer.status_code == 422, answer.text
    (error,) = problem["errors"]
    assert (error["code"], error["pointer"], error.get("did_you_mean")) == (code, pointer, near)
    assert company.admin.last() == before


def test_filters_that_cannot_be_exact(company: Company) -> None:
    mapped(
        company,
        PO,
        {"field": "custom.cost", "native": "cf_cost", "codec": "money"},
        {"field": "custom.hidden", "native": "cf_hidden", "write": "always"},
    )
    make(company, custom={"hidden": "H-1"})
    for name, value in (("custom.cost", "12.50"), ("custom.po_nmber", "7"), ("custom.hidden", "H-1")):
        answer = company.call("GET", "invoices", params={name: value})
        assert (answer.status_code, answer.json()["code"]) == (422, "unsupported_filter"), answer.text
    near = company.call("GET", "invoices", params={"custom[po_nmber]": "7"}).json()["errors"][0]
    assert near["did_you_mean"] == "custom[po_number]"


def test_a_field_is_repointed(company: Company) -> None:
    mapped(
        company,
        {"field": "reference", "native": "cf_order"},
        {"field": "memo", "native": "custom_field_hash.cf_memo", "write": "always"},
    )
    made = make(company, reference="O-1", memo="call them")
    assert (made["reference"], made["memo"]) == ("O-1", "call them")
    assert stored(company, made["id"]) == {"cf_order": "O-1", "cf_memo": "call them"}
    assert company.truth("invoices", made["id"])["reference_number"] == ""
    assert [row["id"] for row in company.rows("invoices", reference="O-1")] == [made["id"]]
    mapped(company)
    assert company.get(f"invoices/{made['id']}")["reference"] is None


@pytest.mark.parametrize(
    ("mapping", "code", "pointer", "more"),
    [
        ({"invoice": [PO]}, "unknown_field", "/invoice", {"did_you_mean": "invoices"}),
        ({"invoices": [{**PO, "field": "referense"}]}, "unknown_field", "/invoices/0/field",
         {"did_you_mean": "reference"}),
        ({"invoices": [{**PO, "field": "custom.PO"}]}, "wrong_type", "/invoices/0/field", {}),
        ({"invoices": [{**PO, "codec": "txt"}]}, "enum_value", "/invoices/0/codec", {"did_you_mean": "text"}),
        ({"invoices": [{**PO, "native": "custom_field_hash.cf_pp"}]}, "unknown_field", "/invoices/0/native",
         {"did_you_mean": "cf_po"}),
        ({"invoices": [{"field": "custom.x", "native": "shiping_charge"}]}, "unknown_field", "/invoices/0/native",
         {"did_you_mean": "shipping_charge"}),
        ({"invoices": [{"field": "custom.x", "native": "line_items"}]}, "wrong_type", "/invoices/0/native", {}),
        ({"invoices": [{"field": "custom.x", "native": "notes", "codec": "date"}]}, "wrong_type", "/invoices/0/codec",
         {}),
        ({"invoices": [PO, {**PO, "field": "custom.x"}]}, "duplicate", "/invoices/1/native", {}),
        ({"invoices": [PO, PO]}, "duplicate", "/invoices/1/field", {}),
        ({"invoices": [{"field": "custom.x", "native": "balance", "write": "always"}]}, "read_only",
         "/invoices/0/write", {}),
        ({"invoices": [{"field": "id", "native": "cf_po"}]}, "read_only", "/invoices/0/field", {}),
        ({"invoices": [{**PO, "filter": "po_search"}]}, "unsupported_filter", "/invoices/0/filter", {}),
        ({"invoices": [{**PO, "nativ": "x"}]}, "unknown_field", "/invoices/0/nativ", {}),
        ({"invoices": [{**PO, "field": f"custom.f{n}"} for n in range(51)]}, "wrong_type", "/invoices", {}),
    ],
)  # fmt: skip
def test_a_bad_row_is_told_by_its_pointer(
    company: Company, mapping: Any, code: str, pointer: str, more: dict[str, str]
) -> None:
    before = company.get(at(company))
    answer = company.call("PUT", at(company), json=mapping)
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed"), answer.text
    error = answer.json()["errors"][0]
    assert (error["code"], error["pointer"]) == (code, pointer)
    assert more.items() <= error.items()
    assert company.get(at(company)) == before


def test_it_is_tried_before_it_is_saved(company: Company) -> None:
    mapped(company)
    made = make(company, custom_fields=[{"api_name": "cf_po", "value": "PO-9"}])
    before = company.get(at(company))
    rows = [PO, {"field": "custom.none", "native": "cf_pp"}]
    tried = company.good(
        company.call("POST", at(company, "/preview"), json={"mapping": {"invoices": rows}, "id": made["id"]})
    )
    (record,) = tried["result"]["invoices"]
    assert (record["id"], record["custom"]) == (made["id"], {"po_number": "PO-9", "none": None})
    assert [(each["code"], each["pointer"]) for each in tried["issues"]] == [
        ("unknown_field", "/invoices/1/native")
    ]
    assert company.get(at(company)) == before
    assert "custom" not in company.get(f"invoices/{made['id']}")


def test_where_there_is_no_record_it_is_said_that_nobody_looked(connected: Callable[..., Company]) -> None:
    new = connected(seed="empty")
    told = mapped(new, {"field": "custom.zone", "native": "shipping_zone"}, resource="purchase_orders")
    assert [(each["code"], each["pointer"]) for each in told["issues"]] == [
        ("unchecked", "/purchase_orders/0/native")
    ]


def test_one_version_replaces_another(company: Company) -> None:
    now = mapped(company, PO)
    assert mapped(company, PO)["version"] == now["version"]
    tag = f'"{now["version"]}"'
    stale = company.call(
        "PUT", at(company), json={"invoices": []}, headers={"If-Match": f'"{now["version"] - 1}"'}
    )
    assert (stale.status_code, stale.headers["etag"]) == (412, tag)
    read = company.call("GET", at(company))
    assert read.headers["etag"] == tag
    after = mapped(company, headers={"If-Match": tag})
    assert (after["version"], after["mapping"]) == (now["version"] + 1, {})


def test_accounts_have_their_own_and_share_the_environment_s(
    company: Company, connected: Callable[..., Company], ample: Product
) -> None:
    key = ample.create_key("elsewhere")
    other = furnish(connected(seed="empty"))
    mapped(company, PO)
    assert other.get(at(other))["mapping"] == {}
    mine, theirs = make(company), make(other)
    assert mine["custom"] == {"po_number": None}
    assert "custom" not in theirs

    default = "/environment-integration/zohobooks/field-mapping"
    rows = [{**PO, "native": "cf_order"}, {"field": "custom.memo", "native": "cf_memo", "write": "always"}]
    try:
        told = other.good(other.call("PUT", default, json={"invoices": rows}))
        assert [each["code"] for each in told["issues"]] == ["unchecked"]
        checked = other.call(
            "PUT", f"{default}?integrated_account_id={other.account_id}", json={"invoices": [{**PO, "native": "cf_no"}]}
        )  # fmt: skip
        assert checked.json()["errors"][0]["pointer"] == "/invoices/0/native"
        assert make(other, custom={"po_number": "x", "memo": "m"})["custom"] == {
            "po_number": "x",
            "memo": "m",
        }
        made = make(company, custom={"po_number": "y", "memo": "n"})
        assert stored(company, made["id"]) == {"cf_po": "y", "cf_memo": "n"}
        assert [
            (row["field"], row["native"], row["source"])
            for row in company.get(at(company))["mapping"]["invoices"]
        ] == [
            ("custom.po_number", "custom_field_hash.cf_po", "account"),
            ("custom.memo", "cf_memo", "environment"),
        ]
        with ample.client(key) as elsewhere:
            assert elsewhere.get(default).json()["mapping"] == {}
            assert elsewhere.get(at(company)).status_code == 404
    finally:
        other.good(other.call("PUT", default, json={}))
    assert "custom" not in make(other)


def test_it_is_on_record_and_needs_the_scope(company: Company, ample: Product) -> None:
    mapped(company, PO)
    mapped(company)
    entries = company.get("/audit", limit=20)["result"]
    assert any(
        each["action"] == "field_mapping.updated" and each["target"] == company.account_id for each in entries
    )
    reader = ample.create_key("tests", "--scopes", "connections:read")
    with ample.client(reader) as api:
        assert api.get(at(company)).status_code == 200
        assert api.put(at(company), json={}).status_code == 403
    configurer = ample.create_key("tests", "--scopes", "connections:write")
    with ample.client(configurer) as api:
        refused: httpx.Response = api.post(at(company, "/preview"), json={"mapping": {"invoices": [PO]}})
        assert refused.status_code == 403, "a preview shows records"
