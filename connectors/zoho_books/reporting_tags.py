"""Reporting tags: /reportingtags, each with a tree of options.

There is no call for one tag: it is found in the list, which knows no options; those are a call of their own.
"""

from typing import Any

from connectors.kit.actions import masters
from connectors.kit.applied import not_applied
from connectors.kit.codec import BOOL, ID, TEXT, CodecError, flag
from connectors.kit.faults import Fault, FieldError, Kind, Rejected
from connectors.kit.flows import Draft, Step
from connectors.kit.http import Flow, Json, Reply, Request
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
    unmapped,
)
from connectors.kit.operations import Answer, Context, Record
from connectors.kit.paging import Paging, merged_query, rows_of
from connectors.kit.resource import Resource
from connectors.kit.writing import Write, write
from connectors.zoho_books.lookups import TAGS
from connectors.zoho_books.tag_options import options_of, tree
from unified_models.tracking_categories import TrackingCategory, TrackingOption

category = names(TrackingCategory)
option = names(TrackingOption)

NEW: Native = {
    "entities": [
        {"entity_name": name, "is_enabled": True} for name in ("customers", "vendors", "items", "banking")
    ],
    "multi_preference_entities": {
        "preference": "line_item",
        "entities": [{"entity_name": name, "is_enabled": True} for name in ("Sales", "Purchases", "Journal")],
    },
}
"""Where a new tag may be chosen: everywhere. Zoho wants to be told."""


def _status(native: Native, ctx: Context) -> str:
    return "archived" if flag(native.get("is_active")) is False else "active"


def _remote_status(native: Native, ctx: Context) -> str | None:
    active = flag(native.get("is_active"))
    return None if active is None else "active" if active else "inactive"


def _put_status(value: str, native: Native, ctx: Context) -> None:
    if value not in ("active", "archived"):
        raise CodecError("an option is active or archived", "enum_value", ("active", "archived"))
    native["is_active"] = value == "active"


def _parent(native: Native, ctx: Context) -> Record | None:
    if not native.get("parent_id"):
        return None
    return {"id": str(native["parent_id"]), "name": native.get("parent_name") or None}


def _put_parent(value: Any, native: Native, ctx: Context) -> None:
    native["parent_id"], native["parent_name"] = value.get("id") or "", value.get("name") or ""


OPTION = Table(
    TrackingOption,
    (
        field(option.id, "option_id", ID, write=ALWAYS),
        field(option.name, "option_name", TEXT, write=ALWAYS),
        computed(option.status, _status, uses=("is_active",), put=_put_status, write=ALWAYS),
        computed(
            option.parent, _parent, uses=("parent_id", "parent_name"), put=_put_parent,
            clear={"parent_id": "", "parent_name": ""}, write=ALWAYS,
        ),
    ),
    kept=("is_default",),
)  # fmt: skip

TABLE = Table(
    TrackingCategory,
    (
        field(category.id, "tag_id", ID),
        unmapped(category.created_at, "does not tell when a tag was created"),
        unmapped(category.updated_at, "does not tell when a tag was changed"),
        field(category.name, "tag_name", TEXT, write=ALWAYS),
        computed(category.category_type, lambda native, ctx: "tag", write=CREATE),
        field(category.is_required, "is_mandatory", BOOL, write=ALWAYS),
        many(category.options, "options", OPTION, write=ALWAYS, detail_only=True),
        unmapped(category.parent_category, "keeps tags side by side; their options have parents"),
        computed(category.status, _status, uses=("is_active",)),
        computed(category.remote_status, _remote_status, uses=("is_active",)),
        unmapped(category.custom_fields, "has no custom fields on tags"),
        unmapped(category.tracking_categories, "puts tags on transactions, not on tags"),
    ),
)


class Tags(Resource):
    """Options are written whole, in a call after the one for the tag itself."""

    def fetch(self, id: str, ctx: Context, step: str) -> Flow[Json]:
        self.at(id)
        reply = yield Request("GET", self.path, merged_query((), ctx), step=step)
        found = next((row for row in rows_of(reply.body, self.many) if str(row.get("tag_id")) == id), None)
        if found is None:
            raise Fault(Kind.NOT_FOUND, message="no such tag", phase="idle")
        return {**found, "options": (yield from options_of(id))}

    def needs_current(self, body: Record, *, replace_lines: bool) -> bool:
        return True

    def made(self, reply: Reply, draft: Draft) -> Flow[Json]:
        """Answers to writes tell no options: those that stand."""
        found = yield from super().made(reply, draft)
        return {**found, "options": found.get("options") or (draft.current or {}).get("options") or []}

    def prepare(self, draft: Draft) -> Flow[None]:
        options = draft.native.pop("options", None)
        if draft.when is When.CREATE:
            extra = draft.body.get("remote_data") or {}
            draft.native.update({name: value for name, value in NEW.items() if name not in extra})
        if options:
            whole = tree(options)
            draft.steps.append(Step("write the options", "/options", lambda id: self._options(id, whole)))
        return
        yield

    def update(self, id: str, body: Record, ctx: Context, *, replace_lines: bool = False) -> Flow[Answer]:
        if body.keys() != {"options"}:
            return (yield from super().update(id, body, ctx, replace_lines=replace_lines))
        current = yield from self.fetch(id, ctx, "read the tag as it stands")
        task = Write(When.UPDATE, ctx, current)
        options = write(self.table, body, task)["options"]
        if task.errors:
            raise Rejected(*task.errors)
        if not options:
            raise Rejected(FieldError("required", "/options", "a tag needs at least one option"))
        yield self._options(id, tree(options))
        answer = yield from self.get(id, ctx)
        answer.outcome = "updated"
        answer.issues += not_applied(self.table, body, answer.record)
        return answer

    def _options(self, id: str, options: list[Native]) -> Request:
        return Request("PUT", f"{self.path}/{id}/options", (), {"options": options}, step="write the options")

    def describe(self) -> dict[str, Any]:
        told = super().describe()
        calls = {name: cost + 1 for name, cost in told["calls"].items() if name in ("get", *self.actions)}
        return {**told, "calls": {**told["calls"], **calls, "update": 3}}


RESOURCE = Tags(
    name="tracking_categories",
    path="/reportingtags",
    one="tag",
    many="reporting_tags",
    table=TABLE,
    paging=Paging(whole=True),
    ids=r"[0-9]{1,24}",
    actions=masters("/reportingtags"),
    own=TAGS,
    repeats=("tag_name",),
    scopes={verb: f"ZohoBooks.settings.{verb.upper()}" for verb in ("create", "read", "update", "delete")},
    expansions={"options": "tracking_categories"},
)
