"""Financial reports."""

from typing import Annotated, Any

from unified_models.fields import read_only
from unified_models.record import Record
from unified_models.references import CodeRef, Part
from unified_models.types import Date, SignedMoney, Words

REPORT_TYPES = Words(
    (
        "profit_and_loss",
        "balance_sheet",
        "trial_balance",
        "general_ledger",
        "cash_flow",
        "tax_summary",
        "aged_receivables",
        "aged_payables",
    )
)


class ReportColumn(Part):
    """A column beside the labels."""

    key: str | None = read_only("Name of its cells")
    label: str | None = read_only("Heading")
    type: Annotated[str, Words(("money", "number", "percentage"))] | None = read_only("Kind of its cells")


class ReportRow(Part):
    """A section with rows below it, an account, or a total. Income and expense are positive in their own section."""

    kind: Annotated[str, Words(("section", "account", "total"))] | None = read_only("What it stands for")
    label: str | None = read_only("Text at its start")
    account: CodeRef | None = read_only("The account it is about")
    cells: dict[str, SignedMoney | None] | None = read_only("Values by column key; null is an empty cell")
    rows: list["ReportRow"] | None = read_only("Rows below it")


class ReportDataRow(Part):
    """A row as Truto has it."""

    data: list[Any] | None = read_only("The label, then one value per column")
    rows: list["ReportDataRow"] | None = read_only("Rows below it")


class ReportData(Part):
    """The report as Truto has it."""

    columns: list[str] | None = read_only("Headings")
    rows: list[ReportDataRow] | None = read_only("Rows")


class Report(Record):
    """A report over a period (`start_date` to `end_date`) or on a day (`as_of`)."""

    type: Annotated[str, REPORT_TYPES] | None = read_only("Which report")
    name: str | None = read_only("Title")
    start_date: Date | None = read_only("First day")
    end_date: Date | None = read_only("Last day")
    as_of: Date | None = read_only("The day it shows")
    currency: str | None = read_only("ISO 4217 code of its amounts")
    basis: Annotated[str, Words(("accrual", "cash"))] | None = read_only("Accounting basis")
    is_derived: bool | None = read_only("Reckoned by the gateway from records, not the provider's own report")
    columns: list[ReportColumn] | None = read_only("Columns beside the labels")
    rows: list[ReportRow] | None = read_only("The report")
    report_data: ReportData | None = read_only("The same as Truto has it")
