"""Lists inside a record that are answered by themselves: its allocations, its refunds."""

from typing import Any

from app.core.errors import Problem
from app.gateway.engine import Gateway
from app.unified.calls import Call
from app.unified.refusals import translated


async def inside(gateway: Gateway, call: Call, name: str, id: str, side: str | None) -> dict[str, Any]:
    """The elements of one list, all of them. Problem not_found where the resource has no such list."""
    rows = await _rows(gateway, call, name, id, side)
    call.run.meter.result_count = len(rows)
    return {"result": rows, "result_count": len(rows), "provider_calls": call.run.meter.calls}


async def element(
    gateway: Gateway, call: Call, name: str, id: str, element_id: str, side: str | None
) -> dict[str, Any]:
    """One of them. Problem not_found where there is none with this id."""
    found = (row for row in await _rows(gateway, call, name, id, side) if row.get("id") == element_id)
    one = next(found, None)
    if one is None:
        raise Problem("not_found", f"There is none of these {name} with this id.")
    return one


def removable(call: Call, name: str) -> None:
    """Problem method_not_allowed where elements of the list cannot be deleted one by one."""
    if any(name in part.removable for part in call.resource.parts):
        return
    detail = f"{name} of {call.resource.name} cannot be deleted."
    allowed = ["GET"] if name in call.resource.lists else []
    raise Problem("method_not_allowed", detail, headers={"Allow": ", ".join(allowed)}, allowed=allowed)


async def _rows(gateway: Gateway, call: Call, name: str, id: str, side: str | None) -> list[dict[str, Any]]:
    resource = call.resource.on(side)
    if name not in resource.lists:
        raise Problem("not_found", f"{resource.name} have no {name}.", offered=sorted(resource.lists))
    with translated():
        return await gateway.perform(call.run, resource.inside(name, id, call.context()))
