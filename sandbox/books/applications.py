"""How payments settle invoices. Both sides are kept in step here and nowhere else."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from .call import Refused, Row, missing
from .fields import objects, one_id
from .invoices import UNKNOWN, mark_sent, settle
from .ledger import Ledger
from .money import ZERO, number, rounded
from .times import read_day

TOO_MUCH = "The amount applied exceeds the balance due of invoice {}."


def read(ledger: Ledger, payment: Row, entries: Any) -> list[Row]:
    """The allocations a body asks for: the whole new set. Checks what each invoice can take.

    What this payment already holds of an invoice counts as free again.
    """
    before = {each["invoice_id"]: each for each in payment.get("applied", ())}
    found: dict[str, Row] = {}
    for entry in objects(entries, "invoices"):
        key = one_id(entry.get("invoice_id", ""), "invoice_id")
        if not key:
            raise missing("invoice_id")
        invoice = ledger.must("invoices", key, UNKNOWN)
        places = ledger.currency(invoice["currency_id"])["price_precision"]
        amount = rounded(number(entry.get("amount_applied"), "amount_applied"), places)
        withheld = rounded(
            number(entry.get("tax_amount_withheld"), "tax_amount_withheld", default=ZERO), places
        )
        if amount < 0 or withheld < 0 or key in found:
            raise Refused(2, "Invalid value passed for amount_applied")
        if amount == 0 and withheld == 0:
            continue
        held = before.get(key)
        _check(invoice, payment, amount + withheld, _weight(held) if held else ZERO)
        on = entry.get("apply_date")
        found[key] = {
            "invoice_payment_id": held["invoice_payment_id"] if held else "",
            "invoice_id": key,
            "amount_applied": amount,
            "tax_amount_withheld": withheld,
            "apply_date": read_day(on, "apply_date")
            if on
            else (held or payment)["apply_date" if held else "date"],
        }
    return list(found.values())


def _check(invoice: Row, payment: Row, wanted: Decimal, held: Decimal) -> None:
    if invoice["customer_id"] != payment["customer_id"]:
        raise Refused(1002, UNKNOWN, 404)
    if invoice["status"] in ("void", "pending_approval", "rejected"):
        raise Refused(24010, f"Payments cannot be recorded for invoice {invoice['invoice_number']}.")
    if wanted > invoice["balance"] + held:
        raise Refused(24016, TOO_MUCH.format(invoice["invoice_number"]))


def _weight(allocation: Row) -> Decimal:
    return allocation["amount_applied"] + allocation["tax_amount_withheld"]


def unused(payment: Row) -> Decimal:
    """What of a payment is neither applied nor refunded."""
    applied = sum((each["amount_applied"] for each in payment["applied"]), ZERO)
    return payment["amount"] - applied - sum((each["amount"] for each in payment["refunds"]), ZERO)


def put(ledger: Ledger, payment: Row, applied: list[Row]) -> None:
    """Stores the payment with these allocations and moves the invoices whose share changed."""
    before: Mapping[str, Row] = {each["invoice_id"]: each for each in payment.get("applied", ())}
    after = {each["invoice_id"]: each for each in applied}
    moved = [
        key
        for key in {**before, **after}
        if key not in before or key not in after or _weight(before[key]) != _weight(after[key])
    ]
    for each in applied:
        each["invoice_payment_id"] = each["invoice_payment_id"] or ledger.ids.take_beside(
            payment["payment_id"]
        )
    ledger.payments.unlink(payment)
    payment["applied"] = applied
    payment["invoice_ids"] = list(after)
    payment["unused_amount"] = unused(payment)
    ledger.payments.put(payment)
    for key in moved:
        refresh(ledger, ledger.invoices.rows[key])


def forget(ledger: Ledger, payment: Row) -> None:
    """Deletes the payment; its invoices are owed again."""
    keys = payment["invoice_ids"]
    ledger.payments.remove(payment)
    for key in keys:
        refresh(ledger, ledger.invoices.rows[key])


def shares(ledger: Ledger, invoice: Row) -> list[tuple[Row, Row]]:
    """The payments of an invoice, each with its allocation."""
    key = invoice["invoice_id"]
    return [
        (payment, each)
        for payment in ledger.payments.linked("invoice_ids", key)
        for each in payment["applied"]
        if each["invoice_id"] == key
    ]


def refresh(ledger: Ledger, invoice: Row) -> None:
    """Works an invoice out anew from its payments and stamps it; a paid draft counts as issued."""
    found = shares(ledger, invoice)
    invoice["payment_made"] = sum((each["amount_applied"] for _, each in found), ZERO)
    invoice["tax_amount_withheld"] = sum((each["tax_amount_withheld"] for _, each in found), ZERO)
    invoice["last_payment_date"] = max((payment["date"] for payment, _ in found), default="")
    if found:
        mark_sent(ledger, invoice)
    settle(ledger, invoice)
    invoice["last_modified_time"] = ledger.now()
    ledger.invoices.changed(invoice)
