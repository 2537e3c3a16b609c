"""A write's request as its intent kept it, to be asked again by this process."""

from typing import Any

from fastapi import FastAPI, Request
from starlette.types import Message

from app.core import json
from app.core.auth import Principal
from app.core.parameters import MAXIMUM_TIMEOUT
from app.gateway.engine import Lane, Meter, Run
from app.models.writes import Write
from app.unified.calls import Call
from app.unified.changes import REMOVALS, Change, change_of
from app.unified.query import Query


async def recalled(app: FastAPI, write: Write, asked: dict[str, Any]) -> tuple[Call, Change]:
    """The call and the change the caller once asked for. Problem when its account cannot be used now."""
    raw_query = asked["query"].encode("latin-1")
    principal = Principal(write.environment_id, "", "live", write.key_id, frozenset())
    account = await app.state.accounts.usable(principal, write.account_id)
    model, _, name = write.resource.partition("/")
    query = Query(raw_query)
    query.text("integrated_account_id")
    call = Call(
        request=_request(app, write, raw_query, asked["body"]),
        principal=principal,
        account=account,
        model=model,
        resource=account.connector.resources[model, name],
        query=query,
        run=Run(
            account=account,
            lane=Lane.VERIFICATION,
            deadline=app.state.clock.monotonic() + MAXIMUM_TIMEOUT,
            request_id=write.request_id,
            key_id=write.key_id,
            resource=write.resource,
            operation=write.operation,
            source_event=write.source_event,
            meter=Meter(record_id=write.record_id),
        ),
    )
    return call, await change_of(call, write.operation)


def _request(app: FastAPI, write: Write, raw_query: bytes, body: Any) -> Request:
    content = b"" if body is None else json.encode(body)

    async def receive() -> Message:
        return {"type": "http.request", "body": content, "more_body": False}

    params = {"id": write.record_id}
    if write.operation in REMOVALS:
        params["element"] = write.path.rpartition("/")[2]
    scope = {
        "type": "http",
        "method": write.method,
        "path": write.path,
        "query_string": raw_query,
        "headers": [(b"content-type", b"application/json")],
        "path_params": params,
        "app": app,
        "client": None,
        "state": {"request_id": write.request_id},
    }
    return Request(scope, receive)
