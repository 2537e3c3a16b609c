"""`/webhook` and `/webhook-message`."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response

from app.core.auth import Principal
from app.core.parameters import Limit, NextCursor, StrictRoute, clamp, next_page, page_after
from app.keys.access import requires_all
from app.keys.audit import actor_of
from app.webhooks.catalogue import Happening
from app.webhooks.schemas import (
    MessagePage,
    MessageView,
    Replayed,
    ReplayRequest,
    TestRequest,
    WebhookChange,
    WebhookPage,
    WebhookRequest,
    WebhookView,
    message_view,
    webhook_view,
)
from app.webhooks.service import Webhooks
from app.writes.routes import ONCE, once

router = APIRouter(tags=["Webhooks"], route_class=StrictRoute)

Reader = Annotated[Principal, Depends(requires_all("webhooks:read"))]
Writer = Annotated[Principal, Depends(requires_all("webhooks:write"))]


def _webhooks(request: Request) -> Webhooks:
    return request.app.state.webhooks


@router.post("/webhook", status_code=201, openapi_extra=ONCE, summary="Be told of what happens")
@once("webhook")
async def create_webhook(request: Request, principal: Writer, body: WebhookRequest) -> WebhookView:
    """The answer shows the signing secret, once. It is told of what happens from now on."""
    return webhook_view(*await _webhooks(request).create(principal, actor_of(request, principal), body))


@router.get("/webhook", summary="List webhooks")
async def list_webhooks(
    request: Request, principal: Reader, limit: Limit = 100, next_cursor: NextCursor = None
) -> WebhookPage:
    """Newest first."""
    limit, cursors = clamp(limit), request.app.state.cursors
    binding = ("webhook", principal.environment_id)
    after = page_after(cursors, next_cursor, *binding)
    rows = await _webhooks(request).page(principal, limit + 1, after)
    last = rows[limit - 1] if len(rows) > limit else None
    return WebhookPage(
        result=[webhook_view(row) for row in rows[:limit]],
        next_cursor=next_page(cursors, last.created_at, last.id, *binding) if last else None,
        limit=limit,
    )


@router.post("/webhook/test", status_code=202, summary="Send a test event")
async def test_webhook(request: Request, principal: Writer, body: TestRequest) -> MessageView:
    """The event `test` goes to this webhook alone; what comes of it stands at `/webhook-message/{id}`."""
    return message_view(await _webhooks(request).test(principal, actor_of(request, principal), body.id))


@router.get("/webhook/{webhook_id}", summary="Read a webhook")
async def get_webhook(request: Request, principal: Reader, webhook_id: str) -> WebhookView:
    return webhook_view(await _webhooks(request).webhook(principal, webhook_id))


@router.patch("/webhook/{webhook_id}", summary="Change a webhook, or switch it on again")
async def change_webhook(
    request: Request, principal: Writer, webhook_id: str, body: WebhookChange
) -> WebhookView:
    return webhook_view(
        await _webhooks(request).change(principal, actor_of(request, principal), webhook_id, body)
    )


@router.delete("/webhook/{webhook_id}", status_code=204, summary="End a webhook")
async def delete_webhook(request: Request, principal: Writer, webhook_id: str) -> Response:
    """Nothing more is sent; its messages go with it."""
    await _webhooks(request).delete(principal, actor_of(request, principal), webhook_id)
    return Response(status_code=204)


@router.post("/webhook/{webhook_id}/rotate-secret", summary="Get a new signing secret")
async def rotate_secret(request: Request, principal: Writer, webhook_id: str) -> WebhookView:
    """For 24 hours the secrets before it sign beside it."""
    return webhook_view(*await _webhooks(request).rotate(principal, actor_of(request, principal), webhook_id))


@router.get("/webhook-message", summary="List messages")
async def list_messages(
    request: Request,
    principal: Reader,
    limit: Limit = 100,
    next_cursor: NextCursor = None,
    webhook_id: Annotated[str | None, Query(description="Only to this webhook.", max_length=64)] = None,
    state: Annotated[
        Literal["pending", "delivered", "dead", "cancelled"] | None, Query(description="Only in this state.")
    ] = None,
    event: Annotated[Happening | None, Query(description="Only this event.")] = None,
    integrated_account_id: Annotated[
        str | None, Query(description="Only of this account.", max_length=64)
    ] = None,
) -> MessagePage:
    """Every event with a webhook it was for, newest first."""
    narrow = {"webhook_id": webhook_id, "state": state, "event": event, "account_id": integrated_account_id}
    limit, cursors = clamp(limit), request.app.state.cursors
    binding = ("webhook-message", principal.environment_id, repr(narrow))
    after = page_after(cursors, next_cursor, *binding)
    rows = await _webhooks(request).messages(principal, limit + 1, after, **narrow)
    last = rows[limit - 1] if len(rows) > limit else None
    return MessagePage(
        result=[message_view(row) for row in rows[:limit]],
        next_cursor=next_page(cursors, last.created_at, last.id, *binding) if last else None,
        limit=limit,
    )


@router.post("/webhook-message/replay", status_code=202, summary="Send many messages again")
async def replay_messages(request: Request, principal: Writer, body: ReplayRequest) -> Replayed:
    """With the same `webhook-id` and a new timestamp, so that a receiver can tell what it has."""
    return Replayed(
        messages=await _webhooks(request).replay_many(principal, actor_of(request, principal), body)
    )


@router.get("/webhook-message/{message_id}", summary="Read a message and its attempts")
async def get_message(request: Request, principal: Reader, message_id: str) -> MessageView:
    message, attempts, event = await _webhooks(request).message(principal, message_id)
    return message_view(message, attempts, dict(event.payload) if event is not None else None)


@router.post("/webhook-message/{message_id}/replay", status_code=202, summary="Send a message again")
async def replay_message(request: Request, principal: Writer, message_id: str) -> MessageView:
    return message_view(await _webhooks(request).replay(principal, actor_of(request, principal), message_id))
