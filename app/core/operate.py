"""What operators ask: is it alive, is it ready, what does it count."""

import asyncio
import hmac
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from app.core import log, metrics, reach
from app.core.errors import Problem
from app.core.redaction import redact
from app.core.settings import is_loopback

router = APIRouter(tags=["operate"])

Check = Callable[[], Awaitable[None]]
"""Returns when all is well; raises otherwise. `app.state.checks` maps names to these."""

_PATIENCE = 5.0


@router.get("/ping", summary="Whether the service answers")
async def ping() -> dict[str, str]:
    return {"ping": "pong"}


@router.get("/livez", summary="Whether the process is alive")
async def livez() -> dict[str, str]:
    return {"status": "alive"}


@router.get("/readyz", summary="Whether the service can do its work")
async def readyz(request: Request) -> Response:
    """200 when storage, schema and key ring are usable; else 503 with the checks that failed."""
    checks: dict[str, Check] = request.app.state.checks
    if getattr(request.app.state, "closing", False):
        return JSONResponse({"status": "shutting_down", "checks": {}}, 503)
    results = dict(zip(checks, await asyncio.gather(*map(_tried, checks.values())), strict=True))
    ready = all(result == "ok" for result in results.values())
    body: dict[str, Any] = {"status": "ready" if ready else "not_ready", "checks": results}
    return JSONResponse(body, 200 if ready else 503)


@router.get("/metrics", include_in_schema=False)
async def exposition(request: Request) -> Response:
    """Prometheus metrics, for callers on this machine or with the metrics token. Others learn nothing."""
    if not _may_read_metrics(request):
        raise Problem("not_found", "There is nothing at this address.")
    return Response(metrics.exposition(log.dropped()), media_type="text/plain; version=0.0.4; charset=utf-8")


def _may_read_metrics(request: Request) -> bool:
    token = request.app.state.settings.metrics_token
    given = request.headers.get("authorization", "").removeprefix("Bearer ")
    if token is not None and given:
        return hmac.compare_digest(given.encode(), token.get_secret_value().encode())
    # Behind a reverse proxy on this machine everybody comes from loopback.
    forwarded = any(name in request.headers for name in ("x-forwarded-for", "forwarded", "x-real-ip"))
    return request.client is not None and is_loopback(request.client.host) and not forwarded


async def _tried(check: Check) -> str:
    try:
        with reach.everywhere():
            async with asyncio.timeout(_PATIENCE):
                await check()
    except TimeoutError:
        return "timed out"
    except Exception as error:
        return redact(str(error)) or type(error).__name__
    return "ok"
