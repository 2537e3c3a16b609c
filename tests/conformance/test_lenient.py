"""Whatever a provider prints, reading it ends: in a record of the promised types, or without an id in a fault.

What is legitimate elsewhere (other countries, other plans, ids printed as numbers) reads without a word.
"""

import json
from collections.abc import Callable, Iterator
from copy import copy
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from connectors.kit.faults import Fault
from connectors.kit.mapping import Nested, Table
from connectors.kit.resource import Resource
from tests.conformance.test_laws import CONTEXT, TABLES, needs_recordings, samples
from unified_models.types import READING

HOSTILE: tuple[Any, ...] = (
    None, "", "   ", 0, 1, -3, True, False, "x", "[]", "null", "N/A", [], {}, [1], [None], [{}], [[]], [""], {"a": 1},
    {"id": None}, [{"a": None}], Decimal("1.5"), "\u202e\x00", "-1", "1e999", "1,234.50", "2026-13-45", "13/06/2026",
    "27 Dec 2016", "2026-06-09T00:00:00", "2026-06-09 10:00", "٣", "true", "Sí", "10%", "Ⅷ", "unheard_of", ["a", "b"],
)  # fmt: skip

SHAPES = frozenset(
    ("string_type", "bool_type", "list_type", "dict_type", "model_type", "int_type", "date_type", "datetime_type")
)  # fmt: skip
"""Complaints about the kind of a value, not about what it says."""

BLOCKS: dict[str, Any] = {
    "gst_no": "27AAACZ1234A1Z5", "gst_treatment": "business_gst", "place_of_supply": "MH", "tds_total": Decimal(0),
    "tds_tax_id": "", "tds_summary": [], "tcs_total": Decimal(0), "hsn_or_sac": "998314", "cess_amount": Decimal(0),
    "tax_specification": "intra", "einvoice_details": {"status": "pushed", "inv_ref_num": "x"}, "vat_treatment": "uk",
    "vat_reg_no": "GB123456789", "is_reverse_charge_applied": False, "reverse_charge_vat_total": Decimal(0),
    "cis_treatment": "", "tax_treatment": "vat_registered", "zatca_details": {"uuid": "x"}, "cfdi_usage": "G03",
    "cfdi_reference_type": "", "sat_item_key_code": "01010101", "etims_details": {"cu_number": "1"}, "branch_id": "1",
    "branch_name": "Head Office", "avatax_exempt_no": "", "tax_authority_id": "", "is_taxable": True, "vehicle": None,
    "retention_items": [], "location_details": [{"location_id": "1"}], "sub_statuses": "", "x_y": {"z": [{"q": None}]},
}  # fmt: skip
"""What other editions print besides."""


def synthetic(table: Table[Any], depth: int = 0) -> dict[str, Any]:
    """A native object with something at every path a table reads."""
    found: dict[str, Any] = {}
    for row in table.rows:
        if isinstance(row, Nested):
            inner = synthetic(row.table, depth + 1) if depth < 3 else {}
            if row.native:
                _put(found, row.native, [inner] if row.is_list else inner)
            else:
                found = {**inner, **found}
        else:
            for path in row.paths:
                _put(found, path, "1")
    return found


