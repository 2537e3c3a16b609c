"""What an office does besides selling and buying goods: quotes, orders, spending, banking, journals."""

from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from . import (
    bank_accounts,
    bank_matching,
    bank_transactions,
    conversions,
    employees,
    estimates,
    expenses,
    journals,
    locations,
    projects,
    sales_receipts,
    salesorders,
    statements,
)
from .bank_rows import movements
from .call import Call, Row
from .ledger import Ledger
from .resource import Route
from .times import later

BANK, CARD_NAME, SAVINGS = "000000093015", "Company Card", "000000093017"
COSTS = (
    ("000000000400", "Printer paper and toner", "38.40"),
    ("000000000418", "Train to a customer", "112.50"),
    ("000000000448", "Team lunch", "86.75"),
    ("000000000421", "Mobile phones", "145.00"),
    ("000000000427", "Cloud hosting", "219.00"),
    ("000000000433", "Cleaning", "260.00"),
    ("000000000436", "Parcels", "23.90"),
    ("000000093019", "Design software", "59.99"),
)
PROJECTS = ("Website relaunch", "Office move", "Data migration", "Training programme", "Network refit")
POST = Call("POST", "/")


class Office:
    """Eighteen months of it, between two instants. Uses its own dice, so that trade stays as it is."""

    def __init__(self, ledger: Ledger, customers: list[Row], start: datetime, end: datetime) -> None:
        self.ledger, self.start, self.end = ledger, start, end
        self.customers = [one for one in customers if one["status"] == "active"]
        self.random = Random(f"office {ledger.profile.organization_id}")  # noqa: S311 - sample data
        self.vendors = [one for one in ledger.contacts.all() if one["contact_type"] == "vendor"]
        self.goods = [
            one for one in ledger.items.all() if one["status"] == "active" and one["item_type"] != "purchases"
        ]
        self.bank = ledger.id(BANK)
        self.card = ""

    def run(self) -> None:
        self.ledger.begin(self.start)
        self._places()
        self._accounts()
        self._team()
        self._projects()
        steps = (
            (60, self._quote),
            (50, self._order),
            (120, self._spend),
            (36, self._move),
            (18, self._payroll),
            (24, self._receipt),
        )
        for count, make in steps:
            step = (self.end - self.start) / count
            for number in range(count):
                self.ledger.begin(self.start + step * number + timedelta(hours=self.random.randrange(9)))
                make(number)
        self.ledger.begin(self.end)
        self._statement()

    def _at(self, days: float) -> bool:
        """Moves on, unless that is in the future."""
        instant = self.ledger.now() + timedelta(days=days)
        if instant > self.end:
            return False
        self.ledger.begin(instant)
        return True

    def _call(
        self, routes: tuple[Route, ...], pattern: str, *ids: str, body: Any = None, **query: str
    ) -> None:
        handle = next(one.handle for one in routes if (one.method, one.pattern) == ("POST", pattern))
        handle(self.ledger, Call("POST", pattern, tuple(query.items()), body=body), ids)

    def _places(self) -> None:
        address = {"city": "New York", "state": "New York", "country": "U.S.A"}
        for name, kind in (
            ("Head Office", "general"),
            ("East Depot", "general"),
            ("Workshop", "line_item_only"),
        ):
            body = {"location_name": name, "type": kind, "address": address}
            locations.RESOURCE.add(self.ledger, body, POST)

    def _accounts(self) -> None:
        card = {
            "account_name": CARD_NAME,
            "account_type": "credit_card",
            "account_number": "4000123412341234",
        }
        self.card = bank_accounts.RESOURCE.add(self.ledger, card, POST)["account_id"]
        self.ledger.accounts.rows[self.bank]["account_number"] = "000123456789"
        self.ledger.accounts.rows[self.bank]["bank_name"] = "First Harbor Bank"
        opening = {"transaction_type": "owner_contribution", "to_account_id": self.bank, "amount": 50_000}
        bank_transactions.RESOURCE.add(self.ledger, {**opening, "description": "Opening capital"}, POST)

    def _team(self) -> None:
        domain = self.ledger.profile.email.rpartition("@")[2]
        for name in ("Tara Quinn", "Felix Brandt", "Ruth Okafor", "Pablo Lopez"):
            body = {"name": name, "email": f"{name.split()[0].lower()}@{domain}"}
            employees.RESOURCE.add(self.ledger, body, POST)

    def _projects(self) -> None:
        for number, name in enumerate(PROJECTS):
            body: Row = {
                "project_name": name,
                "customer_id": self.customers[number]["contact_id"],
                "billing_type": projects.BILLING[number % 2],
                "rate": 4500 + 500 * number if number % 2 == 0 else 95,
                "user_id": next(iter(self.ledger.users.rows)),
                "tasks": [{"task_name": "Planning"}, {"task_name": "Delivery", "rate": 120}],
            }
            made = projects.RESOURCE.add(self.ledger, body, POST)
            made["status"] = "inactive" if number == len(PROJECTS) - 1 else "active"

    def _lines(self, number: int) -> list[Row]:
        chosen = [self.random.choice(self.goods) for _ in range(1 + number % 3)]
        return [{"item_id": one["item_id"], "quantity": self.random.choice((1, 2, 4, 10))} for one in chosen]

    def _quote(self, number: int) -> None:
        body: Row = {
            "customer_id": self.random.choice(self.customers)["contact_id"],
            "line_items": self._lines(number),
            "expiry_date": later(self.ledger.today(), 30),
            "reference_number": f"RFQ-{300 + number}",
        }
        if number % 5 == 2:
            body["discount"] = "5%"
        made = estimates.RESOURCE.add(self.ledger, body, POST)
        key = made["estimate_id"]
        if number % 8 == 7 or not self._at(0.1):
            return
        self._call(estimates.ROUTES, "/estimates/{}/status/sent", key)
        if number % 4 in (0, 1) and self._at(6):
            answer = "accepted" if number % 4 == 0 else "declined"
            self._call(estimates.ROUTES, f"/estimates/{{}}/status/{answer}", key)
            if number % 8 == 0 and self._at(2):
                self._call(conversions.ROUTES, "/invoices/fromestimates", estimate_ids=key)

    def _order(self, number: int) -> None:
        body: Row = {
            "customer_id": self.random.choice(self.customers)["contact_id"],
            "line_items": self._lines(number + 1),
            "shipment_date": later(self.ledger.today(), 20),
            "reference_number": f"ORD-{900 + number}",
            "delivery_method": ("Courier", "Collection", "")[number % 3],
        }
        key = salesorders.RESOURCE.add(self.ledger, body, POST)["salesorder_id"]
        if number % 9 == 4 or not self._at(0.2):
            return
        self._call(salesorders.ROUTES, "/salesorders/{}/status/open", key)
        if number % 11 == 6:
            self._call(salesorders.ROUTES, "/salesorders/{}/status/void", key)
        elif number % 3 and self._at(9):
            self._call(conversions.ROUTES, "/invoices/fromsalesorder", salesorder_id=key)

    def _spend(self, number: int) -> None:
        account, what, cost = COSTS[number % len(COSTS)]
        amount = Decimal(cost) + self.random.randrange(0, 1500) / Decimal(100)
        body: Row = {
            "account_id": self.ledger.id(account),
            "paid_through_account_id": self.card if number % 2 else self.bank,
            "vendor_id": self.vendors[number % len(self.vendors)]["contact_id"],
            "date": self.ledger.today(),
            "amount": amount,
            "description": what,
            "reference_number": f"E-{1000 + number}",
        }
        if number % 10 == 3:
            body["customer_id"] = self.random.choice(self.customers)["contact_id"]
            body["is_billable"] = True
        if number % 15 == 7:
            other = {"account_id": self.ledger.id(COSTS[0][0]), "amount": "12.30", "description": "Sundries"}
            body["line_items"] = [{"account_id": body["account_id"], "amount": amount}, other]
        if number % 20 == 9:
            people = list(self.ledger.tables["employees"].rows)
            body.update(mileage_type="manual", distance=40 + number, mileage_rate="0.67", mileage_unit="mile")
            body.update(employee_id=people[number % len(people)], account_id=self.ledger.id("000000000424"))
        expenses.RESOURCE.add(self.ledger, body, POST)

    def _move(self, number: int) -> None:
        kinds: tuple[Row, ...] = (
            {"transaction_type": "card_payment", "to_account_id": self.card, "amount": 450},
            {"transaction_type": "transfer_fund", "to_account_id": self.ledger.id(SAVINGS), "amount": 800},
            {"transaction_type": "owner_drawings", "amount": 1200},
            {"transaction_type": "interest_income", "to_account_id": self.bank, "amount": "4.17"},
        )
        body = {
            **kinds[number % len(kinds)],
            "date": self.ledger.today(),
            "reference_number": f"B-{number:03d}",
        }
        if body["transaction_type"] != "interest_income":
            body["from_account_id"] = self.bank
        bank_transactions.RESOURCE.add(self.ledger, body, POST)

    def _payroll(self, number: int) -> None:
        gross, net = Decimal(14_500) + 100 * number, Decimal(10_900) + 75 * number
        wages, owed = self.ledger.id("000000000445"), self.ledger.id("000000000376")
        rows = ((wages, "debit", gross), (owed, "credit", gross - net), (self.bank, "credit", net))
        lines = [{"account_id": key, "debit_or_credit": side, "amount": amount} for key, side, amount in rows]
        body: Row = {
            "journal_date": self.ledger.today(),
            "reference_number": f"PAY-{number + 1:02d}",
            "notes": "Payroll",
            "line_items": lines,
            "status": "draft" if number == 17 else "published",
        }
        journals.RESOURCE.add(self.ledger, body, POST)

    def _receipt(self, number: int) -> None:
        body: Row = {
            "customer_id": self.random.choice(self.customers)["contact_id"],
            "payment_mode": ("cash", "creditcard")[number % 2],
            "line_items": self._lines(number),
            "date": self.ledger.today(),
        }
        sales_receipts.RESOURCE.add(self.ledger, body, POST)

    def _statement(self) -> None:
        """The bank's view of the last weeks: most of it known, some of it waiting."""
        ledger = self.ledger
        known = [
            one
            for one in movements(ledger, self.bank)
            if later(ledger.today(), -45) <= one["date"] <= ledger.today()
            and one["status"] == "manually_added"
        ]
        known.sort(key=lambda one: (one["date"], one["transaction_id"]))
        names = ("date", "debit_or_credit", "amount", "payee", "reference_number")
        entries: list[Row] = [{name: one[name] for name in names} for one in known]
        for days, side, amount, payee in (
            (3, "credit", "64.20", "CITY PARKING"),
            (5, "debit", "250.00", "TRANSFER J SMITH"),
            (8, "credit", "19.99", "STREAMLINE SUBSCRIPTION"),
            (12, "credit", "8.00", "ACCOUNT FEE"),
        ):
            day = later(ledger.today(), -days)
            entries.append({"date": day, "debit_or_credit": side, "amount": amount, "payee": payee})
        statement = statements.take_in(ledger, ledger.accounts.rows[self.bank], entries)
        for line_id, one in list(zip(statement["line_ids"], known, strict=False))[: len(known) * 2 // 3]:
            chosen = {"transaction_id": one["transaction_id"], "transaction_type": one["transaction_type"]}
            path = "/banktransactions/uncategorized/{}/match"
            self._call(bank_matching.ROUTES, path, line_id, body={"transactions_to_be_matched": [chosen]})
        self._call(
            bank_matching.ROUTES, "/banktransactions/uncategorized/{}/exclude", statement["line_ids"][-1]
        )
