"""Lines of journal entries, and what must hold before they are sent: balance, precision, contacts."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from connectors.kit.codec import ENUM, ID, MONEY, TEXT
from connectors.kit.faults import Fault, FieldError
from connectors.kit.http import Flow
from connectors.kit.mapping import ALWAYS, UPDATE, Native, Table, computed, field, names, ref
from connectors.kit.operations import Context
from connectors.kit.resolving import rows_by
from connectors.kit.totals import ZERO, rounded
from connectors.zoho_books.kept import completed
from connectors.zoho_books.lookups import ACCOUNTS, CONTACTS, LOCATIONS, PROJECTS, TAXES
from connectors.zoho_books.tracking import tracking
from unified_models.journal_entries import JournalLine

line = names(JournalLine)

SIDE = ENUM({"debit": "debit", "credit": "credit"})

CONTROL = {"accounts_receivable": "a customer", "accounts_payable": "a vendor"}
"""Account types that are kept by contact."""


def net(native: Mapping[str, Any]) -> Decimal | None:
    """Positive when debited; None when the line does not say."""
    amount, side = native.get("amount"), native.get("debit_or_credit")
    if amount in (None, "") or side not in ("debit", "credit"):
        return None
    value = MONEY.read(amount)
    return value if value is None or side == "debit" else -value


def _net(native: Native, ctx: Context) -> Decimal | None:
    return net(native)


def _put_net(value: Decimal, native: Native, ctx: Context) -> None:
    native["amount"] = abs(value)
    if value:
        native["debit_or_credit"] = "debit" if value > 0 else "credit"
    else:
        native.setdefault("debit_or_credit", "debit")


def _tax_amount(native: Native, ctx: Context) -> Decimal | None:
    """Zoho tells a line's tax only tax by tax; null where a taxed line tells none."""
    taxes = native.get("line_item_taxes")
    if isinstance(taxes, list) and taxes:
        return sum((MONEY.read(each.get("tax_amount") or ZERO) or ZERO for each in taxes), ZERO)
    return None if native.get("tax_id") else ZERO


LINE = Table(
    JournalLine,
    (
        field(line.id, "line_id", ID, write=UPDATE),
        ref(line.account, "account_id", name="account_name", to=ACCOUNTS, write=ALWAYS),
        field(line.type, "debit_or_credit", SIDE, write=ALWAYS),
        field(line.amount, "amount", MONEY, write=ALWAYS),
        computed(
            line.net_amount, _net, uses=("amount", "debit_or_credit"), put=_put_net, write=ALWAYS, codec=MONEY
        ),
        field(line.base_amount, "bcy_amount", MONEY),
        field(line.description, "description", TEXT, write=ALWAYS),
        ref(line.contact, "customer_id", name="customer_name", to=CONTACTS, write=ALWAYS),
        ref(line.tax_rate, "tax_id", name="tax_name", to=TAXES, write=ALWAYS),
        computed(line.tax_amount, _tax_amount, uses=("line_item_taxes", "tax_id")),
        ref(line.project, "project_id", name="project_name", to=PROJECTS, write=ALWAYS),
        ref(line.location, "location_id", name="location_name", to=LOCATIONS, write=ALWAYS),
        tracking(line.tracking_categories),
    ),
)


WRITTEN = (
    "account_id", "customer_id", "description", "tax_id", "amount", "debit_or_credit", "project_id", "location_id",
)  # fmt: skip


def whole(lines: Sequence[Native], present: Sequence[Native]) -> list[Native]:
    """Written lines, those that are kept completed by what they keep."""
    return completed(lines, present, "line_id", WRITTEN)


def unbalanced(lines: Sequence[Native], places: int) -> list[FieldError]:
    """Amounts finer than the currency, and sides that differ: Zoho would round the one and refuse the other."""
    nets = [net(each) for each in lines]
    fine = [
        FieldError("precision", f"/lines/{place}/amount", f"the currency has {places} decimals")
        for place, each in enumerate(nets)
        if each is not None and each != rounded(each, places)
    ]
    if fine or None in nets:
        return fine
    debits = sum((each for each in nets if each is not None and each > 0), ZERO)
    credits = -sum((each for each in nets if each is not None and each < 0), ZERO)
    if debits == credits:
        return []
    return [FieldError("unbalanced", "/lines", f"debits of {debits:f} are not credits of {credits:f}")]


def contactless(lines: Sequence[Native]) -> Flow[list[FieldError]]:
    """Lines on control accounts that name no contact. Silent where the accounts cannot be read."""
    bare = {place: each for place, each in enumerate(lines) if not each.get("customer_id")}
    if not bare:
        return []
    try:
        rows = yield from rows_by(ACCOUNTS, None, "")
    except Fault:
        return []
    kinds = {str(row.get("account_id")): str(row.get("account_type")) for row in rows}
    found = {place: kinds.get(str(each.get("account_id")), "") for place, each in bare.items()}
    return [
        FieldError(
            "control_account_needs_contact",
            f"/lines/{place}/contact",
            f"a line on this account needs {CONTROL[kind]}",
        )
        for place, kind in found.items()
        if kind in CONTROL
    ]
