"""What callers say and see of destinations."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from app.models.sync_destinations import SyncDestination


class DestinationRequest(BaseModel):
    """Where the job's records go, besides the change feed and webhooks.

    postgresql  a table per resource in `schema` of the database at `url`
    files       files of `format` below `path`: of the folder the operator chose, or the URL of a store it opened
    """

    model_config = ConfigDict(extra="forbid")

    type: Literal["postgresql", "files"]
    url: SecretStr | None = Field(
        None,
        max_length=2_000,
        examples=["postgresql://ledgerway:secret@db.example.com:5432/books?sslmode=verify-full"],
    )
    schema_name: str | None = Field(
        None,
        alias="schema",
        max_length=63,
        description="`ledgerway` unless named; made when it is not there.",
    )
    path: str | None = Field(None, max_length=1_000, examples=["acme/books"])
    format: Literal["ndjson", "parquet"] | None = Field(None, description="`ndjson` unless named.")


class DestinationView(BaseModel):
    """`url` has no password. `waiting` counts records still to go, and is told where one job or run is read."""

    type: str
    url: str | None
    schema_name: str | None = Field(serialization_alias="schema")
    path: str | None
    format: str | None
    state: str = Field(description="current | delivering | failing")
    delivered: int
    waiting: int | None
    delivered_at: datetime | None
    error: dict[str, Any] | None = Field(description="{code, message, since} of a failure that lasts.")
    retry_at: datetime | None


def view(row: SyncDestination, waiting: int | None = None) -> DestinationView:
    settings = row.settings
    failing = row.error is not None
    return DestinationView(
        type=row.type,
        url=_shown(settings) if row.type == "postgresql" else None,
        schema_name=settings.get("schema"),
        path=settings.get("path"),
        format=settings.get("format"),
        state="failing" if failing else "current" if row.due_at is None else "delivering",
        delivered=row.delivered,
        waiting=waiting,
        delivered_at=row.delivered_at,
        error=row.error,
        retry_at=row.due_at if failing else None,
    )


def _shown(settings: dict[str, Any]) -> str:
    host = f"[{settings['host']}]" if ":" in settings["host"] else settings["host"]
    where = f"{host}:{settings['port']}/{settings['database']}"
    return f"postgresql://{settings['user']}@{where}?sslmode={settings['tls']}"
