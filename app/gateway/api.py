"""`/log` and `/integrated-account/{id}/quota`."""

import re
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from app.core.auth import Principal
from app.core.codes import CODES
from app.core.errors import Problem
from app.core.parameters import Limit, NextCursor, OneOf, StrictRoute, clamp, next_page, page_after
from app.gateway import store
from app.gateway.budget import Budget
from app.gateway.engine import Gateway
from app.gateway.forecast import Forecast, forecast, said
from app.gateway.schemas import Allowed, Closure, ForecastView, LogPage, QuotaView, Slots, log_entry
from app.keys.access import requires
from connectors.kit.limits import Limits

router = APIRouter(route_class=StrictRoute)

_STATUS = re.compile(r"[1-5](?:xx|\d\d)")


@router.get("/log", tags=["Operate"], summary="Read the call log")
async def list_log(
    request: Request,
    principal: Annotated[Principal, Depends(requires("logs:read"))],
    limit: Limit = 100,
    next_cursor: NextCursor = None,
    integrated_account_id: Annotated[str | None, Query(description="Only calls of this account.")] = None,
    tenant_id: Annotated[str | None, Query(description="Only calls for this tenant.")] = None,
    resource: Annotated[
        str | None,
        Query(description="Only this resource: invoices or accounting/invoices; proxy for raw calls."),
    ] = None,
    operation: Annotated[str | None, Query(description="Only this operation, such as list.")] = None,
    status: Annotated[str | None, Query(description="A status (429) or a class of them (5xx).")] = None,
    error: Annotated[
        Annotated[str, OneOf(("any", *CODES))] | None,
        Query(description="Only this problem code; `any` for every call that failed."),
    ] = None,
    request_id: Annotated[str | None, Query(description="Only this request.")] = None,
    record_id: Annotated[str | None, Query(description="Only calls about this record.")] = None,
    source_event: Annotated[str | None, Query(description="Only calls made for this X-Source-Event.")] = None,
    since: Annotated[
        datetime | None, Query(alias="created_at[gte]", description="Not before this instant.")
    ] = None,
    until: Annotated[
        datetime | None, Query(alias="created_at[lt]", description="Before this instant.")
    ] = None,
) -> LogPage:
    """What was asked of accounts in this environment, newest first: one entry for every request whose key was accepted,
    as it was answered, and one for every run of ours. It appears within a second.
    """
    wanted = store.LogFilter(
        account_id=integrated_account_id,
        tenant_id=tenant_id,
        resource=resource,
        operation=operation,
        statuses=_statuses(status),
        error="" if error == "any" else error,
        request_id=request_id,
        record_id=record_id,
        source_event=source_event,
        since=_aware(since, "created_at[gte]"),
        until=_aware(until, "created_at[lt]"),
    )
    cursors, limit, binding = (
        request.app.state.cursors,
        clamp(limit),
        ("log", principal.environment_id, repr(wanted)),
    )
    before = page_after(cursors, next_cursor, *binding)
    async with request.app.state.database.read() as session:
        rows = await store.page(session, principal, wanted, limit + 1, before)
    more, rows = len(rows) > limit, rows[:limit]
    return LogPage(
        result=[log_entry(row) for row in rows],
        next_cursor=next_page(cursors, rows[-1].created_at, rows[-1].id, *binding) if more else None,
        limit=limit,
    )


@router.get(
    "/integrated-account/{account_id}/quota", tags=["Accounts"], summary="What is left of an account's calls"
)
async def read_quota(
    request: Request,
    principal: Annotated[Principal, Depends(requires("connections:read"))],
    account_id: str,
    calls: Annotated[
        int | None,
        Query(ge=1, le=1_000_000, description="Also forecast when so many background calls would be done."),
    ] = None,
) -> QuotaView:
    """The organisation's budget by minute, day and calls in process, over all its accounts and processes."""
    account = await request.app.state.accounts.load(principal.environment_id, account_id)
    if not principal.sees(account.id, account.tenant_id):
        raise Problem("not_found", "No such integrated account.")
    gateway: Gateway = request.app.state.gateway
    budget, now = await gateway.budget(account)
    view = quota_view(account.id, budget, now, account.limits)
    if calls is not None:
        view.forecast = forecast_view(forecast(calls, budget, now, account.limits), view.day.limit, now)
    return view


def forecast_view(found: Forecast, day_limit: int, now: float) -> ForecastView:
    """The public shape of a forecast made at `now`."""
    seconds = None if found.seconds is None else int(found.seconds + 0.999)
    return ForecastView(
        calls=found.calls,
        days=found.days,
        seconds=seconds,
        done_at=None if seconds is None else datetime.fromtimestamp(int(now) + seconds, UTC),
        today=found.today,
        per_day=found.per_day,
        per_minute=found.per_minute,
        summary=said(found, day_limit),
    )


def quota_view(account_id: str, budget: Budget, now: float, limits: Limits) -> QuotaView:
    """The public shape of a budget at `now`."""
    closed = None
    if budget.closed_until > now:
        closed = Closure(
            reason="day" if budget.closed_day else "minute", reset=int(budget.closed_until - now + 0.999)
        )
    held = sum(slots for slots, _, until in budget.slots.values() if until > now)
    room = budget.at_once(now, limits)
    return QuotaView(
        integrated_account_id=account_id,
        minute=_allowed(budget.minute(now, limits)),
        day=_allowed(budget.day(now, limits)),
        concurrent=Slots(limit=room, in_use=min(held, room)),
        closed=closed,
    )


def _allowed(figures: tuple[int, int, float]) -> Allowed:
    limit, remaining, reset = figures
    return Allowed(limit=limit, remaining=remaining, reset=int(reset + 0.999))


def _statuses(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    if not _STATUS.fullmatch(text):
        raise Problem("parameter_invalid", "status is a status (429) or a class (5xx).", parameter="status")
    if text.endswith("xx"):
        return int(text[0]) * 100, int(text[0]) * 100 + 100
    return int(text), int(text) + 1


def _aware(value: datetime | None, name: str) -> datetime | None:
    if value is not None and value.tzinfo is None:
        raise Problem("parameter_invalid", f"{name} needs a time zone (…Z).", parameter=name)
    try:
        return value.astimezone(UTC) if value is not None else None
    except OverflowError:
        raise Problem("parameter_invalid", f"{name} is out of range.", parameter=name) from None
