"""`/sync-job`, `/sync-job-run` and `/changes`."""

from typing import Annotated, Any, Literal, TypeVar

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from sqlalchemy import select, tuple_

from app.core.auth import Principal
from app.core.errors import Problem
from app.core.json import decode, encode
from app.core.parameters import LARGEST_PAGE, Limit, NextCursor, StrictRoute, clamp, next_page, page_after
from app.core.secrets import Reason, SecretUnavailable
from app.core.secrets.vault import Vault
from app.gateway.api import forecast_view
from app.gateway.engine import Gateway
from app.gateway.forecast import forecast
from app.keys.access import authenticated, require, requires
from app.keys.audit import actor_of
from app.models.integrated_accounts import IntegratedAccount
from app.models.sync_jobs import SyncJob
from app.models.sync_runs import SyncRun
from app.models.synced_records import QuarantinedRecord
from app.sync import feed, quarantine
from app.sync.schemas import (
    ChangePage,
    QuarantinePage,
    SyncJobChange,
    SyncJobPage,
    SyncJobRequest,
    SyncJobRunPage,
    SyncJobRunRequest,
    SyncJobRunView,
    SyncJobView,
    job_view,
    quarantined_view,
    run_view,
)
from app.sync.service import ACTIVE, Sync
from app.sync.sizes import calls_left
from app.synced.units import units_of
from app.writes.routes import ONCE, once

router = APIRouter(tags=["Sync"], route_class=StrictRoute)

Reader = Annotated[Principal, Depends(requires("sync:read"))]
Writer = Annotated[Principal, Depends(requires("sync:write"))]
Caller = Annotated[Principal, Depends(authenticated)]
Account = Annotated[str | None, Query(description="Only of this account.", max_length=64)]


def _sync(request: Request) -> Sync:
    return request.app.state.sync


@router.post("/sync-job", status_code=201, openapi_extra=ONCE, summary="Keep an account's records current")
@once("sync-job")
async def create_job(request: Request, principal: Writer, body: SyncJobRequest) -> SyncJobView:
    """The first run begins at once; follow it with `/sync-job-run`."""
    job = await _sync(request).create(principal, actor_of(request, principal), body)
    return await _whole_job(request, job)


@router.get("/sync-job", summary="List sync jobs")
async def list_jobs(
    request: Request,
    principal: Reader,
    integrated_account_id: Account = None,
    limit: Limit = 100,
    next_cursor: NextCursor = None,
) -> SyncJobPage:
    """Newest first."""
    limit = clamp(limit)
    rows, cursor = await _page(request, principal, SyncJob, integrated_account_id, None, limit, next_cursor)
    at = await _sync(request).destinations.views(row.id for row in rows)
    return SyncJobPage(
        result=[job_view(row, at.get(row.id)) for row in rows], next_cursor=cursor, limit=limit
    )


@router.get("/sync-job/{job_id}", summary="Read a sync job")
async def get_job(request: Request, principal: Reader, job_id: str) -> SyncJobView:
    """With how each resource is kept current, at what cost, and how far it is."""
    return await _whole_job(request, await _sync(request).job(principal, job_id))


@router.get("/sync-job/{job_id}/quarantine", summary="What could not be read", response_model=QuarantinePage)
async def list_quarantine(
    request: Request, principal: Reader, job_id: str, limit: Limit = 100, next_cursor: NextCursor = None
) -> Response:
    """Rows the provider sent that make no record, of the job's resources the key may read. Those first met last come
    first; at most 500 of a list, and none that was not met for 30 days."""
    job, state, limit = await _sync(request).job(principal, job_id), request.app.state, clamp(limit)
    account = await state.accounts.load(job.environment_id, job.account_id)
    readable = [path for path in job.resources if principal.allows(f"{path.replace('/', '.')}:read")]
    units = [unit.name for path in readable for unit in units_of(account.connector, path)]
    binding = ("quarantine", job.id, *units)
    before = page_after(state.cursors, next_cursor, *binding)
    async with state.database.read() as session:
        rows = await quarantine.page(session, account.id, units, limit + 1, before)
    last = rows[limit - 1] if len(rows) > limit else None
    body = {
        "result": [
            quarantined_view(row, await _opened(state.credentials.vault, row)) for row in rows[:limit]
        ],
        "next_cursor": next_page(state.cursors, last.created_at, last.id, *binding) if last else None,
        "limit": limit,
    }
    return Response(encode(body), media_type="application/json")


