"""What invoices and bills, and later estimates and orders, have in common."""

from unified_models.fields import read_only, required, writable
from unified_models.line_items import LineItem
from unified_models.money import CurrencyBlock, TotalsBlock
from unified_models.parts import DocumentAddress, PaymentTerms
from unified_models.record import Record
from unified_models.references import ContactRef, DocumentRef, Ref
from unified_models.types import Date


class Document(TotalsBlock, CurrencyBlock, Record):
    """A trade document with lines and totals."""

    number: str | None = writable("Document number; numbered by the provider when absent")
    reference: str | None = writable("The caller's key, such as an order id; at most 100 characters")
    contact: ContactRef | None = required("Customer or vendor")
    remote_status: str | None = read_only("The provider's own word for the status")
    issue_date: Date | None = writable("Today when absent")
    line_items: list[LineItem] | None = required("The lines; in PATCH the complete new list")
    customer_note: str | None = writable("Printed note")
    terms: str | None = writable("Printed terms")
    memo: str | None = writable("Internal note, never shown to the counterparty")
    billing_address: DocumentAddress | None = writable("Billing address")
    shipping_address: DocumentAddress | None = writable("Shipping address")
    salesperson: Ref | None = writable("Who sold it")
    location: Ref | None = writable("Location or branch")
    project: Ref | None = writable("Project")
    payment_terms: PaymentTerms | None = writable("When it falls due")
    sources: list[DocumentRef] | None = writable("Estimates and orders it came from", create_only=True)
    is_emailed: bool | None = read_only("It was mailed")
    is_viewed: bool | None = read_only("The counterparty has opened it")
    pdf_url: str | None = read_only("Where its PDF is, through this gateway")
    has_attachments: bool | None = read_only("Files are attached")
    tax_details: dict[str, str | bool | None] | None = writable("Country fields; keys in meta")

    def lacking(self) -> dict[str, str]:
        """What a new document lacks beyond its required fields, by field."""
        if self.line_items is not None and not self.line_items:
            return {"line_items": "at least one line is needed"}
        return {}
