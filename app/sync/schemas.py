"""What callers say and see of sync jobs, their runs and what changed."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.models.sync_jobs import SyncJob
from app.models.sync_runs import SyncRun
from app.models.synced_records import QuarantinedRecord
from app.sync.destinations.schemas import DestinationRequest, DestinationView
from app.sync.quarantine import record_id_of
from app.synced.units import Unit

Name = Annotated[str, Field(min_length=1, max_length=120)]


class Cadence(BaseModel):
    """Every so many seconds, or a cron line of five fields in a time zone (UTC unless named)."""

    model_config = ConfigDict(extra="forbid")

    interval_seconds: int | None = Field(None, examples=[900])
    cron: str | None = Field(None, max_length=200, examples=["*/15 * * * *"])
    time_zone: str | None = Field(None, max_length=64, examples=["Europe/Berlin"])


class SyncJobRequest(BaseModel):
    """`resources` left out: everything that can be synced. `hydrate`: resources read in full, record by record,
    where the list tells less; each changed record costs one call. Cadences may be null: only when asked for."""

    model_config = ConfigDict(extra="forbid")

    integrated_account_id: Name
    resources: list[Name] | None = Field(
        None, min_length=1, max_length=100, examples=[["invoices", "contacts"]]
    )
    hydrate: list[Name] | bool = False
    cadence: Cadence | None = Field(default_factory=lambda: Cadence.model_validate({"interval_seconds": 900}))
    sweep_cadence: Cadence | None = Field(
        default_factory=lambda: Cadence.model_validate({"interval_seconds": 86_400})
    )
    destination: DestinationRequest | None = None
    is_active: bool = True


class SyncJobChange(BaseModel):
    """What is left out stays. `destination` null: the records go nowhere any more; what is there stays there."""

    model_config = ConfigDict(extra="forbid")

    resources: list[Name] | None = Field(None, min_length=1, max_length=100)
    hydrate: list[Name] | bool | None = None
    cadence: Cadence | None = None
    sweep_cadence: Cadence | None = None
    destination: DestinationRequest | None = None
    is_active: bool | None = None


class SyncedResource(BaseModel):
    """How one resource is kept current.

    strategy     keyset, since, newest: asked for what changed; window: for what is dated lately; whole: for all
    sees         what a delta notices, and what only a sweep does
    mode         hook, hook_unverified: the provider tells of changes too; manual: somebody has to ask it to
                 (`/integrated-account/{id}/inbound` says how); polling
    calls        provider calls of a delta that finds nothing; None: as many as there are pages
    """

    resource: str
    side: str | None
    strategy: str
    sees: str
    mode: str = Field(description="hook | hook_unverified | manual | polling")
    last_delivery_at: datetime | None
    calls: int | None
    synced_until: datetime | None
    swept_at: datetime | None
    records: int
    quarantined: int = Field(description="Rows that cannot be read: `/sync-job/{id}/quarantine` shows them")


class SyncJobView(BaseModel):
    id: str
    integrated_account_id: str
    resources: list[str]
    hydrate: list[str]
    cadence: dict[str, Any] | None
    sweep_cadence: dict[str, Any] | None
    destination: DestinationView | None
    is_active: bool
    next_run_at: datetime | None
    next_sweep_at: datetime | None
    created_at: datetime
    updated_at: datetime
    version: int
    coverage: list[SyncedResource] | None = Field(None, description="Only where one job is read.")


class SyncJobPage(BaseModel):
    result: list[SyncJobView]
    next_cursor: str | None
    limit: int


class SyncJobRunRequest(BaseModel):
    """`mode` full reads everything again and finds deletions; delta what changed."""

    model_config = ConfigDict(extra="forbid")

    sync_job_id: Name
    mode: Literal["delta", "full"] = "delta"
    resources: list[Name] | None = Field(None, min_length=1, max_length=100)


class Counted(BaseModel):
    rows: int = 0
    created: int = 0
    updated: int = 0
    deleted: int = 0
    quarantined: int = 0
    calls: int = 0


class SyncJobRunView(BaseModel):
    """`resources` counts by resource; a member `error` there says why one was left out, and what to do, `read_whole`
    why all of it was read where what changed would have done, `incomplete` why some of it may be missing. A run that
    left some out is completed, with the first of those errors; one that could read none failed. `resync` there, with
    the word cursor_expired: what was known was over 30 days old, so everything was read, not only what changed."""

    id: str
    sync_job_id: str
    integrated_account_id: str
    kind: str = Field(description="initial | delta | full | adhoc")
    state: str = Field(description="queued | running | paused | completed | failed | stopped")
    percent: int
    totals: Counted
    resources: dict[str, dict[str, Any]]
    remaining: list[str]
    error: dict[str, Any] | None
    destination: DestinationView | None = Field(description="How its job's destination stands now.")
    forecast: dict[str, Any] | None = Field(None, description="Only of a run that is read by itself.")
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    resume_at: datetime | None


class SyncJobRunPage(BaseModel):
    result: list[SyncJobRunView]
    next_cursor: str | None
    limit: int


class QuarantinedRow(BaseModel):
    """A row of the provider's that could not be read, as it was met last. It goes once it is read, or gone."""

    id: str
    resource: str
    side: str | None
    record_id: str | None = Field(description="As the provider spells it, where it has one")
    reason: str
    first_seen_at: datetime
    last_seen_at: datetime
    seen: int = Field(description="How often it was met")
    sync_job_run_id: str = Field(description="The run that met it last")
    remote_data: Any = Field(description="The row; null once it cannot be opened any more")


