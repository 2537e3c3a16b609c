from dataclasses import replace
from typing import Any

import pytest

from connectors.kit.faults import Fault, Kind
from connectors.kit.http import Flow, Reply, Request
from connectors.kit.upserting import Mark, Module, Standing, Upsert, upserted
from tests.support.scripted import run

MARK = Mark(("/things",), "cf_own", "M1")


def marked(request: Request, mark: Mark) -> Request:
    return replace(request, method="PUT", body={"mark": mark.value})


def standing(module: Module) -> Flow[Standing]:
    raise AssertionError("not asked here")
    yield


UPSERT = Upsert("cf_own", {}, marked, standing, "")


def work() -> Flow[list[Any]]:
    """A create, and what follows it."""
    made = yield Request("POST", "/things", body={})
    after = yield Request("POST", "/things/1/open")
    return [made.body, after.body]


def made(path: str) -> Flow[Reply | None]:
    found = yield Request("GET", path)
    return found if found.body else None


def test_only_the_create_carries_the_mark() -> None:
    told, provider = run(upserted(work(), UPSERT, MARK, None), [{"id": "1"}, {}])
    assert provider.calls == ["PUT /things", "POST /things/1/open"]
    assert (provider.seen[0].body, told[0]) == ({"mark": "M1"}, {"id": "1"})


@pytest.mark.parametrize("kind", [Kind.DUPLICATE, Kind.CONFLICT, Kind.INVALID])
def test_a_create_sent_again_and_refused_is_answered_with_what_carries_its_mark(kind: Kind) -> None:
    told, provider = run(upserted(work(), UPSERT, MARK, made), [Fault(kind, 400), {"id": "1"}, {}])
    assert provider.calls == ["PUT /things", "GET /things", "POST /things/1/open"]
    assert told[0] == {"id": "1"}


@pytest.mark.parametrize(
    ("kind", "answers"), [(Kind.INVALID, [{}]), (Kind.NETWORK, []), (Kind.UNAVAILABLE, [])]
)
def test_where_nothing_carries_it_or_nobody_knows_the_fault_stands(kind: Kind, answers: list[Any]) -> None:
    with pytest.raises(Fault) as fault:
        run(upserted(work(), UPSERT, MARK, made), [Fault(kind, 400), *answers])
    assert fault.value.kind is kind


def test_a_refusal_of_what_was_never_sent_costs_no_call() -> None:
    with pytest.raises(Fault):
        run(upserted(work(), UPSERT, MARK, None), [Fault(Kind.INVALID, 400)])
