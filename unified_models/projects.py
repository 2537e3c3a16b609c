"""Projects done for customers."""

from typing import Annotated

from unified_models.fields import read_only, required, writable
from unified_models.record import Record
from unified_models.references import ContactRef
from unified_models.statuses import MasterBlock
from unified_models.types import Date, Money, Quantity, Words

BILLING_TYPES = Words(("fixed", "project_hours", "staff_hours", "task_hours"))
BUDGET_TYPES = Words(("total_cost", "total_hours", "hours_per_task", "hours_per_staff"))


class Project(MasterBlock, Record):
    """Work for a customer that documents and expenses are booked on."""

    name: str | None = required("Name")
    contact: ContactRef | None = required("Customer")
    code: str | None = writable("Project code")
    description: str | None = writable("What it is about")
    billing_type: Annotated[str, BILLING_TYPES] | None = writable("What the customer is charged by")
    budget_type: Annotated[str, BUDGET_TYPES] | None = writable("What the budget limits")
    budget_amount: Money | None = writable("Budget in the base currency")
    budget_hours: Quantity | None = writable("Budget in hours")
    start_date: Date | None = read_only("When it began")
