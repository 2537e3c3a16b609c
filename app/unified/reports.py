"""Reports: what a caller asks of one in the query, and its answer."""

from datetime import date

from app.gateway.engine import Gateway
from app.unified.calls import Call
from app.unified.listing import View
from app.unified.query import Query, refused
from app.unified.refusals import translated
from app.unified.render import single
from app.unified.service import Shown
from connectors.kit.http import Pairs
from connectors.kit.reports import BASES, Asked, Reports


def asked_of(query: Query) -> Asked:
    """`start_date`, `end_date`, `as_of`, `basis`, `group_by`. Problem parameter_invalid."""
    basis = query.text("basis")
    if basis is not None and basis not in BASES:
        raise refused("basis", "basis is accrual or cash.", allowed=BASES, code="enum_value")
    return Asked(
        start=_day(query, "start_date"),
        end=_day(query, "end_date"),
        as_of=_day(query, "as_of"),
        basis=basis,
        group_by=query.text("group_by"),
    )


def _day(query: Query, name: str) -> date | None:
    text = query.text(name)
    if text is None:
        return None
    try:
        found = date.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or len(text) != 10:
        raise refused(name, f"{name} is a day, as 2026-01-31.")
    return found


async def report(
    gateway: Gateway, call: Call, reports: Reports, type: str, asked: Asked, view: View, remote_query: Pairs
) -> Shown:
    """One report as its record."""
    with translated():
        flow = reports.report(type, asked, call.context(remote_query))
        answer = await gateway.perform(call.run, flow)
    body, etag = single(answer, reports.model, view)
    return Shown(body, etag, id=type)
