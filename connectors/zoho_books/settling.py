"""The actions that change what settles what: apply, unapply and refund of payments and credits."""

from collections.abc import Container, Sequence
from typing import Any

from connectors.kit.actions import Action
from connectors.kit.codec import DATE
from connectors.kit.faults import Fault, FieldError, Rejected
from connectors.kit.flows import allow, step_failed
from connectors.kit.http import Flow, Request
from connectors.kit.mapping import Native
from connectors.kit.operations import Answer, Context, Issue, Record
from connectors.kit.paging import merged_query
from connectors.kit.resolving import Wanted, find
from connectors.kit.resource import Resource
from connectors.zoho_books.lookups import ACCOUNTS
from connectors.zoho_books.precision import of_settlement
from connectors.zoho_books.references import SETTLED, SETTLING, allocated
from connectors.zoho_books.settlement import (
    REFUND_MODES,
    Means,
    Target,
    amount_of,
    check_sum,
    peek,
    spelled,
    targets,
)
from unified_models.actions import Apply, PayBack, Unapply

VERBS = frozenset({"apply", "unapply", "refund"})


def actions(means: Means, *allowed: str) -> dict[str, Action]:
    """The verbs of payments and credits; `allowed` are the statuses they start from."""
    documents, one = f"{means.target.type}s", f"{means.path}/{{id}}"
    from_ = frozenset(allowed)
    return {
        "apply": Action(
            name="apply", doc=f"Settles {documents} with what is unapplied.", fields=Apply, allowed_from=from_,
            path=f"{one}/{documents}" if means.own else f"{means.target.path}/{{id}}/credits",
        ),
        "unapply": Action(
            name="unapply", doc="Takes settlements back; their amount becomes unapplied.", fields=Unapply,
            path=f"{one}/{documents}/{{share}}" if means.own else one, method="DELETE" if means.own else "PUT",
        ),
        "refund": Action(
            name="refund", doc=f"Records money paid back {_way(means)} the {means.target.party}.",
            fields=PayBack, path=f"{one}/refunds", allowed_from=from_,
        ),
    }  # fmt: skip


def _way(means: Means) -> str:
    return "to" if means.target.party == "customer" else "by"


def cost(means: Means) -> dict[str, int]:
    """Calls of each verb on one document, everything checked first."""
    return {"apply": 4, "unapply": 3, "refund": 3 if means.own else 2}


def act(resource: Resource, means: Means, verb: str, id: str, body: Record, ctx: Context) -> Flow[Answer]:
    """One of `VERBS`."""
    run = {"apply": apply, "unapply": unapply, "refund": refund}[verb]
    return (yield from run(resource, means, id, body, ctx))


def apply(resource: Resource, means: Means, id: str, body: Record, ctx: Context) -> Flow[Answer]:
    """Each call adds, none takes away. A later one failing leaves the earlier settled."""
    body = yield from allocated(body, {means.target.type: SETTLED[means.target.type]})
    given, noun = body["allocations"], resource.noun
    now = yield from resource.fetch(id, ctx, f"read the {noun} as it stands")
    allow(resource, resource.actions["apply"], resource.read(now, ctx).record)
    left = amount_of(now, means.left)
    _check_precision(body, now)
    check_sum(given, left, f"the {noun} has {left:f} unapplied", (means.target.type,))
    yield from targets(given, means.target)
    return (yield from _steps(resource, id, ctx, _uses(means, id, given, ctx)))


def _uses(means: Means, id: str, given: Sequence[Record], ctx: Context) -> list[Request]:
    target = means.target
    if means.own:
        shares = [{f"{target.type}_id": each["id"], "amount_applied": each["amount"]} for each in given]
        path = f"{means.path}/{id}/{target.type}s"
        label = f"settle {target.type}s"
        return [Request("POST", path, merged_query((), ctx), {f"{target.type}s": shares}, step=label)]
    found: list[Request] = []
    for each in given:
        share = {means.key: id, "amount_applied": each["amount"]}
        if each.get("withheld_tax_amount") is not None:
            share["tax_amount_withheld"] = each["withheld_tax_amount"]
        path, label = f"{target.path}/{each['id']}/credits", f"settle {target.type} {each['id']}"
        found.append(
            Request("POST", path, merged_query((), ctx), target.credits({means.given: [share]}), step=label)
        )
    return found


