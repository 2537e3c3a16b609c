"""Credits received from vendors."""

from unified_models.documents import Credit
from unified_models.fields import read_only, required
from unified_models.references import ContactRef


class VendorCredit(Credit):
    """Money a vendor gives back, to be applied to bills or refunded."""

    contact: ContactRef | None = required("Vendor")
    vendor: ContactRef | None = read_only("The vendor, under Truto's name")
