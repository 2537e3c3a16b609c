"""`match_on`, `on_match`: look for the record before it is created.

What is the same record, and what a match changes, is decided here by plain functions; `matched` is the flow
that asks.
"""

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal, cast, get_args

from app.core.errors import Problem
from app.unified.query import Query, nearest, refused
from connectors.kit.applied import same
from connectors.kit.faults import Conflict, FieldError, Rejected
from connectors.kit.http import Flow, Reply, Request
from connectors.kit.mapping import When
from connectors.kit.operations import Answer, Context, Filter, Issue, ListQuery, Op, Record
from connectors.kit.resource import Resource
from unified_models.fields import is_array, is_create_only, mark_of, part_of, words_of
from unified_models.parts import Element

OnMatch = Literal["return", "update", "error"]
ON_MATCH: tuple[OnMatch, ...] = ("return", "update", "error")

_MEMBERS = {"email": ("emails", "email"), "phone": ("phones", "number")}
"""What is matched by a member of a list → the list and the member."""

_BY_PARTY = {"bills": "number", "vendor_credits": "number"}
"""Resources → the field that is the other party's own, so that it says nothing without that party."""

_MOST_PAGES = 25


@dataclass(frozen=True, slots=True)
class Rule:
    """The fields to look by, in order, and what becomes of a match."""

    fields: tuple[str, ...]
    then: OnMatch


def rule_of(query: Query, resource: Resource) -> Rule | None:
    """What a create asked for. Problem unsupported_filter names the fields that can be matched."""
    asked = query.words("match_on")
    then = cast("OnMatch", query.choice("on_match", ON_MATCH))
    if not asked:
        if query.text("on_match") is not None:
            raise refused("on_match", "on_match says what becomes of a match: name the fields in match_on.")
        return None
    able = matchable(resource)
    errors = [
        FieldError("unsupported_filter", "match_on", f"{resource.name} cannot be matched by {name[:60]}.", able,
                   nearest(name, able))
        for name in asked if name not in able
    ]  # fmt: skip
    if errors:
        detail = f"{errors[0].detail} Possible: {', '.join(able) or 'nothing'}."
        raise Problem("unsupported_filter", detail, errors=errors, parameter="match_on", allowed=list(able))
    return Rule(asked, then)


def matchable(resource: Resource) -> tuple[str, ...]:
    """The fields `match_on` takes: texts a create body may carry and lists can be filtered by exactly, or that
    name records of a list so short that references look through all of it."""
    if "create" not in resource.methods or "list" not in resource.methods:
        return ()
    exact = _exact(resource)
    if resource.own is not None:
        exact = exact | {name for name, key in resource.own.keys.items() if key.param is None}
    members = {short for short, path in _MEMBERS.items() if ".".join(path) in exact}
    return tuple(sorted(members | {name for name in exact if _is_text(resource, name)}))


def _exact(resource: Resource) -> frozenset[str]:
    return frozenset(name for name, ops in resource.filters.items() if Op.EQ in ops)


def _is_text(resource: Resource, name: str) -> bool:
    model = resource.model
    info = model.model_fields.get(name)
    if info is None or mark_of(info) == "read_only" or part_of(model, name) or words_of(model, name):
        return False
    return str in _types(info.annotation)


def _types(annotation: Any) -> Iterator[Any]:
    yield annotation
    for each in get_args(annotation):
        yield from _types(each)


# What is the same


def folded(value: Any) -> str:
    """A text as it is compared: trimmed, its case folded."""
    return str(value).strip().casefold()


def values_of(record: Mapping[str, Any], name: str) -> dict[str, str] | None:
    """Folded → as written, of everything a record says there; None where the record does not tell."""
    field, member = _MEMBERS.get(name, (name, ""))
    if field not in record:
        return None
    told = record[field]
    texts = [each.get(member) for each in told or ()] if member else [told]
    return {folded(text): str(text).strip() for text in texts if text is not None and str(text).strip()}


def is_of_party(record: Mapping[str, Any], body: Mapping[str, Any]) -> bool:
    """Whether a record is the body's contact's, as far as both say whose they are."""
    wanted, told = body.get("contact"), record.get("contact")
    if not isinstance(wanted, Mapping) or not isinstance(told, Mapping):
        return True
    want, got = cast("Mapping[str, Any]", wanted), cast("Mapping[str, Any]", told)
    for key in ("id", "name"):
        if want.get(key) is not None and got.get(key) is not None:
            return folded(want[key]) == folded(got[key])
    return True


def type_of(body: Mapping[str, Any]) -> str:
    """Which side of the ledger the contact of a create body is on."""
    if body.get("type"):
        return str(body["type"])
    return "vendor" if body.get("is_vendor") or body.get("is_customer") is False else "customer"


