import pytest

from connectors.kit.faults import Fault, Kind, Rejected
from tests.support.twin import Twin


def test_the_life_of_an_employee() -> None:
    twin = Twin()
    made = twin.create("employees", name="Ada King Lovelace", emails=["ada@acme.test"])
    assert made.issues == []
    record = made.record
    assert (record["first_name"], record["last_name"]) == ("Ada", "King Lovelace")
    assert record["emails"] == [{"email": "ada@acme.test", "type": None}]
    assert twin.get("employees", record["id"]).record["name"] == "Ada King Lovelace"
    assert [answer.record["id"] for answer in twin.list("employees").answers] == [record["id"]]
    assert twin.run(twin.resource("employees").delete(record["id"], twin.context)) == record["id"]
    assert twin.seen[-1].path == f"/employee/{record['id']}"
    with pytest.raises(Fault) as caught:
        twin.get("employees", record["id"])
    assert caught.value.kind is Kind.NOT_FOUND


def test_employees_are_not_changed() -> None:
    assert "update" not in Twin().resource("employees").methods


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"emails": ["a@b.test", "c@d.test"]}, "/emails"),
        ({"emails": ["a@b.test"], "phones": ["1"]}, "/phones"),
        ({"emails": ["a@b.test"], "status": "active"}, "/status"),
    ],
)
def test_what_zoho_does_not_keep_is_refused(body: dict[str, object], pointer: str) -> None:
    with pytest.raises(Rejected) as rejection:
        Twin().create("employees", name="Ada", **body)
    assert [each.pointer for each in rejection.value.errors] == [pointer]
