from typing import Any

import pytest
from pydantic import ValidationError

from unified_models.allocations import Allocation
from unified_models.invoices import Invoice
from unified_models.references import CodeRef, ContactRef, DocumentRef, Ref
from unified_models.types import READING


def test_a_bare_id_is_a_reference() -> None:
    body = Invoice.model_validate({"contact": "42", "salesperson": "7"})
    assert body.model_dump(exclude_unset=True) == {"contact": {"id": "42"}, "salesperson": {"id": "7"}}


@pytest.mark.parametrize(
    ("ref", "value"),
    [
        (ContactRef, {"email": "a@b.example"}),
        (ContactRef, {"tax_number": "DE1"}),
        (ContactRef, {"name": "Acme", "type": "customer"}),
        (CodeRef, {"code": "4000"}),
        (CodeRef, {"name": "Sales"}),
        (DocumentRef, {"number": "INV-1"}),
        (Ref, {"name": "North"}),
        (ContactRef, {"id": "1", "name": "as it was read", "type": "customer"}),
    ],
)
def test_one_natural_key_or_an_id_is_enough(ref: type[Ref], value: dict[str, Any]) -> None:
    assert ref.model_validate(value).model_dump(exclude_unset=True) == value


@pytest.mark.parametrize(
    ("ref", "value", "code"),
    [
        (ContactRef, {}, "wrong_type"),
        (ContactRef, {"type": "customer"}, "wrong_type"),
        (ContactRef, {"email": "a@b.example", "name": "Acme"}, "wrong_type"),
        (CodeRef, {"code": "1", "name": "x"}, "wrong_type"),
        (CodeRef, {"email": "a@b.example"}, "extra_forbidden"),
        (Ref, "", "string_too_short"),
        (Ref, 42, "model_type"),
        (Ref, {"id": 42}, "string_type"),
        (Ref, ["1"], "model_type"),
    ],
)
def test_anything_else_is_refused(ref: type[Ref], value: Any, code: str) -> None:
    with pytest.raises(ValidationError) as caught:
        ref.model_validate(value)
    assert caught.value.errors()[0]["type"] == code


def test_what_was_read_may_lack_every_key() -> None:
    assert ContactRef.model_validate({"number": "1", "name": "x"}, context=READING).id is None


def test_null_clears_a_reference() -> None:
    assert Invoice.model_validate({"location": None}).model_dump(exclude_unset=True) == {"location": None}


PART = {"type": "invoice", "amount": 1}


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("7", "7"),
        ({"id": "7"}, "7"),
        ({"number": "INV-1"}, {"number": "INV-1"}),
        ({"reference": "order-1"}, {"reference": "order-1"}),
    ],
)
def test_an_allocation_names_its_document(given: Any, kept: Any) -> None:
    assert Allocation.model_validate({**PART, "id": given}).model_dump()["id"] == kept


@pytest.mark.parametrize(
    "given", [7, {}, {"name": "x"}, {"number": 1}, {"number": "1", "reference": "2"}, ["7"]]
)
def test_an_allocation_names_one_document(given: Any) -> None:
    with pytest.raises(ValidationError) as error:
        Allocation.model_validate({**PART, "id": given})
    assert [each["loc"] for each in error.value.errors()] == [("id",)]
