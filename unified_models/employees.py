"""Employees, as far as the books know them."""

from unified_models.fields import read_only, required, writable
from unified_models.parts import Address, Email, Phone
from unified_models.record import Record
from unified_models.statuses import MasterBlock


class Employee(MasterBlock, Record):
    """A person who spends the company's money or is paid back."""

    name: str | None = required("Full name")
    first_name: str | None = read_only("First name")
    last_name: str | None = read_only("Last name")
    emails: list[Email] | None = required("Email addresses, complete")
    phones: list[Phone] | None = writable("Phone numbers, complete")
    addresses: list[Address] | None = writable("Postal addresses, one per type")