def differences(resource: Resource, body: Record, current: Answer) -> tuple[Record, list[Issue]]:
    """What of a body the record does not say yet, and what of that no change can make it say."""
    changes: Record = {}
    issues: list[Issue] = []
    for name, value in body.items():
        got = current.native if name == "remote_data" else current.record.get(name)
        merges = _merges(resource, name) and isinstance(value, list)
        left = _unsaid(name, value, got or []) if merges else value
        if not left if merges else same(value, got, Decimal(0)):
            continue
        row = resource.table.by_name.get(name)
        fixed = is_create_only(resource.model.model_fields[name])
        if fixed or (row is not None and bool(row.write) and not row.write & When.UPDATE):
            detail = f"{name} can only be set on a create; the record was there already"
            issues.append(Issue("not_applied", f"/{name}", detail, extra={"sent": value, "got": got}))
        else:
            changes[name] = left
    return changes, issues


def _merges(resource: Resource, name: str) -> bool:
    part = part_of(resource.model, name)
    return part is not None and is_array(resource.model, name) and issubclass(part, Element)


def _unsaid(name: str, sent: Sequence[Record], got: Sequence[Record]) -> list[Record]:
    """The elements a merged list lacks. A person is known by an address, which gives the element its id."""
    left = [each for each in sent if not any(same(each, other, Decimal(0)) for other in got)]
    if name != "contact_persons":
        return left
    known = {key: other.get("id") for other in got for key in values_of(other, "email") or ()}
    return [
        {"id": next((known[key] for key in values_of(each, "email") or () if key in known), None), **each}
        for each in left
    ]


# Asking


def matched(
    resource: Resource, body: Record, rule: Rule, ctx: Context, *, replace_lines: bool = False
) -> Flow[Answer]:
    """Create, unless a record matches. Raises Conflict multiple_matches, type_conflict, already_exists."""
    wanted = {name: values_of(body, name) or {} for name in rule.fields}
    if not any(wanted.values()):
        detail = f"nothing to match by: the body has none of {', '.join(rule.fields)}"
        raise Rejected(*(FieldError("required", f"/{_MEMBERS.get(f, (f,))[0]}", detail) for f in rule.fields))
    creation = resource.create(body, ctx)
    first = next(creation)  # raises, before anything is asked, what no create can send
    try:
        id = yield from _found(resource, body, wanted, ctx)
        if id is None:
            return (yield from _resumed(creation, first))
    finally:
        creation.close()
    current = yield from resource.get(id, ctx)
    existing = {"resource": resource.name, "id": id}
    if _is_contact(resource) and current.record.get("type"):
        told, asked = current.record["type"], type_of(body)
        if told != asked:
            detail = f"the match is a {told}, the body a {asked}"
            raise Conflict("type_conflict", detail, existing={**existing, "type": told})
    if rule.then == "error":
        raise Conflict("already_exists", "a record matches; nothing was created", existing=existing)
    current.outcome = "already_existed"
    if rule.then == "return":
        return current
    changes, issues = differences(resource, body, current)
    if changes:
        current = yield from resource.update(id, changes, ctx, replace_lines=replace_lines)
    else:
        current.outcome = "unchanged"
    current.issues += issues
    current.found = True
    return current


def _is_contact(resource: Resource) -> bool:
    return "is_vendor" in resource.model.model_fields


def _found(
    resource: Resource, body: Record, wanted: Mapping[str, Mapping[str, str]], ctx: Context
) -> Generator[Request, Reply, str | None]:
    """The id of the one record the first field with any finds. Raises Conflict when it finds several."""
    for name, values in wanted.items():
        hits: dict[str, Record] = {}
        for key, text in values.items():
            yield from _hits(resource, name, key, text, body, ctx, hits)
        if len(hits) > 1:
            candidates = [_candidate(resource, name, each) for each in hits.values()]
            raise Conflict(
                "multiple_matches", f"several have this {name}", candidates=candidates, matched_on=name
            )
        if hits:
            return next(iter(hits))
    return None


def _hits(
    resource: Resource, name: str, key: str, text: str, body: Record, ctx: Context, hits: dict[str, Record]
) -> Generator[Request, Reply, None]:
    field = ".".join(_MEMBERS.get(name, (name,)))
    filters = (Filter(field, Op.EQ, text),) if field in _exact(resource) else ()
    position: Mapping[str, Any] | None = None
    for _ in range(_MOST_PAGES):
        page = yield from resource.list(ListQuery(200, position, filters, folded=True), ctx)
        for answer in page.answers:
            record, told = answer.record, values_of(answer.record, name)
            if told is None:  # the list does not tell the field: only the whole record does
                record = (yield from resource.get(record["id"], ctx)).record
                told = values_of(record, name) or {}
            if key in told and (_BY_PARTY.get(resource.name) != name or is_of_party(record, body)):
                hits[record["id"]] = record
        position = page.next
        if position is None:
            return


def _candidate(resource: Resource, name: str, record: Record) -> dict[str, Any]:
    named = ("name", "number", "reference", "type", _MEMBERS.get(name, (name,))[0])
    told = {field: record[field] for field in dict.fromkeys(named) if record.get(field) is not None}
    return {"resource": resource.name, "id": record["id"], **told}


def _resumed(flow: Flow[Answer], request: Request) -> Flow[Answer]:
    """A flow whose first request was already taken from it."""
    try:
        while True:
            try:
                reply = yield request
            except Exception as fault:
                request = flow.throw(fault)
            else:
                request = flow.send(reply)
    except StopIteration as done:
        return done.value
