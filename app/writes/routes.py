"""Routes of our own that make something, carried out once per Idempotency-Key."""

from collections.abc import Awaitable, Callable
from functools import wraps
from hashlib import sha256
from typing import Any

from fastapi import Request, Response
from pydantic import BaseModel

from app.core import json
from app.core.auth import Principal
from app.keys.audit import actor_of, request_id_of
from app.writes.claims import HEADER, key_of, ordered, patience
from app.writes.keyed import Answer, Keyed, Sending
from app.writes.shelf import Asked

Handler = Callable[..., Awaitable[Any]]

ONCE: dict[str, Any] = {
    "parameters": [
        {
            "name": HEADER,
            "in": "header",
            "description": "Made once per key; a repetition is answered with the first answer, for 7 days",
            "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
        }
    ]
}
"""What `/openapi.json` says of a route that is `once`: its `openapi_extra`."""


def once(made: str) -> Callable[[Handler], Handler]:
    """A route's function, carried out once per Idempotency-Key; without one as ever.

    It takes `request` and `principal`, and answers the model of what it `made` (201). Its answer is kept sealed:
    it may show a secret.
    """

    def decorated(handler: Handler) -> Handler:
        @wraps(handler)
        async def carried(**given: Any) -> Any:
            request: Request = given["request"]
            key = key_of(request.headers)
            if key is None:
                return await handler(**given)

            async def work(sending: Sending) -> Answer:
                await sending()
                shown: BaseModel = await handler(**given)
                content = shown.model_dump_json(by_alias=True).encode()
                return Answer(201, ((b"content-type", b"application/json"),), content, outcome="created")

            principal, state = given["principal"], request.app.state
            asked = Asked(
                environment_id=principal.environment_id,
                account_id="",  # it is the environment's
                tenant_id="",
                method=request.method,
                path=request.scope["path"],
                resource=made,
                operation="create",
                fingerprint=_fingerprint(await request.body(), principal),
                key_id=principal.key_id,
                request_id=request_id_of(request) or "",
                idempotency_key=key,
                source_event=request.headers.get("x-source-event"),
            )
            keyed = Keyed(state.shelf, state.writes, state.clock)
            answer = await keyed.once(asked, actor_of(request, principal), patience(request.headers), work)
            response = Response(answer.content, answer.status)
            response.raw_headers.extend(answer.headers)
            return response

        return carried

    return decorated


def _fingerprint(body: bytes, principal: Principal) -> str:
    """What makes two requests the same. What one key may see another must not get by repeating its request."""
    limits = [
        sorted(ids) if ids is not None else None for ids in (principal.account_ids, principal.tenant_ids)
    ]
    return sha256(json.encode([limits, ordered(json.parse(body))])).hexdigest()
