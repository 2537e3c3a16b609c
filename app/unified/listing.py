"""From the query string of a list to what the connector is asked for and how its answer is shown."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from pydantic import BaseModel

from app.core.errors import Problem
from app.core.json import encode
from app.unified.query import Pair, Query, nearest, refused
from connectors.kit.faults import FieldError
from connectors.kit.http import Pairs
from connectors.kit.operations import Filter, Op, Sort
from connectors.kit.resource import Resource

DEFAULT_LIMIT = 100
MAXIMUM_LIMIT = 200
DEFAULT_EXPANSION_CALLS = 20
FORMATS = ("unified", "raw", "stream")
_OPERATORS = frozenset(op.value for op in Op)


@dataclass(frozen=True, slots=True)
class View:
    """How records are shown. `fields` empty means all; `exclude` is taken away afterwards."""

    fields: tuple[str, ...] = ()
    exclude: frozenset[str] = frozenset()
    remote_data: bool = True
    format: str = "unified"
    key_by: str | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """A parsed list request. `cursor` is the signed text as it came; `limit` None was not given."""

    filters: tuple[Filter, ...]
    sort: Sort | None
    search: str | None
    remote_query: Pairs
    limit: int | None
    cursor: str | None
    expand: tuple[str, ...]
    max_calls: int
    view: View

    @property
    def binding(self) -> str:
        """What a cursor is bound to: everything that decides which records come in which order."""
        parts = (
            sorted((f.field, f.op.value, f.value) for f in self.filters),
            (self.sort.field, self.sort.descending) if self.sort else None,
            self.search,
            self.remote_query,
        )
        return encode(parts).decode()


@dataclass(frozen=True, slots=True)
class Offer:
    """What can be listed, by which filters and in which order, where that is not as a resource says of itself."""

    name: str
    model: type[BaseModel]
    filters: Mapping[str, frozenset[Op]]
    sorts: Collection[str]
    expansions: Mapping[str, str]


def listing(
    query: Query,
    resource: Resource | Offer,
    remote_query: Pairs,
    *,
    formats: tuple[str, ...] = FORMATS,
    texts: Collection[str] = (),
) -> Listing:
    """Read a list's parameters; the filters are what remains once every other name is taken.

    A comma in a filter parts values, but for fields that are any text (`texts`).
    """
    model = resource.model
    view = view_of(query, model, formats=formats)
    key_by = query.text("truto_key_by")
    if key_by is not None:
        if key_by not in model.model_fields:
            _no_field("truto_key_by", key_by, model)
        view = View(view.fields, view.exclude, view.remote_data, view.format, key_by)
    ignore_limit = query.flag("truto_ignore_limit")
    limit = query.number("limit", 0, 1, MAXIMUM_LIMIT) or None
    found = Listing(
        sort=_sort(query, resource),
        search=query.text("search"),
        remote_query=remote_query,
        limit=MAXIMUM_LIMIT if ignore_limit else limit,
        cursor=_cursor(query),
        expand=_expand(query, resource),
        max_calls=query.number("max_calls", DEFAULT_EXPANSION_CALLS, 0, MAXIMUM_LIMIT),
        view=view,
        filters=tuple(_filters(query, resource, texts)),
    )
    query.finish(model.model_fields)
    return found


def view_of(query: Query, model: type[BaseModel], *, formats: tuple[str, ...] = FORMATS[:2]) -> View:
    """Read how the caller wants records shown."""
    fields = query.words("fields")
    exclude = query.words("truto_exclude_fields")
    for name, chosen in (("fields", fields), ("truto_exclude_fields", exclude)):
        for field in chosen:
            if field not in model.model_fields:
                _no_field(name, field, model)
    return View(
        fields=fields,
        exclude=frozenset(exclude),
        remote_data=not query.flag("truto_ignore_remote_data"),
        format=query.choice("truto_response_format", formats),
    )


def _cursor(query: Query) -> str | None:
    after, before = query.text("next_cursor"), query.text("prev_cursor")
    if after and before:
        raise Problem("invalid_cursor", "Give next_cursor or prev_cursor, not both.", parameter="prev_cursor")
    return after or before


def _sort(query: Query, resource: Resource | Offer) -> Sort | None:
    chosen = list(query.mapping("sort_by"))
    if not chosen:
        return None
    if len(chosen) > 1:
        raise refused("sort_by", "Lists are sorted by one field.")
    [(field, direction)] = chosen
    if direction not in ("asc", "desc"):
        raise refused(
            f"sort_by[{field}]", "The direction is asc or desc.", allowed=("asc", "desc"), code="enum_value"
        )
    if field not in resource.sorts:
        allowed = tuple(sorted(resource.sorts))
        _unsupported(f"sort_by[{field}]", f"{resource.name} cannot be sorted by {field}.", allowed)
    return Sort(field, direction == "desc")


def _expand(query: Query, resource: Resource | Offer) -> tuple[str, ...]:
    wanted = query.words("expand")
    allowed = tuple(sorted(resource.expansions))
    for name in wanted:
        if name not in allowed:
            error = FieldError("unsupported_field", "expand", f"{name} cannot be expanded here.", allowed)
            raise Problem("unsupported_field", error.detail, errors=(error,), parameter="expand")
    return wanted


def _filters(query: Query, resource: Resource | Offer, texts: Collection[str]) -> Iterator[Filter]:
    fields = resource.model.model_fields
    for root, pairs in query.rest().items():
        if root.partition(".")[0] not in fields:
            continue
        query.claim(root)
        grouped: dict[tuple[str, Op], list[Pair]] = {}
        for pair in pairs:
            grouped.setdefault(_target(pair), []).append(pair)
        for (field, op), same in grouped.items():
            yield _filter(field, op, same, resource, texts)


def _target(pair: Pair) -> tuple[str, Op]:
    """`contact[id]=7` → ("contact.id", eq); `status[]=a` → ("status", in); `total[gt]=1` → ("total", gt)."""
    path = list(pair.path)
    op: Op | None = None
    if pair.is_array:
        path.pop()
        op = Op.IN
    if path and path[-1] in _OPERATORS:
        op = Op(path.pop())
    return ".".join((pair.root, *path)), op or Op.EQ


def _filter(
    field: str, op: Op, pairs: list[Pair], resource: Resource | Offer, texts: Collection[str]
) -> Filter:
    name = pairs[0].name
    if field not in resource.filters and f"{field}.id" in resource.filters:
        field = f"{field}.id"
    offered = resource.filters.get(field, frozenset[Op]())
    parted = field not in texts and "," in pairs[0].value
    if op is Op.EQ and Op.IN in offered and (len(pairs) > 1 or parted):
        op = Op.IN
    if op is Op.IN:
        values = tuple(dict.fromkeys(v.strip() for pair in pairs for v in pair.value.split(",") if v.strip()))
    else:
        if len(pairs) > 1:
            raise Problem("duplicate_parameter", f"{name} was given {len(pairs)} times.", parameter=name)
        values = (pairs[0].value,) if pairs[0].value else ()
    if not values:
        raise refused(name, f"{name} has no value to filter by.")
    if op is Op.IN and op not in offered and len(values) == 1:
        op = Op.EQ
    elif op is Op.EQ and op not in offered and Op.IN in offered:
        op = Op.IN
    if op not in offered:
        allowed = tuple(supported(resource.filters))
        _unsupported(name, f"{resource.name} cannot be filtered by {name}.", allowed)
    return Filter(field, op, values if op is Op.IN else values[0])


def supported(filters: Mapping[str, frozenset[Op]]) -> list[str]:
    """Every filter as a caller writes it: `status`, `contact[id]`, `updated_at[gt]`."""
    names: list[str] = []
    for field, ops in sorted(filters.items()):
        root, *path = field.split(".")
        name = root + "".join(f"[{segment}]" for segment in path)
        names += [name if op is Op.EQ else f"{name}[{op.value}]" for op in Op if op in ops]
    return names


def _no_field(parameter: str, field: str, model: type[BaseModel]) -> None:
    near = nearest(field, model.model_fields)
    hint = f" Did you mean {near}?" if near else ""
    error = FieldError("unknown_field", parameter, f"There is no field '{field[:100]}'.{hint}", (), near)
    raise Problem("parameter_invalid", error.detail, errors=(error,), parameter=parameter)


def _unsupported(name: str, detail: str, allowed: tuple[str, ...]) -> None:
    error = FieldError("unsupported_filter", name, detail, allowed, nearest(name, allowed))
    raise Problem("unsupported_filter", detail, errors=(error,), parameter=name, allowed=list(allowed))
