"""Invoices and payments of the furnished organisation, day by day."""

from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

from . import invoice_actions as actions
from . import invoices, payments
from .call import Call, Refused, Row
from .ledger import Ledger
from .money import rounded
from .refunds import ROUTES as REFUNDS
from .times import day

INVOICES = 480
POST = Call("POST", "/")


class Trade:
    """Sells, collects, forgets and corrects between two instants."""

    def __init__(
        self, ledger: Ledger, random: Random, customers: list[Row], start: datetime, end: datetime
    ) -> None:
        self.ledger, self.random, self.customers = ledger, random, customers
        self.start, self.end = start, end
        self.taxes = {tax["tax_name"]: tax["tax_id"] for tax in ledger.taxes.all()}
        self.goods = [
            item
            for item in ledger.items.all()
            if item["status"] == "active" and item["item_type"] != "purchases"
        ]
        self.tags = [
            {"tag_id": tag["tag_id"], "tag_option_id": next(iter(tag["options"]))}
            for tag in ledger.tags.values()
        ]

    def run(self) -> None:
        step = (self.end - self.start) / INVOICES
        events: list[tuple[datetime, int, Row, str]] = []
        for number in range(INVOICES):
            at = self.start + step * number + timedelta(minutes=self.random.randrange(200))
            self.ledger.begin(at)
            invoice = self._sell(number)
            events += self._fate(number, invoice, at)
        for at, _, invoice, what in sorted(events, key=lambda event: event[:2]):
            if at <= self.end:
                self.ledger.begin(at)
                self._happen(invoice, what)
        self._advances()

    def _sell(self, number: int) -> Row:
        """An invoice; without fixed reductions where they exceed it, as on a line of cents."""
        body = self._body(number)
        try:
            return invoices.RESOURCE.add(self.ledger, body, POST)
        except Refused:
            for part in (body, *body["line_items"]):
                part.pop("discount", None)
                part.pop("adjustment", None)
            return invoices.RESOURCE.add(self.ledger, body, POST)

    def _fate(self, number: int, invoice: Row, at: datetime) -> list[tuple[datetime, int, Row, str]]:
        """What is going to happen to an invoice, and when."""
        if number % 16 == 5:
            return []  # stays a draft
        sent = at + timedelta(hours=2)
        found = [(sent, number, invoice, "email" if number % 3 else "sent")]
        if number % 23 == 11:
            return [*found, (sent + timedelta(days=1), number, invoice, "void")]
        if number % 61 == 3:
            return [(sent, number, invoice, "submit" if number % 2 else "approve")]
        if number % 7 == 2:
            found.append((sent + timedelta(days=2), number, invoice, "view"))
        if number % 9 == 4:
            found.append((sent + timedelta(days=9), number, invoice, "part"))
        if number % 5 not in (0, 3) or number % 10 == 5:
            days = self.random.randrange(3, 55)
            found.append((sent + timedelta(days=days), number, invoice, "pay"))
        elif number % 40 == 20:
            found.append((sent + timedelta(days=100), number, invoice, "write off"))
        return found

    def _happen(self, invoice: Row, what: str) -> None:
        ledger, changes = self.ledger, actions.CHANGES
        if what in ("part", "pay"):
            self._collect(invoice, what)
            return
        if what == "view":
            invoice["client_viewed_time"] = ledger.now()
        elif what == "email":
            invoice["is_emailed"] = True
            changes["sent"](ledger, invoice)
        elif what == "approve":
            changes["submit"](ledger, invoice)
            changes["approve"](ledger, invoice)
        elif what != "write off" or invoice["balance"] > 0:
            changes[what](ledger, invoice)
        invoice["last_modified_time"] = ledger.now()
        ledger.invoices.changed(invoice)

    def _collect(self, invoice: Row, what: str) -> None:
        if invoice["balance"] <= 0 or invoice["status"] == "void":
            return
        places = self.ledger.currency(invoice["currency_id"])["price_precision"]
        amount: Decimal = invoice["balance"]
        if what == "part":
            amount = rounded(amount * Decimal("0.4"), places)
        if amount <= 0:
            return
        allocations = [{"invoice_id": invoice["invoice_id"], "amount_applied": amount}]
        more = Decimal(0)
        if self.random.random() < 0.12:
            more = self._another(invoice, allocations)
        over = Decimal(25) if self.random.random() < 0.05 else Decimal(0)
        body: Row = {
            "customer_id": invoice["customer_id"],
            "payment_mode": self.random.choice(("check", "cash", "banktransfer", "creditcard", "Wire")),
            "amount": amount + more + over,
            "date": self.ledger.today(),
            "reference_number": f"R{self.random.randrange(10_000, 99_999)}",
            "account_id": self.ledger.id(self.random.choice(("000000093015", "000000000358"))),
            "invoices": allocations,
        }
        self._receive(body)

    def _another(self, invoice: Row, allocations: list[Row]) -> Decimal:
        """A second open invoice of the same customer paid along."""
        for other in self.ledger.invoices.linked("customer_id", invoice["customer_id"]):
            fits = other["currency_id"] == invoice["currency_id"] and other["status"] == "sent"
            if (
                fits
                and other is not invoice
                and other["balance"] > 0
                and other["date"] <= self.ledger.today()
            ):
                allocations.append({"invoice_id": other["invoice_id"], "amount_applied": other["balance"]})
                return other["balance"]
        return Decimal(0)

    def _receive(self, body: Row) -> Row:
        answer = payments.create(self.ledger, Call("POST", "/customerpayments", body=body), ())
        assert answer.body is not None
        return self.ledger.payments.rows[answer.body["payment"]["payment_id"]]

    def _advances(self) -> None:
        """Money without an invoice, one of it given back."""
        create = next(route.handle for route in REFUNDS if route.method == "POST")
        for number, customer in enumerate(self.customers[:6]):
            self.ledger.begin(self.end - timedelta(days=20 - number, hours=3))
            payment = self._receive(
                {
                    "customer_id": customer["contact_id"],
                    "payment_mode": "banktransfer",
                    "amount": 100 + 50 * number,
                    "description": "Paid in advance",
                }
            )
            if number % 3 == 1:
                refund: Row = {
                    "amount": 40,
                    "date": self.ledger.today(),
                    "refund_mode": "check",
                    "from_account_id": self.ledger.id("000000093015"),
                }
                create(self.ledger, Call("POST", "/", body=refund), (payment["payment_id"],))

    def _body(self, number: int) -> Row:
        customer = self.customers[self.random.randrange(len(self.customers))]
        lines = [self._line(number, position) for position in range(1 + number % 5)]
        body: Row = {
            "customer_id": customer["contact_id"],
            "date": day(self.ledger.now(), self.ledger.zone),
            "reference_number": f"PO-{7000 + number}" if number % 3 else "",
            "line_items": lines,
            "notes": "Thanks for your business.",
            "custom_fields": [{"api_name": "cf_project_code", "value": f"P{number % 12:02d}"}],
        }
        if number % 4 == 1:
            body["custom_fields"].append(
                {"api_name": "cf_channel", "value": ("Web", "Shop", "Partner")[number % 3]}
            )
        if number % 6 == 2:
            body.update(discount="10%", is_discount_before_tax=number % 12 == 2)
        elif number % 18 == 9:
            body.update(discount=15, discount_type="entity_level")
        elif number % 5 == 1:
            body["discount_type"] = "item_level"
            lines[0]["discount"] = "5%" if number % 2 else "2.50"
        if number % 7 == 3:
            body["is_inclusive_tax"] = True
        if number % 8 == 4:
            body.update(shipping_charge="12.50", shipping_charge_tax_id=self.taxes["Sales Tax"])
        if number % 11 == 6:
            body.update(adjustment="-0.37" if number % 2 else "0.55", adjustment_description="Rounding")
        if number % 13 == 0:
            body["tags"] = self.tags
        if number % 2:
            body["tax_rounding"] = "item_level"
        return body

    def _line(self, number: int, position: int) -> Row:
        good = self.random.choice(self.goods)
        line: Row = {"item_id": good["item_id"], "quantity": self.random.choice((1, 1, 2, 3, 5, 10, "0.75"))}
        wanted = {
            3: "VAT",
            5: "Port District",
            8: "GST and Provincial",
            9: "Consumption Tax",
        }.get((number + position) % 14)
        if wanted:
            line["tax_id"] = self.taxes[wanted]
        if position == 3 and number % 10 == 3:
            return {"name": "Sundries", "description": "As agreed", "rate": "17.35", "quantity": 2}
        return line
