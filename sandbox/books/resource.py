"""The resource kit: a table of columns, readers and messages becomes the routes of a resource."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from . import customfields
from .call import Answer, Call, Refused, Row, done, invalid, missing
from .fields import Reader, read_all
from .ledger import Ledger
from .listing import Listing
from .projection import Columns

Handle = Callable[[Ledger, Call, tuple[str, ...]], Answer]
Prepare = Callable[[Ledger, Row, Row, Call, bool], None]
Check = Callable[[Ledger, Row], None]
Stored = Callable[[Ledger, Row, Row | None], None]


@dataclass(frozen=True, slots=True)
class Route:
    """`pattern` has "{}" for ids; `scope` is "<area>.<CREATE|READ|UPDATE|DELETE>"."""

    method: str
    pattern: str
    scope: str
    handle: Handle


@dataclass(frozen=True, slots=True)
class Messages:
    unknown: str
    created: str = "success"
    updated: str = "success"
    deleted: str = "success"
    active: str = ""
    inactive: str = ""


def nothing(ledger: Ledger, record: Row) -> None:
    """No check."""


@dataclass(frozen=True)
class Resource:
    """A record type with list, create, get, partial update and delete.

    `prepare(ledger, record, body, call, is_new)` runs after the readers have put the body's fields into
    `record` and before it is stored; it raises Refused. `stored(ledger, record, before)` runs afterwards and
    lets other records follow; `before` is None for new ones. `blocks_delete` raises where deletion is refused.
    `entity` names it for custom fields. `unique` are stored fields no two records share (case ignored), with
    the error of a duplicate. `location` is the path of the Location header when it differs.
    """

    path: str
    table: str
    item_key: str
    area: str
    listing: Listing
    detail: Columns
    readers: Mapping[str, Reader]
    messages: Messages
    required: tuple[str, ...] = ()
    defaults: Mapping[str, object] = field(default_factory=dict[str, object])
    prepare: Prepare = lambda ledger, record, body, call, is_new: None
    stored: Stored = lambda ledger, record, before: None
    blocks_delete: Check = nothing
    removed: Check = nothing
    entity: str = ""
    unique: Mapping[str, tuple[int, str]] = field(default_factory=dict[str, tuple[int, str]])
    location: str = ""
    created: Columns | None = None
    has_tags: bool = False
    upserts: bool = False
    extra: tuple[Route, ...] = ()

    def routes(self) -> tuple[Route, ...]:
        area, one = self.area, f"{self.path}/{{}}"
        found = [
            Route("GET", self.path, f"{area}.READ", self.list),
            Route("POST", self.path, f"{area}.CREATE", self.create),
            Route("GET", one, f"{area}.READ", self.get),
            Route("PUT", one, f"{area}.UPDATE", self.update),
            Route("DELETE", one, f"{area}.DELETE", self.delete),
        ]
        if self.messages.active:
            found.append(Route("POST", f"{one}/active", f"{area}.CREATE", self._mark("active")))
            found.append(Route("POST", f"{one}/inactive", f"{area}.CREATE", self._mark("inactive")))
        if self.upserts:
            found.append(Route("PUT", self.path, f"{area}.UPDATE", self.upsert))
        taken = {(route.method, route.pattern) for route in self.extra}
        return (*(route for route in found if (route.method, route.pattern) not in taken), *self.extra)

    def find(self, ledger: Ledger, record_id: str) -> Row:
        return ledger.must(self.table, record_id, self.messages.unknown)

    def show(self, ledger: Ledger, record: Row, message: str = "success") -> Answer:
        return done(message, **{self.item_key: self.detail.show(ledger, record)})

    def list(self, ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
        return self.listing.answer(ledger, call)

    def get(self, ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
        return self.show(ledger, self.find(ledger, ids[0]))

    def create(self, ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
        record = self.add(ledger, body_of(call), call)
        columns = self.created or self.detail
        answer = done(self.messages.created, **{self.item_key: columns.show(ledger, record)})
        answer.status = 201
        key = ledger.tables[self.table].key
        answer.headers["Location"] = f"/api/v3{self.location or self.path}/{record[key]}"
        return answer

    def add(self, ledger: Ledger, body: Row, call: Call) -> Row:
        """Makes and stores a record from a body."""
        for name in self.required:
            if body.get(name) in (None, "", []):
                raise missing(name)
        table = ledger.tables[self.table]
        now = ledger.now()
        record: Row = {
            table.key: "",
            **self.defaults,
            **read_all(ledger, body, self.readers),
            "created_time": now,
            "last_modified_time": now,
            "created_by_id": ledger.user["user_id"],
            "created_by": ledger.user["name"],
        }
        self._complete(ledger, record, body, call, None)
        table.put(record)
        self.stored(ledger, record, None)
        return record

    def update(self, ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
        record = self.change(ledger, self.find(ledger, ids[0]), body_of(call), call)
        return self.show(ledger, record, self.messages.updated)

    def change(self, ledger: Ledger, record: Row, body: Row, call: Call) -> Row:
        """Applies a partial body; nothing is stored when any of it is refused."""
        for name in self.required:
            if name in body and body[name] in (None, "", []):
                raise missing(name)
        draft = {**record, **read_all(ledger, body, self.readers)}
        draft["last_modified_time"] = ledger.now()
        draft["last_modified_by_id"] = ledger.user["user_id"]
        self._complete(ledger, draft, body, call, record)
        table, before = ledger.tables[self.table], dict(record)
        table.unlink(record)
        record.update(draft)
        table.put(record)
        self.stored(ledger, record, before)
        return record

    def delete(self, ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
        record = self.find(ledger, ids[0])
        self.drop(ledger, record)
        return done(self.messages.deleted)

    def drop(self, ledger: Ledger, record: Row) -> None:
        self.blocks_delete(ledger, record)
        ledger.tables[self.table].remove(record)
        self.removed(ledger, record)

    def upsert(self, ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
        """PUT on the collection: the record whose unique custom field has the value of the headers."""
        key = call.headers.get("x-unique-identifier-key", "")
        value = call.headers.get("x-unique-identifier-value", "")
        if not key or not value:
            raise missing("X-Unique-Identifier-Key" if not key else "X-Unique-Identifier-Value")
        field = customfields.unique_field(ledger, self.entity, key)
        body = body_of(call)
        record = customfields.find(ledger, self.table, field["api_name"], value)
        if record is not None:
            return self.show(ledger, self.change(ledger, record, body, call), self.messages.updated)
        if call.headers.get("x-upsert", "").lower() != "true":
            raise Refused(1002, self.messages.unknown, 404)
        entries = [
            entry
            for entry in body.get("custom_fields") or []
            if str(entry.get("api_name")) != field["api_name"]
        ]
        entries.append({"api_name": field["api_name"], "value": value})
        record = self.add(ledger, {**body, "custom_fields": entries}, call)
        return self.show(ledger, record, self.messages.created)

    def set_custom_fields(self, ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
        """PUT /<singular>/{id}/customfields with a bare array."""
        record = self.find(ledger, ids[0])
        if not isinstance(call.body, list):
            raise invalid("custom_fields")
        record["custom"] = customfields.merged(ledger, self.entity, self.table, record, call.body)
        record["last_modified_time"] = ledger.now()
        ledger.tables[self.table].changed(record)
        return done("Custom Fields Updated Successfully")

    def _complete(self, ledger: Ledger, record: Row, body: Row, call: Call, before: Row | None) -> None:
        table = ledger.tables[self.table]
        for name, (code, message) in self.unique.items():
            value = str(record.get(name, "")).casefold()
            if value and (before is None or str(before.get(name, "")).casefold() != value):
                for other in table.all():
                    if other is not before and str(other.get(name, "")).casefold() == value:
                        raise Refused(code, message.format(record[name]))
        if self.entity and "custom_fields" in body:
            stored = record if before is None else before
            record["custom"] = customfields.merged(
                ledger, self.entity, self.table, stored, body["custom_fields"]
            )
        if self.has_tags and "tags" in body:
            record["tags"] = customfields.read_tags(ledger, body["tags"])
        self.prepare(ledger, record, body, call, before is None)
        if before is None and not record[table.key]:
            record[table.key] = ledger.ids.take()

    def _mark(self, status: str) -> Handle:
        def handle(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
            record = self.find(ledger, ids[0])
            record["status"] = status
            record["last_modified_time"] = ledger.now()
            ledger.tables[self.table].changed(record)
            return done(self.messages.active if status == "active" else self.messages.inactive)

        return handle


def body_of(call: Call) -> Row:
    """The JSON object of a write; code 1038 for what is no JSON, code 2 for another kind of value."""
    if call.malformed:
        raise Refused(1038, "JSON is not well formed")
    if call.body is None:
        raise invalid("JSONString")
    if not isinstance(call.body, dict):
        raise Refused(1038, "JSON is not well formed")
    return call.body


def id_list(call: Call, name: str) -> list[str]:
    """A comma list of ids from the query."""
    found = [part.strip() for part in call.get(name).split(",") if part.strip()]
    if not found:
        raise missing(name)
    return found
