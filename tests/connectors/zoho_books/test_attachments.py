"""Files of records: listed by their parent, checked before they are sent, given and removed."""

from typing import Any

import pytest

from connectors.kit.attachments import Upload
from connectors.kit.faults import Conflict, Fault, Kind, Rejected
from connectors.kit.operations import Filter, ListQuery, Op
from connectors.zoho_books.attachments import RESOURCE
from tests.support.scripted import CONTEXT, run
from tests.support.twin import Twin

PDF = b"%PDF-1.7 a receipt"


@pytest.fixture
def twin() -> Twin:
    return Twin()


def contact(twin: Twin, **more: Any) -> str:
    return twin.create("contacts", name="Acme", **more).record["id"]


def invoice(twin: Twin) -> str:
    lines = [{"name": "Work", "unit_price": 10}]
    return twin.create("invoices", contact=contact(twin), line_items=lines).record["id"]


def spent(twin: Twin) -> str:
    lines = [{"account": {"name": "Postage"}, "unit_price": 10}]
    account = {"name": "Petty Cash"}
    return twin.create("expenses", transaction_date="2026-06-01", account=account, line_items=lines).record[
        "id"
    ]


def attach(twin: Twin, type: str, id: str, name: str = "scan.pdf") -> dict[str, Any]:
    file = RESOURCE.checked(Upload(name, PDF))
    return twin.run(RESOURCE.attach(type, id, file, twin.context)).record


def names(twin: Twin, type: str, id: str) -> list[str]:
    return [each.record["file_name"] for each in twin.run(RESOURCE.attached(type, id, twin.context))]


def test_files_of_an_invoice(twin: Twin) -> None:
    id = invoice(twin)
    one = attach(twin, "invoice", id)
    assert (one["file_name"], one["file_size"], one["file_type"]) == ("scan.pdf", len(PDF), "application/pdf")
    assert one["parent"] == {"type": "invoice", "id": id}
    two = attach(twin, "invoice", id, "more.pdf")
    assert sorted(names(twin, "invoice", id)) == ["more.pdf", "scan.pdf"]
    reply = twin.run(RESOURCE.content("invoice", id, one["id"], twin.context))
    assert reply.content == PDF
    twin.run(RESOURCE.detach("invoice", id, one["id"], twin.context))
    assert names(twin, "invoice", id) == ["more.pdf"]
    twin.run(RESOURCE.detach("invoice", id, two["id"], twin.context))
    assert names(twin, "invoice", id) == []


def test_the_only_file_of_an_expense_is_its_receipt_even_if_it_does_not_say_so() -> None:
    expense = {"expense": {"expense_id": "7", "documents": [{"document_id": "9", "file_name": "a.pdf"}]}}
    _, provider = run(RESOURCE.detach("expense", "7", "9", CONTEXT), [expense, {"code": 0}])
    assert (provider.seen[-1].method, provider.seen[-1].path) == ("DELETE", "/expenses/7/receipt")


def test_the_first_file_of_an_expense_is_its_receipt(twin: Twin) -> None:
    id = spent(twin)
    receipt = attach(twin, "expense", id)
    assert twin.seen[-1].path.endswith("/receipt") or twin.seen[-2].path.endswith("/receipt")
    attach(twin, "expense", id, "more.pdf")
    assert sorted(names(twin, "expense", id)) == ["more.pdf", "scan.pdf"]
    assert twin.run(RESOURCE.content("expense", id, receipt["id"], twin.context)).content == PDF
    twin.run(RESOURCE.detach("expense", id, receipt["id"], twin.context))
    assert names(twin, "expense", id) == ["more.pdf"]


def test_the_list_is_of_one_parent(twin: Twin) -> None:
    id = invoice(twin)
    attach(twin, "invoice", id)
    given = (Filter("parent.type", Op.EQ, "invoice"), Filter("parent.id", Op.EQ, id))
    page = twin.run(RESOURCE.list(ListQuery(filters=given), twin.context))
    assert [each.record["file_name"] for each in page.answers] == ["scan.pdf"]
    with pytest.raises(Rejected) as caught:
        run(RESOURCE.list(ListQuery(filters=given[:1]), CONTEXT))
    assert [error.pointer for error in caught.value.errors] == ["/parent/id"]
    with pytest.raises(Rejected) as caught:
        wrong = (Filter("parent.type", Op.EQ, "weather"), given[1])
        run(RESOURCE.list(ListQuery(filters=wrong), CONTEXT))
    assert "invoice" in caught.value.errors[0].allowed


@pytest.mark.parametrize(
    ("name", "content", "at"),
    [
        ("run.exe", b"MZ", "/file_name"),
        ("scan", b"x", "/file_name"),
        ("../scan.pdf", PDF, "/file_name"),
        ('a".pdf', PDF, "/file_name"),
        ("scan.pdf", b"", "/file"),
        ("scan.pdf", b"MZ no pdf", "/file"),
        ("scan.txt", b"x" * (10 * 1024 * 1024 + 1), "/file"),
    ],
)
def test_what_cannot_be_attached_is_refused(name: str, content: bytes, at: str) -> None:
    with pytest.raises(Rejected) as caught:
        RESOURCE.checked(Upload(name, content))
    assert [error.pointer for error in caught.value.errors] == [at]


@pytest.mark.parametrize(("id", "file"), [("12", "x"), ("../1", "5"), ("12", "receipt")])
def test_what_is_no_id_is_not_found_without_a_call(id: str, file: str) -> None:
    with pytest.raises(Fault) as caught:
        run(RESOURCE.content("invoice", id, file, CONTEXT))
    assert caught.value.kind is Kind.NOT_FOUND


def test_files_of_a_journal_entry_are_taken_and_not_given() -> None:
    for flow in (
        RESOURCE.content("journal_entry", "7", "9", CONTEXT),
        RESOURCE.detach("journal_entry", "7", "9", CONTEXT),
    ):
        with pytest.raises(Conflict) as caught:
            run(flow)
        assert caught.value.code == "not_implemented"
    assert RESOURCE.describe()["not_given"] == ["journal_entry"]
