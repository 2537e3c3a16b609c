"""What the furnished organisation bought, owes and took back."""

from collections import Counter
from typing import Any

from sandbox.books.balances import NOT_OWED
from sandbox.books.bill_status import status as bill_status
from sandbox.books.credit_notes import status as credit_status
from sandbox.books.order_billing import status as order_status
from sandbox.books.postings import SOURCES, closing
from sandbox.books.vendor_credits import status as vendor_credit_status


def test_what_it_holds(furnished: Any) -> None:
    truth, ledger = furnished.books.truth(), furnished.ledger
    assert len(truth["bills"]) >= 120
    assert len(truth["purchaseorders"]) >= 30
    assert len(truth["creditnotes"]) >= 30
    assert len(truth["vendorpayments"]) >= 80

    def words(table: str, status: Any) -> set[str]:
        return set(Counter(status(ledger, row) for row in truth[table].values()))

    assert words("bills", bill_status) == {
        "draft", "open", "overdue", "partially_paid", "paid", "void", "pending_approval", "approved",
    }  # fmt: skip
    assert words("purchaseorders", order_status) == {
        "draft", "issued", "billed", "partially_billed", "cancelled", "pending_approval",
    }  # fmt: skip
    assert words("creditnotes", credit_status) == {"draft", "open", "closed", "void", "pending_approval"}
    assert words("vendorcredits", vendor_credit_status) == {"draft", "open", "closed", "void"}
    assert len({row["currency_id"] for row in truth["bills"].values()}) == 3


def test_settlements_agree_on_both_sides(furnished: Any) -> None:
    truth = furnished.books.truth()
    paid: Counter[str] = Counter()
    credited: Counter[str] = Counter()
    for payment in truth["vendorpayments"].values():
        refunded = sum(refund["amount"] for refund in payment["refunds"])
        applied = sum(share["amount_applied"] for share in payment["applied"])
        assert payment["amount"] == applied + refunded + payment["balance"]
        for share in payment["applied"]:
            paid[share["bill_id"]] += share["amount_applied"]
    for table, key in (("vendorcredits", "bill_id"), ("creditnotes", "invoice_id")):
        for credit in truth[table].values():
            refunded = sum(refund["amount"] for refund in credit["refunds"])
            applied = sum(share["amount_applied"] for share in credit["applied"])
            assert credit["total"] == applied + refunded + credit["balance"]
            assert credit["balance"] >= 0
            for share in credit["applied"]:
                credited[share[key]] += share["amount_applied"]
    for bill in truth["bills"].values():
        assert bill["payment_made"] == paid[bill["bill_id"]]
        assert bill["vendor_credits_applied"] == credited[bill["bill_id"]]
        assert 0 <= bill["balance"] == bill["total"] - bill["payment_made"] - bill["vendor_credits_applied"]
    for invoice in truth["invoices"].values():
        assert invoice["credits_applied"] == credited[invoice["invoice_id"]]


def test_every_document_posts_evenly(furnished: Any) -> None:
    truth, ledger = furnished.books.truth(), furnished.ledger
    for name in ("bills", "vendorpayments", "vendorcredits", "creditnotes"):
        for row in truth[name].values():
            assert sum(amount for _, amount in SOURCES[name].entries(ledger, row)) == 0


def test_what_is_owed_agrees_with_the_account_of_payables(open_desk: Any) -> None:
    desk = open_desk(seed="furnished")
    ledger = desk.ledger
    owed = sum(
        ledger.in_base(bill["balance"], bill["exchange_rate"])
        for bill in ledger.tables["bills"].all()
        if bill["status"] not in NOT_OWED
    )
    unused = sum(
        credit["balance"] for credit in ledger.tables["vendorcredits"].all() if credit["status"] == "open"
    )
    # shares of bills in foreign currency are rounded one by one
    assert abs(-closing(ledger, ledger.id("000000000373")) - (owed - unused)) <= 1


def test_vendors_show_what_is_outstanding(furnished: Any) -> None:
    for row in furnished.get("/contacts", contact_type="vendor")["contacts"]:
        bills = furnished.get("/bills", vendor_id=row["contact_id"], status="unpaid")["bills"]
        assert row["outstanding_payable_amount"] == sum(bill["balance"] for bill in bills)
        assert row["outstanding_receivable_amount"] == 0
