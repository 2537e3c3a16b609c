"""Everything one organisation has stored."""

from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from .allowances import Allowances
from .call import Refused, Row
from .ids import Ids
from .money import CURRENCIES, ONE, Currency, rounded
from .profile import Profile
from .table import Table
from .times import day

SALES, RECEIVABLE, UNDEPOSITED = "000000000388", "000000000364", "000000000358"
PAYABLE, PREPAID, GOODS_SOLD = "000000000373", "000000093008", "000000034003"
PURCHASE_DISCOUNT = "000000072001"
TAX_PAYABLE, DISCOUNT, SHIPPING, OTHER_CHARGES = (
    "000000000376",
    "000000000406",
    "000000014001",
    "000000010001",
)
BAD_DEBT, BANK_FEES = "000000000439", "000000000409"
TEMPLATE = "000000017001"

ONE_EVENT = {("add", "edit"): "add", ("delete", "edit"): "delete", ("delete", "add"): "edit"}
"""What two events of one record in one call amount to, where that is not the second."""

TERMS = {0: "Due on Receipt", 15: "Net 15", 30: "Net 30", 45: "Net 45", 60: "Net 60"}


class Ledger:
    """The tables, the clock and the counters. Amounts are Decimals, instants aware UTC, days yyyy-mm-dd."""

    def __init__(self, profile: Profile, now: Callable[[], datetime]) -> None:
        self.profile = profile
        self.zone = ZoneInfo(profile.time_zone)
        self.page: int | None = None
        """Most rows of a list's page, where it is fewer than the service gives."""
        self.dice = Random(profile.organization_id) if profile.shuffles_ties else None  # noqa: S311 — no secret
        self.clock = now
        self._frozen: datetime | None = None
        self._today = ""
        self.ids = Ids(profile.id_prefix)
        self.user: Row = {"user_id": "", "name": profile.contact_name, "email": profile.email}
        self.balances: dict[str, tuple[Decimal, Decimal]] = {}
        """Per contact: outstanding and unused, in its currency; a change of its documents drops the entry."""
        self.tables: dict[str, Table] = {
            "contacts": Table("contact_id"),
            "items": Table("item_id"),
            "accounts": Table("account_id"),
            "taxes": Table("tax_id"),
            "currencies": Table("currency_id"),
            "exchange_rates": Table("exchange_rate_id", ("currency_id",)),
            "invoices": Table(
                "invoice_id",
                ("customer_id", "item_ids", "invoice_number", "estimate_id", "salesorder_id"),
                self._owes,
            ),
            "payments": Table("payment_id", ("customer_id", "invoice_ids"), self._owes),
            "users": Table("user_id"),
            "estimates": Table("estimate_id", ("customer_id", "item_ids", "estimate_number")),
            "salesorders": Table("salesorder_id", ("customer_id", "item_ids", "salesorder_number")),
            "salesreceipts": Table("sales_receipt_id", ("customer_id", "item_ids", "receipt_number")),
            "expenses": Table("expense_id", ("customer_id", "vendor_id")),
            "employees": Table("employee_id"),
            "journals": Table("journal_id"),
            "projects": Table("project_id", ("customer_id",)),
            "locations": Table("location_id"),
            "banktransactions": Table("transaction_id", ("account_ids", "matched_ids")),
            "statements": Table("statement_id", ("account_id",)),
            "bills": Table("bill_id", ("vendor_id", "item_ids", "purchaseorder_ids"), self._owes),
            "vendorpayments": Table("payment_id", ("vendor_id", "bill_ids"), self._owes),
            "vendorcredits": Table(
                "vendor_credit_id", ("vendor_id", "item_ids", "bill_ids", "vendor_credit_number"), self._owes
            ),
            "purchaseorders": Table("purchaseorder_id", ("vendor_id", "item_ids", "purchaseorder_number")),
            "creditnotes": Table(
                "creditnote_id", ("customer_id", "item_ids", "invoice_ids", "creditnote_number"), self._owes
            ),
            "webhooks": Table("webhook_id"),
            "workflows": Table("workflow_id"),
        }
        self.contacts, self.items = self.tables["contacts"], self.tables["items"]
        self.accounts, self.taxes = self.tables["accounts"], self.tables["taxes"]
        self.currencies, self.rates = self.tables["currencies"], self.tables["exchange_rates"]
        self.invoices, self.payments = self.tables["invoices"], self.tables["payments"]
        self.users = self.tables["users"]
        self.definitions: dict[str, list[Row]] = {}
        """Custom field definitions by entity ("invoice", "contact", …)."""
        self.tags: dict[str, Row] = {}
        """Reporting tags by id: {tag_id, tag_name, options: {option id: name}}."""
        self.comments: dict[str, list[Row]] = {}
        self.attachments: dict[str, list[Row]] = {}
        self.locks: dict[str, Row] = {}
        """Locks on past days, by the part of the books they hold for."""
        self.allowances = Allowances()
        self.changes: dict[tuple[str, str], tuple[str, Row, Row | None]] = {}
        """What happened to records of watched tables, by table and id: "add", "edit" or "delete", with the record,
        and, of one deleted, how its GET showed it last."""
        self.shown: Callable[[str, str], Row | None] = lambda table, record_id: None
        """A record of a watched table as its GET shows it now; for whoever answers calls to set."""
        self.fired: tuple[str, int] = ("", 0)
        """The day, and how many webhooks it has seen."""
        self.numbers: dict[str, int] = {}
        self.units: dict[str, str] = {}

    def _owes(self, record: Row) -> None:
        self.balances.pop(record.get("vendor_id") or record["customer_id"], None)

    def watch(self, tables: Collection[str]) -> None:
        """Notes the changes of these tables, and of no others, from now on."""
        for name, table in self.tables.items():
            table.watch = partial(self._note, name) if name in tables else None

    def _note(self, name: str, event: str, record: Row) -> None:
        """One event for all that befalls a record in one call; what comes and goes in it was never there."""
        key = (name, record[self.tables[name].key])
        before, _, last = self.changes.pop(key, (event, record, None))
        if (before, event) == ("add", "delete"):
            return
        if event == "delete":
            last = self.shown(*key)
        self.changes[key] = (ONE_EVENT.get((before, event), event), record, last)

    def begin(self, instant: datetime | None = None) -> None:
        """Fixes the present, to the second, until the next call: what one call touches bears one time."""
        self._frozen = (instant or self.clock()).astimezone(UTC).replace(microsecond=0)
        self._today = day(self._frozen, self.zone)

    def now(self) -> datetime:
        if self._frozen is None:
            self.begin()
        assert self._frozen is not None
        return self._frozen

    def today(self) -> str:
        """The organisation's calendar day, yyyy-mm-dd."""
        if not self._today:
            self.begin()
        return self._today

    def id(self, suffix: str) -> str:
        return self.ids.system(suffix)

    def next_number(self, series: str) -> int:
        """The next number of a series; numbers of deleted records do not come back."""
        found = self.numbers.get(series, 0) + 1
        self.numbers[series] = found
        return found

    def must(self, table: str, record_id: str, message: str) -> Row:
        """The record, or code 1002 with 404."""
        found = self.tables[table].get(record_id)
        if found is None:
            raise Refused(1002, message, 404)
        return found

    @property
    def base(self) -> Row:
        return self.currencies.rows[self.profile.currency_id]

    def currency(self, currency_id: str) -> Row:
        return self.currencies.rows.get(currency_id) or self.base

    def look(self, currency_id: str) -> Currency:
        """How amounts of a currency are written."""
        row = self.currency(currency_id)
        known = CURRENCIES.get(row["currency_code"])
        if known is not None and known.symbol == row["currency_symbol"]:
            return known
        code, symbol = row["currency_code"], row["currency_symbol"]
        return Currency(code, row["currency_name"], symbol, row["price_precision"], "")

    def rate_on(self, currency_id: str, on: str) -> Decimal:
        """Base units per unit: the latest rate effective by that day, else the oldest, else 1."""
        if currency_id == self.profile.currency_id:
            return ONE
        rates = self.rates.linked("currency_id", currency_id)
        past = [rate for rate in rates if rate["effective_date"] <= on]
        if past:
            return max(past, key=lambda rate: rate["effective_date"])["rate"]
        return rates[0]["rate"] if rates else ONE

    def in_base(self, amount: Decimal, rate: Decimal) -> Decimal:
        return rounded(amount * rate, self.base["price_precision"])

    def account_name(self, account_id: str) -> str:
        found = self.accounts.get(account_id)
        return found["account_name"] if found else ""

    def comment(self, record_id: str, text: str, **more: Any) -> Row:
        """Notes what happened to a record; comments use up ids like everything else."""
        now = self.now().astimezone(self.zone)
        row: Row = {
            "comment_id": self.ids.take_beside(record_id),
            "description": text,
            "commented_by_id": self.user["user_id"],
            "commented_by": self.user["name"],
            "comment_type": "system",
            "date": now.date().isoformat(),
            "date_description": "",
            "time": now.strftime("%I:%M %p").lstrip("0"),
            "operation_type": "Updated",
            **more,
        }
        self.comments.setdefault(record_id, []).insert(0, row)
        return row

    def drop_history(self, record_id: str) -> None:
        """Comments and files go with their record."""
        self.comments.pop(record_id, None)
        self.attachments.pop(record_id, None)

    def as_user(self, user: Mapping[str, str]) -> None:
        """Sets who acts; a person the organisation does not know yet joins it as an administrator."""
        email = user.get("email", "").lower()
        if not email:
            self.user = next(iter(self.users.rows.values()), self.user)
            return
        for known in self.users.all():
            if known["email"].lower() == email:
                if known["status"] in ("inactive", "deleted"):
                    raise Refused(6018, "You have been marked as inactive in this organization.", 401)
                known["status"] = "active"
                self.user = known
                return
        self.user = self.users.put(
            {
                "user_id": self.ids.take(),
                "zuid": user.get("user_id", ""),
                "name": user.get("name", "") or email,
                "email": user.get("email", ""),
                "user_role": "admin",
                "role_id": self.id("000000006005"),
                "status": "active",
                "created_time": self.now(),
            }
        )
