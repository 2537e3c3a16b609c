"""`/integrated-account/{id}/upsert`: whether an account's creates carry a mark the provider keeps unique."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from app.accounts import store
from app.accounts.service import Account
from app.core.auth import Principal
from app.core.errors import Problem
from app.core.parameters import StrictRoute
from app.gateway.engine import Lane, Run
from app.keys import audit
from app.keys.access import requires
from connectors.kit.upserting import Module, Standing, Upsert

router = APIRouter(route_class=StrictRoute, tags=["Integrated accounts"])

Writer = Annotated[Principal, Depends(requires("connections:write"))]


async def _usable(request: Request, principal: Writer, account_id: str) -> Account:
    """A dependency, so that a foreign id is 404 before its body is looked at."""
    return await request.app.state.accounts.usable(principal, account_id)


Usable = Annotated[Account, Depends(_usable)]


class UpsertRequest(BaseModel):
    """Which resources; without them, all that have the field."""

    model_config = ConfigDict(extra="forbid")

    resources: list[Annotated[str, Field(max_length=64)]] | None = Field(default=None, min_length=1)


class FoundView(BaseModel):
    """How the field stands where a resource's creates go."""

    resource: str
    module: str
    field: str = Field(description="The provider's custom field that carries the mark")
    found: Standing = Field(
        description="unique; untold: the provider does not say that it is (`ledgerway doctor --live-upsert` proves "
        "it); missing; shared: there, but not unique"
    )
    what_to_do: str | None = None

    @property
    def fits(self) -> bool:
        return self.found in ("unique", "untold")


class UpsertView(BaseModel):
    """What is on now, and what this request found."""

    integrated_account_id: str
    upserts: dict[str, str]
    checked: list[FoundView]


@router.post("/integrated-account/{account_id}/upsert", summary="Mark what an account's creates make")
async def enable_upsert(
    request: Request, principal: Writer, account: Usable, body: UpsertRequest
) -> UpsertView:
    """Needs a unique custom field in each module; where it is missing, `what_to_do` tells how a person makes it.

    From then on a create with an Idempotency-Key that is sent twice makes one record.
    """
    actor, request_id = audit.actor_of(request, principal), audit.request_id_of(request) or ""
    return await enable(request.app, account, body.resources, actor, request_id, principal.key_id)


@router.delete("/integrated-account/{account_id}/upsert", summary="Stop marking what creates make")
async def disable_upsert(
    request: Request,
    principal: Writer,
    account: Usable,
    resource: Annotated[str | None, Query(max_length=64, description="Only this one.")] = None,
) -> UpsertView:
    """Writes under way keep the mark they have. The field and its values stay with the provider."""
    actor, request_id = audit.actor_of(request, principal), audit.request_id_of(request) or ""
    return await disable(request.app, account, resource and [resource], actor, request_id)


async def enable(
    app: FastAPI,
    account: Account,
    names: Sequence[str] | None,
    actor: audit.Actor,
    request_id: str,
    key_id: str,
) -> UpsertView:
    """Switch it on for what is named, or wherever the field is. Problem upsert_field_missing, not_implemented."""
    upsert = offered(account)
    wanted = _known(upsert, names) if names else list(upsert.modules)
    run = run_of(app, account, request_id, key_id)
    checked: list[FoundView] = []
    for name in wanted:
        for module in upsert.modules[name]:
            found = await app.state.gateway.perform(run, upsert.standing(module))
            checked.append(_found(upsert, name, module, found))
    lacking = {each.resource for each in checked if not each.fits}
    fitting = [name for name in wanted if name not in lacking]
    if not fitting or (names and lacking):
        raise _lacking(upsert, [each for each in checked if not each.fits])
    on = {**account.upserts, **dict.fromkeys(fitting, upsert.field)}
    return await _switch(app, account, on, checked, actor, request_id)


async def disable(
    app: FastAPI, account: Account, names: Sequence[str] | None, actor: audit.Actor, request_id: str
) -> UpsertView:
    """Switch it off for what is named, or for everything."""
    gone = _known(offered(account), names) if names else list(account.upserts)
    left = {name: field for name, field in account.upserts.items() if name not in gone}
    return await _switch(app, account, left, [], actor, request_id)


def _known(upsert: Upsert, names: Sequence[str]) -> list[str]:
    for name in names:
        if name not in upsert.modules:
            detail = f"{name[:60]} cannot be marked; offered: {', '.join(upsert.modules)}."
            raise Problem("parameter_invalid", detail, parameter="resources", allowed=list(upsert.modules))
    return list(dict.fromkeys(names))


def offered(account: Account) -> Upsert:
    """How the account's connector marks. Problem not_implemented."""
    upsert = account.connector.upsert
    if upsert is None:
        raise Problem(
            "not_implemented", f"{account.connector.label} has nothing to mark what is created with."
        )
    return upsert


def run_of(app: FastAPI, account: Account, request_id: str, key_id: str, seconds: int = 60) -> Run:
    return Run(
        account=account,
        lane=Lane.INTERACTIVE,
        deadline=app.state.clock.monotonic() + seconds,
        request_id=request_id,
        key_id=key_id,
        resource="upsert",
        operation="check",
    )


def _found(upsert: Upsert, name: str, module: Module, found: Standing) -> FoundView:
    view = FoundView(resource=name, module=module.label, field=upsert.field, found=found)
    if not view.fits:
        view.what_to_do = upsert.manual.format(module=module.label)
    return view


def _lacking(upsert: Upsert, lacking: Sequence[FoundView]) -> Problem:
    words = ", ".join(
        f"{each.module} ({'not there' if each.found == 'missing' else 'not unique'})" for each in lacking
    )
    steps = upsert.manual.format(module=" / ".join(each.module for each in lacking))
    detail = f"The unique custom field {upsert.field} is needed: {words}. {steps}"
    return Problem("upsert_field_missing", detail, fields=[each.model_dump() for each in lacking])


async def _switch(
    app: FastAPI, account: Account, on: dict[str, str], checked: list[FoundView], actor: audit.Actor, request_id: str
) -> UpsertView:  # fmt: skip
    state = app.state
    async with state.database.write() as session:
        row = await store.account(session, account.environment_id, account.id)
        if row is None:
            raise Problem("not_found", "There is no such integrated account.")
        if on != (row.upserts or {}):
            row.upserts, row.updated_at = on or None, state.clock.now()
            await audit.record(
                session, state.clock.now(), account.environment_id, actor, "integrated_account.upsert_changed",
                account.id, request_id=request_id, detail={"resources": sorted(on)},
            )  # fmt: skip
    await state.accounts.everywhere(account.id)
    return UpsertView(integrated_account_id=account.id, upserts=on, checked=checked)
