"""Employees, for whom mileage is recorded."""

from .call import Answer, Call, Row, done, in_use
from .fields import text
from .ledger import Ledger
from .listing import Listing
from .projection import Columns
from .resource import Messages, Resource, Route

COLUMNS = Columns(stored={"employee_id": "", "name": "", "email": ""})


def _deletable(ledger: Ledger, employee: Row) -> None:
    key = employee["employee_id"]
    if any(expense["employee_id"] == key for expense in ledger.tables["expenses"].all()):
        raise in_use("Employees who have expenses cannot be deleted.")


RESOURCE = Resource(
    path="/employees",
    table="employees",
    item_key="employee",
    area="expenses",
    listing=Listing(
        table="employees",
        list_key="employees",
        report_name="Employees",
        columns=COLUMNS,
        sorts={"name": "name"},
        sort_column="name",
    ),
    detail=COLUMNS,
    readers={"name": text(100), "email": text(100)},
    required=("name", "email"),
    messages=Messages(unknown="Employee does not exist.", deleted="Employee has been deleted."),
    blocks_delete=_deletable,
)


def _delete(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    RESOURCE.drop(ledger, RESOURCE.find(ledger, ids[0]))
    return done(RESOURCE.messages.deleted)


ROUTES = (
    Route("GET", "/employees", "expenses.READ", RESOURCE.list),
    Route("POST", "/employees", "expenses.CREATE", RESOURCE.create),
    Route("GET", "/employees/{}", "expenses.READ", RESOURCE.get),
    Route("DELETE", "/employee/{}", "expenses.DELETE", _delete),
)
"""The one path of the service with a singular noun and a delete."""
