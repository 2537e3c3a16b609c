"""People who use the provider's application."""

from typing import Annotated, ClassVar

from unified_models.fields import read_only, writable
from unified_models.parts import Email, Phone
from unified_models.record import Record
from unified_models.references import Part, Ref
from unified_models.types import Words


class UserEmail(Email):
    """An email address of a user; a bare string is accepted in requests."""

    is_primary: bool | None = writable("The one used to sign in")


class Role(Part):
    """What a user may do."""

    id: str | None = writable("Id of the role")
    name: str | None = writable("Its name")
    group: str | None = read_only("Group of roles")


class User(Record):
    """A person with access to the company's books."""

    MODEL: ClassVar[str] = "user-directory"

    external_id: str | None = read_only("Id in another system")
    identifiers: dict[str, str] | None = read_only("Further ids")
    first_name: str | None = writable("First name")
    last_name: str | None = writable("Last name")
    title: str | None = writable("Position")
    name: str | None = writable("Full name")
    username: str | None = read_only("Name used to sign in")
    emails: list[UserEmail] | None = writable("Email addresses")
    phones: list[Phone] | None = writable("Phone numbers")
    status: Annotated[str, Words(("active", "inactive", "invited", "deleted"))] | None = read_only("State")
    is_email_verified: bool | None = read_only("The address is confirmed")
    is_2fa_enabled: bool | None = read_only("A second factor is asked for")
    is_current: bool | None = read_only("The user who connected the company")
    roles: list[Role] | None = writable("What the user may do")
    groups: list[Ref] | None = read_only("Groups the user is in")
    organizations: list[Ref] | None = read_only("Companies the user reaches here")
    workspaces: list[Ref] | None = read_only("Workspaces the user is in")
