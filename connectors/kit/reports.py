"""Reports: tables a provider reckons over a period or on a day, or the gateway derives from its records."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from connectors.kit.faults import Fault, FieldError, Kind, Rejected
from connectors.kit.http import Flow, Json
from connectors.kit.operations import Answer, Context, Issue, ListQuery, Page, Record
from connectors.kit.resource import Resource

BASES = ("accrual", "cash")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a caller wants to see; None is not said."""

    start: date | None = None
    end: date | None = None
    as_of: date | None = None
    basis: str | None = None
    group_by: str | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """The days a report is about, both included. On a day `start` is None. `basis` is accrual or cash."""

    start: date | None
    end: date
    basis: str = "accrual"
    group_by: str | None = None


@dataclass(slots=True)
class Sheet:
    """A report as read: columns {key, label, type}, rows {kind, label, account, cells, rows}."""

    columns: list[Record]
    rows: list[Record]
    native: Json = None
    basis: str | None = None
    issues: list[Issue] = field(default_factory=list[Issue])


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One type of report.

    on_a_day   it shows a day; otherwise a period
    bases      accounting bases it can be on
    groups     what its columns can be split by
    cost       provider calls
    """

    name: str
    read: Callable[[Span, Context], Flow[Sheet]]
    on_a_day: bool = False
    is_derived: bool = False
    bases: tuple[str, ...] = BASES
    groups: tuple[str, ...] = ()
    cost: int = 1


@dataclass(frozen=True, kw_only=True)
class Reports(Resource):
    """Lists its types without a call; one report is read for the days asked for."""

    reports: Mapping[str, Report]

    def list(self, query: ListQuery, ctx: Context) -> Flow[Page]:
        told = ("columns", "rows", "report_data")
        return Page([Answer(self._face(type, each)) for type, each in self.reports.items()], absent=told)
        yield

    def get(self, id: str, ctx: Context) -> Flow[Answer]:
        return (yield from self.report(id, Asked(), ctx))

    def report(self, type: str, asked: Asked, ctx: Context) -> Flow[Answer]:
        """One report. Without days: this month until today, or today."""
        kind = self.reports.get(type)
        if kind is None:
            raise Fault(Kind.NOT_FOUND, message="no such report", phase="idle")
        span = _span(type, kind, asked, ctx)
        sheet = yield from kind.read(span, ctx)
        basis = sheet.basis or span.basis
        if basis != span.basis:
            detail = f"asked for {span.basis}, the provider answered {basis}"
            sheet.issues.append(Issue("basis_ignored", "/basis", detail))
        record = self._face(type, kind) | {
            "company": {"id": ctx.organization_id, "name": ctx.organization_name},
            "start_date": span.start,
            "end_date": None if kind.on_a_day else span.end,
            "as_of": span.end if kind.on_a_day else None,
            "currency": ctx.currency,
            "basis": basis,
            "columns": sheet.columns,
            "rows": sheet.rows,
            "report_data": _plain(sheet),
            "is_partial": False,
        }
        return Answer(record, sheet.native, sheet.issues)

    def _face(self, type: str, kind: Report) -> Record:
        told = {"id": type, "remote_id": type, "type": type, "name": kind.name, "is_derived": kind.is_derived}
        return {**told, "is_partial": True}

    def describe(self) -> dict[str, Any]:
        kinds = {
            type: {
                "name": each.name,
                "on_a_day": each.on_a_day,
                "is_derived": each.is_derived,
                "basis": list(each.bases),
                "group_by": list(each.groups),
                "calls": each.cost,
            }
            for type, each in self.reports.items()
        }
        return {**super().describe(), "reports": kinds, "calls": {"get": 1, "list": 0}}


def _span(type: str, kind: Report, asked: Asked, ctx: Context) -> Span:
    """Raises Rejected for days, a basis or a grouping this report does not have."""
    errors: list[FieldError] = []
    if kind.on_a_day and asked.start is not None:
        errors.append(_unfit("start_date", f"{type} shows a day: say as_of", ("as_of",)))
    if not kind.on_a_day and asked.as_of is not None:
        errors.append(_unfit("as_of", f"{type} shows a period", ("start_date", "end_date")))
    if asked.as_of is not None and asked.end is not None:
        errors.append(_unfit("as_of", "give as_of or end_date, not both", ("as_of", "end_date")))
    if asked.basis is not None and asked.basis not in kind.bases:
        detail = f"{type} is {' or '.join(kind.bases)}"
        errors.append(FieldError("enum_value", "/basis", detail, kind.bases))
    if asked.group_by is not None and asked.group_by not in kind.groups:
        detail = f"{type} is not split by {asked.group_by}"
        errors.append(FieldError("enum_value", "/group_by", detail, kind.groups))
    end = asked.as_of or asked.end or ctx.today
    start = None if kind.on_a_day else asked.start or end.replace(day=1)
    if start is not None and start > end:
        errors.append(FieldError("wrong_type", "/start_date", f"{start} is after {end}"))
    if errors:
        raise Rejected(*errors)
    return Span(start, end, asked.basis or kind.bases[0], asked.group_by)


def _unfit(name: str, detail: str, allowed: tuple[str, ...]) -> FieldError:
    return FieldError("unsupported_field", f"/{name}", detail, allowed)


def column(key: str, label: str, type: str = "money") -> Record:
    return {"key": key, "label": label, "type": type}


def row(
    kind: str,
    label: str | None,
    cells: Record,
    rows: list[Record] | None = None,
    account: Record | None = None,
) -> Record:
    return {"kind": kind, "label": label, "account": account, "cells": cells, "rows": rows or []}


def _plain(sheet: Sheet) -> Record:
    """The same with cells in the order of the columns, the label first."""
    keys = [each["key"] for each in sheet.columns]
    columns = ["Account", *(each["label"] for each in sheet.columns)]
    return {"columns": columns, "rows": _data(sheet.rows, keys)}


def _data(rows: Iterable[Record], keys: list[str]) -> list[Record]:
    return [
        {
            "data": [each["label"], *(each["cells"].get(key) for key in keys)],
            "rows": _data(each["rows"], keys),
        }
        for each in rows
    ]
