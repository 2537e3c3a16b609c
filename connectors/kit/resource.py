"""A resource: where a provider keeps one kind of record, and the flows that read and write it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel

from connectors.kit.http import Flow, Json, Pairs, Reply
from connectors.kit.mapping import Table
from connectors.kit.operations import Answer, Context, Issue, ListQuery, Op, Page, Record
from connectors.kit.paging import Paging

Issues = list[Issue]

Method = Literal["list", "get", "create", "update", "delete"]

METHODS: frozenset[str] = frozenset({"list", "get", "create", "update", "delete"})


@dataclass(frozen=True, kw_only=True)
class Action:
    """One verb on a record: POST `path` (with {id}), then one read. `fields` is the model of its body.

    reaches_person  mail leaves the building
    allowed_from    unified statuses it starts from; empty: any
    body            (validated body, context) → native body
    """

    name: str
    doc: str
    path: str
    fields: type[BaseModel] | None = None
    reaches_person: bool = False
    allowed_from: frozenset[str] = frozenset()
    body: Callable[[Mapping[str, Any], Context], Json] | None = None
    method: str = "POST"


@dataclass(frozen=True, kw_only=True)
class Resource:
    """What the unified API calls. Every operation is a flow; odd ones are overridden in the connector's file.

    path, one, many   the collection's native path and the keys of its answers
    scopes            "read" | "create" | "update" | "delete" → the provider's scope
    list_query        pairs sent with every list call
    order             native sort column of an unsorted list: stable, so that pages do not drift
    default_status    status of a record created without one
    statuses          statuses a create body may carry → the action that leads there (None: nothing to do)
    expansions        expansion → the resource whose `get` fills it (its own name: the row's own `get`)
    """

    name: str
    path: str
    one: str
    many: str
    table: Table[Any]
    paging: Paging
    methods: frozenset[str] = METHODS
    actions: Mapping[str, Action] = field(default_factory=dict[str, Action])
    scopes: Mapping[str, str] = field(default_factory=dict[str, str])
    list_query: Pairs = ()
    order: str | None = None
    search: str | None = None
    default_status: str | None = None
    statuses: Mapping[str, str | None] = field(default_factory=dict[str, "str | None"])
    expansions: Mapping[str, str] = field(default_factory=dict[str, str])
    pdf: Callable[[str, Context], Flow[Reply]] | None = None

    @property
    def model(self) -> type[BaseModel]:
        raise NotImplementedError

    @property
    def filters(self) -> Mapping[str, frozenset[Op]]:
        """Filterable unified field (dotted) → its operators."""
        raise NotImplementedError

    @property
    def sorts(self) -> frozenset[str]:
        raise NotImplementedError

    def describe(self) -> dict[str, Any]:
        """Everything `/meta` and the documentation say about this resource, derived from its rows."""
        raise NotImplementedError

    def list(self, query: ListQuery, ctx: Context) -> Flow[Page]:
        raise NotImplementedError

    def get(self, id: str, ctx: Context) -> Flow[Answer]:
        raise NotImplementedError

    def create(self, body: Record, ctx: Context) -> Flow[Answer]:
        raise NotImplementedError

    def update(self, id: str, body: Record, ctx: Context, *, replace_lines: bool = False) -> Flow[Answer]:
        raise NotImplementedError

    def delete(self, id: str, ctx: Context) -> Flow[str]:
        raise NotImplementedError

    def act(self, action: str, id: str, body: Record, ctx: Context) -> Flow[Answer]:
        raise NotImplementedError

    def complete(self, record: Record, native: Json, ctx: Context, issues: Issues) -> None:
        """Finishes a complete record after its rows were read (totals, identities)."""
