import pytest

from connectors.kit.codec import MONEY, TEXT
from connectors.kit.mapping import ALWAYS, Table, field, names, ref, unmapped
from unified_models.items import Item

item = names(Item)


def test_names_are_the_models_fields_and_nothing_else() -> None:
    assert item.unit_price == "unit_price"
    with pytest.raises(AttributeError, match="no field 'price'"):
        _ = item.price  # pyright: ignore[reportAttributeAccessIssue]


def test_a_field_mapped_twice_is_a_fault_of_the_build() -> None:
    with pytest.raises(TypeError, match="mapped twice"):
        Table(Item, (field(item.name, "name", TEXT), unmapped(item.name, "has none")))


def test_a_field_of_another_model_is_a_fault_of_the_build() -> None:
    class Other:
        colour = "colour"

    with pytest.raises(TypeError, match="unknown"):
        Table(Item, (field(Other.colour, "colour", TEXT),))


def test_a_writable_reference_names_where_it_is_looked_up() -> None:
    with pytest.raises(AssertionError, match="names no lookup"):
        ref(item.sales_account, "account_id", write=ALWAYS)


def test_a_table_knows_what_it_does_not_speak_of() -> None:
    table = Table(Item, (field(item.unit_price, "rate", MONEY),))
    assert "name" in table.missing
    assert "unit_price" not in table.missing
