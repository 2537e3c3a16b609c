"""What is known of the provider: recorded traffic and the published specification, where their folder is.

python -m tests.conformance.evidence      states, beside the connector, where each native path was seen
"""

import json
import os
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from connectors.kit import check
from connectors.kit.resource import Resource
from connectors.zoho_books import CONNECTOR

ROOT = Path(__file__).resolve().parents[2]
SPECS = Path(os.environ.get("LEDGERWAY_ZOHO_SPECS", ROOT.parent / "shared"))
RECORDINGS = SPECS / "zoho-books-recordings"
PUBLISHED = SPECS / "zoho-books-openapi"
STATED = ROOT / "connectors" / "zoho_books" / "evidence.json"

Evidence = dict[str, dict[str, list[str]]]


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


def samples(resource: Resource) -> Iterator[tuple[bool, dict[str, Any]]]:
    """(is a single record, native object) of every recording of a resource."""
    for body in recordings():
        one, many = body.get(resource.one), body.get(resource.many)
        if isinstance(one, dict) and resource.id_key in one:
            yield True, one
        if isinstance(many, list):
            yield from ((False, row) for row in many if isinstance(row, dict) and resource.id_key in row)


@cache
def _documents() -> tuple[str, ...]:
    return tuple(path.read_text() for path in sorted(PUBLISHED.glob("*.yml")))


@cache
def published(path: str = "/") -> frozenset[str]:
    """Every name the specification uses for a property or parameter, in the documents that hold `path`."""
    holds = re.compile(rf"^  {re.escape(path.rstrip('/'))}(/.*)?:$", re.MULTILINE)
    found = [text for text in _documents() if holds.search(text)]
    names = (re.findall(r"^\s*(?:- name: )?([a-z][a-z0-9_]*)\b:?", text, re.MULTILINE) for text in found)
    return frozenset(name for each in names for name in each)


@cache
def words() -> frozenset[str]:
    """Every word the specification lists as the value of a parameter or property, and those seen besides."""
    found = re.findall(
        r"(?:<code>\s*|^\s*- '?)([A-Za-z][A-Za-z_-]{2,40})'?(?:\s*</code>|\s*$)",
        "\n".join(_documents()),
        re.M,
    )
    return frozenset(found) | UNPUBLISHED


UNPUBLISHED = frozenset(
    ("approved", "pending_approval", "rejected", "partially_invoiced", "nonbillable", "shipped", "manually_added")
)  # fmt: skip


def evidence() -> Evidence:
    """By collection and kind of evidence, the native paths that have it."""
    found: Evidence = {}
    for resource in CONNECTOR.resources.values():
        for part in resource.parts:
            recorded = (native for _, native in samples(part))
            kinds = check.evidence(part, recorded, published(part.path))
            paths: dict[str, list[str]] = {}
            for path, kind in sorted(kinds.items()):
                paths.setdefault(kind, []).append(path)
            found[part.path] = paths
    return {path: found[path] for path in sorted(found)}


if __name__ == "__main__":
    STATED.write_text(json.dumps(evidence(), indent=1) + "\n", encoding="utf-8")
