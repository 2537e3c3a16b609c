"""What callers say and see of webhooks and their messages."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from app.models.webhooks import Webhook, WebhookAttempt, WebhookMessage

Name = Annotated[str, Field(min_length=1, max_length=120)]
Names = Annotated[list[Name], Field(max_length=100)]
Url = Annotated[
    str, Field(min_length=1, max_length=2_000, examples=["https://app.example.com/hooks/ledgerway"])
]


class WebhookRequest(BaseModel):
    """Who is to be told of what. Lists left empty do not narrow; `record:*` names all events of records.

    `payload` thin: a record's event names the record and what changed, without its values. `exclude_origin`
    gateway: changes that echo writes made through this gateway are not told.
    """

    model_config = ConfigDict(extra="forbid")

    target_url: Url
    event_types: Names = Field(
        default_factory=list, examples=[["record:*", "integrated_account:authentication_error"]]
    )
    resources: Names = Field(default_factory=list, examples=[["invoices"]])
    integrated_account_id: Names = Field(default_factory=list)
    tenant_id: Names = Field(default_factory=list)
    changed_fields: Names = Field(default_factory=list, examples=[["status", "balance"]])
    payload: Literal["full", "thin"] = "full"
    exclude_origin: Literal["gateway"] | None = None
    is_active: bool = True


class WebhookChange(BaseModel):
    """What is left out stays. `is_active` true also ends a disabled or degraded state; `recover_since` then sends
    again what failed or was cancelled since."""

    model_config = ConfigDict(extra="forbid")

    target_url: Url | None = None
    event_types: Names | None = None
    resources: Names | None = None
    integrated_account_id: Names | None = None
    tenant_id: Names | None = None
    changed_fields: Names | None = None
    payload: Literal["full", "thin"] | None = None
    exclude_origin: Literal["gateway"] | None = None
    is_active: bool | None = None
    recover_since: AwareDatetime | None = None


class WebhookView(BaseModel):
    """`secret` is shown once: where a webhook is made, and where its secret is rotated."""

    id: str
    target_url: str
    event_types: list[str]
    resources: list[str]
    integrated_account_id: list[str]
    tenant_id: list[str]
    changed_fields: list[str]
    payload: str
    exclude_origin: str | None
    is_active: bool
    health: str = Field(description="ok | degraded | disabled")
    health_detail: str | None
    failures: int
    succeeded_at: datetime | None
    created_at: datetime
    updated_at: datetime
    version: int
    secret: str | None = None


class WebhookPage(BaseModel):
    result: list[WebhookView]
    next_cursor: str | None
    limit: int


class TestRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    id: Name


class AttemptView(BaseModel):
    at: datetime
    milliseconds: int
    status: int | None
    error: str | None
    answer: str | None


class MessageView(BaseModel):
    """One event on its way to one webhook. `webhook_message_id` is `id`; `event_id` is what `webhook-id` says."""

    id: str
    webhook_id: str
    event_id: str
    event: str
    sequence: int
    integrated_account_id: str | None
    state: str = Field(description="pending | delivered | dead | cancelled")
    attempts: int
    due_at: datetime | None
    last_status: int | None
    last_error: str | None
    created_at: datetime
    delivered_at: datetime | None
    history: list[AttemptView] | None = Field(None, description="Only of a message that is read by itself.")
    payload: dict[str, Any] | None = Field(None, description="Only of a message that is read by itself.")


class MessagePage(BaseModel):
    result: list[MessageView]
    next_cursor: str | None
    limit: int


class ReplayRequest(BaseModel):
    """Messages since then, narrowed; without `states` those that are not delivered."""

    model_config = ConfigDict(extra="forbid")

    since: AwareDatetime
    webhook_id: Name | None = None
    event_types: Names = Field(default_factory=list)
    states: list[Literal["delivered", "dead", "cancelled"]] = Field(
        default_factory=lambda: ["dead", "cancelled"], min_length=1
    )


class Replayed(BaseModel):
    """`messages` will be sent again, at most fifty a second."""

    messages: int


def webhook_view(row: Webhook, secret: str | None = None) -> WebhookView:
    return WebhookView(
        id=row.id,
        target_url=row.target_url,
        event_types=row.event_types,
        resources=row.resources,
        integrated_account_id=row.account_ids,
        tenant_id=row.tenant_ids,
        changed_fields=row.changed_fields,
        payload=row.payload,
        exclude_origin="gateway" if row.exclude_origin else None,
        is_active=row.is_active and row.health != "disabled",
        health=row.health,
        health_detail=row.health_detail,
        failures=row.failures,
        succeeded_at=row.succeeded_at,
        created_at=row.created_at,
        updated_at=row.updated_at,
        version=row.version,
        secret=secret,
    )


def message_view(
    row: WebhookMessage,
    history: list[WebhookAttempt] | None = None,
    payload: dict[str, Any] | None = None,
) -> MessageView:
    return MessageView(
        id=row.id,
        webhook_id=row.webhook_id,
        event_id=row.event_id,
        event=row.event,
        sequence=row.sequence,
        integrated_account_id=row.account_id,
        state=row.state,
        attempts=row.attempts,
        due_at=row.due_at,
        last_status=row.last_status,
        last_error=row.last_error,
        created_at=row.created_at,
        delivered_at=row.delivered_at,
        history=None
        if history is None
        else [
            AttemptView(
                at=each.at,
                milliseconds=each.milliseconds,
                status=each.status,
                error=each.error,
                answer=each.answer,
            )
            for each in history
        ],
        payload=payload,
    )
