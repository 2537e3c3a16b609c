"""Credit notes and vendor credits against the sandbox's ledger: applied, taken back, refunded."""

from decimal import Decimal as D
from typing import Any

import pytest

from connectors.kit.faults import Conflict, Fault, Kind, Rejected
from connectors.kit.operations import Filter, Op
from connectors.zoho_books.credit_notes import RESOURCE as CREDIT_NOTES
from tests.support.script import CONTEXT, Script
from tests.support.twin import Twin

SIDES = [
    pytest.param("credit_notes", "invoices", "Acme", "Sales", id="credit notes"),
    pytest.param("vendor_credits", "bills", "Beta", "Office Supplies", id="vendor credits"),
]


@pytest.fixture
def twin() -> Twin:
    found = Twin()
    found.create("contacts", name="Beta", type="vendor")
    found.create("contacts", name="Acme")
    return found


def credit(twin: Twin, resource: str, contact: str, account: str, price: Any = 30, **more: Any) -> Any:
    line = {"account": {"name": account}, "name": "Returned", "unit_price": price}
    return twin.create(resource, contact={"name": contact}, line_items=[line], **more)


def document(twin: Twin, resource: str, contact: str, account: str, price: Any = 100) -> str:
    line = {"account": {"name": account}, "name": "Work", "unit_price": price}
    body = {"contact": {"name": contact}, "line_items": [line], "status": "authorised"}
    number = {"number": "B-1"} if resource == "bills" else {}
    return twin.create(resource, **body, **number).record["id"]


@pytest.mark.parametrize(("resource", "settles", "contact", "account"), SIDES)
def test_a_credit_lives(twin: Twin, resource: str, settles: str, contact: str, account: str) -> None:
    made = credit(
        twin, resource, contact, account, number="C-1", reference="r-1", customer_note="sorry",
        transaction_date="2026-06-02", total_amount=30,
    )  # fmt: skip
    assert made.issues == []
    record = made.record
    assert (record["number"], record["reference"], record["status"]) == ("C-1", "r-1", "authorised")
    assert (record["remaining_credit"], record["total_amount"]) == (D(30), D(30))
    assert (record["source"], record["allocations"], record["refunds"]) == (None, [], [])
    assert record == twin.get(resource, record["id"]).record

    type, id = settles[:-1], document(twin, settles, contact, account)
    share = {"type": type, "id": id, "amount": D(20)}
    applied = twin.act(resource, record["id"], "apply", allocations=[share]).record
    (allocation,) = applied["allocations"]
    assert (allocation["type"], allocation["id"], allocation["amount"]) == (type, id, D(20))
    assert (applied["remaining_credit"], twin.get(settles, id).record["balance"]) == (D(10), D(80))

    paid = twin.act(
        resource, record["id"], "refund", account={"name": "Petty Cash"}, total_amount=D(10), reference="x",
        payment_method="bank_transfer",
    ).record  # fmt: skip
    assert (paid["status"], paid["remaining_credit"]) == ("paid", 0)
    (refund,) = paid["refunds"]
    assert (refund["total_amount"], refund["payment_method"]) == (D(10), "bank_transfer")
    with pytest.raises(Conflict) as conflict:
        twin.act(resource, record["id"], "apply", allocations=[share])
    assert conflict.value.extra["from"] == "paid"

    free = twin.act(resource, record["id"], "unapply", allocation_ids=[allocation["allocation_id"]]).record
    assert (free["status"], free["remaining_credit"], free["allocations"]) == ("authorised", D(20), [])
    assert twin.get(settles, id).record["balance"] == D(100)


@pytest.mark.parametrize(("resource", "settles", "contact", "account"), SIDES)
def test_a_draft_settles_nothing(twin: Twin, resource: str, settles: str, contact: str, account: str) -> None:
    record = credit(twin, resource, contact, account, status="draft").record
    assert record["status"] == "draft"
    share = {"type": settles[:-1], "id": document(twin, settles, contact, account), "amount": D(1)}
    with pytest.raises(Conflict):
        twin.act(resource, record["id"], "apply", allocations=[share])
    assert twin.act(resource, record["id"], "authorise").record["status"] == "authorised"
    assert twin.act(resource, record["id"], "void").record["remaining_credit"] == 0


