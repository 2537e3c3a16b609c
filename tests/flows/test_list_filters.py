"""The filters of our own lists: what is none of a filter's values is refused, and never an empty list."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.flows.company import Company

CLOSED = {
    ("/audit", "action"),
    ("/changes", "exclude_origin"),
    ("/integrated-account", "status"),
    ("/log", "error"),
    ("/webhook-message", "event"),
    ("/webhook-message", "state"),
    ("/write", "state"),
}
"""Those of one value of a set the document names."""


@pytest.fixture(scope="module")
def company(connected: Callable[..., Company]) -> Company:
    return connected()


def own_lists(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Path and query parameters of every list of ours, by their names."""
    for path, item in document["paths"].items():
        if "get" in item and "{" not in path and not path.startswith("/unified/"):
            given = item["get"].get("parameters", [])
            yield path, {one["name"]: one for one in given if one["in"] == "query"}


def values_of(parameter: dict[str, Any], document: dict[str, Any]) -> list[str]:
    """The values a parameter may have; none where it is free."""
    schema = parameter["schema"]
    for each in (schema, *schema.get("anyOf", ())):
        if "$ref" in each:
            each = document["components"]["schemas"][each["$ref"].rpartition("/")[2]]
        if "enum" in each or "const" in each:
            return each.get("enum") or [each["const"]]
    return []


def test_every_filter_takes_its_values_and_no_other(company: Company) -> None:
    document = company.api.get("/openapi.json").json()
    closed: set[tuple[str, str]] = set()
    for path, parameters in own_lists(document):
        needed = {"integrated_account_id": company.account_id} if path == "/changes" else {}
        for name, parameter in parameters.items():
            values = values_of(parameter, document)
            if not values:
                continue
            closed.add((path, name))
            for value in values:
                answer = company.api.get(path, params={**needed, name: value})
                assert answer.status_code == 200, f"{path}?{name}={value}: {answer.text}"
            refused(company, path, name, "bogus", values, needed)
    assert closed == CLOSED


def test_an_integration_there_is_not(company: Company) -> None:
    names = ["zohobooks", "zoho_books", "zoho-books"]
    for name in names:
        assert company.get("/integrated-account", integration=name)["result"]
    refused(company, "/integrated-account", "integration", "zohobook", names[:1], {})


def refused(
    company: Company, path: str, name: str, value: str, allowed: list[str], needed: dict[str, str]
) -> None:
    problem = company.refused("GET", path, 422, "validation_failed", name, params={**needed, name: value})
    [error] = problem["errors"]
    assert error["code"] == "enum_value" and problem["parameter"] == name
    assert set(allowed) <= set(error["allowed"]), f"{path}?{name}"


def test_a_filter_that_is_not_there(company: Company) -> None:
    document = company.api.get("/openapi.json").json()
    for path, parameters in own_lists(document):
        if parameters:
            needed = {"integrated_account_id": company.account_id} if path == "/changes" else {}
            problem = company.refused("GET", path, 422, "unknown_parameter", params={**needed, "colour": "x"})
            assert problem["parameter"] == "colour", path
