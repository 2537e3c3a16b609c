"""Payments received: /customerpayments.

List rows lack the allocations, the currency and the fee. Zoho takes the currency from the customer, and the
account "Undeposited Funds" and the mode "others" where the caller names none.
"""

from connectors.kit.codec import MONEY, TEXT
from connectors.kit.flows import Draft
from connectors.kit.http import Flow
from connectors.kit.mapping import Table, When, field
from connectors.kit.operations import Issue
from connectors.zoho_books.codecs import INSTANT
from connectors.zoho_books.document_resource import IDS, printer, scopes
from connectors.zoho_books.field_names import definitions
from connectors.zoho_books.ledger_lines import posted_as
from connectors.zoho_books.lookups import CUSTOMERS
from connectors.zoho_books.payment_sides import PaymentSide, payment, rows
from connectors.zoho_books.settlement import RECEIVED
from connectors.zoho_books.settling import actions
from unified_models.payments import Payment

TABLE = Table(
    Payment,
    (
        *rows(
            RECEIVED,
            CUSTOMERS,
            account="account",
            status="payment_status",
            refund="payment_refund",
            told=False,
        ),
        field(payment.created_at, "created_time", INSTANT),
        field(payment.updated_at, "updated_time", INSTANT, list_native="last_modified_time"),
        field(payment.number, "payment_number", TEXT),
        field(payment.withheld_tax_amount, "tax_amount_withheld", MONEY),
    ),
)


class Received(PaymentSide):
    """Zoho needs a mode, and has an account of its own for money that is not deposited yet."""

    def prepare(self, draft: Draft) -> Flow[None]:
        yield from super().prepare(draft)
        if draft.when is not When.CREATE:
            return
        draft.native.setdefault("payment_mode", "others")
        if draft.body.get("account") is None:
            detail = "no account given: the provider's default is used"
            draft.issues.append(Issue("defaulted", "/account", detail, native_path="account_id"))


RESOURCE = Received(
    name="payments",
    path="/customerpayments",
    one="payment",
    many="customerpayments",
    means=RECEIVED,
    entity="payment",
    table=TABLE,
    ids=IDS,
    removable=frozenset({"refunds"}),
    actions=actions(RECEIVED),
    scopes=scopes("customerpayments"),
    order="created_time",
    search="search_text",
    page_link="/app/{organization}#/paymentsreceived/{id}",
    expansions={"allocations": "payments", "contact": "contacts"},
    pdf=printer("/customerpayments", "receipt"),
    definitions=definitions("payment"),
    ledger=posted_as("customer_payment"),
)
