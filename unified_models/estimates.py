"""Estimates: prices offered to customers."""

from typing import Annotated

from unified_models.documents import SalesDocument
from unified_models.fields import read_only, required, writable
from unified_models.references import ContactRef, DocumentRef
from unified_models.statuses import ESTIMATE_STATUS
from unified_models.types import Date


class Estimate(SalesDocument):
    """An offer a customer may accept, and which then becomes an invoice or a sales order."""

    contact: ContactRef | None = required("Customer")
    status: Annotated[str, ESTIMATE_STATUS] | None = writable(
        "In a create body draft or sent; later changed by actions", create_only=True
    )
    expiry_date: Date | None = writable("Last day it holds")
    accepted_date: Date | None = read_only("When the customer accepted")
    declined_date: Date | None = read_only("When the customer declined")
    invoices: list[DocumentRef] | None = read_only("Invoices made from it")
