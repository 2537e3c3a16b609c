"""A resource: where a provider keeps one kind of record, and the flows that read and write it."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import quote

from pydantic import BaseModel

from connectors.kit import flows, listing
from connectors.kit.actions import Action as Action
from connectors.kit.compiling import compile_reader
from connectors.kit.describe import describe
from connectors.kit.faults import Fault, FieldError, Kind
from connectors.kit.filters import filterable
from connectors.kit.flows import Draft
from connectors.kit.http import Flow, Json, Mended, Pairs, Reply, Request
from connectors.kit.mapping import Computed, Nested, Table, Unmapped
from connectors.kit.operations import Answer, Context, Issue, ListQuery, Op, Page, Record
from connectors.kit.paging import Paging, merged_query, one_of
from connectors.kit.reading import FAULTS, Reader, absent, is_untold
from connectors.kit.references import Lookup

Issues = list[Issue]
Records = list[Record]

METHODS: frozenset[str] = frozenset({"list", "get", "create", "update", "delete"})

LISTS = ("allocations", "refunds", "matches", "ledger-lines")

GATEWAY_FIELDS: frozenset[str] = frozenset(
    {"remote_id", "company", "url", "etag", "is_partial", "remote_data"}
)
"""Fields of every record that no row maps: they are filled here or by the gateway."""


@dataclass(frozen=True, kw_only=True)
class Resource:
    """What the unified API calls. Every operation is a flow; odd ones are overridden in the connector's file.

    path, one, many   the collection's native path and the keys of its answers
    ids               pattern of its ids; anything else is not found without a call
    also_named        a record has more than one id
    scopes            "read" | "create" | "update" | "delete" → the provider's scope
    list_query        pairs sent with every list call, unless a filter sets the same parameter
    order             native sort column of an unsorted list: stable, so that pages do not drift
    search            parameter of the free text search
    page_link         below the provider's web address: where a person sees the record
    own               its own collection by the fields that are unique in it: names the record in a duplicate's way
    statuses          statuses a create body may carry → the action that leads there (None: it is born so)
    default_status    status of a record created without one
    expansions        expansion → the resource whose `get` fills it (its own name: the row's own `get`)
    by, sides         of a resource that joins collections: the field that says which, and its words → resources
    removable         those of `lists` whose elements can be deleted one by one
    definitions       which custom fields the company defined: {id, api_name, label, type, is_required, options}
    ledger            the lines of one record in the general ledger, as lines of a journal entry
    repeats           native keys a change repeats as they stand where it does not set them: the provider asks for them
    unseen            native path no recording and no published specification knows → why it is mapped
    """

    name: str
    path: str
    one: str
    many: str
    table: Table[Any]
    paging: Paging = Paging()  # noqa: RUF009 — frozen
    ids: str = r"[A-Za-z0-9_-]{1,64}"
    also_named: bool = False
    methods: frozenset[str] = METHODS
    actions: Mapping[str, Action] = field(default_factory=dict[str, Action])
    scopes: Mapping[str, str] = field(default_factory=dict[str, str])
    list_query: Pairs = ()
    order: str | None = None
    search: str | None = None
    page_link: str | None = None
    own: Lookup | None = None
    statuses: Mapping[str, str | None] = field(default_factory=dict[str, "str | None"])
    default_status: str | None = None
    expansions: Mapping[str, str] = field(default_factory=dict[str, str])
    unseen: Mapping[str, str] = field(default_factory=dict[str, str])
    repeats: tuple[str, ...] = ()
    by: str | None = None
    sides: "Mapping[str, Resource]" = field(default_factory=dict[str, "Resource"])
    removable: frozenset[str] = frozenset()
    pdf: Callable[[str, Context], Flow[Reply]] | None = None
    definitions: Callable[[Context], Flow[Records]] | None = None
    ledger: Callable[[str, Context], Flow[Records]] | None = None

    # What is joined

    @cached_property
    def parts(self) -> "tuple[Resource, ...]":
        """The resources that have tables of their own: its sides, or itself."""
        return tuple(self.sides.values()) or (self,)

    def on(self, side: str | None) -> "Resource":
        """Itself, or the side that was named."""
        return self if side is None else self.sides.get(side, self)

    def part_at(self, path: str) -> "Resource":
        """The part that has its collection there."""
        return next((part for part in self.parts if part.path == path), self)

    @property
    def plain_sides(self) -> tuple[str, ...]:
        """The words of the sides a list goes through that names none."""
        return tuple(self.sides)

    def narrowed(self, side: str | None) -> "Resource":
        """As lists of one side know it; without sides, itself."""
        return self

    # What follows from the rows

    @property
    def model(self) -> type[BaseModel]:
        return self.table.model

    @cached_property
    def filters(self) -> Mapping[str, frozenset[Op]]:
        """Filterable unified field (dotted) → its operators."""
        return {name: frozenset(entry.params) for name, entry in filterable(self.table).items()}

    @cached_property
    def columns(self) -> Mapping[str, str]:
        """Sortable unified field → native column."""
        return {row.unified: row.sort for row in self.table.rows if row.sort is not None}

    @property
    def sorts(self) -> frozenset[str]:
        return frozenset(self.columns)

    @cached_property
    def absent(self) -> tuple[str, ...]:
        """Fields list rows lack."""
        return absent(self.table)

    @cached_property
    def untold(self) -> tuple[str, ...]:
        """Fields a list row may or may not tell."""
        return tuple(row.unified for row in self.table.rows if is_untold(row, detail=False))

    @cached_property
    def apart(self) -> frozenset[str]:
        """Lists inside a record that neither it nor its list rows tell."""
        return frozenset(row.unified for row in self.table.rows if row.detail_only and row.list_only)

    @cached_property
    def costs(self) -> Mapping[str, int]:
        """Provider calls of each method, action and list inside."""
        return self.describe()["calls"]

    @cached_property
    def id_key(self) -> str:
        return self.table.by_name["id"].paths[0]

    @cached_property
    def _readers(self) -> tuple[Reader, Reader]:
        return compile_reader(self.table, detail=False), compile_reader(self.table, detail=True)

    def describe(self) -> dict[str, Any]:
        """Everything `/meta` and the documentation say about this resource, derived from its rows."""
        return describe(self)

    # Reading

    def read(self, native: Json, ctx: Context, *, detail: bool = True) -> Answer:
        """One native object as an answer. Raises Fault(GARBLED) when it is none or has no readable id."""
        if not isinstance(native, dict):
            raise Fault(Kind.GARBLED, message=f"the answer has no {self.one!r}")
        issues: Issues = []
        record = self._readers[detail](native, ctx, issues, "")
        id = record["id"]
        if id is None:
            raise Fault(Kind.GARBLED, message=f"a record of {self.path} has no readable id")
        record["remote_id"] = id
        record["company"] = {"id": ctx.organization_id, "name": ctx.organization_name}
        record["url"] = self.link(id, ctx)
        record["is_partial"] = not detail and bool(self.absent)
        try:
            self.complete(record, native, ctx, issues, detail=detail)
        except FAULTS:
            issues.append(Issue("unreadable", "", "what several values say together makes no sense"))
        if isinstance(native, Mended):
            issues += [self._gap(path, stood) for path, stood in native.gaps]
        return Answer(record, native, issues)

    def _gap(self, path: str, stood: str) -> Issue:
        """What was lost of a value the provider spelled in a way that is no JSON."""
        rows = [row for row in self.table.rows if {path, path.partition(".")[0]} & set(row.paths)]
        plainest = min(rows, key=lambda row: (path not in row.paths, len(row.paths)), default=None)
        at = f"/{plainest.unified}" if plainest is not None else ""
        return Issue("unreadable", at, f"the provider sent {stood}", native_path=path)

    def link(self, id: str, ctx: Context) -> str | None:
        """Where a person sees the record at the provider."""
        if self.page_link is None or not ctx.web:
            return None
        id = id if id.isalnum() else quote(id, safe="")
        return ctx.web + self.page_link.format(id=id, organization=ctx.organization_id)

    def complete(self, record: Record, native: Any, ctx: Context, issues: Issues, *, detail: bool) -> None:
        """Finishes a record after its rows were read: what needs several of them. Override; may add issues."""

    def at(self, id: str) -> str:
        """The native path of one record. Raises Fault(NOT_FOUND), before any call, for what is no id."""
        if not re.fullmatch(self.ids, id):
            raise Fault(Kind.NOT_FOUND, message="no such record", phase="idle")
        return f"{self.path}/{quote(id, safe='')}"

    def list(self, query: ListQuery, ctx: Context) -> Flow[Page]:
        return (yield from listing.run(self, query, ctx))

    def get(self, id: str, ctx: Context) -> Flow[Answer]:
        native = yield from self.fetch(id, ctx, f"read the {self.noun}")
        return self.read(native, ctx)

    @cached_property
    def lists(self) -> frozenset[str]:
        """The lists inside a record that are also answered by themselves."""
        rows = (self.table.by_name.get(name) for name in LISTS)
        told = {row.unified for row in rows if row is not None and not isinstance(row, Unmapped)}
        return frozenset(told | {"ledger-lines"} if self.ledger is not None else told)

    def inside(self, name: str, id: str, ctx: Context) -> Flow[Records]:
        """One of `lists` of one record. Override where the record itself does not tell it."""
        if name == "ledger-lines" and self.ledger is not None:
            return (yield from self.ledger(id, ctx))
        return (yield from self.get(id, ctx)).record.get(name) or []

    def remove(self, name: str, id: str, element: str, ctx: Context) -> Flow[str]:
        """Deletes one element of one of `removable`, found below the record under the list's name."""
        if not re.fullmatch(self.ids, element):
            raise Fault(Kind.NOT_FOUND, message="no such element", phase="idle")
        path = f"{self.at(id)}/{name}/{quote(element, safe='')}"
        yield Request("DELETE", path, merged_query((), ctx), step=f"delete one of the {name}")
        return element

    def fetch(self, id: str, ctx: Context, step: str) -> Flow[Json]:
        """The native object of one record, which has the id it was asked for."""
        path = self.at(id)
        reply = yield Request("GET", path, merged_query((), ctx), step=step)
        found = self.unwrap(reply)
        return found if found.get(self.id_key) else {**found, self.id_key: path.rpartition("/")[2]}

    def unwrap(self, reply: Reply) -> Json:
        """The object of an answer about one record, under whatever name. Raises Fault(GARBLED) without one."""
        found = one_of(reply.body, self.one, self.id_key)
        if found is None:
            raise Fault(Kind.GARBLED, reply.status, message=f"the answer has no {self.one!r}", raw=reply.body)
        return found

    def made(self, reply: Reply, draft: Draft) -> Flow[Json]:
        """The object a create or a change was answered with. Override where the answer does not hold it."""
        return self.unwrap(reply)
        yield

    def wrapped(self, native: Json) -> Json:
        """An answer about one record: what `unwrap` takes apart."""
        return {self.one: native}

    @property
    def noun(self) -> str:
        """What a person calls one of it."""
        return self.one.replace("_", " ")

    # Writing

    def create(self, body: Record, ctx: Context) -> Flow[Answer]:
        return (yield from flows.create(self, body, ctx))

    def update(self, id: str, body: Record, ctx: Context, *, replace_lines: bool = False) -> Flow[Answer]:
        return (yield from flows.update(self, id, body, ctx, replace_lines=replace_lines))

    def delete(self, id: str, ctx: Context) -> Flow[str]:
        yield Request("DELETE", self.at(id), merged_query((), ctx), step=f"delete the {self.noun}")
        return id

    def act(self, action: str, id: str, body: Record, ctx: Context) -> Flow[Answer]:
        return (yield from flows.act(self, self.actions[action], id, body, ctx))

    def needs_current(self, body: Record, *, replace_lines: bool) -> bool:
        """Whether a change can only be written knowing the record as it stands: arrays that merge (rule 3)."""
        for name in body:
            row = self.table.by_name.get(name)
            if isinstance(row, Nested) and row.is_list and not (row.complete and replace_lines):
                return True
            if isinstance(row, Computed) and row.settle is not None:
                return True
        return False

    @property
    def reckons(self) -> bool:
        """Whether `prepare` reckons what a record comes to, when that is asked for. Override."""
        return False

    def lacking(self, body: Record) -> Sequence[FieldError]:
        """What this provider needs of a new record beyond what every provider does. Override."""
        return ()

    def prepare(self, draft: Draft) -> Flow[None]:
        """Last touch on a native body before it is sent, as a flow. Override; may raise Rejected."""
        return
        yield