def _put(native: dict[str, Any], path: str, value: Any) -> None:
    *way, last = path.split(".")
    for name in way:
        inner = native.setdefault(name, {})
        native = inner if isinstance(inner, dict) else {}
    native.setdefault(last, value)


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a value, of lists the first element."""
    if isinstance(value, dict):
        for key, member in value.items():
            yield (*at, key)
            yield from places(member, (*at, key))
    elif isinstance(value, list) and value:
        yield (*at, 0)
        yield from places(value[0], (*at, 0))


def changed(native: Any, place: tuple[Any, ...], value: Any) -> Any:
    """The same with another value at a place; only the way there is copied."""
    step, *rest = place
    whole = copy(native)
    whole[step] = changed(native[step], tuple(rest), value) if rest else value
    return whole


def misshapen(resource: Resource, native: Any, *, detail: bool) -> list[str]:
    """Values of a record whose kind is not the promised one. Without a readable id there is no record."""
    try:
        record = resource.read(native, CONTEXT, detail=detail).record
    except Fault:
        return []
    try:
        resource.model.model_validate(record, context=READING)
    except ValidationError as error:
        told = (each for each in error.errors(include_url=False) if each["type"] in SHAPES)
        return [f"{'/'.join(map(str, each['loc']))}: {each['msg']}" for each in told]
    return []


@pytest.mark.parametrize("resource", TABLES)
def test_one_hostile_value_anywhere(resource: Resource) -> None:
    hostile_anywhere(resource, synthetic(resource.table))


@needs_recordings
@pytest.mark.parametrize("resource", TABLES)
def test_one_hostile_value_anywhere_in_what_was_recorded(resource: Resource) -> None:
    for _, native in [*samples(resource)][:1]:
        hostile_anywhere(resource, native)


def hostile_anywhere(resource: Resource, base: dict[str, Any]) -> None:
    for step, place in enumerate(places(base)):
        for value in HOSTILE[step % 3 :: 3]:
            assert misshapen(resource, changed(base, place, value), detail=bool(step % 2)) == [], place


anything = st.recursive(
    st.sampled_from(HOSTILE) | st.text(max_size=8) | st.decimals(allow_nan=False, allow_infinity=False, places=2),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)  # fmt: skip


@pytest.mark.parametrize("resource", TABLES)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_several_hostile_values_together(resource: Resource, data: st.DataObject) -> None:
    native = synthetic(resource.table)
    every = list(places(native))
    for place in data.draw(st.lists(st.sampled_from(every), max_size=6)):
        try:
            native = changed(native, place, data.draw(anything))
        except (KeyError, IndexError, TypeError):
            continue  # the way there was overwritten before
    for detail in (True, False):
        assert misshapen(resource, native, detail=detail) == []


# What was recorded, as other companies' services print it


def told(resource: Resource, native: Any, detail: bool) -> tuple[dict[str, Any], list[str]]:
    answer = resource.read(native, CONTEXT, detail=detail)
    return answer.record, [f"{issue.code} {issue.pointer}" for issue in answer.issues]


def spread(native: Any, spell: Callable[[str, Any], Any], key: str = "") -> Any:
    if isinstance(native, dict):
        return {name: spread(value, spell, name) for name, value in native.items()}
    if isinstance(native, list):
        return [spread(value, spell, key) for value in native]
    return spell(key, native)


def id_as_number(key: str, value: Any) -> Any:
    plain = isinstance(value, str) and value.isdecimal() and value.isascii() and not value.startswith("0")
    return int(value) if plain and (key == "id" or key.endswith("_id")) else value


def blank_as_null(key: str, value: Any) -> Any:
    return None if value == "" else value


def null_as_blank(key: str, value: Any) -> Any:
    return "" if value is None else value


@needs_recordings
@pytest.mark.parametrize("spell", [id_as_number, blank_as_null, null_as_blank])
@pytest.mark.parametrize("resource", TABLES)
def test_other_spellings_say_the_same(resource: Resource, spell: Callable[[str, Any], Any]) -> None:
    for detail, native in samples(resource):
        assert told(resource, spread(native, spell), detail) == (told(resource, native, detail)[0], [])


@needs_recordings
@pytest.mark.parametrize("resource", TABLES)
def test_other_countries_and_unknown_keys_say_the_same(resource: Resource) -> None:
    for detail, native in samples(resource):
        used = {path for row in resource.table.rows for path in row.paths}
        more = {key: value for key, value in BLOCKS.items() if key not in used | native.keys()}
        lines = native.get("line_items")
        if isinstance(lines, list):
            more["line_items"] = [{**BLOCKS, **line} for line in lines]
        record, issues = told(resource, {**native, **more}, detail)
        plain, _ = told(resource, native, detail)
        assert issues == []
        differing = {name for name, value in record.items() if value != plain.get(name)}
        assert differing <= {"tax_number", "tracking_categories", "line_items", "location"}


@needs_recordings
@pytest.mark.parametrize("resource", TABLES)
def test_other_plans_lack_keys(resource: Resource) -> None:
    """A figure that is missing may leave a total unexplained; nothing else is complained of."""
    for detail, native in [*samples(resource)][:6]:
        for key in native.keys() - {resource.id_key}:
            without = {name: value for name, value in native.items() if name != key}
            _, issues = told(resource, without, detail)
            assert set(issues) <= {"totals_mismatch /total_amount"}, key
        bare, issues = told(resource, {resource.id_key: native[resource.id_key]}, detail)
        assert (bool(bare["id"]), issues) == (True, [])


def test_the_blocks_are_what_a_wire_can_carry() -> None:
    assert json.loads(json.dumps(BLOCKS, default=str))
