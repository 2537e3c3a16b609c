"""The door: a call goes in, an answer comes out."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from . import chart, currencies, customfields, firing, locking
from . import seed as seeds
from .allowances import Allowances
from .call import Answer, Call, Refused, Row, unknown_route
from .firing import Firing
from .ledger import Ledger
from .money import FRESH
from .profile import Profile
from .projection import rendered
from .routes import ROUTER


class Books:
    """One organisation's ledger.

    `now` gives the sandbox's aware instant. `seed` is "empty" (what a new organisation has: accounts,
    currencies) or "furnished" (a year and a half of trade). `rows` asks for that many invoices in all, `page` for
    lists of so few rows a page. `fire` takes the webhooks of every change, once it is made.
    Not safe for threads; every method returns at once.
    """

    def __init__(
        self,
        organization: Profile,
        now: Callable[[], datetime],
        seed: str = "empty",
        rows: int | None = None,
        fire: Callable[[Firing], None] = lambda firing: None,
        page: int | None = None,
    ) -> None:
        if seed not in ("empty", "furnished"):
            raise ValueError(f"no such seed: {seed}")
        self.profile = organization
        self._fire = fire
        self.ledger = Ledger(organization, now)
        self.ledger.shown = partial(firing.shown, self._show)
        self.ledger.begin()
        for code in dict.fromkeys((*FRESH, organization.currency_code)):
            currencies.add(self.ledger, code)
        chart.install(self.ledger)
        seeds.owner(self.ledger)
        if seed == "furnished":
            seeds.furnish(self.ledger)
        if rows is not None:
            seeds.fill(self.ledger, rows)
        self.ledger.page = page

    def handle(self, call: Call) -> Answer:
        """Answers one call below /books/v3. A bad call gets its error envelope, never an exception."""
        try:
            found = ROUTER.find(call.method, call.path)
            if found is None:
                raise unknown_route()
            route, ids = found
            self.ledger.begin()
            self.ledger.as_user(call.user)
            locking.check(self.ledger, call)
            answer = route.handle(self.ledger, call, ids)
        except Refused as refusal:
            answer = refusal.answer()
        if answer.body is not None:
            answer.body = rendered(answer.body, self.ledger.zone)
        self._announce()
        return answer

    def act(self, call: Call, late: float = 0.0) -> Answer:
        """Answers a call as if it had been made `late` seconds ago and were seen only now."""
        ledger = self.ledger
        now = ledger.clock
        ledger.clock = lambda: now() - timedelta(seconds=late)
        try:
            return self.handle(call)
        finally:
            ledger.clock = now

    def define_custom_field(
        self, entity: str, label: str, data_type: str = "string", *, unique: bool = False, **more: Any
    ) -> Row:
        """Adds a custom field, as an administrator does in the settings; see `customfields.define`."""
        return customfields.define(self.ledger, entity, label, data_type, unique=unique, **more)

    def mark_viewed(self, invoice_id: str) -> None:
        """The customer opens an issued invoice."""
        self.ledger.begin()
        invoice = self.ledger.invoices.rows[invoice_id]
        invoice["client_viewed_time"] = self.ledger.now()
        self.ledger.invoices.changed(invoice)
        self._announce()

    def allow(self, allowances: Allowances) -> None:
        """Replaces what the organisation may automate."""
        self.ledger.allowances = allowances

    def fire_by_hand(self, webhook_id: str, record_id: str) -> None:
        """Fires a webhook for a record, or for one that is gone. Raises KeyError for an unknown webhook."""
        self.ledger.begin()
        self._fire(firing.by_hand(self.ledger, webhook_id, record_id, self._show))

    def truth(self) -> dict[str, Any]:
        """Everything stored, by record type and id; for the admin API and for checks. Do not change it."""
        return {
            "organization_id": self.profile.organization_id,
            **{name: table.rows for name, table in self.ledger.tables.items()},
            "custom_fields": self.ledger.definitions,
            "comments": self.ledger.comments,
        }

    def _announce(self) -> None:
        if self.ledger.changes:
            for each in firing.due(self.ledger, self._show):
                self._fire(each)

    def _show(self, path: str) -> Row | None:
        found = ROUTER.find("GET", path)
        if found is None:
            raise unknown_route()
        route, ids = found
        try:
            body = route.handle(self.ledger, Call("GET", path), ids).body
        except Refused:
            return None
        return rendered(body, self.ledger.zone)
