"""What trade documents have in common: credits, and those with an issue date, of which some are for sale."""

from typing import Annotated

from pydantic import Field

from unified_models.allocations import Allocation, Refund
from unified_models.attachments import AttachedFile
from unified_models.fields import read_only, required, writable
from unified_models.line_items import LineItem
from unified_models.money import CurrencyBlock, TotalsBlock
from unified_models.parts import DocumentAddress
from unified_models.record import Record
from unified_models.references import ContactRef, DocumentRef, Ref
from unified_models.statuses import CREDIT_STATUS
from unified_models.types import Date, Money


class Document(TotalsBlock, CurrencyBlock, Record):
    """A document with a counterparty, lines and totals."""

    number: str | None = writable("Document number; numbered by the provider when absent")
    reference: Annotated[str, Field(max_length=100)] | None = writable(
        "The caller's key, such as an order id"
    )
    contact: ContactRef | None = required("Customer or vendor")
    remote_status: str | None = read_only("The provider's own word for the status")
    line_items: list[LineItem] | None = required("The lines; in PATCH the complete new list")
    customer_note: str | None = writable("Printed note")
    memo: str | None = writable("Internal note, never shown to the counterparty")
    attachments: list[AttachedFile] | None = read_only("Files attached to it")

    def lacking(self) -> dict[str, str]:
        """What a new document lacks beyond its required fields, by field."""
        if self.line_items is not None and not self.line_items:
            return {"line_items": "at least one line is needed"}
        return {}


class TradeDocument(Document):
    """An invoice, bill, estimate, order or sales receipt."""

    issue_date: Date | None = writable("Today when absent")
    terms: str | None = writable("Printed terms")
    billing_address: DocumentAddress | None = writable("Billing address")
    location: Ref | None = writable("Location or branch")
    project: Ref | None = writable("Project")
    sources: list[DocumentRef] | None = writable("Estimates and orders it came from", create_only=True)
    is_emailed: bool | None = read_only("It was mailed")
    pdf_url: str | None = read_only("Where its PDF is, through this gateway")
    has_attachments: bool | None = read_only("Files are attached")
    tax_details: dict[str, str | bool | None] | None = writable("Country fields; keys in meta")


class SalesDocument(TradeDocument):
    """A trade document customers get to see."""

    shipping_address: DocumentAddress | None = writable("Shipping address")
    salesperson: Ref | None = writable("Who sold it")
    is_viewed: bool | None = read_only("The counterparty has opened it")


class Credit(Document):
    """Money a document gives back. Its amounts are positive."""

    transaction_date: Date | None = writable("Today when absent")
    status: Annotated[str, CREDIT_STATUS] | None = writable(
        "In a create body draft or authorised; later changed by actions", create_only=True
    )
    reason: str | None = writable("Why it was given")
    source: DocumentRef | None = writable("The document it corrects", create_only=True)
    remaining_credit: Money | None = read_only("Neither applied nor refunded yet")
    allocations: list[Allocation] | None = read_only("Documents it settles; changed by apply and unapply")
    refunds: list[Refund] | None = read_only("Money paid back for it; changed by refund")