@pytest.mark.parametrize(("resource", "settles", "contact", "account"), SIDES)
def test_settling_is_checked_first(
    twin: Twin, resource: str, settles: str, contact: str, account: str
) -> None:
    id = credit(twin, resource, contact, account).record["id"]
    type, target = settles[:-1], document(twin, settles, contact, account, 5)

    def refused(action: str, **body: Any) -> list[tuple[str, str]]:
        before = len([request for request in twin.seen if not request.is_read])
        with pytest.raises(Rejected) as caught:
            twin.act(resource, id, action, **body)
        assert len([request for request in twin.seen if not request.is_read]) == before
        return [(error.code, error.pointer) for error in caught.value.errors]

    def share(**more: Any) -> dict[str, Any]:
        return {"allocations": [{"type": type, "id": target, "amount": D(5), **more}]}

    assert refused("apply", **share(amount=D(31))) == [("over_allocated", "/allocations")]
    assert refused("apply", **share(amount=D(6))) == [("over_allocated", "/allocations/0/amount")]
    assert refused("apply", **share(id="7")) == [("reference_not_found", "/allocations/0/id")]
    assert refused("apply", **share(type="payment")) == [("enum_value", "/allocations/0/type")]
    assert refused("unapply", allocation_ids=["7"]) == [("reference_not_found", "/allocation_ids/0")]
    cash = {"name": "Petty Cash"}
    assert refused("refund", account=cash, total_amount=D(31)) == [("over_allocated", "/total_amount")]
    nobody = refused("refund", account={"name": "No such"}, total_amount=D(1))
    assert nobody == [("reference_not_found", "/account")]


def test_the_document_a_credit_corrects_may_be_named_by_number(twin: Twin) -> None:
    document(twin, "bills", "Beta", "Office Supplies")
    made = credit(twin, "vendor_credits", "Beta", "Office Supplies", source={"type": "bill", "number": "B-1"})
    assert (made.issues, made.record["source"]["type"]) == ([], "bill")
    with pytest.raises(Rejected) as refused:
        credit(twin, "vendor_credits", "Beta", "Office Supplies", source={"type": "invoice", "id": "1"})
    assert refused.value.errors[0].pointer == "/source/type"
    assert made.record["vendor"] == made.record["contact"]


def test_credits_are_found(twin: Twin) -> None:
    one = credit(twin, "credit_notes", "Acme", "Sales", reference="r-1").record
    two = credit(twin, "credit_notes", "Acme", "Sales", 50, status="draft").record

    def found(field: str, op: Op, value: Any) -> list[str]:
        return [answer.record["id"] for answer in twin.list("credit_notes", Filter(field, op, value)).answers]

    assert found("reference", Op.EQ, "r-1") == [one["id"]]
    assert found("status", Op.EQ, "draft") == [two["id"]]
    assert found("status", Op.EQ, "authorised") == [one["id"]]
    assert found("total_amount", Op.GTE, "50") == [two["id"]]
    assert found("contact.name", Op.EQ, "Acme") == [one["id"], two["id"]]
    with pytest.raises(Rejected):
        found("number", Op.STARTS_WITH, "CN")


def test_credit_notes_settle_an_invoice_from_its_side(twin: Twin) -> None:
    note = credit(twin, "credit_notes", "Acme", "Sales").record
    invoice = document(twin, "invoices", "Acme", "Sales")
    share = {"type": "credit_note", "id": note["id"], "amount": D(30)}
    settled = twin.act("invoices", invoice, "apply", allocations=[share]).record
    assert (settled["status"], settled["balance"]) == ("partially_paid", D(70))
    assert twin.get("credit_notes", note["id"]).record["status"] == "paid"


