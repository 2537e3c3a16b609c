"""Lists inside a record that are answered by themselves: its allocations, its refunds."""

from typing import Any

from app.core.errors import Problem
from app.gateway.engine import Gateway
from app.unified.calls import Call
from app.unified.refusals import translated


async def inside(gateway: Gateway, call: Call, name: str, id: str, side: str | None) -> dict[str, Any]:
    """The elements of one list, all of them. Problem not_found where the resource has no such list."""
    resource = call.resource.on(side)
    if name not in resource.lists:
        raise Problem("not_found", f"{resource.name} have no {name}.", offered=sorted(resource.lists))
    with translated():
        rows = await gateway.perform(call.run, resource.inside(name, id, call.context()))
    call.run.meter.record_id = id
    call.run.meter.result_count = len(rows)
    return {"result": rows, "result_count": len(rows), "provider_calls": call.run.meter.calls}
