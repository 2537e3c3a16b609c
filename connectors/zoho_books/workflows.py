"""Having Zoho send webhooks: one webhook for each kind of record, and the workflows that fire it.

The bodies are those of a client that is in use; of the API only its arguments are published. Where an answer that is
needed cannot be read, a person sets the hooks up. The body of a hook stays Zoho's default, the whole record. Which kind
it is of stands in a header: query parameters would be signed too, in a way nobody has seen yet.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from connectors.kit.codec import flag
from connectors.kit.faults import Fault, Kind
from connectors.kit.flows import PASSING
from connectors.kit.hooks import Wanted
from connectors.kit.http import Flow, Json, Request
from connectors.kit.paging import Paging, Place, batches
from connectors.zoho_books.hook_answers import id_of, usual
from connectors.zoho_books.hook_entities import ENTITIES, Entity

ENTITY_HEADER = "X-Ledgerway-Entity"

_RULES = ("add_edit", "delete")
_EVERYWHERE = frozenset({Kind.FORBIDDEN, Kind.METHOD, Kind.NOT_FOUND, Kind.ORGANIZATION, Kind.GARBLED})
"""Refusals that are not about one entity: asking for the next is in vain, and may leave one more we cannot name."""

_Rows = dict[str, dict[str, Any]]


def install(wanted: Wanted) -> Flow[Mapping[str, str | None]]:
    """`Hooks.install`. What is found of ours is written again: the secret in force is not told by a list."""
    told: dict[str, str | None] = {}
    try:
        webhooks = yield from _ours("webhook", wanted.mark)
        workflows = yield from _ours("workflow", wanted.mark)
    except Fault as fault:
        return dict.fromkeys(wanted.paths, _refusal(fault))
    stop: str | None = None
    for path in sorted(wanted.paths):
        if stop is None:
            try:
                yield from _installed(ENTITIES[path], wanted, webhooks, workflows)
                told[path] = None
                continue
            except Fault as fault:
                told[path] = _refusal(fault)
                stop = told[path] if fault.kind in _EVERYWHERE else None
        else:
            told[path] = stop
    stays = frozenset(path for path, refused in told.items() if refused is None)
    try:
        yield from _taken_back(wanted.mark, stays, webhooks, workflows)
    except Fault as fault:
        _refusal(fault)  # it stays until the next time
    return told


def remove(mark: str, stays: frozenset[str]) -> Flow[None]:
    """`Hooks.remove`. Without lists that can be read there is nothing we could name."""
    try:
        webhooks = yield from _ours("webhook", mark)
        workflows = yield from _ours("workflow", mark)
    except Fault as fault:
        if fault.kind not in (Kind.GARBLED, Kind.STUCK):
            raise
        return
    yield from _taken_back(mark, stays, webhooks, workflows)


def _installed(entity: Entity, wanted: Wanted, webhooks: _Rows, workflows: _Rows) -> Flow[None]:
    """The entity's webhook and workflows."""
    hook = _hook_name(entity, wanted.mark)
    known = webhooks.get(hook)
    name, id = yield from _webhook(entity, wanted, hook, known)
    webhooks[hook] = {"webhook_id": id}
    for rule in _RULES:
        title = _rule_name(entity, rule, wanted.mark)
        body = {
            "workflow_name": title,
            "description": "Tells Ledgerway which record to read again.",
            "rule_type": rule,
            "entity": name,
            "rule": {},
            "apply_rule_always": True,
            "instant_actions": [{"action_id": id, "action_type": "webhook"}],
        }
        row = workflows.get(title)
        made = yield from _written("workflow", row, body)
        workflows[title] = {"workflow_id": made}
        if row is not None and _sleeps(row):
            yield from _done(
                Request("POST", f"/settings/workflows/{made}/active", step="switch the workflow on")
            )


