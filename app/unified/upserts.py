"""`/integrated-account/{id}/upsert`: whether an account's creates carry a mark the provider keeps unique."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

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
from connectors.kit.upserting import Standing, Upsert

router = APIRouter(route_class=StrictRoute, tags=["Integrated accounts"])

Writer = Annotated[Principal, Depends(requires("connections:write"))]
_SECONDS = 60


async def _usable(request: Request, principal: Writer, account_id: str) -> Account:
    """A dependency, so that a foreign id is 404 before its body is looked at."""
    return await request.app.state.accounts.usable(principal, account_id)


Usable = Annotated[Account, Depends(_usable)]


class UpsertRequest(BaseModel):
    """Which resources; without them, all the connector can."""

    model_config = ConfigDict(extra="forbid")

    resources: list[Annotated[str, Field(max_length=64)]] | None = Field(default=None, min_length=1)


class MarkedView(BaseModel):
    """One resource whose creates are marked."""

    resource: str
    field: str = Field(description="The provider's custom field that carries the mark")
    uniqueness: Literal["unique", "untold"] = Field(
        description="untold: the provider does not say whether it is unique; `ledgerway doctor --live-upsert` proves it"
    )


class UpsertView(BaseModel):
    """What is on now, and what this request found."""

    integrated_account_id: str
    upserts: dict[str, str]
    checked: list[MarkedView]


@router.post("/integrated-account/{account_id}/upsert", summary="Mark what an account's creates make")
async def enable_upsert(
    request: Request, principal: Writer, account: Usable, body: UpsertRequest
) -> UpsertView:
    """Needs a unique custom field in each module; one that is missing is 422 with what a person has to do.

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
    left = {name: field for name, field in account.upserts.items() if resource not in (None, name)}
    return await _switch(request.app, account, left, [], actor, request_id)


async def enable(
    app: FastAPI,
    account: Account,
    names: Sequence[str] | None,
    actor: audit.Actor,
    request_id: str,
    key_id: str,
) -> UpsertView:
    """Switch it on where the field is. Problem upsert_field_missing, enum_value, not_implemented."""
    upsert = offered(account)
    wanted = list(dict.fromkeys(names or upsert.modules))
    for name in wanted:
        if name not in upsert.modules:
            detail = f"{name[:60]} cannot be marked; offered: {', '.join(upsert.modules)}."
            raise Problem("parameter_invalid", detail, parameter="resources", allowed=list(upsert.modules))
    run = run_of(app, account, request_id, key_id)
    found: list[tuple[str, Standing]] = [
        (name, await app.state.gateway.perform(run, upsert.standing(name))) for name in wanted
    ]
    lacking = [(name, standing) for name, standing in found if standing in ("missing", "shared")]
    if lacking:
        raise _lacking(upsert, lacking)
    checked = [
        MarkedView(
            resource=name, field=upsert.field, uniqueness="unique" if standing == "unique" else "untold"
        )
        for name, standing in found
    ]
    on = {**account.upserts, **dict.fromkeys(wanted, upsert.field)}
    return await _switch(app, account, on, checked, actor, request_id)


def offered(account: Account) -> Upsert:
    """How the account's connector marks. Problem not_implemented."""
    upsert = account.connector.upsert
    if upsert is None:
        raise Problem(
            "not_implemented", f"{account.connector.label} has nothing to mark what is created with."
        )
    return upsert


def run_of(app: FastAPI, account: Account, request_id: str, key_id: str) -> Run:
    return Run(
        account=account,
        lane=Lane.INTERACTIVE,
        deadline=app.state.clock.monotonic() + _SECONDS,
        request_id=request_id,
        key_id=key_id,
        resource="upsert",
        operation="check",
    )


def _lacking(upsert: Upsert, lacking: Sequence[tuple[str, str]]) -> Problem:
    told: list[dict[str, Any]] = [
        {
            "resource": name,
            "field": upsert.field,
            "found": standing,
            "what_to_do": upsert.manual.format(module=upsert.modules[name]),
        }
        for name, standing in lacking
    ]
    words = ", ".join(
        f"{name} ({'not there' if how == 'missing' else 'not unique'})" for name, how in lacking
    )
    steps = " ".join(dict.fromkeys(each["what_to_do"] for each in told))
    detail = f"The unique custom field {upsert.field} is needed: {words}. {steps}"
    return Problem("upsert_field_missing", detail, fields=told)


async def _switch(
    app: FastAPI, account: Account, on: dict[str, str], checked: list[MarkedView], actor: audit.Actor, request_id: str
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
