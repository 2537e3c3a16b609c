"""Purchases and credit notes of the furnished organisation, day by day."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

from . import (
    bill_actions,
    bills,
    contacts,
    credit_note_actions,
    credit_notes,
    purchase_orders,
    vendor_credits,
    vendor_payments,
)
from .applications import CREDITS as INVOICE_CREDITS
from .bill_settlement import CREDITS
from .call import Call, Row
from .ledger import Ledger
from .money import rounded
from .resource import Resource

BILLS, ORDERS, CREDIT_NOTES, VENDOR_CREDITS = 132, 36, 38, 20
POST = Call("POST", "/")
HABITS = (
    ("Linden Travel", "000000000418", "Travel", "640"),
    ("Brook & Vale Lettings", "000000000430", "Office rent", "3200"),
    ("Delta Power", "000000000457", "Electricity", "412.35"),
    ("Beacon Telecom", "000000000421", "Telephone", "189.90"),
    ("Everton Cloud Hosting", "000000000427", "Hosting", "745.20"),
    ("Greenway Cleaning", "000000000433", "Cleaning", "260"),
    ("Acorn Paper Supply", "000000000400", "Paper and toner", "96.45"),
    ("Jasper Accountancy", "000000000454", "Bookkeeping", "850"),
    ("Crestline Couriers", "000000000436", "Parcels", "58.70"),
    ("Fernhill Catering", "000000000448", "Lunches", "134.25"),
)
"""Vendors that bill something regularly, with the account, what it is and about how much."""
FOREIGN = (("Nordlicht Werbung GmbH", "EUR", "Germany"), ("Pennine Print Ltd", "GBP", "United Kingdom"))
CHECKING = "000000093015"


class Purchases:
    """Orders, is billed, pays late or early and takes things back between two instants."""

    def __init__(self, ledger: Ledger, start: datetime, end: datetime) -> None:
        self.ledger, self.start, self.end = ledger, start, end
        self.random = Random(f"purchases {ledger.profile.organization_id}")  # noqa: S311 - sample data
        self.taxes = {tax["tax_name"]: tax["tax_id"] for tax in ledger.taxes.all()}
        self.goods = [
            item
            for item in ledger.items.all()
            if item["status"] == "active" and item["item_type"] == "sales_and_purchases"
        ]
        self.events: list[tuple[datetime, int, Callable[[], None]]] = []

    def run(self) -> None:
        ledger = self.ledger
        ledger.begin(self.start)
        codes = {row["currency_code"]: row["currency_id"] for row in ledger.currencies.all()}
        for name, code, country in FOREIGN:
            body: Row = {"contact_name": name, "contact_type": "vendor", "currency_id": codes[code]}
            body["billing_address"] = {"city": "Hamburg" if code == "EUR" else "Leeds", "country": country}
            contacts.RESOURCE.add(ledger, body, POST)
        self.vendors = {
            one["contact_name"]: one for one in ledger.contacts.all() if one["contact_type"] == "vendor"
        }
        for count, make in (
            (ORDERS, self._order),
            (BILLS, self._bill),
            (VENDOR_CREDITS, self._vendor_credit),
            (CREDIT_NOTES, self._credit_note),
        ):
            step = (self.end - self.start - timedelta(days=2)) / count
            for number in range(count):
                at = self.start + timedelta(days=1) + step * number
                self._plan(at + timedelta(minutes=self.random.randrange(300)), make, number)
        position = 0
        while position < len(self.events):  # what happens may plan more
            self.events[position:] = sorted(self.events[position:], key=lambda event: event[:2])
            at, _, happen = self.events[position]
            position += 1
            if at <= self.end:
                ledger.begin(at)
                happen()
        self._advances()

    def _plan(self, at: datetime, happen: Callable[..., None], *given: object) -> None:
        self.events.append((at, len(self.events), lambda: happen(*given)))

    def _later(self, happen: Callable[..., None], *given: object, days: float) -> None:
        self._plan(self.ledger.now() + timedelta(days=days), happen, *given)

    def _change(self, resource: Resource, record: Row, change: Callable[[Ledger, Row], None]) -> None:
        change(self.ledger, record)
        record["last_modified_time"] = self.ledger.now()
        self.ledger.tables[resource.table].changed(record)

    def _act(
        self, resource: Resource, record: Row, changes: dict[str, Callable[[Ledger, Row], None]], *words: str
    ) -> None:
        for word in words:
            self._change(resource, record, changes[word])

    def _line(self, number: int) -> Row:
        line: Row = {
            "item_id": self.random.choice(self.goods)["item_id"],
            "quantity": self.random.randrange(2, 40),
        }
        if number % 3:
            line["tax_id"] = self.taxes[("Sales Tax", "State and City")[number % 2]]
        return line

    def _order(self, number: int) -> None:
        vendor = self.vendors[("Keystone Hardware", "Osprey Freight", "Inkwell Printers")[number % 3]]
        body: Row = {
            "vendor_id": vendor["contact_id"],
            "line_items": [self._line(number + position) for position in range(1 + number % 3)],
            "reference_number": f"REQ-{400 + number}" if number % 2 else "",
            "delivery_date": (self.ledger.now() + timedelta(days=14)).date().isoformat(),
            "notes": "Deliver to the back entrance." if number % 5 == 0 else "",
        }
        order = purchase_orders.RESOURCE.add(self.ledger, body, POST)
        fate, changes = number % 9, purchase_orders.CHANGES
        if fate == 0:
            return
        if fate == 4:
            self._later(self._act, purchase_orders.RESOURCE, order, changes, "submit", days=1)
            return
        self._later(self._act, purchase_orders.RESOURCE, order, changes, "open", days=1)
        if fate == 5:
            self._later(self._act, purchase_orders.RESOURCE, order, changes, "cancel", days=6)
        elif fate == 6:
            self._later(self._act, purchase_orders.RESOURCE, order, changes, "billed", days=20)
        elif fate != 8:
            self._later(self._bill_order, order, number, days=12)

    def _bill_order(self, order: Row, number: int) -> None:
        """All of an order, or of every fourth one half its quantities."""
        share = Decimal("0.5") if number % 4 == 1 else Decimal(1)
        lines = [
            {
                "purchaseorder_item_id": line["line_item_id"],
                **{name: line[name] for name in ("item_id", "rate", "tax_id")},
                "quantity": rounded(line["quantity"] * share, 0) or 1,
            }
            for line in order["line_items"]
        ]
        body: Row = {
            "vendor_id": order["vendor_id"],
            "bill_number": f"PI-{5100 + number}",
            "purchaseorder_ids": [order["purchaseorder_id"]],
            "line_items": lines,
        }
        self._await(bills.RESOURCE.add(self.ledger, body, POST), number)

    def _bill(self, number: int) -> None:
        name, account, what, about = HABITS[number % len(HABITS)]
        vendor = self.vendors[name if number % 13 else FOREIGN[number % 2][0]]
        rate = rounded(Decimal(about) * (90 + self.random.randrange(25)) / 100, 2)
        lines: list[Row] = [{"name": what, "account_id": self.ledger.id(account), "rate": rate}]
        if number % 4 == 1:
            lines.append(
                {"account_id": self.ledger.id("000000000460"), "description": "Fees", "rate": "12.50"}
            )
        if number % 3 == 2:
            lines[0]["tax_id"] = self.taxes["Sales Tax"]
        body: Row = {
            "vendor_id": vendor["contact_id"],
            "bill_number": f"{name[:2].upper()}{number:04d}",
            "date": self.ledger.today(),
            "payment_terms": (30, 15, 0, 45)[number % 4],
            "line_items": lines,
            "notes": f"{what} for the month." if number % 2 else "",
            "is_inclusive_tax": number % 9 == 5,
            **({"status": "draft"} if number % 17 in (3, 9) else {}),
        }
        if number % 10 == 6:
            body["discount"] = "5%"
        self._await(bills.RESOURCE.add(self.ledger, body, POST), number)

    def _await(self, bill: Row, number: int) -> None:
        """What is going to happen to a bill."""
        if bill["status"] == "draft":
            if number % 17 == 9:
                words = ("submit", "approve") if number % 2 else ("submit",)
                self._later(self._act, bills.RESOURCE, bill, bill_actions.CHANGES, *words, days=1)
            return
        if number % 19 == 7:
            self._later(self._act, bills.RESOURCE, bill, bill_actions.CHANGES, "void", days=2)
            return
        if number % 8 == 3:
            self._later(self._pay, bill, Decimal("0.4"), days=9)
        if number % 7 != 4:
            self._later(self._pay, bill, Decimal(1), days=self.random.randrange(4, 50))

    def _pay(self, bill: Row, share: Decimal) -> None:
        if bill["balance"] <= 0 or bill["status"] != "open":
            return
        places = self.ledger.currency(bill["currency_id"])["price_precision"]
        amount = rounded(bill["balance"] * share, places)
        paid = [(bill, amount)]
        if self.random.random() < 0.15:
            paid += [(other, other["balance"]) for other in self._others(bill)]
        total = sum((each for _, each in paid), Decimal(0))
        if total > 0:
            self._send(bill["vendor_id"], total, paid)

    def _others(self, bill: Row) -> list[Row]:
        """One more bill of the vendor that can be paid along."""
        found = self.ledger.tables["bills"].linked("vendor_id", bill["vendor_id"])
        fits = (
            other
            for other in found
            if other is not bill
            and other["status"] == "open"
            and other["balance"] > 0
            and other["currency_id"] == bill["currency_id"]
        )
        return [other for other, _ in zip(fits, range(1), strict=False)]

    def _send(self, vendor_id: str, amount: Decimal, paid: list[tuple[Row, Decimal]]) -> Row:
        number = self.random.randrange(10_000, 99_999)
        body: Row = {
            "vendor_id": vendor_id,
            "amount": amount,
            "date": self.ledger.today(),
            "payment_mode": ("Cash", "Bank Transfer", "Check", "Credit Card")[number % 4],
            "paid_through_account_id": self.ledger.id(CHECKING),
            "reference_number": f"TX{number}" if number % 3 else "",
            "bills": [{"bill_id": bill["bill_id"], "amount_applied": each} for bill, each in paid],
        }
        return vendor_payments.RESOURCE.add(self.ledger, body, POST)

    def _vendor_credit(self, number: int) -> None:
        name, account, what, about = HABITS[number % len(HABITS)]
        rate = rounded(Decimal(about) / (4 + number % 3), 2)
        body: Row = {
            "vendor_id": self.vendors[name]["contact_id"],
            "reference_number": f"RET-{number}",
            "line_items": [{"name": f"{what} returned", "account_id": self.ledger.id(account), "rate": rate}],
            **({"status": "draft"} if number % 10 == 9 else {}),
        }
        credit = vendor_credits.RESOURCE.add(self.ledger, body, POST)
        fate, changes = number % 5, vendor_credits.CHANGES
        if fate == 1:
            self._later(self._act, vendor_credits.RESOURCE, credit, changes, "void", days=3)
        elif fate == 2:
            self._later(self._refund, vendor_credits.REFUNDS, credit, "account_id", days=5)
        elif fate in (0, 3):
            self._later(self._use_vendor_credit, credit, days=4)

    def _use_vendor_credit(self, credit: Row) -> None:
        for bill in self.ledger.tables["bills"].linked("vendor_id", credit["vendor_id"]):
            if bill["status"] == "open" and bill["balance"] > 0 and credit["balance"] > 0:
                CREDITS.add(self.ledger, credit, bill, min(bill["balance"], credit["balance"]))

    def _refund(self, refunds: vendor_credits.Refunds, owner: Row, account: str) -> None:
        body: Row = {
            "date": self.ledger.today(),
            "amount": rounded(
                owner["balance"] / 2, self.ledger.currency(owner["currency_id"])["price_precision"]
            ),
            "refund_mode": "banktransfer",
            account: self.ledger.id(CHECKING),
        }
        key = self.ledger.tables[refunds.resource.table].key
        if body["amount"] > 0:
            refunds.create(self.ledger, Call("POST", "/", body=body), (owner[key],))

    def _credit_note(self, number: int) -> None:
        """For part of the latest invoice but a few."""
        issued = [one for one in self.ledger.invoices.all() if one["created_time"] <= self.ledger.now()]
        invoice = issued[-1 - number % 7]
        line = next(line for line in invoice["line_items"] if line["category"] != "header")
        body: Row = {
            "customer_id": invoice["customer_id"],
            "date": self.ledger.today(),
            "reference_number": invoice["invoice_number"] if number % 2 else "",
            "line_items": [
                {"item_id": line["item_id"], "name": line["name"], "rate": line["rate"], "quantity": 1}
            ],
            "notes": "Returned goods." if number % 3 else "Goodwill.",
            "is_draft": number % 8 == 5,
        }
        if not line["item_id"]:
            del body["line_items"][0]["item_id"]
        credit = credit_notes.RESOURCE.add(self.ledger, body, POST)
        fate, changes = number % 8, credit_note_actions.CHANGES
        if fate == 1:
            self._later(self._act, credit_notes.RESOURCE, credit, changes, "void", days=1)
        elif fate == 2:
            self._later(self._refund, credit_notes.REFUNDS, credit, "from_account_id", days=3)
        elif fate in (3, 4, 6, 7):
            self._plan(self.end - timedelta(hours=30 - number % 24), self._use, credit)
        elif fate == 5 and number % 16 == 13:
            self._later(self._act, credit_notes.RESOURCE, credit, changes, "submit", days=1)

    def _use(self, credit: Row) -> None:
        """On invoices that still want money; late, when nobody has stamped them after."""
        for invoice in self.ledger.invoices.linked("customer_id", credit["customer_id"]):
            fits = invoice["status"] == "sent" and invoice["last_modified_time"] <= self.ledger.now()
            amount = min(invoice["balance"], credit["balance"])
            if fits and amount > 0 and invoice["currency_id"] == credit["currency_id"]:
                INVOICE_CREDITS.add(self.ledger, credit, invoice, amount)
                return

    def _advances(self) -> None:
        """Money sent without a bill, some of it come back."""
        for number, name in enumerate(("Mossgate Legal", "Nimbus Software", "Highland Insurance")):
            self.ledger.begin(self.end - timedelta(days=12 - number, hours=2))
            payment = self._send(self.vendors[name]["contact_id"], Decimal(300 + 100 * number), [])
            if number == 1:
                self._refund(vendor_payments.REFUNDS, payment, "to_account_id")