@router.patch("/sync-job/{job_id}", summary="Change a sync job")
async def change_job(request: Request, principal: Writer, job_id: str, body: SyncJobChange) -> SyncJobView:
    job = await _sync(request).change(principal, actor_of(request, principal), job_id, body)
    return job_view(job, await _sync(request).destinations.view(job.id))


@router.delete("/sync-job/{job_id}", status_code=204, summary="End a sync job")
async def delete_job(request: Request, principal: Writer, job_id: str) -> Response:
    """Its runs end with it; what was synced stays until the account goes."""
    await _sync(request).delete(principal, actor_of(request, principal), job_id)
    return Response(status_code=204)


@router.post("/sync-job-run", status_code=202, summary="Run a sync job now")
async def create_run(request: Request, principal: Writer, body: SyncJobRunRequest) -> SyncJobRunView:
    return await _whole_run(
        request, await _sync(request).start(principal, actor_of(request, principal), body)
    )


@router.get("/sync-job-run", summary="List runs")
async def list_runs(
    request: Request,
    principal: Reader,
    integrated_account_id: Account = None,
    sync_job_id: Annotated[str | None, Query(description="Only of this job.", max_length=64)] = None,
    limit: Limit = 100,
    next_cursor: NextCursor = None,
) -> SyncJobRunPage:
    """Newest first."""
    limit = clamp(limit)
    rows, cursor = await _page(
        request, principal, SyncRun, integrated_account_id, sync_job_id, limit, next_cursor
    )
    at = await _sync(request).destinations.views({row.job_id for row in rows})
    views = [run_view(row, at.get(row.job_id)) for row in rows]
    return SyncJobRunPage(result=views, next_cursor=cursor, limit=limit)


@router.get("/sync-job-run/{run_id}", summary="Watch a run")
async def get_run(request: Request, principal: Reader, run_id: str) -> SyncJobRunView:
    """Counts, percent, and when it will be done under the organisation's quota, as far as its size is known."""
    run = await _sync(request).run(principal, run_id)
    return await _whole_run(request, run, await _forecast(request, run))


@router.post("/sync-job-run/{run_id}/{act}", summary="Pause, resume or stop a run")
async def act_on_run(
    request: Request,
    principal: Writer,
    run_id: str,
    act: Annotated[Literal["pause", "resume", "stop"], Path()],
) -> SyncJobRunView:
    """Nothing that was committed is lost: a paused run goes on at the page where it stopped."""
    return await _whole_run(
        request, await _sync(request).act(principal, actor_of(request, principal), run_id, act)
    )


@router.get("/changes", summary="What changed, in order", response_model=ChangePage)
async def list_changes(
    request: Request,
    principal: Caller,
    integrated_account_id: Annotated[str, Query(max_length=64)],
    resource: Annotated[
        str | None, Query(description="Only these resources, parted by commas.", max_length=1000)
    ] = None,
    next_cursor: NextCursor = None,
    limit: Limit = 100,
    exclude_origin: Annotated[
        Literal["gateway"] | None,
        Query(description="`gateway` leaves out echoes of writes made through here."),
    ] = None,
) -> Response:
    """Every change once, oldest first. Keep `next_cursor` and ask with it again; without one it starts at the
    oldest change still kept. Problem cursor_expired (410) when what followed the cursor is no longer kept."""
    account = await request.app.state.accounts.visible(principal, integrated_account_id)
    models = {name: model for model, name in account.connector.resources}
    wanted = _names(resource, models)
    for name in wanted or ():
        require(principal, f"{models[name]}.{name}:read")
    readable = wanted or [name for name, model in models.items() if principal.allows(f"{model}.{name}:read")]
    if not readable:
        require(principal, "accounting:read")
    binding = ("changes", account.id, ",".join(sorted(wanted or [])), exclude_origin or "")
    cursors, limit = request.app.state.cursors, min(limit, LARGEST_PAGE)
    after = int(cursors.open(next_cursor, *binding)["after"]) if next_cursor else 0
    async with request.app.state.database.read() as session:
        await feed.check(session, account.environment_id, after)
        rows = await feed.changes(
            session,
            account.environment_id,
            account.id,
            readable,
            after,
            limit + 1,
            foreign_only=exclude_origin is not None,
        )
    page = rows[:limit]
    last = page[-1].sequence if page else after
    body: dict[str, Any] = {
        "result": [dict(row.payload) for row in page],
        "next_cursor": cursors.sign({"after": last}, *binding),
        "has_more": len(rows) > limit,
    }
    return Response(encode(body), media_type="application/json")


