"""Every table of every connector keeps the laws, against every recording there is."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from connectors.kit import check
from connectors.kit.connector import Connector
from connectors.kit.custom_fields import CustomFields
from connectors.kit.mapping import NEVER
from connectors.kit.operations import Context
from connectors.kit.overlay import overlaid
from connectors.kit.placing import Mapped
from connectors.kit.registry import load
from connectors.kit.resource import Resource
from tests.conformance.evidence import RECORDINGS, published, samples, words

needs_recordings = pytest.mark.skipif(not RECORDINGS.is_dir(), reason=f"no recordings at {RECORDINGS}")

CONTEXT = Context(
    organization_id="927270289",
    now=datetime(2026, 6, 20, tzinfo=UTC),
    time_zone="America/New_York",
    currency="USD",
    web="https://books.example",
)

TABLES = [
    pytest.param(part, id=f"{connector.name}-{resource.name}{part.path if part is not resource else ''}")
    for connector in load()
    for resource in connector.resources.values()
    for part in resource.parts
    if part is resource or part not in connector.resources.values()
]
"""Every resource with a table of its own; a side that is a resource itself is held to the laws once."""


def _with_mapped_fields(connector: Connector) -> Connector:
    rows = (
        Mapped("custom.cost", "custom_field_hash.cf_law", "money", "always"),
        Mapped("custom.note", "law_note", "text", "always"),
    )
    names = {part.name for resource in connector.resources.values() for part in resource.parts}
    return overlaid(connector, dict.fromkeys(names, rows))[0]


def records(resource: Resource) -> list[dict[str, Any]]:
    return [native for single, native in samples(resource) if single]


@pytest.mark.parametrize("resource", TABLES)
def test_whole(resource: Resource) -> None:
    assert check.whole(resource) == []


@pytest.mark.parametrize("resource", TABLES)
def test_unseen_paths_are_mapped_and_say_why(resource: Resource) -> None:
    assert set(resource.unseen) <= set(check.paths(resource.table))
    assert all(len(why) > 10 for why in resource.unseen.values())


OWED = [
    {"balance": 10, "total": 10, "due_date": "2020-01-01"},
    {"balance": 5, "total": 10, "due_date": "2020-01-01"},
    {"balance": 5, "total": 10, "due_date": "2030-01-01", "is_billable": True},
]


@pytest.mark.parametrize("more", OWED, ids=["owed", "partly-owed", "not-due"])
@pytest.mark.parametrize("resource", TABLES)
def test_exact(resource: Resource, more: dict[str, Any]) -> None:
    assert check.exact(resource, words(), CONTEXT, more) == []


@needs_recordings
@pytest.mark.parametrize("resource", TABLES)
def test_seen(resource: Resource) -> None:
    assert check.seen(resource, (native for _, native in samples(resource)), published()) == []


@needs_recordings
@pytest.mark.parametrize("resource", TABLES)
def test_quiet(resource: Resource) -> None:
    for single, native in samples(resource):
        assert check.quiet(resource, native, CONTEXT, detail=single) == []


@needs_recordings
@pytest.mark.parametrize("resource", TABLES)
def test_get_put(resource: Resource) -> None:
    for native in records(resource):
        assert check.get_put(resource, native, CONTEXT) == []


@needs_recordings
@pytest.mark.parametrize("resource", TABLES)
def test_put_get(resource: Resource) -> None:
    for native in records(resource):
        assert check.put_get(resource, native, CONTEXT) == []


OVERLAID = [
    pytest.param(part, id=part.path)
    for connector in load()
    for resource in _with_mapped_fields(connector).resources.values()
    for part in resource.parts
    if "custom" in part.table.by_name
]
"""Every resource an account can add fields of its own to, with some added."""


@needs_recordings
@pytest.mark.parametrize("resource", OVERLAID)
def test_mapped_fields_keep_the_laws(resource: Resource) -> None:
    """The company's own fields are left alone meanwhile: both say the same, and one body says it once."""
    rows = tuple(
        replace(row, write=NEVER) if isinstance(row, CustomFields) else row for row in resource.table.rows
    )
    resource = replace(resource, table=replace(resource.table, rows=rows))
    given = {"custom_fields": [{"api_name": "cf_law", "value": "7.50"}], "law_note": "as agreed"}
    for single, native in samples(resource):
        assert check.quiet(resource, native, CONTEXT, detail=single) == []
        assert check.quiet(resource, {**native, **given}, CONTEXT, detail=single) == []
    for native in records(resource):
        custom = resource.read({**native, **given}, CONTEXT).record["custom"]
        assert custom.items() <= {"cost": Decimal("7.50"), "note": "as agreed"}.items()
        assert None not in custom.values()
        assert check.get_put(resource, {**native, **given}, CONTEXT) == []
        assert check.put_get(resource, {**native, **given}, CONTEXT) == []


@needs_recordings
@pytest.mark.parametrize(
    "name", ["bills", "contacts", "credit_notes", "invoices", "items", "purchase_orders"]
)
def test_there_is_evidence(name: str) -> None:
    """The laws above prove nothing about a resource without recordings."""
    (resource,) = (each for connector in load() for each in connector.resources.values() if each.name == name)
    found = [single for single, _ in samples(resource)]
    assert True in found
    assert False in found
