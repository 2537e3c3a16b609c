"""Families of Zoho's list parameters, by the operators they serve."""

from connectors.kit.mapping import BESIDE, Days, Filters
from connectors.kit.operations import Op

CUSTOM_FIELDS = "custom_field"
"""Finds a value in any custom field of a document, where the list takes it."""


def text(param: str) -> Filters:
    return {Op.EQ: param, Op.STARTS_WITH: f"{param}_startswith", Op.CONTAINS: f"{param}_contains"}


def day(param: str) -> Filters:
    return {
        Op.EQ: param, Op.GTE: f"{param}_start", Op.LTE: f"{param}_end", Op.GT: f"{param}_after",
        Op.LT: f"{param}_before",
    }  # fmt: skip


def amount(param: str) -> Filters:
    return {
        Op.EQ: param, Op.LT: f"{param}_less_than", Op.LTE: f"{param}_less_equals",
        Op.GT: f"{param}_greater_than", Op.GTE: f"{param}_greater_equals",
    }  # fmt: skip


CREATED: Filters = {
    Op.GTE: Days("created_date_start"), Op.GT: Days("created_date_start"),
    Op.LTE: Days("created_date_end"), Op.LT: Days("created_date_end"),
}  # fmt: skip

MODIFIED: Filters = {
    Op.GTE: "last_modified_time",
    Op.GT: "last_modified_time",
    Op.LT: BESIDE,
    Op.LTE: BESIDE,
}


def only(param: str) -> Filters:
    return {Op.EQ: param}
