"""Tax rates, and groups of them."""

from typing import Annotated

from unified_models.fields import read_only, required, writable
from unified_models.record import Record
from unified_models.references import CodeRef, Part
from unified_models.statuses import MASTER_STATUS
from unified_models.types import Rate, Words


class TaxComponent(Part):
    """One rate of a group."""

    id: str | None = writable("Id of the tax rate")
    name: str | None = writable("Its name")
    rate: Rate | None = writable("Its percentage")
    is_compound: bool | None = writable("Charged on the amount with the other taxes")


class TaxRate(Record):
    """A tax in percent, or a group of taxes charged together."""

    name: str | None = required("Name")
    total_tax_rate: Rate | None = required("Percentage; of a group the plain sum, which its components give")
    effective_tax_rate: Rate | None = read_only("Percentage of the net amount with compounding")
    code: str | None = writable("Tax code")
    type: Annotated[str, Words(("tax", "compound", "group", "withholding", "exempt"))] | None = writable(
        "tax when absent"
    )
    components: list[TaxComponent] | None = writable("Rates of a group, complete")
    applies_to: Annotated[str, Words(("sales", "purchases", "both"))] | None = writable(
        "Where it may be used"
    )
    authority: str | None = writable("Who collects it")
    country: str | None = writable("Where it applies")
    account: CodeRef | None = read_only("Account it is posted to")
    is_default: bool | None = read_only("Used when nothing is said")
    status: Annotated[str, MASTER_STATUS] | None = read_only("archived: kept, unused")
    remote_status: str | None = read_only("The provider's own word for the status")
