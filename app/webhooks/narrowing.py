"""What a webhook may be narrowed by: only what there is, so that none waits for what never comes."""

from collections.abc import Collection, Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import Problem
from app.keys.store import accounts_among
from app.models.webhooks import Webhook
from app.webhooks.catalogue import NO_CHANGE, Happening
from connectors.kit.faults import FieldError
from unified_models import MODELS

_EVENTS = tuple(each.value for each in Happening)
_KINDS = tuple(sorted({f"{name.partition(':')[0]}:*" for name in _EVENTS if ":" in name}))
_NAMES = {
    "event_types": (*_EVENTS, *_KINDS),
    "resources": tuple(sorted({resource for _, resource in MODELS})),
}
"""What a list of names may hold."""


def check(given: Mapping[str, Any], before: Webhook | None = None) -> None:
    """Problem validation_failed for names nothing is called. `before`: the webhook that is changed."""
    resources = given.get("resources")
    if resources is None:
        resources = before.resources if before else ()
    allowed = {**_NAMES, "changed_fields": _fields(resources)}
    _refuse(
        _unknown(f"/{member}/{at}", name, names)
        for member, names in allowed.items()
        for at, name in enumerate(given.get(member) or ())
        if name not in names
    )


async def check_accounts(
    session: AsyncSession, environment_id: str, ids: Collection[str], before: Collection[str] = ()
) -> None:
    """Problem validation_failed for accounts the environment has not. Those named `before` may have gone since."""
    known = {*before, *await accounts_among(session, environment_id, ids)}
    _refuse(
        FieldError("reference_not_found", f"/integrated_account_id/{at}", f"There is no account {id!r}.")
        for at, id in enumerate(ids)
        if id not in known
    )


def _fields(resources: Collection[str]) -> tuple[str, ...]:
    """The fields a change of these resources, or of any, may name; `custom` are those of field mappings."""
    models = [model for (_, name), model in MODELS.items() if not resources or name in resources]
    return tuple(sorted({"custom"}.union(*(model.model_fields for model in models)) - NO_CHANGE))


def _unknown(pointer: str, name: str, allowed: tuple[str, ...]) -> FieldError:
    near = next(iter(get_close_matches(name, allowed, n=1)), None)
    hint = f" Did you mean {near}?" if near else ""
    return FieldError("enum_value", pointer, f"Nothing is called {name!r}.{hint}", allowed, near)


def _refuse(found: Iterable[FieldError]) -> None:
    errors = list(found)
    if errors:
        raise Problem("validation_failed", errors=errors)
