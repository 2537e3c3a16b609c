"""The application class: FastAPI for what is ours, and short cuts for rooms that are bare ASGI."""

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from app.core import reach
from app.core.bodies import Bodies
from app.core.edge import RAW_ROOMS, Edge
from app.core.settings import Settings


class Front(FastAPI):
    """Every request passes the same edge. Below RAW_ROOMS it goes straight to `raw`, which lets Problems out:
    forwarding is the hot path, and nothing of a framework is needed there.
    """

    def __init__(self, settings: Settings, raw: ASGIApp, aliases: Mapping[str, str], **options: Any) -> None:
        super().__init__(**options)
        limits = {"limit": settings.body_limit, "raw_limit": settings.proxy_body_limit}
        self._raw = Edge(Bodies(raw, **limits), settings=settings, aliases=aliases)
        self.add_middleware(Bodies, **limits)
        self.add_middleware(Edge, settings=settings, aliases=aliases)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        with reach.nowhere():
            if f"/{scope['path'].lstrip('/')}".startswith(RAW_ROOMS):
                scope["app"] = self
                await self._raw(scope, receive, send)
            else:
                await super().__call__(scope, receive, send)
