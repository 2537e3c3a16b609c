"""Refunds of what a customer paid ahead."""

from .applications import PAYMENTS
from .payments import RESOURCE
from .refunding import Refunds

REFUNDS = Refunds(
    resource=RESOURCE,
    settlement=PAYMENTS,
    party="customer_id",
    number="payment_number",
    account="from_account_id",
    item_key="payment_refund",
    owner_key="payment_id",
    report_name="Customer Payments Refund",
    created="The refund information for this payment has been saved.",
    updated="The refund information has been saved.",
    deleted="The refund has been deleted.",
    status=200,
    in_list=True,
)
ROUTES = REFUNDS.routes()
