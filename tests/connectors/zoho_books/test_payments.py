"""Recording payments, and changing what they settle, against a scripted Zoho."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from connectors.kit.faults import Conflict, Fault, Kind, Rejected
from connectors.kit.http import Reply
from connectors.kit.operations import Filter, ListQuery, Op
from connectors.zoho_books.payments import RESOURCE
from tests.support.script import CONTEXT, Script


def invoice(id: str = "11", balance: str = "100", **more: Any) -> dict[str, Any]:
    told = {
        "invoice_id": id,
        "customer_id": "5",
        "status": "sent",
        "balance": Decimal(balance),
        "currency_code": "USD",
    }
    return {"invoice": {**told, **more}}


def payment(**more: Any) -> dict[str, Any]:
    told = {
        "payment_id": "77", "customer_id": "5", "customer_name": "Acme", "payment_mode": "cash", "amount": Decimal(100),
        "unused_amount": Decimal(0), "date": "2026-06-09", "currency_code": "USD", "invoices": [],
        "payment_status": "paid",
    }  # fmt: skip
    return {"payment": {**told, **more}}


def refused(script: Script, flow: Any) -> list[tuple[str, str]]:
    with pytest.raises(Rejected) as caught:
        script.run(flow)
    assert all(request.is_read for request in script.asked), "something was written"
    return [(error.code, error.pointer) for error in caught.value.errors]


ALLOCATION = {"type": "invoice", "id": "11", "amount": Decimal(100)}


def test_a_payment_that_settles_an_invoice_takes_the_customer_from_it() -> None:
    settled = [{"invoice_payment_id": "9", "invoice_id": "11", "amount_applied": Decimal(100)}]
    script = Script([invoice(), payment(invoices=settled, account_id="3", account_name="Undeposited Funds")])
    answer = script.run(RESOURCE.create({"total_amount": Decimal(100), "allocations": [ALLOCATION]}, CONTEXT))
    assert script.calls == ["GET /invoices/11", "POST /customerpayments"]
    assert script.asked[1].body == {
        "customer_id": "5",
        "amount": Decimal(100),
        "date": "2026-06-09",
        "payment_mode": "others",
        "invoices": [{"invoice_id": "11", "amount_applied": Decimal(100)}],
    }
    assert answer.outcome == "created"
    assert [issue.code for issue in answer.issues] == ["defaulted"]
    assert answer.record["allocations"][0]["allocation_id"] == "9"


@pytest.mark.parametrize(
    ("name", "param", "native"),
    [
        ({"number": "INV-1"}, "invoice_number", "invoice_number"),
        ({"reference": "order-1"}, "reference_number", "reference_number"),
    ],
)
def test_a_document_is_named_by_number_or_reference(name: dict[str, str], param: str, native: str) -> None:
    (value,) = name.values()
    rows = [{"invoice_id": "11", native: value}, {"invoice_id": "12", native: f"{value}0"}]
    found = {"invoices": rows, "page_context": {}}
    body = {"total_amount": Decimal(100), "allocations": [{**ALLOCATION, "id": name}]}
    script = Script([found, invoice(), payment()])
    script.run(RESOURCE.create(body, CONTEXT))
    assert dict(script.asked[0].query)[param] == value
    assert script.asked[2].body["invoices"] == [{"invoice_id": "11", "amount_applied": Decimal(100)}]
    script = Script([found, payment(unused_amount=Decimal(100)), invoice(), {"code": 0}, payment()])
    script.run(RESOURCE.act("apply", "77", {"allocations": body["allocations"]}, CONTEXT))
    assert script.calls[3] == "POST /invoices/11/credits"


def test_a_document_nobody_has_is_refused_where_it_is_named() -> None:
    given = [ALLOCATION, {**ALLOCATION, "id": {"number": "INV-9"}}]
    script = Script([{"invoices": [], "page_context": {}}])
    flow = RESOURCE.create({"total_amount": Decimal(200), "allocations": given}, CONTEXT)
    assert refused(script, flow) == [("reference_not_found", "/allocations/1/id")]


def test_an_advance_settles_nothing() -> None:
    body = {
        "payment_for": "invoice", "contact": {"id": "5"}, "total_amount": Decimal("12.34"), "account": {"id": "3"},
        "payment_method": "bank_transfer", "transaction_date": date(2026, 1, 2), "reference": "ch_1", "memo": "x",
        "fee_amount": Decimal("0.50"),
    }  # fmt: skip
    script = Script([
        payment(amount=Decimal("12.34"), unused_amount=Decimal("12.34"), payment_mode="banktransfer", account_id="3",
                date="2026-01-02", reference_number="ch_1", description="x", bank_charges=Decimal("0.50")),
    ])  # fmt: skip
    answer = script.run(RESOURCE.create(body, CONTEXT))
    assert script.asked[0].body == {
        "customer_id": "5", "amount": Decimal("12.34"), "account_id": "3", "payment_mode": "banktransfer",
        "date": "2026-01-02", "reference_number": "ch_1", "description": "x", "bank_charges": Decimal("0.50"),
        "invoices": [],
    }  # fmt: skip
    assert answer.issues == []
    assert answer.record["unapplied_amount"] == Decimal("12.34")


def test_the_contact_tells_the_side_when_nothing_else_does() -> None:
    body = {"contact": {"id": "5"}, "total_amount": Decimal(1), "account": {"id": "3"}}
    made = {"payment_id": "78", "vendor_id": "5", "amount": Decimal(1), "paid_through_account_id": "3"}
    script = Script([{"contact": {"contact_type": "vendor"}}, {"vendorpayment": made}])
    assert script.run(RESOURCE.create(body, CONTEXT)).record["payment_for"] == "bill"
    assert script.calls == ["GET /contacts/5", "POST /vendorpayments"]
    script = Script([{"contact": {"contact_type": "customer"}}, payment(amount=Decimal(1), account_id="3")])
    assert script.run(RESOURCE.create(body, CONTEXT)).outcome == "created"
    script = Script([Fault(Kind.NOT_FOUND, 404, "1002")])
    assert refused(script, RESOURCE.create(body, CONTEXT)) == [("required", "/payment_for")]


def test_another_currency_than_the_customers_is_refused() -> None:
    body = {"payment_for": "invoice", "contact": {"id": "5"}, "total_amount": Decimal(1), "currency": "EUR"}
    script = Script([{"contact": {"contact_type": "customer", "currency_code": "USD"}}])
    assert refused(script, RESOURCE.create(body, CONTEXT)) == [("currency_mismatch", "/currency")]
    with_invoice = {**body, "total_amount": Decimal(100), "allocations": [ALLOCATION]}
    assert refused(Script([invoice()]), RESOURCE.create(with_invoice, CONTEXT)) == [
        ("currency_mismatch", "/currency")
    ]


@pytest.mark.parametrize(
    ("body", "says", "errors"),
    [
        ({}, [], [("required", "/total_amount")]),
        ({"total_amount": Decimal(1)}, [], [("required", "/contact")]),
        ({"total_amount": Decimal(1), "payment_for": "bill"}, [], [("required", "/account")]),
        ({"total_amount": Decimal(1), "payment_for": "loan"}, [], [("enum_value", "/payment_for")]),
        (
            {"total_amount": Decimal(1), "payment_method": "direct_debit"},
            [],
            [("enum_value", "/payment_method")],
        ),
        (
            {"total_amount": Decimal(99), "allocations": [ALLOCATION]},
            [],
            [("over_allocated", "/allocations")],
        ),
        ({"total_amount": Decimal(1), "number": "7"}, [], [("read_only", "/number")]),
        (
            {"total_amount": Decimal(100), "allocations": [ALLOCATION]},
            [invoice(balance="99.99")],
            [("over_allocated", "/allocations/0/amount")],
        ),
        (
            {"total_amount": Decimal(100), "allocations": [ALLOCATION]},
            [Fault(Kind.NOT_FOUND, 404, "1002")],
            [("reference_not_found", "/allocations/0/id")],
        ),
        (
            {"total_amount": Decimal(200), "allocations": [ALLOCATION, {**ALLOCATION, "id": "12"}]},
            [invoice(), invoice("12", customer_id="6")],
            [("required", "/contact")],
        ),
        (
            {
                "total_amount": Decimal(1),
                "allocations": [{"type": "credit_note", "id": "1", "amount": Decimal(1)}],
            },
            [],
            [("enum_value", "/allocations/0/type")],
        ),
        (
            {
                "total_amount": Decimal(1),
                "allocations": [{"type": "invoice", "id": "../x", "amount": Decimal(1)}],
            },
            [],
            [("reference_not_found", "/allocations/0/id")],
        ),
    ],
)
def test_what_cannot_be_recorded_is_refused_before_anything_is_written(
    body: dict[str, Any], says: list[Any], errors: list[tuple[str, str]]
) -> None:
    assert refused(Script(says), RESOURCE.create(body, CONTEXT)) == errors


def test_two_allocations_on_one_invoice_share_its_balance() -> None:
    half = {**ALLOCATION, "amount": Decimal(60)}
    body = {"total_amount": Decimal(120), "allocations": [half, half]}
    assert refused(Script([invoice()]), RESOURCE.create(body, CONTEXT)) == [
        ("over_allocated", "/allocations/1/amount")
    ]


@pytest.mark.parametrize(
    ("native", "status"), [("draft", "draft"), ("void", "voided"), ("pending_approval", "submitted")]
)
def test_only_live_invoices_are_settled(native: str, status: str) -> None:
    body = {"total_amount": Decimal(100), "allocations": [ALLOCATION]}
    with pytest.raises(Conflict) as caught:
        Script([invoice(status=native)]).run(RESOURCE.create(body, CONTEXT))
    assert caught.value.code == "invalid_transition"
    assert caught.value.extra["from"] == status


def test_a_change_sends_only_what_was_set() -> None:
    script = Script([payment(description="new")])
    answer = script.run(RESOURCE.update("77", {"memo": "new"}, CONTEXT))
    assert (script.calls, script.asked[0].body) == (["PUT /customerpayments/77"], {"description": "new"})
    assert answer.outcome == "updated"
    script = Script([])
    assert refused(script, RESOURCE.update("77", {"allocations": []}, CONTEXT)) == [
        ("read_only", "/allocations")
    ]


def test_apply_settles_one_invoice_per_call() -> None:
    now = payment(unused_amount=Decimal(100))
    given = [{**ALLOCATION, "amount": Decimal(60)}, {**ALLOCATION, "id": "12", "amount": Decimal(40)}]
    script = Script([now, invoice(), invoice("12"), {}, {}, payment()])
    answer = script.run(RESOURCE.act("apply", "77", {"allocations": given}, CONTEXT))
    assert script.calls == [
        "GET /customerpayments/77", "GET /invoices/11", "GET /invoices/12", "POST /invoices/11/credits",
        "POST /invoices/12/credits", "GET /customerpayments/77",
    ]  # fmt: skip
    assert script.asked[3].body == {
        "invoice_payments": [{"payment_id": "77", "amount_applied": Decimal(60)}],
        "apply_creditnotes": [],
    }
    assert answer.outcome == "updated"


def test_a_later_step_that_fails_leaves_a_partial_answer() -> None:
    now = payment(unused_amount=Decimal(100))
    given = [{**ALLOCATION, "amount": Decimal(60)}, {**ALLOCATION, "id": "12", "amount": Decimal(40)}]
    limit = Fault(Kind.MINUTE, 429, "44")
    answer = Script([now, invoice(), invoice("12"), {}, limit, payment()]).run(
        RESOURCE.act("apply", "77", {"allocations": given}, CONTEXT)
    )
    assert answer.outcome == "partial"
    (issue,) = answer.issues
    assert (issue.code, issue.retryable, issue.extra["step"]) == ("step_failed", True, 2)
    with pytest.raises(Fault):
        Script([now, invoice(), invoice("12"), limit]).run(
            RESOURCE.act("apply", "77", {"allocations": given}, CONTEXT)
        )


def test_no_more_is_applied_than_is_left() -> None:
    script = Script([payment(unused_amount=Decimal("99.99"))])
    assert refused(script, RESOURCE.act("apply", "77", {"allocations": [ALLOCATION]}, CONTEXT)) == [
        ("over_allocated", "/allocations")
    ]


def test_unapply_keeps_the_money_and_the_other_settlements() -> None:
    lines = [
        {
            "invoice_payment_id": "1",
            "invoice_id": "11",
            "amount_applied": Decimal(60),
            "tax_amount_withheld": Decimal(0),
        },
        {"invoice_payment_id": "2", "invoice_id": "12", "amount_applied": Decimal(40)},
    ]
    script = Script([payment(invoices=lines), {}, payment(invoices=lines[:1])])
    answer = script.run(RESOURCE.act("unapply", "77", {"allocation_ids": ["2"]}, CONTEXT))
    assert script.calls[1] == "PUT /customerpayments/77"
    assert script.asked[1].body == {
        "customer_id": "5", "payment_mode": "cash", "amount": Decimal(100), "date": "2026-06-09", "invoices": lines[:1],
    }  # fmt: skip
    assert [each["allocation_id"] for each in answer.record["allocations"]] == ["1"]
    script = Script([payment(invoices=lines)])
    assert refused(script, RESOURCE.act("unapply", "77", {"allocation_ids": ["1", "3"]}, CONTEXT)) == [
        ("reference_not_found", "/allocation_ids/1")
    ]


def test_a_refund_names_its_account_by_code_or_name() -> None:
    body = {"account": {"code": "1010"}, "total_amount": Decimal(5), "payment_method": "card"}
    accounts = {"chartofaccounts": [{"account_id": "3", "account_code": "1010"}], "page_context": {}}
    script = Script([accounts, {}, payment()])
    script.run(RESOURCE.act("refund", "77", body, CONTEXT))
    assert script.calls[1] == "POST /customerpayments/77/refunds"
    assert script.asked[1].body == {
        "date": "2026-06-09", "amount": Decimal(5), "from_account_id": "3", "refund_mode": "creditcard",
    }  # fmt: skip


def test_lists_are_stable_and_filter_exactly() -> None:
    rows = [
        {"payment_id": "1", "reference_number": "A", "payment_mode": "Cash"},
        {"payment_id": "2", "reference_number": "AB", "payment_mode": "Stripe"},
    ]
    made = [{"payment_id": "3", "vendor_id": "4", "reference_number": "A"}]
    script = Script([{"customerpayments": rows, "page_context": {}}, {"vendorpayments": made}])
    page = script.run(RESOURCE.list(ListQuery(filters=(Filter("reference", Op.EQ, "A"),)), CONTEXT))
    assert [answer.record["id"] for answer in page.answers] == ["1", "3"]
    query = dict(script.asked[0].query)
    assert (query["reference_number"], query["sort_column"], query["sort_order"]) == (
        "A",
        "created_time",
        "A",
    )
    assert page.answers[0].record["payment_method"] == "cash"


def test_a_companys_own_payment_mode_passes_through() -> None:
    record = RESOURCE.read(payment(payment_mode="Stripe")["payment"], CONTEXT).record
    assert (record["payment_method"], record["remote_payment_method"]) == ("Stripe", "Stripe")


def test_the_receipt_is_a_pdf() -> None:
    assert RESOURCE.pdf is not None
    script = Script([Reply(200, {"content-type": "application/pdf"}, None, b"%PDF-1.4")])
    assert script.run(RESOURCE.pdf("77", CONTEXT)).content == b"%PDF-1.4"
    assert (script.asked[0].query, script.asked[0].expect) == ((("accept", "pdf"),), "bytes")
