"""Purchase orders."""

from typing import Annotated

from unified_models.documents import TradeDocument
from unified_models.fields import read_only, required, writable
from unified_models.parts import DocumentAddress, PaymentTerms
from unified_models.references import ContactRef, DocumentRef, Ref
from unified_models.statuses import PROGRESS, PURCHASE_ORDER_STATUS
from unified_models.types import Date


class PurchaseOrder(TradeDocument):
    """What was ordered from a vendor."""

    contact: ContactRef | None = required("Vendor")
    vendor: ContactRef | None = read_only("The vendor, under Truto's name")
    status: Annotated[str, PURCHASE_ORDER_STATUS] | None = writable(
        "In a create body draft or authorised; later changed by actions", create_only=True
    )
    delivery_date: Date | None = writable("When it is expected to arrive")
    delivery_address: DocumentAddress | None = writable("Where it is delivered to")
    customer: ContactRef | None = writable("Customer it is delivered to or bought for")
    employee: Ref | None = writable("Employee it is bought for")
    payment_terms: PaymentTerms | None = writable("When its bills fall due")
    bills: list[DocumentRef] | None = read_only("Bills made from it")
    billed_status: Annotated[str, PROGRESS] | None = read_only("How much of it is billed")
    received_status: Annotated[str, PROGRESS] | None = read_only("How much of it has arrived")
