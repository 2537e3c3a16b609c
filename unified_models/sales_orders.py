"""Sales orders."""

from typing import Annotated

from unified_models.documents import SalesDocument
from unified_models.fields import read_only, required, writable
from unified_models.parts import PaymentTerms
from unified_models.references import ContactRef, DocumentRef
from unified_models.statuses import PROGRESS, SALES_ORDER_STATUS
from unified_models.types import Date


class SalesOrder(SalesDocument):
    """What a customer has ordered."""

    contact: ContactRef | None = required("Customer")
    status: Annotated[str, SALES_ORDER_STATUS] | None = writable(
        "In a create body draft or authorised; later changed by actions", create_only=True
    )
    delivery_date: Date | None = writable("When it is expected to be delivered")
    payment_terms: PaymentTerms | None = writable("When its invoices fall due")
    invoices: list[DocumentRef] | None = read_only("Invoices made from it")
    billed_status: Annotated[str, PROGRESS] | None = read_only("How much of it is invoiced")
    shipped_status: Annotated[str, PROGRESS] | None = read_only("How much of it is shipped")