def unapply(resource: Resource, means: Means, id: str, body: Record, ctx: Context) -> Flow[Answer]:
    """A payment is written with the settlements that stay; a credit has them deleted one by one."""
    noun = resource.noun
    now = yield from resource.fetch(id, ctx, f"read the {noun} as it stands")
    present = [each for each in now.get(means.shares) or () if isinstance(each, dict)]
    gone = _gone(body, {str(each.get(means.share)) for each in present}, noun)
    if not means.own:
        return (yield from _steps(resource, id, ctx, [_kept(means, id, now, present, gone, ctx)]))
    path = f"{means.path}/{id}/{means.target.type}s"
    requests = [
        Request("DELETE", f"{path}/{each}", merged_query((), ctx), step=f"take settlement {each} back")
        for each in gone
    ]
    return (yield from _steps(resource, id, ctx, requests))


def _kept(
    means: Means, id: str, now: Native, present: Sequence[Native], gone: Sequence[str], ctx: Context
) -> Request:
    target = means.target
    told = (means.share, f"{target.type}_id", "amount_applied", "tax_amount_withheld")
    shares = [
        {name: each[name] for name in told if each.get(name) not in (None, "")}
        for each in present
        if str(each.get(means.share)) not in gone
    ]
    same = {name: now.get(name) for name in (f"{target.party}_id", "payment_mode", "amount", "date")}
    body = {**same, means.shares: shares}
    return Request("PUT", f"{means.path}/{id}", merged_query((), ctx), body, step="take settlements back")


def refund(resource: Resource, means: Means, id: str, body: Record, ctx: Context) -> Flow[Answer]:
    """Money that goes back, out of what is unapplied."""
    path = f"{resource.at(id)}/refunds"
    account = body["account"].get("id")
    if account is None:
        key = next(key for key in ("code", "name") if body["account"].get(key) is not None)
        account = yield from find(Wanted("/account", ACCOUNTS, key, body["account"][key]))
    if isinstance(account, FieldError):
        raise Rejected(account)
    if resource.actions["refund"].allowed_from:
        now = yield from resource.fetch(id, ctx, f"read the {resource.noun} as it stands")
        allow(resource, resource.actions["refund"], resource.read(now, ctx).record)
        _check_precision(body, now)
        _check_left(now, means, body)
    sent: Native = {
        "date": DATE.write(body.get("transaction_date") or ctx.today),
        "amount": body["total_amount"],
        means.account: account,
        "refund_mode": spelled(REFUND_MODES, body.get("payment_method") or "other", "/payment_method"),
        "reference_number": body.get("reference"),
        "description": body.get("memo"),
    }
    sent = {name: value for name, value in sent.items() if value is not None}
    request = Request("POST", path, merged_query((), ctx), sent, step="record the refund")
    return (yield from _steps(resource, id, ctx, [request]))


def _check_precision(body: Record, now: Native) -> None:
    if errors := list(of_settlement(body, now.get("currency_code"))):
        raise Rejected(*errors)


def _check_left(now: Native, means: Means, body: Record) -> None:
    left = amount_of(now, means.left)
    if body["total_amount"] > left:
        detail = f"{body['total_amount']:f} is more than the {left:f} that is unapplied"
        raise Rejected(FieldError("over_allocated", "/total_amount", detail))


