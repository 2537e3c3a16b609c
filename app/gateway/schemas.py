"""The wire shapes of `/log` and of an account's quota."""

from datetime import datetime

from pydantic import BaseModel, Field

from app.models.call_log import CallLog


class LogEntry(BaseModel):
    """One call: for whom, which record, how it ended, and whether the same may safely be sent again."""

    id: str
    created_at: datetime
    request_id: str
    integrated_account_id: str | None
    tenant_id: str | None
    api_key_id: str | None
    route: str
    resource: str
    operation: str
    record_id: str | None = Field(description="The record it was about or made.")
    method: str = Field(description="Method of the last request to the provider.")
    native_path: str | None = Field(description="Its path at the provider, without the query.")
    status: int | None = Field(description="What the caller got; 499 when it went away before.")
    provider_status: int | None
    provider_code: str | None
    duration_ms: int
    provider_calls: int
    error: str | None = Field(description="Code of the problem, if it ended in one.")
    error_detail: str | None = Field(description="Why, in words.")
    executed: str | None = Field(description="no, yes or unknown: whether the provider did it.")
    retry_is_safe: bool | None = Field(
        description="Whether sending the same again, with its key if it had one, cannot do it twice. "
        "Null: it succeeded."
    )
    retryable: bool | None = Field(description="Whether the same request may succeed later.")
    result_count: int | None
    source_event: str | None


class LogPage(BaseModel):
    result: list[LogEntry]
    next_cursor: str | None
    limit: int


class Allowed(BaseModel):
    """One budget. `reset` is seconds until some of it comes back."""

    limit: int
    remaining: int
    reset: int


class Slots(BaseModel):
    """Calls in process at once. The limit falls when the provider finds them too many, and comes back by the minute."""

    limit: int
    in_use: int


class Closure(BaseModel):
    """The provider refused further calls; `reset` is seconds until the next is tried."""

    reason: str = Field(description="minute or day")
    reset: int


class ForecastView(BaseModel):
    """When `calls` calls of background work would be done, if nothing else spends the day."""

    calls: int
    days: int = Field(description="Days of the provider it spends from.")
    seconds: int | None = Field(description="From now to its end; null: this plan leaves nothing for it.")
    done_at: datetime | None
    today: int = Field(description="Calls background work may still make today.")
    per_day: int = Field(description="Calls it may make on a whole day; the rest is kept for people.")
    per_minute: int
    summary: str = Field(description="The same for people.")


class QuotaView(BaseModel):
    """The call budget of an account's organisation, shared by every account of that organisation.

    The day is an estimate between two answers of the provider: other applications spend from it too.
    """

    integrated_account_id: str
    minute: Allowed
    day: Allowed
    concurrent: Slots
    closed: Closure | None
    forecast: ForecastView | None = Field(
        default=None, description="When the calls asked about would be done."
    )


def log_entry(row: CallLog) -> LogEntry:
    """The public shape of a stored record."""
    return LogEntry(
        id=row.id,
        created_at=row.created_at,
        request_id=row.request_id,
        integrated_account_id=row.account_id,
        tenant_id=row.tenant_id,
        api_key_id=row.key_id,
        route=row.route,
        resource=row.resource,
        operation=row.operation,
        record_id=row.record_id,
        method=row.method,
        native_path=row.native_path,
        status=row.status,
        provider_status=row.provider_status,
        provider_code=row.provider_code,
        duration_ms=row.duration_ms,
        provider_calls=row.attempts,
        error=row.error_code,
        error_detail=row.error_detail,
        executed=row.executed,
        retry_is_safe=row.retry_is_safe,
        retryable=row.retryable,
        result_count=row.result_count,
        source_event=row.source_event,
    )
