"""The people a sandbox starts with, and their ledgers."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from sandbox.books import Call
from sandbox.datacenters import LOCATIONS, Sites
from sandbox.limits import Limits
from sandbox.options import Options
from sandbox.world import PEOPLE, World

from .conftest import Caller


@pytest.fixture(scope="module")
def world() -> World:
    return World(Sites("127.0.0.1", 9000), Options())


@pytest.mark.parametrize("location", LOCATIONS)
def test_every_data_centre_has_a_furnished_organisation(world: World, location: str) -> None:
    organization = next(one for one in world.organizations.values() if one.location == location)
    for path, key in (("/invoices", "invoices"), ("/contacts", "contacts"), ("/items", "items")):
        answer = organization.books.handle(Call("GET", path))
        assert answer.body is not None
        assert answer.body[key], path
        assert answer.status == 200


def test_organisation_ids_are_unique_digits_of_the_usual_length(world: World) -> None:
    assert len(world.organizations) == sum(len(companies) for *_, companies in PEOPLE)
    assert {len(one.id) for one in world.organizations.values() if one.location == "us"} == {9}
    assert {len(one.id) for one in world.organizations.values() if one.location == "in"} == {11}
    assert all(one.id.isdigit() for one in world.organizations.values())


def test_two_worlds_start_alike(world: World) -> None:
    other = World(Sites("127.0.0.1", 9000), Options())
    assert list(other.organizations) == list(world.organizations)
    assert [user.identity for user in other.users.values()] == [
        user.identity for user in world.users.values()
    ]


def test_limits_follow_the_plan_and_the_options() -> None:
    world = World(Sites("127.0.0.1", 9000), Options(limits={"minute": 7, "concurrent": None}))
    organization = next(iter(world.organizations.values()))
    assert organization.meter.limits == Limits(minute=7, day=5000, concurrent=None)
    free = world.add_organization("us", "Free Co", plan_name="Free")
    assert free.meter.limits == Limits(minute=7, day=1000, concurrent=None)


@pytest.mark.parametrize("limits", [{"hour": 1}, {"minute": "x"}, {"minute": True}, {"day": -1}])
def test_nonsense_limits_are_refused(limits: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"limit|number"):
        World(Sites("127.0.0.1", 9000), Options(limits=limits))


def test_pdf_passes_through_with_one_of_each_header(
    admin: httpx.Client, caller: Callable[..., Caller]
) -> None:
    mine = caller()
    contact = mine("POST", "/contacts", json={"contact_name": "Acme"}).json()["contact"]
    body = {"customer_id": contact["contact_id"], "line_items": [{"name": "A", "rate": 1, "quantity": 1}]}
    made = mine("POST", "/invoices", json=body)
    assert made.headers["location"] == f"/api/v3/invoices/{made.json()['invoice']['invoice_id']}"
    pdf = mine("GET", f"/invoices/{made.json()['invoice']['invoice_id']}", params={"accept": "pdf"})
    assert pdf.headers["content-type"].startswith("application/pdf")
    assert pdf.content.startswith(b"%PDF")
    names = [name.lower() for name, _ in pdf.headers.raw]
    assert len(names) == len(set(names))
