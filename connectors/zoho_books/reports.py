"""Reports: those Zoho answers at /reports/…, and those derived from what it keeps."""

from collections.abc import Callable
from typing import Any

from connectors.kit.mapping import Native, Table, computed, names, unmapped
from connectors.kit.operations import Context
from connectors.kit.reports import Report as Kind
from connectors.kit.reports import Reports
from connectors.zoho_books import derived_reports, statements
from unified_models.reports import Report

report = names(Report)

_FACE = (
    "name",
    "start_date",
    "end_date",
    "as_of",
    "currency",
    "basis",
    "is_derived",
    "columns",
    "rows",
    "report_data",
)
"""Fields that are reckoned, not mapped."""


def _told(name: str) -> Callable[[Native, Context], Any]:
    return lambda native, ctx: native.get(name)


TABLE = Table(
    Report,
    (
        computed(report.id, _told("type"), uses=("type",)),
        computed(report.type, _told("type"), uses=("type",)),
        *(computed(name, _told(name)) for name in _FACE),
        unmapped(report.created_at, "reckons reports when they are read"),
        unmapped(report.updated_at, "reckons reports when they are read"),
        unmapped(report.custom_fields, "has no custom fields on reports"),
        unmapped(report.tracking_categories, "puts reporting tags on transactions, not on reports"),
    ),
)

RESOURCE = Reports(
    name="reports",
    path="/reports",
    one="report",
    many="reports",
    table=TABLE,
    methods=frozenset({"list", "get"}),
    scopes={"read": "ZohoBooks.reports.READ"},
    reports={
        "profit_and_loss": Kind(
            name="Profit and Loss", read=statements.profit_and_loss, groups=("month", "quarter", "year")
        ),
        "balance_sheet": Kind(name="Balance Sheet", read=statements.balance_sheet, on_a_day=True),
        "trial_balance": Kind(name="Trial Balance", read=statements.trial_balance, on_a_day=True),
        "general_ledger": Kind(name="General Ledger", read=statements.general_ledger),
        "cash_flow": Kind(name="Cash Flow Statement", read=derived_reports.cash_flow, is_derived=True, cost=4),
        "tax_summary": Kind(name="Tax Summary", read=statements.tax_summary),
        "aged_receivables": Kind(
            name="Aged Receivables", read=derived_reports.aged_receivables, on_a_day=True, is_derived=True,
            bases=("accrual",),
        ),
        "aged_payables": Kind(
            name="Aged Payables", read=derived_reports.aged_payables, on_a_day=True, is_derived=True,
            bases=("accrual",),
        ),
    },
)  # fmt: skip
