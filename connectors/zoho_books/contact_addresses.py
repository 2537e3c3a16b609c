"""Addresses of a contact: billing and shipping stand in it, further ones are records of their own."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from connectors.kit.codec import ID, TEXT, CodecError
from connectors.kit.compiling import compile_reader
from connectors.kit.faults import FieldError
from connectors.kit.flows import Draft, Step
from connectors.kit.http import Request
from connectors.kit.mapping import ALWAYS, UPDATE, Native, Table, When, computed, field, names
from connectors.kit.operations import Context, Issue, Record
from connectors.kit.reading import unless_blank
from connectors.kit.writing import Write, again, write
from connectors.zoho_books.codecs import country_code
from unified_models.parts import Address

address = names(Address)


def _put_code(value: str, native: Native, ctx: Context) -> None:
    native["country_code"] = value


ADDRESS = Table(
    Address,
    (
        field(address.id, "address_id", ID, write=UPDATE),
        computed(address.type, lambda native, ctx: None, write=ALWAYS),
        field(address.attention, "attention", TEXT, write=ALWAYS),
        field(address.street_1, "address", TEXT, write=ALWAYS),
        field(address.street_2, "street2", TEXT, write=ALWAYS),
        field(address.city, "city", TEXT, write=ALWAYS),
        field(address.state, "state", TEXT, write=ALWAYS),
        field(address.state_code, "state_code", TEXT, write=ALWAYS),
        field(address.postal_code, "zip", TEXT, write=ALWAYS),
        field(address.country, "country", TEXT, write=ALWAYS),
        computed(
            address.country_code,
            country_code,
            uses=("country_code", "country"),
            put=_put_code,
            clear={"country_code": ""},
            write=ALWAYS,
        ),
        field(address.phone, "phone", TEXT, write=ALWAYS),
    ),
    kept=("fax",),
)

INSIDE = {"billing": "billing_address", "shipping": "shipping_address"}

NOT_KEPT = frozenset({"address_id", "country_code"})
"""What Zoho finds by itself, and takes in no written address."""

FIELDS = tuple(row.unified for row in ADDRESS.rows if row.paths and row.unified not in ("id", "country_code"))
"""What makes an address one: Zoho keeps an id, and sometimes a country, for a blank one."""

_read = compile_reader(ADDRESS, detail=True)


def addresses(native: Native, ctx: Context) -> list[Record]:
    """Every address that holds anything."""
    return list(_told(native, ctx))


def _told(native: Native, ctx: Context) -> Iterator[Record]:
    issues: list[Issue] = []
    found = [(kind, native.get(key)) for kind, key in INSIDE.items()]
    found += [("other", each) for each in native.get("addresses") or []]
    for kind, each in found:
        if isinstance(each, dict):
            record = unless_blank(_read(each, ctx, issues, ""), FIELDS)
            if record is not None:
                record["type"] = kind
                yield record


def put_addresses(values: list[Any], native: Native, ctx: Context) -> None:
    """Left to `fold_addresses`, which knows the contact as it stands."""


def fold_addresses(draft: Draft, errors: list[FieldError]) -> None:
    """Merges by type: billing and shipping into the contact, the rest as calls of their own."""
    if "addresses" in draft.body and draft.body["addresses"] is None:
        draft.native.update({key: _blank() for key in INSIDE.values()})
    for place, value in enumerate(draft.body.get("addresses") or []):
        at = f"/addresses/{place}"
        kind = value.get("type")
        task = Write(When.UPDATE if value.get("id") else When.CREATE, draft.ctx)
        part = write(ADDRESS, {**value, "type": kind}, task, at=at)
        part.pop("address_id", None)
        errors += task.errors
        try:
            if kind in INSIDE:
                present = again(ADDRESS, (draft.current or {}).get(INSIDE[kind]) or {})
                stays = {key: each for key, each in present.items() if key not in NOT_KEPT}
                draft.native[INSIDE[kind]] = _blank() if value.get("_delete") else {**stays, **part}
            elif kind == "other":
                draft.steps.append(_step(draft, value, part, at))
            else:
                raise CodecError(
                    f"keeps no {kind} address", "unsupported_field", ("billing", "shipping", "other")
                )
        except CodecError as error:
            errors.append(FieldError(error.code, f"{at}/type", str(error), error.allowed))


def _blank() -> Native:
    return {row.paths[0]: "" for row in ADDRESS.rows if row.unified in FIELDS}


def _step(draft: Draft, value: Record, part: Native, at: str) -> Step:
    """Adds, changes or removes one further address."""
    id, deleted = value.get("id"), bool(value.get("_delete"))
    known = {str(each.get("address_id")) for each in (draft.current or {}).get("addresses") or []}
    if id is not None and id not in known:
        raise CodecError("the contact has no such address", "reference_not_found", tuple(sorted(known)))
    if id is None and deleted:
        raise CodecError("an address is removed by its id", "required")
    method = "DELETE" if deleted else "POST" if id is None else "PUT"
    label = {"DELETE": "remove", "POST": "add", "PUT": "change"}[method] + " a further address"

    def call(contact: str) -> Request:
        path = f"/contacts/{quote(contact, safe='{}')}/address" + (
            "" if id is None else f"/{quote(id, safe='')}"
        )
        return Request(method, path, body=None if deleted else part, step=label)

    return Step(label, at, call)
