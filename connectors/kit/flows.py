"""Writing as flows: check everything, find the references, send, read back, compare."""

from collections.abc import Callable, Generator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from connectors.kit.actions import Action
from connectors.kit.applied import not_applied
from connectors.kit.arrays import check_lines
from connectors.kit.faults import Conflict, Fault, Kind, Rejected
from connectors.kit.http import Flow, Json, Mended, Reply, Request
from connectors.kit.mapping import Native, Nested, When
from connectors.kit.operations import Answer, Context, Issue, Outcome, Record
from connectors.kit.paging import merged_query
from connectors.kit.resolving import Wanted, find, resolve, settled
from connectors.kit.writing import Write, write

if TYPE_CHECKING:
    from connectors.kit.resource import Resource

PASSING = frozenset(
    {Kind.MINUTE, Kind.DAY, Kind.CONCURRENT, Kind.UNAVAILABLE, Kind.TIMEOUT, Kind.NETWORK, Kind.TOKEN}
)
"""Faults after which the same step may succeed later."""


@dataclass(frozen=True, slots=True)
class Step:
    """One more call after the main one: a label for people, the pointer it serves, and the call for an id."""

    label: str
    pointer: str
    call: Callable[[str], Request]


@dataclass(slots=True)
class Draft:
    """A write as `Resource.prepare` finds it: the unified body, its native spelling, the record as it stands.

    `comes_to` is what a preview tells of its figures, where `prepare` reckons them.
    """

    when: When
    body: Record
    native: Native
    ctx: Context
    current: Native | None = None
    query: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    steps: list[Step] = field(default_factory=list[Step])
    issues: list[Issue] = field(default_factory=list[Issue])
    comes_to: Record | None = None


def create(resource: "Resource", body: Record, ctx: Context) -> Flow[Answer]:
    """POST, then the steps a status or an override adds; a failing step leaves the record as it stands."""
    draft = yield from _drafted(resource, body, ctx, When.CREATE, None)
    yield from resource.prepare(draft)
    _status_step(resource, draft)
    extra = body.get("remote_data") or {}
    try:
        reply = yield Request(
            "POST", resource.path, merged_query(tuple(draft.query), ctx), {**extra, **draft.native},
            step=f"create the {resource.noun}", then=tuple(step.call("{id}") for step in draft.steps),
            comes_to=draft.comes_to,
        )  # fmt: skip
    except Fault as fault:
        yield from _name_existing(resource, draft, fault)
        if fault.kind is Kind.NOT_FOUND:  # the address names no record: what is missing stands in the body
            fault.kind = Kind.INVALID
        raise
    native = yield from resource.made(reply, draft)
    return (yield from _settled(resource, draft, native, "created"))


def update(
    resource: "Resource", id: str, body: Record, ctx: Context, *, replace_lines: bool = False
) -> Flow[Answer]:
    """PUT of what was set, and of what the provider wants repeated.

    Arrays that merge, lists that must not lose a line, and what is repeated are read first.
    """
    path = resource.at(id)
    native = _check(resource, body, Write(When.UPDATE, ctx))
    current: Json = None
    reckons = ctx.reckons and resource.reckons
    incomplete = reckons or any(key not in native for key in resource.repeats)
    if not body or incomplete or resource.needs_current(body, replace_lines=replace_lines):
        current = yield from resource.fetch(id, ctx, f"read the {resource.noun} as it stands")
        if not body:
            answer = resource.read(current, ctx)
            answer.outcome = "unchanged"
            return answer
        _check_whole(current)
        _check_lists(resource, body, current, ctx, replace_lines)
    draft = yield from _drafted(resource, body, ctx, When.UPDATE, current)
    yield from resource.prepare(draft)
    _repeat(resource, draft)
    try:
        reply = yield Request(
            "PUT", path, merged_query(tuple(draft.query), ctx), draft.native,
            step=f"change the {resource.noun}", then=tuple(step.call(id) for step in draft.steps),
            comes_to=draft.comes_to,
        )  # fmt: skip
    except Fault as fault:
        yield from _name_existing(resource, draft, fault)
        raise
    try:
        stands = yield from resource.made(reply, draft)
    except Fault:  # changed, but not told
        stands = yield from resource.fetch(id, ctx, f"read the {resource.noun} back")
    return (yield from _settled(resource, draft, stands, "updated"))


