"""How payments and credits settle documents."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import PlainSerializer, ValidatorFunctionWrapHandler, WithJsonSchema, WrapValidator
from pydantic_core import PydanticCustomError

from unified_models.fields import read_only, required, writable
from unified_models.references import CodeRef, DocumentRef, Part
from unified_models.types import Date, Money, Words

ALLOCATION_TYPES = Words(("invoice", "bill", "credit_note", "vendor_credit", "payment", "journal_entry"))
PAYMENT_METHODS = Words(("cash", "check", "card", "bank_transfer", "direct_debit", "online", "other"))


def _named(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
    """An id as it is, in an object or not; a number or a reference stays an object until it is looked up."""
    if not isinstance(value, Mapping):
        return handler(value)
    match dict(value):
        case {"id": id, **rest} if not rest:
            return handler(id)
        case named if len(named) == 1 and named.keys() <= set(DocumentRef.KEYS):
            return {key: handler(each) for key, each in named.items()}
        case _:
            raise PydanticCustomError("wrong_type", "an id is expected, or {number} or {reference} instead")


_TEXT = {"type": "string"}
_NAMES = [
    {"type": "object", "properties": {key: _TEXT}, "required": [key], "additionalProperties": False}
    for key in ("id", *DocumentRef.KEYS)
]
DocumentId = Annotated[
    str,
    WrapValidator(_named),
    PlainSerializer(lambda value: value, return_type=Any),
    WithJsonSchema({"anyOf": [_TEXT, *_NAMES]}),
]
"""The id of a document; in requests also its number or its reference (rule 8)."""


class Allocation(Part):
    """A settlement; `type` and `id` name the other document, amounts are in its currency."""

    allocation_id: str | None = read_only("Id of the settlement, for unapply")
    type: Annotated[str, ALLOCATION_TYPES] | None = required("Kind of the other document")
    id: DocumentId | None = required("Id of the other document; or {number} or {reference}")
    number: str | None = read_only("Its number")
    amount: Money | None = required("Amount settled")
    date: Date | None = writable("When; the payment's date when absent")
    discount_amount: Money | None = writable("Early payment discount")
    withheld_tax_amount: Money | None = writable("Tax withheld with it")


class Refund(Part):
    """Money paid back."""

    id: str | None = read_only("Id of the refund")
    transaction_date: Date | None = required("When")
    account: CodeRef | None = required("Money account it went from or to")
    total_amount: Money | None = required("How much")
    payment_method: Annotated[str, PAYMENT_METHODS] | None = writable("How")
    reference: str | None = writable("The processor's transaction id")
    memo: str | None = writable("Internal note")
