"""Which custom fields an organisation has, and whether those a caller names are among them."""

from collections.abc import Callable, Iterator
from difflib import get_close_matches
from typing import Any

from connectors.kit.codec import flag
from connectors.kit.faults import Fault, FieldError, Kind, Rejected
from connectors.kit.http import Flow, Request
from connectors.kit.operations import Context, Record
from connectors.zoho_books.codecs import CUSTOM_FIELDS

PATH = "/settings/preferences/customfields"


def definitions(entity: str) -> Callable[[Context], Flow[list[Record]]]:
    """The custom fields of an entity, as the organisation defined them. Fault METHOD where Zoho has no such list."""

    def read(ctx: Context) -> Flow[list[Record]]:
        try:
            reply = yield Request(
                "GET", PATH, (("entity", entity),), step="read which custom fields there are"
            )
        except Fault as fault:
            if fault.kind is Kind.NOT_FOUND:  # the list itself is missing, not a record
                fault.kind = Kind.METHOD
            raise
        return [
            {
                "id": str(each.get("customfield_id") or each.get("field_id") or "") or None,
                "api_name": each["api_name"],
                "label": each.get("label") or None,
                "type": CUSTOM_FIELDS.types.get(str(each.get("data_type")), "text"),
                "is_required": flag(each.get("is_mandatory")) is True,
                "options": [option["name"] for option in each.get("values") or [] if option.get("name")],
            }
            for each in definitions_in(reply.body)
            if each["api_name"] not in CUSTOM_FIELDS.own
        ]

    return read


def check_custom_fields(body: Record, entity: str) -> Flow[None]:
    """Refuses names the organisation does not have; silent where Zoho does not tell which it has."""
    given = body.get("custom_fields")
    if not given:
        return
    query = (("entity", entity),)
    try:
        reply = yield Request(
            "GET", PATH, query, step="read which custom fields there are", fresh_for=300
        )  # fmt: skip
    except Fault:
        return
    known = list(definitions_in(reply.body))
    names = {str(each["api_name"]) for each in known} - CUSTOM_FIELDS.own
    ids = {str(each[key]) for each in known for key in ("customfield_id", "field_id") if each.get(key)}
    errors = [
        FieldError("unknown_field", f"/custom_fields/{place}", f"there is no custom field {_named(each)}",
                   tuple(sorted(names)), next(iter(get_close_matches(str(each.get("api_name")), names, 1)), None))
        for place, each in enumerate(given)
        if not (each.get("id") in ids or each.get("api_name") in names)
    ]  # fmt: skip
    if names and errors:
        raise Rejected(*errors)


def _named(element: Record) -> str:
    return str(element.get("api_name") or element.get("id"))


def definitions_in(body: Any) -> Iterator[dict[str, Any]]:
    """Every object with an api name."""
    return (each for each in objects_in(body) if each.get("api_name"))


def objects_in(body: Any) -> Iterator[dict[str, Any]]:
    """Every object, however deep: the shape of this answer is not published."""
    if isinstance(body, dict):
        yield body
    for value in body.values() if isinstance(body, dict) else body if isinstance(body, list) else ():
        yield from objects_in(value)
