"""What goes wrong with webhooks on purpose."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from sandbox.books import Call
from sandbox.options import Options
from sandbox.running import running

from .conftest import Caller
from .receiver import SECRET, Automated, eventually, receiving, verifies


@pytest.fixture
def automated(caller: Callable[..., Caller], admin: httpx.Client) -> Iterator[Automated]:
    with receiving() as receiver:
        yield Automated(caller(), admin, receiver)


def test_dropped(automated: Automated) -> None:
    automated.rule("contact")
    automated.admits("/hooks/faults", {"kind": "drop"})
    automated.contact("One")
    automated.contact("Two")
    rows = automated.settled(2)
    assert [(row["status"], row["attempts"]) for row in rows] == [("dropped", 0), ("delivered", 1)]
    assert [arrival.json["contact"]["contact_name"] for arrival in automated.receiver.arrivals] == ["Two"]


def test_duplicated(automated: Automated) -> None:
    automated.rule("contact", secret=SECRET)
    automated.rule("item")
    automated.admits("/hooks/faults", {"kind": "duplicate", "count": 3, "entity": "contact", "skip": 1})
    automated.ok("POST", "/items", {"name": "Widget", "rate": 5})
    automated.contact("One")
    automated.contact("Two")
    assert [row["attempts"] for row in automated.settled(3)] == [1, 1, 3]
    two = [arrival for arrival in automated.receiver.arrivals if b'"Two"' in arrival.content]
    assert len(two) == 3
    assert len({arrival.content for arrival in two}) == 1


def test_reordered(automated: Automated) -> None:
    automated.rule("contact")
    automated.admits("/hooks/faults", {"kind": "reorder", "seconds": 300})
    automated.contact("One")
    automated.contact("Two")
    arrivals = automated.receiver.first(2)
    assert [arrival.json["contact"]["contact_name"] for arrival in arrivals] == ["Two", "One"]


def test_delayed(automated: Automated) -> None:
    automated.rule("contact")
    automated.admits("/hooks/faults", {"kind": "delay", "seconds": 300})
    automated.contact("One")
    automated.contact("Two")
    assert automated.receiver.first()[0].json["contact"]["contact_name"] == "Two"
    late, _ = automated.deliveries()
    assert (late["status"], late["fault"]) == ("waiting", "delay")
    assert automated.admin.delete("/hooks").json() == {"deliveries": []}
    automated.admits("/hooks/faults", {"kind": "delay", "seconds": 0.01})
    automated.contact("Three")
    assert automated.receiver.first(2)[1].json["contact"]["contact_name"] == "Three"


def test_wrongly_signed(automated: Automated) -> None:
    automated.rule("contact", secret=SECRET)
    automated.admits("/hooks/faults", {"kind": "wrong_signature"})
    automated.contact("One")
    (arrival,) = automated.receiver.first()
    assert not verifies(arrival)
    automated.contact("Two")
    assert verifies(automated.receiver.first(2)[1])


def test_faults_are_listed_and_called_off(automated: Automated) -> None:
    kept = automated.admits("/hooks/faults", {"kind": "drop", "times": -1})
    other = automated.admits("/hooks/faults", {"kind": "delay"})
    assert automated.admin.get("/hooks/faults").json() == {"faults": [kept, other]}
    assert automated.admin.delete("/hooks/faults", params={"id": kept["id"]}).json() == {"cleared": 1}
    assert automated.admin.get("/state").json()["hooks"] == {"kept": 0, "faults": [other]}
    assert automated.admin.delete("/hooks/faults").json() == {"cleared": 1}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/hooks/faults", {"kind": "explode"}),
        ("POST", "/hooks/faults", {"kind": "drop", "path": "/in"}),
        ("POST", "/hooks/faults", {}),
        ("POST", "/hooks/faults", {"kind": "drop", "times": "often"}),
        ("GET", "/hooks?colour=red", None),
        ("PUT", "/organizations/{}/automation", {"refuses": "mood"}),
        ("PUT", "/organizations/{}/automation", {"rules": -1}),
        ("PUT", "/organizations/{}/automation", {"colour": "red"}),
        ("POST", "/organizations/{}/hooks", {"record_id": "1"}),
        ("PUT", "/organizations/1/automation", {}),
    ],
)
def test_nonsense_is_refused(automated: Automated, method: str, path: str, body: Any) -> None:
    answer = automated.admin.request(method, path.format(automated.mine.organization_id), json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_reset_forgets(automated: Automated) -> None:
    automated.rule("contact")
    automated.admits("/hooks/faults", {"kind": "delay", "seconds": 300})
    automated.contact()
    automated.admits("/reset", {})
    assert automated.deliveries() == []
    assert automated.admin.get("/hooks/faults").json() == {"faults": []}


def test_a_sandbox_ends_while_webhooks_wait() -> None:
    with running(Options(seed="empty")) as sandbox:
        organization = next(iter(sandbox.world.organizations.values()))
        sandbox.world.hooks.arrange("delay", seconds=3600)
        books = organization.books
        hook = {"webhook_name": "H", "entity": "contact", "url": "http://127.0.0.1:1/"}
        made = books.handle(Call("POST", "/settings/webhooks", body=hook)).body
        assert made is not None
        books.fire_by_hand(made["webhook"]["webhook_id"], "1")
        (delivery,) = sandbox.world.hooks.deliveries
        eventually(lambda: delivery.fault == "delay")
    assert delivery.status == "forgotten"