@pytest.mark.parametrize(("resource", "settles", "contact", "account"), SIDES)
def test_settlements_are_taken_back_from_the_documents_side(
    twin: Twin, resource: str, settles: str, contact: str, account: str
) -> None:
    made = credit(twin, resource, contact, account).record
    id = document(twin, settles, contact, account)
    share = {"type": resource[:-1], "id": made["id"], "amount": D(30)}
    twin.act(settles, id, "apply", allocations=[share])
    paid_by = {"bills": {"account": {"name": "Petty Cash"}}}.get(settles, {})
    on = [{"type": settles[:-1], "id": id, "amount": D(50)}]
    payment = twin.create("payments", total_amount=60, allocations=on, **paid_by).record
    assert twin.get(settles, id).record["balance"] == D(20)

    told = twin.run(twin.resource(settles).inside("allocations", id, twin.context))
    ids = {each["type"]: each["allocation_id"] for each in told}
    back = twin.act(settles, id, "unapply", allocation_ids=[ids["payment"]]).record
    assert (back["balance"], twin.get("payments", payment["id"]).record["unapplied_amount"]) == (D(70), D(60))
    back = twin.act(settles, id, "unapply", allocation_ids=[ids[resource[:-1]]]).record
    assert (back["balance"], twin.get(resource, made["id"]).record["remaining_credit"]) == (D(100), D(30))
    with pytest.raises(Rejected) as refusal:
        twin.act(settles, id, "unapply", allocation_ids=[ids["payment"]])
    assert refusal.value.errors[0].pointer == "/allocation_ids/0"


@pytest.mark.parametrize(("resource", "settles", "contact", "account"), SIDES)
def test_a_refund_is_taken_back(twin: Twin, resource: str, settles: str, contact: str, account: str) -> None:
    id = credit(twin, resource, contact, account).record["id"]
    paid = twin.act(resource, id, "refund", account={"name": "Petty Cash"}, total_amount=D(10)).record
    refund = paid["refunds"][0]["id"]
    assert twin.run(twin.resource(resource).remove("refunds", id, refund, twin.context)) == refund
    after = twin.get(resource, id).record
    assert (after["refunds"], after["remaining_credit"]) == ([], D(30))
    for gone in (refund, "no-id"):
        with pytest.raises(Fault) as fault:
            twin.run(twin.resource(resource).remove("refunds", id, gone, twin.context))
        assert fault.value.kind is Kind.NOT_FOUND


def test_a_draft_that_came_out_live_is_told() -> None:
    native = {"creditnote_id": "1", "status": "open", "total": D(1), "balance": D(1)}
    body = {"contact": {"id": "5"}, "status": "draft", "line_items": [{"name": "x", "unit_price": D(1)}]}
    answer = Script([{"creditnote": native}]).run(CREDIT_NOTES.create(body, CONTEXT))
    assert [(issue.code, issue.pointer) for issue in answer.issues if issue.pointer == "/status"] == [
        ("not_applied", "/status")
    ]


def test_a_later_step_that_fails_leaves_the_earlier() -> None:
    shares = [
        {"creditnote_invoice_id": id, "invoice_id": "9", "credited_amount": D(1)} for id in ("a1", "a2")
    ]
    stands = {"creditnote_id": "1", "status": "open", "balance": D(8), "invoices_credited": shares}
    fault = Fault(Kind.MINUTE, 429, "44", "slow down")
    script = Script([{"creditnote": stands}, {}, fault, {"creditnote": stands}])
    answer = script.run(CREDIT_NOTES.act("unapply", "1", {"allocation_ids": ["a1", "a2"]}, CONTEXT))
    assert script.calls[1:3] == [f"DELETE /creditnotes/1/invoices/{id}" for id in ("a1", "a2")]
    (issue,) = answer.issues
    assert (answer.outcome, issue.code, issue.retryable, issue.extra["step"]) == (
        "partial", "step_failed", True, 2,
    )  # fmt: skip
