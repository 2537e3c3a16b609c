"""Tax rates: /settings/taxes, and groups of them: /settings/taxgroups.

Groups are rows of the list of taxes, but are read and written at their own path and in their own words.
"""

from decimal import Decimal
from typing import Any

from connectors.kit.applied import not_applied
from connectors.kit.codec import BOOL, ENUM, ID, RATE, TEXT, flag
from connectors.kit.faults import Fault, FieldError, Kind, Rejected
from connectors.kit.http import Flow, Json, Request
from connectors.kit.mapping import (
    ALWAYS,
    CREATE,
    Native,
    Table,
    When,
    computed,
    field,
    many,
    names,
    ref,
    unmapped,
)
from connectors.kit.operations import Answer, Context, Record
from connectors.kit.paging import merged_query
from connectors.kit.resolving import Wanted, find
from connectors.kit.resource import Issues, Resource
from connectors.kit.writing import Write, write
from connectors.zoho_books.codecs import INSTANT
from connectors.zoho_books.lookups import TAXES
from unified_models.tax_rates import TaxComponent, TaxRate

tax = names(TaxRate)
component = names(TaxComponent)

GROUP = "tax_group"
COMPOUND = "compound_tax"
GROUPS = "/settings/taxgroups"


def _status(native: Native, ctx: Context) -> str:
    inactive = flag(native.get("is_inactive")) or str(native.get("status")).casefold() == "inactive"
    return "archived" if inactive else "active"


def _effective(native: Native, ctx: Context) -> Decimal | None:
    """Compound taxes of a group are charged on the amount with the others."""
    if native.get("tax_type") != GROUP:
        return RATE.read(native["tax_percentage"])
    parts = [each for each in native.get("taxes") or () if isinstance(each, dict)]
    if not parts:
        return None
    plain = sum((_percent(each) for each in parts if each.get("tax_type") != COMPOUND), Decimal(0))
    piled = (_percent(each) for each in parts if each.get("tax_type") == COMPOUND)
    return plain + sum((rate * (100 + plain) / 100 for rate in piled), Decimal(0))


def _percent(native: Native) -> Decimal:
    return RATE.read(native.get("tax_percentage") or 0) or Decimal(0)


COMPONENT = Table(
    TaxComponent,
    (
        field(component.id, "tax_id", ID, write=ALWAYS),
        field(component.name, "tax_name", TEXT, write=ALWAYS),
        field(component.rate, "tax_percentage", RATE, write=ALWAYS),
        computed(
            component.is_compound, lambda native, ctx: native.get("tax_type") == COMPOUND,
            uses=("tax_type",), write=ALWAYS, codec=BOOL,
        ),
    ),
)  # fmt: skip


TABLE = Table(
    TaxRate,
    (
        field(tax.id, "tax_id", ID),
        unmapped(tax.created_at, "does not tell when a tax was created"),
        field(tax.updated_at, "last_modified_time", INSTANT),
        field(tax.name, "tax_name", TEXT, write=ALWAYS),
        field(tax.total_tax_rate, "tax_percentage", RATE, write=ALWAYS),
        computed(
            tax.effective_tax_rate, _effective, uses=("tax_percentage", "taxes"), codec=RATE, detail_only=True
        ),
        unmapped(tax.code, "has no codes of taxes"),
        field(
            tax.type, "tax_type", ENUM({"tax": "tax", COMPOUND: "compound", GROUP: "group"}), write=CREATE
        ),
        many(tax.components, "taxes", COMPONENT, write=ALWAYS, complete=True, detail_only=True),
        unmapped(tax.applies_to, "offers every tax on sales and on purchases"),
        field(tax.authority, "tax_authority_name", TEXT, write=ALWAYS),
        field(tax.country, "country_code", TEXT, write=ALWAYS),
        ref(tax.account, "tax_account_id", name="output_tax_account_name"),
        field(tax.is_default, "is_default_tax", BOOL),
        computed(tax.status, _status, uses=("is_inactive", "status")),
        field(tax.remote_status, "status", TEXT),
        unmapped(tax.custom_fields, "has no custom fields on taxes"),
        unmapped(tax.tracking_categories, "puts reporting tags on transactions, not on taxes"),
    ),
)  # fmt: skip


def as_tax(group: Native) -> Native:
    """A group as the list of taxes would spell it, with its components."""
    told = {
        "tax_id": group.get("tax_group_id"),
        "tax_name": group.get("tax_group_name"),
        "tax_percentage": group.get("tax_group_percentage"),
        "tax_type": GROUP,
    }
    return {**group, **told}