class QuarantinePage(BaseModel):
    result: list[QuarantinedRow]
    next_cursor: str | None
    limit: int


class ChangePage(BaseModel):
    """`next_cursor` is always there: ask with it later for what happened since."""

    result: list[dict[str, Any]]
    next_cursor: str
    has_more: bool


def bare(paths: list[str]) -> list[str]:
    """Resources by the names of the API's paths."""
    return [path.partition("/")[2] for path in paths]


def job_view(
    job: SyncJob, destination: DestinationView | None, coverage: list[SyncedResource] | None = None
) -> SyncJobView:
    return SyncJobView(
        id=job.id,
        integrated_account_id=job.account_id,
        resources=bare(job.resources),
        hydrate=bare(job.hydrate),
        cadence=job.cadence,
        sweep_cadence=job.sweep_cadence,
        destination=destination,
        is_active=job.is_active,
        next_run_at=job.next_run_at,
        next_sweep_at=job.next_sweep_at,
        created_at=job.created_at,
        updated_at=job.updated_at,
        version=job.version,
        coverage=coverage,
    )


def quarantined_view(row: QuarantinedRecord, native: Any) -> dict[str, Any]:
    unit = Unit.named(row.unit)
    return {
        "id": row.id,
        "resource": unit.resource,
        "side": unit.side,
        "record_id": record_id_of(row),
        "reason": row.reason,
        "first_seen_at": row.created_at,
        "last_seen_at": row.last_seen_at or row.created_at,
        "seen": row.seen,
        "sync_job_run_id": row.run_id,
        "remote_data": native,
    }


def run_view(
    run: SyncRun, destination: DestinationView | None, forecast: dict[str, Any] | None = None
) -> SyncJobRunView:
    totals = Counted()
    for counts in run.stats.values():
        for name in Counted.model_fields:
            setattr(totals, name, getattr(totals, name) + counts.get(name, 0))
    return SyncJobRunView(
        id=run.id,
        sync_job_id=run.job_id,
        integrated_account_id=run.account_id,
        kind=run.kind,
        state=run.state,
        percent=run.percent,
        totals=totals,
        resources={name.partition("/")[2]: counts for name, counts in run.stats.items()},
        remaining=[_named(unit) for unit in run.plan],
        error=run.error,
        destination=destination,
        forecast=forecast,
        created_at=run.created_at,
        started_at=run.started_at,
        ended_at=run.ended_at,
        resume_at=run.resume_at,
    )


def _named(unit: dict[str, Any]) -> str:
    return unit["resource"] if unit["side"] is None else f"{unit['resource']}:{unit['side']}"