def act(resource: "Resource", action: Action, id: str, body: Record, ctx: Context) -> Flow[Answer]:
    """The verb, then one read. A refusal by the provider's state is explained by reading that state."""
    path = action.path.format(id=resource.at(id).rpartition("/")[2])
    current: Json = None
    if action.reads:
        current = yield from resource.fetch(id, ctx, f"read the {resource.noun} as it stands")
        _check_whole(current)
        allow(resource, action, resource.read(current, ctx).record)
    native = action.body(body, current, ctx) if action.body is not None else None
    try:
        yield Request(action.method, path, merged_query(action.query, ctx), native, step=action.doc)
    except Fault as fault:
        yield from explain(resource, action, id, ctx, fault)
        raise
    try:
        answer = yield from resource.get(id, ctx)
    except Fault as fault:
        return Answer(
            {"id": id, "is_partial": True}, None, [step_failed(2, "read it back", fault)], "partial"
        )
    answer.outcome = "updated"
    return answer


def explain(
    resource: "Resource", action: Action, id: str, ctx: Context, fault: Fault
) -> Generator[Request, Reply, None]:
    """Raises Conflict(invalid_transition) when the record's status is why the provider refused the action."""
    if fault.kind not in (Kind.INVALID, Kind.CONFLICT, Kind.DUPLICATE) or not action.allowed_from:
        return
    stands = yield from resource.fetch(id, ctx, f"read why the {resource.noun} refuses")
    allow(resource, action, resource.read(stands, ctx).record)


def takes(resource: "Resource", body: Record, ctx: Context) -> bool:
    """Whether a change holds only what the resource's rows can write, as far as no call is needed to tell."""
    task = Write(When.UPDATE, ctx)
    write(resource.table, body, task)
    return not task.errors


def _name_existing(resource: "Resource", draft: Draft, fault: Fault) -> Generator[Request, Reply, None]:
    """Tells which record is in the way of a duplicate, where one read by a unique field finds it."""
    if fault.kind is not Kind.DUPLICATE or resource.own is None:
        return
    for key in resource.own.keys:
        value = draft.body.get(key)
        if not isinstance(value, str):
            continue
        try:
            found = yield from find(Wanted(f"/{key}", replace(resource.own, fresh_for=0), key, value))
        except Fault:
            return
        if isinstance(found, str):
            fault.existing = {"resource": resource.name, "id": resource.own.prefix + found}
            return


def allow(resource: "Resource", action: Action, record: Record) -> None:
    """Raises Conflict where the record's status is none the action starts from."""
    status = record.get("status")
    if not action.allowed_from or status is None or status in action.allowed_from:
        return
    allowed = sorted(
        each.name
        for each in resource.actions.values()
        if not each.allowed_from or status in each.allowed_from
    )
    detail = f"{action.name} is not possible: the {resource.noun} is {status}"
    raise Conflict("invalid_transition", detail, **{"from": status, "allowed": allowed})


def _check(resource: "Resource", body: Record, task: Write) -> Native:
    native = write(resource.table, body, task)
    status = body.get("status")
    if (
        task.when is When.CREATE
        and status is not None
        and resource.statuses
        and status not in resource.statuses
    ):
        task.refuse("enum_value", "/status", f"cannot be created {status}", tuple(resource.statuses))
    if task.when is When.CREATE:
        task.errors += resource.lacking(body)
    if task.errors:
        raise Rejected(*task.errors)
    return native


