"""References to other records: in requests a bare id, or one natural key instead of the id (rule 8)."""

from typing import Annotated, Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, ModelWrapValidatorHandler, model_validator
from pydantic_core import PydanticCustomError
from pydantic_core.core_schema import ValidationInfo

from unified_models.fields import required
from unified_models.types import Words, is_reading


class Part(BaseModel):
    """A part of a record. Types are strict: "1" is no number and 1 is no text."""

    model_config = ConfigDict(extra="forbid", strict=True, populate_by_name=True, serialize_by_alias=True)


class Ref(Part):
    """Another record: its `id`, and its name when the provider tells it."""

    KEYS: ClassVar[tuple[str, ...]] = ("name",)
    """Natural keys a request may give instead of the id, exactly one of them."""

    id: str | None = Field(default=None, description="Id of the record", min_length=1)
    name: str | None = Field(default=None, description="Its name")

    @model_validator(mode="wrap")
    @classmethod
    def _lenient(cls, value: Any, handler: ModelWrapValidatorHandler[Self], info: ValidationInfo) -> Self:
        if isinstance(value, str):
            value = {"id": value}
        found = handler(value)
        if found.id is None and not is_reading(info):
            given = [key for key in cls.KEYS if getattr(found, key) is not None]
            if len(given) != 1:
                raise PydanticCustomError(
                    "wrong_type",
                    "a reference needs an id or exactly one of: {keys}",
                    {"keys": ", ".join(cls.KEYS)},
                )
        return found


class CodeRef(Ref):
    """An account, an item or a tax rate: by id, code or name."""

    KEYS = ("code", "name")
    code: str | None = Field(default=None, description="Its code, exact")


class ContactRef(Ref):
    """A customer or vendor: by id, number, tax number, email or name."""

    KEYS = ("number", "tax_number", "email", "name")
    type: Annotated[str, Words(("customer", "vendor"))] | None = Field(
        default=None, description="Which side it is"
    )
    number: str | None = Field(default=None, description="Its number, exact")
    tax_number: str | None = Field(default=None, description="Its tax number, exact")
    email: str | None = Field(default=None, description="Its email address, exact")


class DocumentRef(Ref):
    """An invoice, bill, credit note, estimate or order: by id, number or reference."""

    KEYS = ("number", "reference")
    type: str | None = Field(default=None, description="Its kind: invoice, bill, estimate, sales_order …")
    number: str | None = Field(default=None, description="Its number, exact")
    reference: str | None = Field(default=None, description="Its reference, exact")


class SourceRef(Part):
    """The document and line a line was made from."""

    type: str | None = Field(default=None, description="Kind of the document")
    id: str | None = Field(default=None, description="Id of the document")
    line_id: str | None = Field(default=None, description="Id of its line")


class RecordRef(Part):
    """A record of any kind."""

    type: str | None = required("Its kind, in the singular: invoice, expense, journal_entry …")
    id: str | None = required("Its id")
