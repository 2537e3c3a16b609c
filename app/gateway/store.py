"""Reading the call log."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.auth import Principal
from app.models.call_log import CallLog
from unified_models import MODELS


@dataclass(frozen=True, slots=True)
class LogFilter:
    """`resource` may come without its model; `statuses` is a half-open range; `error` a code, or "" for any error. None
    does not filter.
    """

    account_id: str | None = None
    tenant_id: str | None = None
    resource: str | None = None
    operation: str | None = None
    statuses: tuple[int, int] | None = None
    error: str | None = None
    request_id: str | None = None
    record_id: str | None = None
    source_event: str | None = None
    since: datetime | None = None
    until: datetime | None = None


async def page(
    session: AsyncSession,
    principal: Principal,
    wanted: LogFilter,
    limit: int,
    before: tuple[datetime, str] | None,
) -> list[CallLog]:
    """At most `limit` entries the principal may see, newest first, older than `before` (created_at, id)."""
    query = select(CallLog).where(CallLog.environment_id == principal.environment_id)
    if principal.account_ids is not None:
        query = query.where(CallLog.account_id.in_(principal.account_ids))
    if principal.tenant_ids is not None:
        query = query.where(CallLog.tenant_id.in_(principal.tenant_ids))
    query = _filtered(query, wanted)
    if before is not None:
        query = query.where(tuple_(CallLog.created_at, CallLog.id) < tuple_(*before))
    query = query.order_by(CallLog.created_at.desc(), CallLog.id.desc()).limit(limit)
    return list((await session.execute(query)).scalars())


def _filtered(query: Select[CallLog], wanted: LogFilter) -> Select[CallLog]:
    equal = (
        (CallLog.account_id, wanted.account_id),
        (CallLog.tenant_id, wanted.tenant_id),
        (CallLog.operation, wanted.operation),
        (CallLog.error_code, wanted.error or None),
        (CallLog.request_id, wanted.request_id),
        (CallLog.record_id, wanted.record_id),
        (CallLog.source_event, wanted.source_event),
    )
    for column, value in equal:
        if value is not None:
            query = query.where(column == value)
    if wanted.resource is not None:
        query = query.where(CallLog.resource.in_(_spelled(wanted.resource)))
    if wanted.error == "":
        query = query.where(or_(CallLog.error_code.is_not(None), CallLog.status >= 400))
    if wanted.statuses is not None:
        query = query.where(CallLog.status >= wanted.statuses[0], CallLog.status < wanted.statuses[1])
    if wanted.since is not None:
        query = query.where(CallLog.created_at >= wanted.since)
    if wanted.until is not None:
        query = query.where(CallLog.created_at < wanted.until)
    return query


def _spelled(resource: str) -> list[str]:
    """The names a resource may be logged under."""
    return [resource, *(f"{model}/{name}" for model, name in MODELS if name == resource)]
