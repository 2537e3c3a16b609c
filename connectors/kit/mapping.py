"""The rows of a mapping: one typed line says where a unified field lives, how it is spelled, what it allows.

    invoice = names(Invoice)
    Table(Invoice, (
        field(invoice.number,   "invoice_number", TEXT, write=ALWAYS, filters={Op.EQ: "invoice_number"}),
        ref(invoice.contact,    "customer_id", name="customer_name", to=CONTACTS, write=ALWAYS),
        many(invoice.line_items, "line_items", LINE, write=ALWAYS, detail_only=True),
        computed(invoice.is_overdue, overdue, uses=("status", "due_date", "balance")),
        unmapped(invoice.memo,  "has no internal note"),
    ))

Native paths are dotted ("billing_address.zip"); "" is the native object itself.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as _member
from enum import Flag
from functools import cached_property
from typing import Any, Generic, TypeAlias, TypeVar, cast

from pydantic import BaseModel

from connectors.kit.codec import TEXT, Codec
from connectors.kit.http import Flow
from connectors.kit.narrowing import BESIDE as BESIDE
from connectors.kit.narrowing import SCANNED as SCANNED
from connectors.kit.narrowing import Beside as Beside
from connectors.kit.narrowing import Days as Days
from connectors.kit.narrowing import Filters, Param
from connectors.kit.narrowing import Newest as Newest
from connectors.kit.narrowing import Scanned as Scanned
from connectors.kit.narrowing import Searched as Searched
from connectors.kit.narrowing import Words as Words
from connectors.kit.operations import Context, Op
from connectors.kit.references import Lookup
from unified_models.references import Ref

Native: TypeAlias = dict[str, Any]

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)


class When(Flag):
    """In which writes a caller may set a field."""

    NEVER = 0
    CREATE = 1
    UPDATE = 2
    ALWAYS = 3


NEVER, CREATE, UPDATE, ALWAYS = When.NEVER, When.CREATE, When.UPDATE, When.ALWAYS


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What every row has. `below` holds filters on a member of the field ("id" → {EQ: "customer_id"}).

    detail_only: list rows lack it, so it is absent there. list_only: single records lack it.
    """

    unified: str
    write: When = NEVER
    filters: Filters = _member(default_factory=dict[Op, Param])
    below: Mapping[str, Filters] = _member(default_factory=dict[str, Filters])
    sort: str | None = None
    detail_only: bool = False
    list_only: bool = False
    codec: Codec[Any] = TEXT

    @property
    def paths(self) -> tuple[str, ...]:
        """The native paths this row reads."""
        return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Field(Row):
    """A plain value. `writes` is the path written when it differs from the one read."""

    native: str
    list_native: str | None = None
    writes: str | None = None

    @property
    def paths(self) -> tuple[str, ...]:
        return (self.native,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Nested(Row):
    """A record inside the record, or a list of them. `key` names what its elements are told apart by.

    complete: a written list is the whole new list (rule 3); otherwise it is merged by key.
    stands: it is an object also when all of it is blank.
    """

    native: str
    table: "Table[Any]"
    is_list: bool
    key: tuple[str, ...] = ("id",)
    complete: bool = False
    stands: bool = False
    list_native: str | None = None

    @property
    def paths(self) -> tuple[str, ...]:
        return (self.native,) if self.native else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference(Row):
    """Another record of the same company, read as {id, name}; written by id after `to` resolved it.

    nameable: the provider sometimes tells the name alone.
    """

    native: str
    name: str | None = None
    nameable: bool = False
    to: Lookup | None = None
    list_native: str | None = None
    writes: str | None = None

    @property
    def paths(self) -> tuple[str, ...]:
        return (self.native,) if self.name is None else (self.native, self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Coded(Row):
    """A word of ours for a record of theirs (a currency's ISO code): read as text, written as an id."""

    native: str
    writes: str
    to: Lookup
    key: str

    @property
    def paths(self) -> tuple[str, ...]:
        return (self.native,)


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a value of a body stands: its pointer, the native object it will be part of as that stands now.

    `known` is shared by all values of one body, for what was looked up already.
    """

    at: str
    current: Native | None
    known: dict[Any, Any]


@dataclass(frozen=True, slots=True)
class Plain(Generic[T]):
    """How a computed row reads a value that only its writing makes computed: at one native key, by a codec."""

    native: str
    codec: Codec[T]

    def __call__(self, native: Native, ctx: Context) -> T | None:
        value = native.get(self.native)
        return None if value is None or value == "" else self.codec.read(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Computed(Row):
    """A function of native fields. `put` writes it; without one a writable field is written by the flow.

    `list_read` reads list rows where those are shaped otherwise. `key` tells elements of a merged list apart.
    `clear` is what null writes; without one only a list can be cleared, unless `put` takes null itself. `settle`
    turns what a caller wrote into what `put` needs, by calls: it finds what is named, and merges a list with the
    one that stands. `put` is tried before that too, to see what is refused. `needs` are native keys at the top;
    where all of them are blank, so is what `read` gives, and it need not be asked.
    """

    read: Callable[[Native, Context], Any]
    list_read: Callable[[Native, Context], Any] | None = None
    key: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()
    put: Callable[[Any, Native, Context], None] | None = None
    clear: Native | None = None
    takes_null: bool = False
    settle: Callable[[Any, Spot], Flow[Any]] | None = None
    needs: tuple[str, ...] = ()

    @property
    def paths(self) -> tuple[str, ...]:
        return self.uses


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmapped(Row):
    """The provider has no place for it. `why` completes the sentence "Zoho Books …"."""

    why: str


@dataclass(frozen=True)
class Table(Generic[M]):
    """All rows of one model. `null` is what clears a native value.

    kept: native members no row writes, which an element of a list, written again, takes along.
    """

    model: type[M]
    rows: tuple[Row, ...]
    null: Any = ""
    kept: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        names_seen = [row.unified for row in self.rows]
        twice = {name for name in names_seen if names_seen.count(name) > 1}
        unknown = set(names_seen) - set(self.model.model_fields)
        if twice or unknown:
            raise TypeError(f"{self.model.__name__}: mapped twice {sorted(twice)}, unknown {sorted(unknown)}")

    @cached_property
    def by_name(self) -> Mapping[str, Row]:
        return {row.unified: row for row in self.rows}

    @cached_property
    def missing(self) -> tuple[str, ...]:
        """Model fields no row speaks of."""
        return tuple(name for name in self.model.model_fields if name not in self.by_name)


class _Names:
    def __init__(self, model: type[BaseModel]) -> None:
        self._model = model

    def __getattr__(self, name: str) -> str:
        if name not in self._model.model_fields:
            raise AttributeError(f"{self._model.__name__} has no field {name!r}")
        return name


def names(model: type[M]) -> M:
    """The model's field names as attributes; to a type checker it is a record of the model."""
    return cast("M", _Names(model))


def _name(unified: object) -> str:
    assert isinstance(unified, str), f"{unified!r} does not come from names(...)"
    return unified


def field(
    unified: T | None,
    native: str,
    codec: Codec[T],
    *,
    write: When = NEVER,
    writes: str | None = None,
    filters: Filters | None = None,
    sort: str | None = None,
    detail_only: bool = False,
    list_only: bool = False,
    list_native: str | None = None,
) -> Row:
    """A plain value at one native path."""
    return Field(
        unified=_name(unified), native=native, codec=codec, write=write, writes=writes, filters=filters or {},
        sort=sort, detail_only=detail_only, list_only=list_only, list_native=list_native,
    )  # fmt: skip


def one(
    unified: M | None,
    native: str,
    table: Table[M],
    *,
    write: When = NEVER,
    detail_only: bool = False,
    list_native: str | None = None,
) -> Row:
    """A record inside the record; null when all of it is blank."""
    return Nested(
        unified=_name(unified), native=native, table=table, is_list=False, write=write,
        detail_only=detail_only, list_native=list_native,
    )  # fmt: skip


def many(
    unified: Sequence[M] | None,
    native: str,
    table: Table[M],
    *,
    write: When = NEVER,
    key: tuple[str, ...] = ("id",),
    complete: bool = False,
    detail_only: bool = False,
    list_native: str | None = None,
) -> Row:
    """A list of records inside the record. Blank reads as an empty list."""
    return Nested(
        unified=_name(unified), native=native, table=table, is_list=True, write=write, key=key,
        complete=complete, detail_only=detail_only, list_native=list_native,
    )  # fmt: skip


def ref(
    unified: Ref | None,
    native: str,
    *,
    name: str | None = None,
    nameable: bool = False,
    to: Lookup | None = None,
    write: When = NEVER,
    writes: str | None = None,
    below: Mapping[str, Filters] | None = None,
    sort: str | None = None,
    detail_only: bool = False,
    list_native: str | None = None,
) -> Row:
    """Another record of the company, by its id; `name` is the native path of its name."""
    assert write is NEVER or to is not None, f"{unified!r} is writable but names no lookup"
    return Reference(
        unified=_name(unified), native=native, name=name, nameable=nameable, to=to, write=write, writes=writes,
        below=below or {}, sort=sort, detail_only=detail_only, list_native=list_native,
    )  # fmt: skip


def coded(
    unified: str | None,
    native: str,
    *,
    writes: str,
    to: Lookup,
    key: str = "code",
    write: When = NEVER,
    filters: Filters | None = None,
    detail_only: bool = False,
) -> Row:
    """A code the provider prints at `native` but takes as the id of a record at `writes`."""
    return Coded(
        unified=_name(unified), native=native, writes=writes, to=to, key=key, write=write,
        filters=filters or {}, detail_only=detail_only,
    )  # fmt: skip


def computed(
    unified: T | None,
    read: Callable[[Native, Context], T | None],
    *,
    uses: tuple[str, ...] = (),
    needs: tuple[str, ...] = (),
    list_read: Callable[[Native, Context], T | None] | None = None,
    put: Callable[[T, Native, Context], None] | None = None,
    clear: Native | None = None,
    write: When = NEVER,
    key: tuple[str, ...] = (),
    codec: Codec[T] | None = None,
    filters: Filters | None = None,
    below: Mapping[str, Filters] | None = None,
    sort: str | None = None,
    detail_only: bool = False,
    list_only: bool = False,
) -> Row:
    """The only place for a function. `put(value, native, context)` writes a value, `clear` is what null writes."""
    return Computed(
        unified=_name(unified), read=read, uses=uses, needs=needs, list_read=list_read, put=put, clear=clear,
        write=write, key=key, codec=codec or TEXT, filters=filters or {}, below=below or {}, sort=sort,
        detail_only=detail_only, list_only=list_only,
    )  # fmt: skip


def unmapped(unified: object, why: str) -> Row:
    """A field the provider cannot fill; reads as null, refused with `why` when written."""
    return Unmapped(unified=_name(unified), why=why)