class TaxRates(Resource):
    """Knows a tax from a group by where it answers: an id says nothing about it."""

    def complete(self, record: Record, native: Any, ctx: Context, issues: Issues, *, detail: bool) -> None:
        if not detail and native.get("tax_type") != GROUP:
            record["effective_tax_rate"] = record["total_tax_rate"]
            record["components"] = []
            record["is_partial"] = False

    def fetch(self, id: str, ctx: Context, step: str) -> Flow[Json]:
        path = self.at(id)
        try:
            reply = yield Request("GET", path, merged_query((), ctx), step=step)
        except Fault as fault:
            if fault.kind is not Kind.NOT_FOUND:
                raise
        else:
            found = reply.body.get(self.one) if isinstance(reply.body, dict) else None
            # The specification shows a list of one here.
            native = found[0] if isinstance(found, list) and found else found
            if not isinstance(native, dict):
                raise Fault(Kind.GARBLED, reply.status, message="the answer has no tax", raw=reply.body)
            if native.get("tax_type") != GROUP:
                return native
        reply = yield Request("GET", self._group(id), merged_query((), ctx), step="read the group's taxes")
        return self._unwrap_group(reply.body)

    def create(self, body: Record, ctx: Context) -> Flow[Answer]:
        if body.get("type") != "group":
            if body.get("components"):
                raise Rejected(FieldError("unsupported_field", "/components", "only a group has components"))
            return (yield from super().create({k: v for k, v in body.items() if k != "components"}, ctx))
        native = self._checked(body, When.CREATE, ctx)
        if not body.get("components"):
            raise Rejected(FieldError("required", "/components", "a group needs its taxes"))
        extra = body.get("remote_data") or {}
        sent = {**extra, **(yield from self._group_body(body, native))}
        reply = yield Request("POST", GROUPS, merged_query((), ctx), sent, step="create the tax group")
        return self._written(body, self._unwrap_group(reply.body), ctx, created=True)

    def update(self, id: str, body: Record, ctx: Context, *, replace_lines: bool = False) -> Flow[Answer]:
        native = self._checked(body, When.UPDATE, ctx)
        current = yield from self.fetch(id, ctx, "read the tax as it stands")
        is_group = current.get("tax_type") == GROUP
        if not body:
            answer = self.read(current, ctx)
            answer.outcome = "unchanged"
            return answer
        if not is_group and body.get("components"):
            raise Rejected(FieldError("unsupported_field", "/components", "only a group has components"))
        if is_group:
            sent = yield from self._group_body(body, native)
            # A group is written whole: what the caller leaves alone is sent as it stands.
            kept = ",".join(
                str(each["tax_id"]) for each in current.get("taxes") or () if isinstance(each, dict)
            )
            sent = {"tax_group_name": current.get("tax_name"), "taxes": kept, **sent}
        else:
            sent = {name: value for name, value in native.items() if name != "taxes"}
        path = self._group(id) if is_group else self.at(id)
        reply = yield Request("PUT", path, merged_query((), ctx), sent, step="change the tax")
        found = self._unwrap_group(reply.body) if is_group else self.unwrap(reply)
        return self._written(body, found, ctx, created=False)

    def delete(self, id: str, ctx: Context) -> Flow[str]:
        try:
            return (yield from super().delete(id, ctx))
        except Fault as fault:
            if fault.kind is not Kind.NOT_FOUND or fault.phase == "idle":
                raise
        yield Request("DELETE", self._group(id), merged_query((), ctx), step="delete the tax group")
        return id

    def _group(self, id: str) -> str:
        return f"{GROUPS}/{self.at(id).rpartition('/')[2]}"

    def _unwrap_group(self, body: Json) -> Native:
        found = body.get("tax_group") if isinstance(body, dict) else None
        if not isinstance(found, dict):
            raise Fault(Kind.GARBLED, message="the answer has no tax group", raw=body)
        return as_tax(found)

    def _checked(self, body: Record, when: When, ctx: Context) -> Native:
        task = Write(when, ctx)
        native = write(self.table, body, task)
        if task.errors:
            raise Rejected(*task.errors)
        return native

    def _group_body(self, body: Record, native: Native) -> Flow[Native]:
        """Groups have a name and taxes, listed as text. The rate follows; the answer is compared with it."""
        refused = [name for name in ("authority", "country") if body.get(name) is not None]
        if refused:
            detail = "a group has it from its taxes"
            raise Rejected(*(FieldError("unsupported_field", f"/{name}", detail) for name in refused))
        sent: Native = {"tax_group_name": native["tax_name"]} if "tax_name" in native else {}
        if body.get("components") is not None:
            ids: list[str] = []
            for place, each in enumerate(body["components"]):
                ids.append((yield from _component_id(each, f"/components/{place}")))
            sent["taxes"] = ",".join(ids)
        return sent

    def _written(self, body: Record, native: Native, ctx: Context, *, created: bool) -> Answer:
        answer = self.read(native, ctx)
        answer.outcome = "created" if created else "updated"
        answer.issues += not_applied(self.table, body, answer.record)
        return answer


def _component_id(element: Record, at: str) -> Flow[str]:
    if element.get("id"):
        return str(element["id"])
    if not element.get("name"):
        raise Rejected(FieldError("required", f"{at}/id", "a component needs its id or name"))
    found = yield from find(Wanted(at, TAXES, "name", element["name"]))
    if isinstance(found, FieldError):
        raise Rejected(found)
    return found


RESOURCE = TaxRates(
    name="tax_rates",
    path="/settings/taxes",
    one="tax",
    many="taxes",
    table=TABLE,
    ids=r"[0-9]{1,24}",
    own=TAXES,
    scopes={verb: f"ZohoBooks.settings.{verb.upper()}" for verb in ("create", "read", "update", "delete")},
    expansions={"components": "tax_rates"},
    unseen={"is_inactive": "observed live in rows of the list; the recorded list is empty"},
)
