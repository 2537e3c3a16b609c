"""Credit notes given to customers."""

from unified_models.documents import Credit
from unified_models.fields import required
from unified_models.references import ContactRef


class CreditNote(Credit):
    """Money given back to a customer, to be applied to invoices or refunded."""

    contact: ContactRef | None = required("Customer")
