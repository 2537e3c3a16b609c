"""Payments made: /vendorpayments.

List rows lack the allocations and the fee. Their times cannot be sorted by, so lists stand in the order of days.
"""

from collections.abc import Sequence

from connectors.kit.codec import MONEY, TEXT
from connectors.kit.faults import FieldError
from connectors.kit.mapping import Table, field
from connectors.kit.operations import Record
from connectors.zoho_books import filtering
from connectors.zoho_books.codecs import INSTANT
from connectors.zoho_books.document_resource import IDS, scopes
from connectors.zoho_books.field_names import definitions
from connectors.zoho_books.ledger_lines import posted_as
from connectors.zoho_books.lookups import VENDORS
from connectors.zoho_books.payment_sides import PaymentSide, payment, rows
from connectors.zoho_books.settlement import MADE
from connectors.zoho_books.settling import actions
from unified_models.payments import Payment

TABLE = Table(
    Payment,
    (
        *rows(
            MADE, VENDORS, account="paid_through_account", status="status", refund="vendorpayment_refund",
            told=True,
        ),
        field(payment.created_at, "created_time", INSTANT),
        field(payment.updated_at, "last_modified_time", INSTANT, filters=filtering.MODIFIED),
        field(payment.number, "payment_number", TEXT, filters=filtering.text("payment_number")),
        field(payment.withheld_tax_amount, "tax_amount_withheld", MONEY, detail_only=True),
    ),
)  # fmt: skip


class Made(PaymentSide):
    """Zoho has no account of its own that money could come from."""

    def lacking(self, body: Record) -> Sequence[FieldError]:
        if body.get("account") is not None:
            return ()
        return (FieldError("required", "/account", "say which account the money came from"),)


RESOURCE = Made(
    name="payments",
    path="/vendorpayments",
    one="vendorpayment",
    many="vendorpayments",
    means=MADE,
    entity="vendorpayment",
    table=TABLE,
    ids=IDS,
    removable=frozenset({"refunds"}),
    actions=actions(MADE),
    scopes=scopes("vendorpayments"),
    order="date",
    repeats=("amount",),
    search="search_text",
    page_link="/app/{organization}#/paymentsmade/{id}",
    expansions={"allocations": "payments", "contact": "contacts"},
    definitions=definitions("vendorpayment"),
    ledger=posted_as("vendor_payment"),
)