async def _whole_job(request: Request, job: SyncJob) -> SyncJobView:
    sync = _sync(request)
    return job_view(job, await sync.destinations.view(job.id), await sync.coverage(job))


async def _whole_run(request: Request, run: SyncRun, ahead: dict[str, Any] | None = None) -> SyncJobRunView:
    return run_view(run, await _sync(request).destinations.view(run.job_id), ahead)


async def _opened(vault: Vault, row: QuarantinedRecord) -> Any:
    try:
        sealed = quarantine.sealed_as(row.environment_id, row.account_id)
        return decode((await vault.open(row.native, sealed)).reveal())
    except SecretUnavailable as error:
        if error.reason is Reason.SERVICE:
            raise
        return None


def _names(text: str | None, models: dict[str, str]) -> list[str] | None:
    """The resources of a comma list. Problem parameter_invalid for one this account has not."""
    if text is None:
        return None
    names = list(dict.fromkeys(name.strip().rpartition("/")[2] for name in text.split(",") if name.strip()))
    unknown = [name for name in names if name not in models]
    if unknown or not names:
        detail = f"There is no resource {unknown[0][:60] if unknown else ''!r} here."
        raise Problem("parameter_invalid", detail, parameter="resource", allowed=sorted(models))
    return names


async def _forecast(request: Request, run: SyncRun) -> dict[str, Any] | None:
    """When a run that is under way will be done; None when it is not, or its size is not known."""
    if run.state not in ACTIVE:
        return None
    account = await request.app.state.accounts.load(run.environment_id, run.account_id)
    async with request.app.state.database.read() as session:
        calls = await calls_left(session, account, run)
    if calls is None:
        return None
    gateway: Gateway = request.app.state.gateway
    budget, now = await gateway.budget(account)
    found = forecast(max(1, calls), budget, now, account.limits)
    return forecast_view(found, budget.day(now, account.limits)[0], now).model_dump()


_Row = TypeVar("_Row", SyncJob, SyncRun)


async def _page(
    request: Request,
    principal: Principal,
    kind: type[_Row],
    account_id: str | None,
    job_id: str | None,
    limit: int,
    cursor: str | None,
) -> tuple[list[_Row], str | None]:
    """Rows of the accounts the principal may see, newest first, and the cursor of the next page."""
    state = request.app.state
    binding = (kind.__tablename__, principal.key_id, account_id or "", job_id or "")
    after = page_after(state.cursors, cursor, *binding)
    query = (
        select(kind)
        .join(IntegratedAccount, IntegratedAccount.id == kind.account_id)
        .where(kind.environment_id == principal.environment_id)
        .order_by(kind.created_at.desc(), kind.id.desc())
        .limit(limit + 1)
    )
    if principal.account_ids is not None:
        query = query.where(kind.account_id.in_(principal.account_ids))
    if principal.tenant_ids is not None:
        query = query.where(IntegratedAccount.tenant_id.in_(principal.tenant_ids))
    if account_id is not None:
        query = query.where(kind.account_id == account_id)
    if job_id is not None:
        query = query.where(SyncRun.job_id == job_id)
    if after is not None:
        query = query.where(tuple_(kind.created_at, kind.id) < tuple_(*after))
    async with state.database.read() as session:
        rows = list(await session.scalars(query))
    if len(rows) <= limit:
        return rows, None
    last = rows[limit - 1]
    return rows[:limit], next_page(state.cursors, last.created_at, last.id, *binding)