def _webhook(
    entity: Entity, wanted: Wanted, name: str, known: Mapping[str, Any] | None
) -> Flow[tuple[str, str]]:
    """The entity's name as Zoho takes it, and the id of its webhook."""
    told = str(known.get("entity") or "") if known else ""
    names = (told,) if told else entity.names
    for place, spelled in enumerate(names, 1):
        body = {
            "webhook_name": name,
            "description": "Tells Ledgerway which record to read again.",
            "entity": spelled,
            "method": "POST",
            "url": wanted.url,
            "secret": wanted.secret,
            "headers": [{"param_name": ENTITY_HEADER, "param_value": entity.names[0]}],
        }
        try:
            return spelled, (yield from _written("webhook", known, body))
        except Fault as fault:
            if fault.kind is not Kind.INVALID or place == len(names):
                raise
    raise AssertionError("unreachable")


def _written(kind: str, row: Mapping[str, Any] | None, body: Json) -> Flow[str]:
    """Creates a webhook or workflow, or writes it again; its id."""
    key, path = f"{kind}_id", f"/settings/{kind}s"
    if row is not None:
        yield from _done(Request("PUT", f"{path}/{row[key]}", body=body, step=f"write the {kind} again"))
        return str(row[key])
    answer = yield from _done(Request("POST", path, body=body, step=f"create the {kind}"))
    made = id_of(answer, kind)
    if made is None:
        name = str(body[f"{kind}_name"])
        found = yield from _ours(kind, name)
        if name not in found:
            raise Fault(Kind.GARBLED, message=f"neither an answer nor the list tells the {kind} made")
        made = str(found[name][key])
    return made


def _done(request: Request) -> Flow[Json]:
    """What a write is answered. None: that cannot be read, and it may have been carried out all the same."""
    try:
        return (yield request).body
    except Fault as fault:
        if fault.kind is not Kind.GARBLED:
            raise
        return None


def _taken_back(mark: str, stays: frozenset[str], webhooks: _Rows, workflows: _Rows) -> Flow[None]:
    """Deletes ours but for those that stay: workflows first, a webhook in use may not be deletable."""
    kept = {_hook_name(ENTITIES[path], mark) for path in stays}
    kept |= {_rule_name(ENTITIES[path], rule, mark) for path in stays for rule in _RULES}
    for kind, rows in (("workflow", workflows), ("webhook", webhooks)):
        for id in _ids(kind, rows, kept):
            try:
                yield from _done(Request("DELETE", f"/settings/{kind}s/{id}", step=f"delete the {kind}"))
            except Fault as fault:
                if fault.kind is not Kind.NOT_FOUND:
                    raise


def _ids(kind: str, rows: _Rows, kept: Iterable[str]) -> list[str]:
    return [str(row[f"{kind}_id"]) for name, row in rows.items() if name not in kept]


def _ours(kind: str, mark: str) -> Flow[_Rows]:
    """Webhooks or workflows with our mark, by their names."""
    found: _Rows = {}
    place: Place | None = Place(1, 200)
    while place is not None:
        path, key = f"/settings/{kind}s", f"{kind}_id"
        asked = batches(path, f"{kind}s", key, (), place, Paging(), f"list the {kind}s")
        page = yield from usual(asked, kind)
        found |= {
            row[f"{kind}_name"]: row for row in page.rows if row[f"{kind}_name"].endswith(mark) and row[key]
        }
        place = page.next
    return found


def _hook_name(entity: Entity, mark: str) -> str:
    return f"Ledgerway {entity.names[0]} {mark}"


def _rule_name(entity: Entity, rule: str, mark: str) -> str:
    return f"Ledgerway {entity.names[0]} {rule} {mark}"


def _sleeps(row: Mapping[str, Any]) -> bool:
    return flag(row.get("is_active")) is False or row.get("status") == "inactive"


def _refusal(fault: Fault) -> str:
    """Why Zoho does not do it. A fault that may pass is raised again."""
    if fault.kind in PASSING or fault.kind is Kind.TLS:
        raise fault
    if fault.kind is Kind.GARBLED:
        return f"Zoho's answer could not be read: {fault.message or 'it is none we know'}"
    return fault.message or f"refused ({fault.kind})"
