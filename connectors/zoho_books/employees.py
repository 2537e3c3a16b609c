"""Employees: /employees, a corner of the expenses module. Zoho keeps a name and an address, and changes neither."""

from typing import Any

from connectors.kit.codec import ID, TEXT, CodecError
from connectors.kit.http import Flow, Request
from connectors.kit.mapping import CREATE, Native, Table, computed, field, names, unmapped
from connectors.kit.operations import Context
from connectors.kit.paging import merged_query
from connectors.kit.resource import METHODS, Resource
from connectors.zoho_books.document_resource import IDS, scopes
from connectors.zoho_books.lookups import EMPLOYEES
from unified_models.employees import Employee

employee = names(Employee)


def _first_name(native: Native, ctx: Context) -> str | None:
    return str(native.get("name") or "").partition(" ")[0] or None


def _last_name(native: Native, ctx: Context) -> str | None:
    return str(native.get("name") or "").partition(" ")[2].strip() or None


def _emails(native: Native, ctx: Context) -> Any:
    return [{"email": TEXT.read(native["email"]), "type": None}] if native.get("email") else []


def _put_emails(value: Any, native: Native, ctx: Context) -> None:
    if len(value) != 1:
        raise CodecError("an employee has exactly one email address", "unsupported_field")
    native["email"] = value[0]["email"]


TABLE = Table(
    Employee,
    (
        field(employee.id, "employee_id", ID),
        unmapped(employee.created_at, "tells no times of employees"),
        unmapped(employee.updated_at, "tells no times of employees"),
        field(employee.name, "name", TEXT, write=CREATE),
        computed(employee.first_name, _first_name, uses=("name",)),
        computed(employee.last_name, _last_name, uses=("name",)),
        computed(employee.emails, _emails, uses=("email",), put=_put_emails, write=CREATE),
        unmapped(employee.phones, "keeps no phone numbers of employees"),
        unmapped(employee.addresses, "keeps no addresses of employees"),
        unmapped(employee.status, "tells no status of employees"),
        unmapped(employee.remote_status, "tells no status of employees"),
        unmapped(employee.custom_fields, "has no custom fields on employees"),
        unmapped(employee.tracking_categories, "puts reporting tags on transactions, not on employees"),
    ),
)


class Employees(Resource):
    def delete(self, id: str, ctx: Context) -> Flow[str]:
        """The one path of Zoho with the noun in the singular."""
        path = f"/employee/{self.at(id).rpartition('/')[2]}"
        yield Request("DELETE", path, merged_query((), ctx), step="delete the employee")
        return id


RESOURCE = Employees(
    name="employees",
    path="/employees",
    one="employee",
    many="employees",
    table=TABLE,
    ids=IDS,
    methods=METHODS - {"update"},
    own=EMPLOYEES,
    scopes=scopes("expenses"),
)
