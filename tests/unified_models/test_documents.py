"""Bills, credits, estimates, orders and sales receipts: their marks, words and rules."""

from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from unified_models import MODELS, Record
from unified_models.bills import Bill
from unified_models.credit_notes import CreditNote
from unified_models.documents import Document
from unified_models.estimates import Estimate
from unified_models.fields import mark_of, words_of
from unified_models.invoices import Invoice
from unified_models.marks import violations
from unified_models.payments import Payment
from unified_models.purchase_orders import PurchaseOrder
from unified_models.sales_orders import SalesOrder
from unified_models.sales_receipts import SalesReceipt
from unified_models.types import READING
from unified_models.vendor_credits import VendorCredit

LINE = {"account": "1", "unit_price": 5}
GOOD: dict[str, Any] = {"contact": "7", "line_items": [LINE]}


def found(model: type[BaseModel], body: dict[str, Any], *, creating: bool = True) -> set[tuple[str, str]]:
    return {(each.code, each.pointer) for each in violations(model.model_validate(body), creating=creating)}


def marked(model: type[Record], mark: str) -> set[str]:
    own = model.model_fields.keys() - Record.model_fields.keys()
    return {name for name in own if mark_of(model.model_fields[name]) == mark}


DOCUMENTS = [Invoice, Bill, CreditNote, VendorCredit, Estimate, SalesOrder, PurchaseOrder]


@pytest.mark.parametrize("model", DOCUMENTS)
def test_a_document_needs_a_contact_and_lines(model: type[Document]) -> None:
    assert marked(model, "required") == {"contact", "line_items"}
    assert found(model, GOOD) == set()
    assert found(model, {"contact": "7", "line_items": []}) == {("required", "/line_items")}
    assert found(model, {**GOOD, "discount_amount": 1, "discount_percentage": 2}) == {
        ("wrong_type", "/discount_percentage")
    }


@pytest.mark.parametrize("model", [*DOCUMENTS, SalesReceipt])
def test_a_reference_is_short(model: type[Document]) -> None:
    assert model.model_validate({"reference": "x" * 100})
    with pytest.raises(ValidationError):
        model.model_validate({"reference": "x" * 101})


@pytest.mark.parametrize(
    ("resource", "known", "born"),
    [
        ("invoices", "draft submitted rejected authorised partially_paid paid voided deleted", "draft authorised"),
        ("bills", "draft submitted rejected authorised partially_paid paid voided deleted", "draft authorised"),
        ("credit_notes", "draft submitted rejected authorised paid voided", "draft authorised"),
        ("vendor_credits", "draft submitted rejected authorised paid voided", "draft authorised"),
        ("sales_receipts", "draft paid voided", "draft paid"),
        ("estimates", "draft submitted sent accepted declined expired invoiced", "draft sent"),
        ("sales_orders", "draft submitted authorised closed voided", "draft authorised"),
        ("purchase_orders", "draft submitted rejected authorised billed closed cancelled", "draft authorised"),
        ("journal_entries", "draft submitted rejected posted voided", "draft posted"),
        ("expenses", "draft authorised voided", "draft authorised"),
    ],
)  # fmt: skip
def test_a_new_document_may_say_its_status(resource: str, known: str, born: str) -> None:
    model = MODELS["accounting", resource]
    words = words_of(model, "status")
    assert words is not None
    assert (words.known, words.allowed) == (tuple(known.split()), tuple(born.split()))
    assert found(model, {"status": "draft"}, creating=False) == {("read_only", "/status")}
    assert "remote_status" in marked(model, "read_only")


@pytest.mark.parametrize(
    ("resource", "known"),
    [
        ("payments", "pending cleared failed voided"),
        ("transactions", "uncategorized categorized matched excluded"),
        *(
            (name, "active archived pending")
            for name in (
                "accounts", "bank_accounts", "contacts", "currencies", "employees", "items", "projects", "tax_rates",
                "tracking_categories",
            )
        ),
    ],
)  # fmt: skip
def test_other_statuses_change_by_actions_only(resource: str, known: str) -> None:
    model = MODELS["accounting", resource]
    words = words_of(model, "status")
    assert words is not None
    assert words.known == tuple(known.split())
    assert {"status", "remote_status"} <= marked(model, "read_only")


def test_a_bill_is_an_invoice_of_a_vendor() -> None:
    assert Bill.model_fields.keys() == Invoice.model_fields.keys()
    assert Bill.model_validate({"type": "bill"}).type == "bill"
    with pytest.raises(ValidationError):
        Bill.model_validate({"type": "invoice"})


