"""Parts that several records share: addresses, emails, phones, custom fields, tracking, terms."""

from typing import Annotated, Any

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from unified_models.fields import read_only, required, writable
from unified_models.references import Part
from unified_models.types import Words

CUSTOM_FIELD_TYPES = Words(
    (
        "text",
        "number",
        "decimal",
        "money",
        "boolean",
        "date",
        "datetime",
        "select",
        "multiselect",
        "email",
        "url",
        "phone",
        "lookup",
    )
)


class Element(Part):
    """An element of an array that PATCH merges by key (rule 3)."""

    delete: bool | None = Field(
        default=None,
        alias="_delete",
        description="In PATCH: true removes the element",
        json_schema_extra={"mark": "writable"},
    )


class Address(Element):
    """A postal address; PATCH merges addresses by `type`."""

    id: str | None = read_only("The provider's id")
    type: Annotated[str, Words(("billing", "shipping", "delivery", "other"))] | None = required(
        "What it is for"
    )
    attention: str | None = writable("Person or department")
    street_1: str | None = writable("Street, first line")
    street_2: str | None = writable("Street, second line")
    city: str | None = writable("City")
    state: str | None = writable("State or province")
    state_code: str | None = writable("Code of the state")
    postal_code: str | None = writable("Postal code")
    country: str | None = writable("Country as the provider spells it")
    country_code: str | None = writable("ISO 3166 code of the country")
    phone: str | None = writable("Phone at this address")


class DocumentAddress(Address):
    """The address printed on a document; its type follows from the field it stands in."""

    type: Annotated[str, Words(("billing", "shipping", "delivery", "other"))] | None = writable(
        "What it is for"
    )


class Email(Part):
    """An email address; a bare string is accepted in requests."""

    email: str | None = required("The address")
    type: str | None = writable("What it is for: primary, billing …")

    @model_validator(mode="before")
    @classmethod
    def _bare(cls, value: Any) -> Any:
        found = {"email": value} if isinstance(value, str) else value
        address = found.get("email") if isinstance(found, dict) else None
        if isinstance(address, str):  # blanks around an address come from where it was copied
            address = address.strip()
            found = {**found, "email": address}
        if isinstance(address, str) and (
            address.count("@") != 1
            or address.startswith("@")
            or address.endswith("@")
            or any(c.isspace() for c in address)
        ):
            raise PydanticCustomError("wrong_type", "an email address is expected")
        return found


class Phone(Part):
    """A phone number; a bare string is accepted in requests."""

    number: str | None = required("The number as dialled")
    extension: str | None = writable("Extension")
    type: str | None = writable("work, mobile, fax …")

    @model_validator(mode="before")
    @classmethod
    def _bare(cls, value: Any) -> Any:
        return {"number": value} if isinstance(value, str) else value


class CustomField(Element):
    """A field the company defined itself; PATCH merges by `id` or `api_name`."""

    id: str | None = writable("Id of the field's definition")
    api_name: str | None = writable("Stable name of the field")
    label: str | None = read_only("Label people see")
    type: Annotated[str, CUSTOM_FIELD_TYPES] | None = read_only("Kind of value")
    value: Any = required("The value: text, number, boolean, date text or a list of texts")


class TrackingEntry(Element):
    """A tracking category with the option chosen; write ids or names. PATCH merges by `id`."""

    id: str | None = writable("Id of the category")
    name: str | None = writable("Name of the category")
    option_id: str | None = writable("Id of the option")
    option: str | None = writable("Name of the option")


class PaymentTerms(Part):
    """When a document falls due."""

    days: Annotated[int, Field(ge=-10, le=3660)] | None = writable("Days after the issue date")
    label: str | None = writable("What the provider calls it")