def settle(
    resource: Resource, target: Target, means: Sequence[Means], id: str, body: Record, ctx: Context
) -> Flow[Answer]:
    """apply on a document: payments and credits of its contact that settle it, in one call."""
    body = yield from allocated(body, SETTLING[target.type])
    given, noun = body["allocations"], resource.noun
    now = yield from resource.fetch(id, ctx, f"read the {noun} as it stands")
    allow(resource, resource.actions["apply"], resource.read(now, ctx).record)
    owed = amount_of(now, "balance")
    _check_precision(body, now)
    kinds = {each.type: each for each in means}
    check_sum(given, owed, f"the {noun} still owes {owed:f}", tuple(kinds))
    yield from _check_sources(given, kinds)
    sent: dict[str, list[Any]] = {}
    for each in given:
        kind = kinds[each.get("type", means[0].type)]
        share = {kind.key: each["id"], "amount_applied": each["amount"]}
        sent.setdefault(kind.given, []).append(share)
    path = f"{resource.at(id)}/credits"
    request = Request("POST", path, merged_query((), ctx), target.credits(sent), step=f"settle the {noun}")
    return (yield from _steps(resource, id, ctx, [request]))


def unsettle(
    resource: Resource,
    target: Target,
    credit: Means,
    credits: str | None,
    id: str,
    body: Record,
    ctx: Context,
) -> Flow[Answer]:
    """unapply on a document. Credits are taken back at its own `credits`, or, without, at the credit itself."""
    at = resource.at(id)
    told = yield from resource.inside("allocations", id, ctx)
    known = {str(each["allocation_id"]): each for each in told}
    gone = _gone(body, known, resource.noun)
    requests: list[Request] = []
    for each in gone:
        path = f"{at}/payments/{each}"
        if known[each]["type"] == credit.type:
            own = f"{credit.path}/{known[each]['id']}/{target.type}s"
            path = f"{own if credits is None else f'{at}/{credits}'}/{each}"
        requests.append(Request("DELETE", path, merged_query((), ctx), step=f"take settlement {each} back"))
    return (yield from _steps(resource, id, ctx, requests))


def _gone(body: Record, known: Container[str], noun: str) -> tuple[str, ...]:
    """The settlements to take back, all of which there are."""
    errors = [
        FieldError("reference_not_found", f"/allocation_ids/{place}", f"the {noun} has no settlement {each}")
        for place, each in enumerate(body["allocation_ids"])
        if each not in known
    ]
    if errors:
        raise Rejected(*errors)
    return tuple(dict.fromkeys(body["allocation_ids"]))


def _check_sources(given: Sequence[Record], kinds: dict[str, Means]) -> Flow[None]:
    """Every payment and credit is there and has as much left as is taken of it."""
    left: dict[tuple[str, str], Any] = {}
    errors: list[FieldError] = []
    for place, each in enumerate(given):
        kind = kinds[each.get("type", next(iter(kinds)))]
        at, noun, key = f"/allocations/{place}", kind.type.replace("_", " "), (kind.type, str(each["id"]))
        if key not in left:
            found = yield from peek(kind.path, kind.one, key[1])
            if found is None:
                detail = f"there is no {noun} {key[1]}"
                errors.append(FieldError("reference_not_found", f"{at}/id", detail))
                continue
            left[key] = amount_of(found, kind.left)
        if each["amount"] > left[key]:
            detail = f"{noun} {key[1]} has {left[key]:f} unapplied"
            errors.append(FieldError("over_allocated", f"{at}/amount", detail))
        left[key] -= each["amount"]
    if errors:
        raise Rejected(*errors)


def _steps(resource: Resource, id: str, ctx: Context, requests: Sequence[Request]) -> Flow[Answer]:
    """Sends what changes the record, then reads it once. What was done before a later call fails stays done."""
    issues: list[Issue] = []
    for number, request in enumerate(requests, 1):
        try:
            yield request
        except Fault as fault:
            if number == 1:
                raise
            issues.append(step_failed(number, request.step, fault))
            break
    try:
        answer = yield from resource.get(id, ctx)
    except Fault as fault:
        issues.append(step_failed(len(requests) + 1, "read it back", fault))
        return Answer({"id": id, "is_partial": True}, None, issues, "partial")
    answer.outcome = "partial" if issues else "updated"
    answer.issues += issues
    return answer
