"""`/inbound`, where providers post, and `/integrated-account/{id}/inbound`."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from starlette.background import BackgroundTask
from starlette.responses import JSONResponse

from app.core import failpoints
from app.core.auth import Principal
from app.core.parameters import StrictRoute
from app.inbound.receiving import Receiver
from app.inbound.schemas import InboundView, inbound_view
from app.inbound.service import Inbound
from app.keys.access import requires
from connectors.kit.hooks import Delivery

router = APIRouter(tags=["Integrated accounts"], route_class=StrictRoute)
door = APIRouter(include_in_schema=False)
"""Not strict: a provider adds to the query what its user likes."""

Reader = Annotated[Principal, Depends(requires("connections:read"))]
Writer = Annotated[Principal, Depends(requires("connections:write"))]


def _inbound(request: Request) -> Inbound:
    return request.app.state.inbound


@door.post("/inbound/{integration}/{token}")
async def receive(request: Request, integration: str, token: str) -> Response:
    """202 once the hint is stored; what it leads to comes later."""
    receiver: Receiver = request.app.state.receiver
    delivery = Delivery(
        tuple(request.query_params.multi_items()), dict(request.headers), await request.body()
    )
    await receiver.receive(integration, token, delivery)
    after = BackgroundTask(failpoints.hit, "inbound.after_reply")
    return JSONResponse({"status": "accepted"}, 202, background=after)


@router.get("/integrated-account/{account_id}/inbound", summary="See how an account's changes are heard of")
async def get_inbound(request: Request, principal: Reader, account_id: str) -> InboundView:
    """For each resource that a sync job covers: does the provider tell of changes by itself?"""
    return inbound_view(account_id, await _inbound(request).look(principal, account_id))


@router.post("/integrated-account/{account_id}/inbound", summary="Have the provider tell of changes")
async def install_inbound(request: Request, principal: Writer, account_id: str) -> InboundView:
    """Creates the provider's own webhooks for what active sync jobs cover, and repairs those it finds of ours.
    Where the provider does not let itself be asked, the answer tells what a person has to do there. Repeat it as
    often as you like."""
    arranged = await _inbound(request).arrange(principal, account_id, request.state.request_id)
    return inbound_view(account_id, arranged)


@router.delete(
    "/integrated-account/{account_id}/inbound", status_code=204, summary="Take the provider's hooks back"
)
async def remove_inbound(request: Request, principal: Writer, account_id: str) -> Response:
    """They are deleted at the provider, and what still arrives is not taken. Polling goes on."""
    await _inbound(request).take_back(principal, account_id, request.state.request_id)
    return Response(status_code=204)