def _drafted(
    resource: "Resource", body: Record, ctx: Context, when: When, current: Native | None
) -> Generator[Request, Reply, Draft]:
    """Refuses what can be refused without a call, then finds references and spells the body."""
    _check(resource, body, Write(when, ctx, current))
    body = yield from settled(resource.table, body, current)
    ids = yield from resolve(resource.table, body)
    return Draft(when, body, _check(resource, body, Write(when, ctx, current, ids)), ctx, current)


def _check_whole(current: Json) -> None:
    """Raises Fault(GARBLED) for a record that was not told in full: what is repeated of it would be written wrong."""
    if isinstance(current, Mended):
        path, stood = current.gaps[0]
        raise Fault(Kind.GARBLED, message=f"the record as it stands cannot be repeated: at {path} is {stood}")


def _check_lists(
    resource: "Resource", body: Record, current: Json, ctx: Context, replace_lines: bool
) -> None:
    record: Record | None = None
    for name, value in body.items():
        row = resource.table.by_name.get(name)
        if isinstance(row, Nested) and row.is_list and row.complete:
            record = record or resource.read(current, ctx).record
            check_lines(record.get(name) or [], value or [], f"/{name}", replace=replace_lines)


def _repeat(resource: "Resource", draft: Draft) -> None:
    """Fills a change with what the provider wants in every one. Blank is nothing to repeat."""
    stands = draft.current or {}
    for key in resource.repeats:
        value = stands.get(key)
        if key not in draft.native and value is not None and value != "":
            draft.native[key] = str(value) if key.endswith("_id") else value


def _status_step(resource: "Resource", draft: Draft) -> None:
    name = resource.statuses.get(draft.body.get("status") or "")
    if name is not None:
        action = resource.actions[name]
        draft.steps.append(
            Step(
                action.doc,
                "/status",
                lambda id: Request(action.method, action.path.format(id=id), step=action.doc),
            )
        )


def _settled(
    resource: "Resource", draft: Draft, native: Json, outcome: Outcome
) -> Generator[Request, Reply, Answer]:
    """Runs the steps after the main call, reads the record again where there were any, and compares."""
    answer = resource.read(native, draft.ctx)
    failed: list[Issue] = []
    if draft.steps:
        id = str(answer.record["id"])
        number = 1
        try:
            for step in draft.steps:
                number += 1
                yield step.call(id)
            number += 1
            answer = yield from resource.get(id, draft.ctx)
        except Fault as fault:
            label = draft.steps[number - 2].label if number - 2 < len(draft.steps) else "read it back"
            failed.append(step_failed(number, label, fault))
            if number > 2:
                answer = (yield from _reread(resource, id, draft.ctx)) or answer
    answer.outcome = "partial" if failed else outcome
    answer.issues += [*draft.issues, *failed, *_control(draft, answer)]
    answer.issues += not_applied(resource.table, draft.body, answer.record)
    return answer


def _control(draft: Draft, answer: Answer) -> list[Issue]:
    """A control total the provider's own arithmetic does not confirm."""
    sent, got = draft.body.get("total_amount"), answer.record.get("total_amount")
    if draft.when is not When.CREATE or sent is None or got is None or sent == got:
        return []
    detail = f"sent as control total: {sent:f}; the provider comes to {got:f}"
    return [Issue("total_mismatch", "/total_amount", detail, extra={"sent": sent, "got": got})]


def _reread(resource: "Resource", id: str, ctx: Context) -> Generator[Request, Reply, Answer | None]:
    try:
        return (yield from resource.get(id, ctx))
    except Fault:
        return None


def step_failed(number: int, label: str, fault: Fault) -> Issue:
    return Issue(
        "step_failed", "", f"step {number} ({label}) failed: {fault.message or fault.kind}",
        retryable=fault.kind in PASSING, extra={"step": number},
    )  # fmt: skip
