"""What we say to Zoho Books, held against its specification: every operation, filter, field and word there is."""

from functools import cache
from pathlib import Path

import pytest

from connectors.zoho_books import CONNECTOR
from tests.connectors.zoho_books.contract import deviations
from tests.connectors.zoho_books.contract.deviations import DEVIATIONS, Deviation
from tests.connectors.zoho_books.contract.driving import Report, drive
from tests.support.specification import Specification

PARTS = {
    part.path: (key, part)
    for key, resource in CONNECTOR.resources.items()
    for part in resource.parts
    if key[1] != "reports"  # not in the specification; the sandbox alone knows them
}


@pytest.fixture(scope="session")
def specification(specs: Path) -> Specification:
    return _specification(specs)


@cache
def _specification(specs: Path) -> Specification:
    return Specification(specs / "zoho-books-openapi")


@cache
def report(specification: Specification, path: str) -> Report:
    return drive(specification, *PARTS[path])


@pytest.fixture(scope="session")
def recorded(specs: Path) -> deviations.Recorded:
    return deviations.recordings(specs)


@pytest.mark.parametrize("path", PARTS)
def test_requests_keep_to_the_specification(
    specification: Specification, recorded: deviations.Recorded, path: str
) -> None:
    broken = {
        f"{each.operation}  {each.where}  {each.why}  ({run.label})"
        for run in report(specification, path).runs
        for each in run.violations
        if deviations.rule(specification, recorded, each) is None
    }
    assert not broken, "\n".join(sorted(broken))


UNPUBLISHED = "custom fields"
"""In no specification, so the provider here has no answer."""

UNTRIED: dict[str, set[str]] = {
    "/documents": {"remove expense"},  # in no specification
    "/expenses": {f"{verb} line_items.{name}" for verb in ("create", "update") for name in ("quantity", "unit_price")},
    "/banktransactions": {
        *(f"{verb} line_items.{name}" for verb in ("create", "update") for name in ("quantity", "unit_price")),
        "update line_items.total_line_amount", "update account_from",
    },
    "/reportingtags": {"create options.parent", "update options.id", "update options.parent"},
    "/settings/taxes": {
        *(f"create components.{name}" for name in ("name", "rate", "is_compound")),
        *(f"update components.{name}" for name in ("id", "name", "rate", "is_compound")),
    },
    "/salesreceipts": {"update line_items.id"},  # the example has no list of lines
    "/vendorcredits": {"update line_items.id"},
}  # fmt: skip
"""What takes a record or a sum of its own; the tests of the resource show it."""


@pytest.mark.parametrize("path", PARTS)
def test_nothing_is_left_untried(specification: Specification, path: str) -> None:
    """Examples are read, and every field, filter and action went its whole way at least once."""
    refused = report(specification, path).refused()
    refused.pop(UNPUBLISHED, None)
    unknown = {label: why for label, why in refused.items() if label not in UNTRIED.get(path, set())}
    assert not unknown, "\n".join(f"{label}: {why}" for label, why in sorted(unknown.items()))
    assert UNTRIED.get(path, set()) <= refused.keys()


@pytest.mark.parametrize("deviation", DEVIATIONS, ids=lambda each: f"{each.operation} {each.where}")
def test_every_deviation_is_needed(specification: Specification, deviation: Deviation) -> None:
    seen = (each for path in PARTS for run in report(specification, path).runs for each in run.violations)
    assert any(deviation.covers(each) for each in seen)
