"""Every table of every connector keeps the laws, against every recording there is."""

from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.kit import check
from connectors.kit.operations import Context
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