@pytest.mark.parametrize(("model", "more"), [(Bill, {}), (Invoice, {"type": "bill"})])
def test_lines_of_a_bill_are_posted_somewhere(model: type[Invoice], more: dict[str, Any]) -> None:
    lines = [LINE, {"name": "Paper", "unit_price": 5}, {"item": "2", "unit_price": 1}]
    body = {"contact": "7", "line_items": [*lines, {"type": "heading", "name": "Rest"}], **more}
    assert found(model, body) == {("required", "/line_items/1/item")}
    assert found(Invoice, {"contact": "7", "line_items": lines}) == set()


@pytest.mark.parametrize("model", [CreditNote, VendorCredit])
def test_credits_settle_by_actions(model: type[Document]) -> None:
    assert {"remaining_credit", "allocations", "refunds"} <= marked(model, "read_only")
    assert {"transaction_date", "reason", "source", "customer_note", "memo"} <= marked(model, "writable")
    assert not {"issue_date", "due_date", "balance"} & model.model_fields.keys()
    assert found(model, {"source": {"number": "INV-1"}}, creating=False) == {("read_only", "/source")}


@pytest.mark.parametrize("model", [VendorCredit, PurchaseOrder])
def test_vendor_is_an_alias_for_reading(model: type[Document]) -> None:
    assert "vendor" in marked(model, "read_only")
    assert found(model, {**GOOD, "vendor": "7"}) == {("read_only", "/vendor")}


@pytest.mark.parametrize(
    ("model", "set_by_us"),
    [
        (Estimate, {"accepted_date", "declined_date", "invoices"}),
        (SalesOrder, {"invoices", "billed_status", "shipped_status"}),
        (PurchaseOrder, {"bills", "billed_status", "received_status", "vendor"}),
    ],
)
def test_what_became_of_an_order_is_read_only(model: type[Document], set_by_us: set[str]) -> None:
    assert set_by_us <= marked(model, "read_only")
    dates = {"expiry_date"} if model is Estimate else {"delivery_date"}
    assert {"issue_date", "terms", *dates} <= marked(model, "writable")
    for name in set_by_us:
        if name.endswith("_status"):
            words = words_of(model, name)
            assert words is not None and words.known == ("none", "partial", "full")


def test_a_purchase_order_says_where_to_deliver() -> None:
    body = {**GOOD, "delivery_address": {"city": "Ulm"}, "customer": "3", "employee": "4"}
    assert found(PurchaseOrder, body) == set()


def test_a_sales_receipt_is_paid_on_the_spot() -> None:
    assert found(SalesReceipt, GOOD) == {("required", "/payment_method")}
    assert found(SalesReceipt, {**GOOD, "payment_method": "card", "account": {"name": "Till"}}) == set()
    assert not {"due_date", "balance", "is_overdue", "payment_terms"} & SalesReceipt.model_fields.keys()
    for word in ("card", "company card"):
        assert SalesReceipt.model_validate({"payment_method": word}, context=READING).payment_method == word
    with pytest.raises(ValidationError):
        SalesReceipt.model_validate({"payment_method": "company card"})


def test_an_advance_tells_its_contact() -> None:
    assert found(Payment, {"total_amount": 5}) == {("required", "/contact")}
    assert found(Payment, {"total_amount": 5, "payment_for": "bill", "contact": "7"}) == set()
    paid = [{"type": "bill", "id": "1", "amount": 5}]
    assert found(Payment, {"total_amount": 5, "allocations": paid}) == set()
    assert found(Payment, {"reference": "ch_1"}, creating=False) == set()


@pytest.mark.parametrize(
    ("side", "types", "wrong"),
    [
        (None, ("bill", "bill"), ()),
        (None, ("invoice", "bill"), (1,)),
        ("bill", ("invoice", "bill"), (0,)),
        ("invoice", ("invoice", "journal_entry"), ()),
    ],
)
def test_a_payment_is_received_or_made(
    side: str | None, types: tuple[str, ...], wrong: tuple[int, ...]
) -> None:
    body: dict[str, Any] = {"payment_for": side} if side else {}
    allocations = [{"type": word, "id": "1", "amount": 1} for word in types]
    body |= {"contact": "7", "total_amount": 5, "allocations": allocations}
    assert found(Payment, body) == {("wrong_type", f"/allocations/{place}/type") for place in wrong}
