"""Which test backs each operation the connectors claim.

    python -m tests.flows.coverage            the table: every operation, and the test that performs it
    python -m tests.flows.coverage record     runs the flows and writes down what each of them performed

`coverage.json` holds resource → operation → test. A test named there fails where it no longer performs what it
is named for (conftest.py), and test_coverage.py fails where a claim has no test.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

from connectors.kit.attachments import Attachments
from connectors.kit.registry import load
from connectors.kit.reports import Reports
from connectors.kit.resource import LISTS, Resource
from tests.support.witness import PERFORMED, Operation

HERE = Path(__file__).parent
TABLE = HERE / "coverage.json"
KEPT = ("attachments", "attach", "attachment")
FILES = (*KEPT, "content", "detach")

BESIDE = {"users": ("me",)}
"""Offered under words of their own, which no row declares."""

Backed = dict[str, dict[str, str]]


@cache
def backed() -> Backed:
    return json.loads(TABLE.read_text(encoding="utf-8"))


def named_for(node: str) -> set[Operation]:
    """What a test is named for."""
    return {(name, each) for name, tests in backed().items() for each, test in tests.items() if test == node}


def claimed() -> dict[str, tuple[str, ...]]:
    """Every operation some connector offers, by resource."""
    offered: dict[str, dict[str, None]] = {}
    for connector in load():
        for (model, name), resource in connector.resources.items():
            files = connector.resources.get((model, "attachments"))
            held = _held(files, name) if isinstance(files, Attachments) else ()
            offered.setdefault(name, {}).update(dict.fromkeys(_offered(resource, held)))
    return {name: tuple(each) for name, each in offered.items()}


def _held(files: Attachments, name: str) -> tuple[str, ...]:
    type = files.type_of(name)
    return () if type is None else KEPT if type in files.keeping else FILES


def _offered(resource: Resource, files: tuple[str, ...]) -> Iterator[str]:
    methods = (each for each in ("list", "get", "create", "update", "delete") if each in resource.methods)
    # One report is got by its type.
    yield from ("list", *resource.reports) if isinstance(resource, Reports) else methods
    yield "meta"
    if resource.definitions is not None:
        yield "custom-fields"
    yield from BESIDE.get(resource.name, ())
    yield from sorted(resource.lists)
    removable = sorted({each for part in resource.parts for each in part.removable})
    yield from (f"{verb} {each}" for each in removable for verb in ("get", "delete"))
    if resource.pdf is not None:
        yield "pdf"
    yield from files
    yield from sorted(resource.actions)


def refusal(name: str, operation: str) -> str:
    """What the API answers where no connector offers an operation: status and code."""
    if operation in ("create", "update", "delete", "list", "get"):
        return "405 method_not_allowed"
    if operation == "custom-fields":
        return "422 not_implemented"
    return "404 not_found" if operation in ("pdf", "attachments", *LISTS) else "404 unknown_action"


ASKED = ("list", "get", "create", "update", "delete", "custom-fields", *LISTS, "pdf", "attachments")
"""What can be asked of any resource, beside actions."""


def not_offered(name: str) -> Iterator[str]:
    """What can be asked of a resource and is refused. A report is got by its type, which names the operation."""
    offered = {*claimed()[name], *(["get"] if name == "reports" else [])}
    return (each for each in ASKED if each not in offered)


def table() -> Iterator[str]:
    """Resource by resource: each yes with its test, each no with what the API answers."""
    tests = backed()
    for name, offered in claimed().items():
        yield f"\n{name}"
        yield from (f"  {each:<18} yes  {tests.get(name, {}).get(each, 'no test')}" for each in offered)
        yield from (f"  {each:<18} no   {refusal(name, each)}" for each in not_offered(name))
        yield f"  {'any other action':<18} no   {refusal(name, '')}"


class Recorder:
    """Keeps which tests there are in the files of a run, and which passed."""

    def __init__(self) -> None:
        self.there: set[str] = set()
        self.passed: set[str] = set()

    def pytest_itemcollected(self, item: pytest.Item) -> None:
        self.there.add(item.nodeid)

    def gone(self, node: str) -> bool:
        """Whether a test was in one of these files and is no more."""
        files = {each.partition("::")[0] for each in self.there}
        return node.partition("::")[0] in files and node not in self.there

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A test that does not do what it is named for fails after its call, and has passed for the record."""
        if report.when == "call" and report.passed:
            self.passed.add(report.nodeid)


def recorded(before: Backed, performed: Mapping[str, set[Operation]]) -> Backed:
    """The table after a run. A test that still performs what it is named for stays; else the one that does least."""
    found: Backed = {}
    for name, offered in claimed().items():
        for each in offered:
            now = before.get(name, {}).get(each)
            able = [node for node, did in performed.items() if (name, each) in did]
            if now is not None and (now in able or now not in performed):
                found.setdefault(name, {})[each] = now
            elif able:
                found.setdefault(name, {})[each] = min(able, key=lambda node: (len(performed[node]), node))
    return found


def record(arguments: list[str]) -> int:
    recorder = Recorder()
    code = pytest.main(arguments or [str(HERE)], plugins=[recorder])
    performed = {node: PERFORMED[node] for node in recorder.passed}
    kept = {
        name: {each: node for each, node in tests.items() if not recorder.gone(node)}
        for name, tests in backed().items()
    }
    TABLE.write_text(json.dumps(recorded(kept, performed), indent=1) + "\n", encoding="utf-8")
    return int(code)


if __name__ == "__main__":
    if sys.argv[1:2] == ["record"]:
        sys.exit(record(sys.argv[2:]))
    print("\n".join(table()))
