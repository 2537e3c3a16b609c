"""Every table of every connector keeps the laws, against every recording there is."""

import json
import os
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from connectors.kit import check
from connectors.kit.operations import Context
from connectors.kit.registry import load
from connectors.kit.resource import Resource

ROOT = Path(__file__).resolve().parents[2]
SPECS = Path(os.environ.get("LEDGERWAY_ZOHO_SPECS", ROOT.parent / "shared"))
RECORDINGS = SPECS / "zoho-books-recordings"
PUBLISHED = SPECS / "zoho-books-openapi"

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


@cache
def recordings() -> tuple[Mapping[str, Any], ...]:
    """The bodies of recorded answers; sketches made by hand are no evidence."""
    index = json.loads((RECORDINGS / "index.json").read_text())
    files = [entry["file"] for entry in index["entries"] if entry["provenance"].startswith("recorded")]
    texts = ((RECORDINGS / name).read_text() for name in files)
    parsed = (json.loads(text, parse_float=Decimal) for text in texts)
    return tuple(
        each["response"]["body"] for each in parsed if isinstance(each.get("response", {}).get("body"), dict)
    )


@cache
def published() -> frozenset[str]:
    """Every name the specification uses for a property or parameter."""
    if not PUBLISHED.is_dir():
        return frozenset()
    text = "\n".join(path.read_text() for path in PUBLISHED.glob("*.yml"))
    return frozenset(re.findall(r"^\s*(?:- name: )?([a-z][a-z0-9_]*)\b:?", text, re.MULTILINE))


@cache
def words() -> frozenset[str]:
    """Every word the specification lists as the value of a parameter or property, and those seen besides."""
    texts = [path.read_text() for path in PUBLISHED.glob("*.yml")] if PUBLISHED.is_dir() else []
    found = re.findall(
        r"(?:<code>\s*|^\s*- '?)([A-Za-z][A-Za-z_-]{2,40})'?(?:\s*</code>|\s*$)", "\n".join(texts), re.M
    )
    return frozenset(found) | UNPUBLISHED


UNPUBLISHED = frozenset(
    ("approved", "pending_approval", "rejected", "partially_invoiced", "nonbillable", "shipped", "manually_added")
)  # fmt: skip


def samples(resource: Resource) -> Iterator[tuple[bool, dict[str, Any]]]:
    """(is a single record, native object) of every recording of a resource."""
    for body in recordings():
        one, many = body.get(resource.one), body.get(resource.many)
        if isinstance(one, dict) and resource.id_key in one:
            yield True, one
        if isinstance(many, list):
            yield from ((False, row) for row in many if isinstance(row, dict) and resource.id_key in row)


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
