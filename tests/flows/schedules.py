"""Seeded schedules of what happens in a customer's books while they are copied: between pages, and between runs.

Rows are made, changed and deleted, several in one second, and some become visible only after their own time, though
never after a later change of the same row: a row changes once in a stage, and late only what never changed before.
"""

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from tests.flows.company import Company

Body = dict[str, Any]

PAGE = 4
LATE = (0, 0, 0, 20, 100)
"""Seconds between a change's time and its being seen; the horizon of 120 covers them."""


@dataclass(frozen=True)
class Kind:
    """A list of the provider, and what tells the versions of its rows apart: `mark` here, `native_mark` there."""

    path: str
    key: str
    mark: str
    native_mark: str
    body: Callable[["Ledger"], Body]


@dataclass(frozen=True)
class Ledger:
    """What new rows refer to; none of it is ever deleted."""

    customer: str
    vendor: str
    expense: str
    cash: str

    @property
    def lines(self) -> list[Body]:
        return [{"name": "Tea", "account_id": self.expense, "rate": 3, "quantity": 2}]


def _expense(ledger: Ledger) -> Body:
    accounts = {"account_id": ledger.expense, "paid_through_account_id": ledger.cash}
    return {**accounts, "date": "2026-01-15", "amount": 3}


KINDS: Mapping[str, Kind] = {
    "contacts": Kind("/contacts", "contact_id", "name", "contact_name", lambda _: {}),
    "items": Kind("/items", "item_id", "name", "name", lambda _: {"rate": 5}),
    "invoices": Kind(
        "/invoices", "invoice_id", "reference", "reference_number",
        lambda ledger: {"customer_id": ledger.customer, "line_items": ledger.lines},
    ),
    "expenses": Kind("/expenses", "expense_id", "reference", "reference_number", _expense),
    "bills": Kind(
        "/bills", "bill_id", "number", "bill_number",
        lambda ledger: {"vendor_id": ledger.vendor, "line_items": ledger.lines},
    ),
}  # fmt: skip
"""One for each way in which a list is gone through."""


@dataclass
class Schedule:
    """What happens to one company, by its seed."""

    seed: int
    company: Company
    dice: random.Random = field(init=False)
    kinds: list[str] = field(init=False)
    job: str = ""
    _ledger: Ledger | None = None
    _words: Iterator[int] = field(default_factory=lambda: iter(range(10**6)))
    _touched: set[str] = field(default_factory=set[str])
    _fresh: set[str] = field(default_factory=set[str])

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        self.kinds = sorted(self.dice.sample(sorted(KINDS), 2))

    def begin(self) -> None:
        """Rows of some hours ago."""
        native, truth = self.company.natively, self.truth()
        chart = {row["account_type"]: id for id, row in truth["accounts"].items()}
        customer = native("POST", "/contacts", contact_name="Customer")
        vendor = native("POST", "/contacts", contact_name="Vendor", contact_type="vendor")
        people = [made["contact"]["contact_id"] for made in (customer, vendor)]
        self._ledger = Ledger(*people, chart["expense"], chart["cash"])
        for kind in self.kinds:
            for _ in range(self.dice.randrange(14)):
                self._do(self._insert(kind), late=self.dice.randrange(300, 310))
        self._fresh = {id for kind in self.kinds for id in self.truth()[kind]} - {*people}

    def stage(self) -> None:
        """Changes now, and between the next pages of each list."""
        self._touched = {self._ledger.customer, self._ledger.vendor} if self._ledger else set()
        truth = self.truth()
        for kind in self.kinds:
            for _ in range(self.dice.choice((0, 1, 3, 6))):
                self._do(self._change(kind, truth))
            for _ in range(self.dice.randrange(2, 7)):
                late, many = self.dice.choice(LATE), self.dice.choice((1, 1, 2, 5))
                calls = [self._change(kind, truth, late) for _ in range(many)]
                self.company.admin.did(
                    "POST", "/faults", kind="meanwhile", calls=calls, late=late,
                    path=f"{KINDS[kind].path}$", skip=self.dice.choice((0, 0, 1)),
                    organization_id=self.company.organization_id,
                )  # fmt: skip

    def truth(self) -> Any:
        return self.company.admin.get(f"/organizations/{self.company.organization_id}/truth").json()

    def _do(self, call: Body, late: float = 0.0) -> None:
        path = f"/organizations/{self.company.organization_id}/calls"
        answer = self.company.admin.did("POST", path, **call, late=late)
        assert answer["status"] < 300, (self.seed, call, answer)

    def _insert(self, kind: str) -> Body:
        each, word = KINDS[kind], f"word {next(self._words)}"
        assert self._ledger is not None
        return {
            "method": "POST",
            "path": each.path,
            "body": {**each.body(self._ledger), each.native_mark: word},
        }

    def _change(self, kind: str, truth: Mapping[str, Mapping[str, Any]], late: float = 0.0) -> Body:
        """A row made, changed or deleted."""
        each, left = KINDS[kind], [id for id in truth[kind] if id not in self._touched]
        if late:
            left = [id for id in left if id in self._fresh]
        toss = self.dice.random()
        if toss < 0.35 or not left:
            return self._insert(kind)
        id = self.dice.choice(left)
        self._touched.add(id)
        self._fresh.discard(id)
        if toss < 0.75:
            body = {each.native_mark: f"word {next(self._words)}"}
            return {"method": "PUT", "path": f"{each.path}/{id}", "body": body}
        return {"method": "DELETE", "path": f"{each.path}/{id}"}


def differences(
    schedule: Schedule, found: Mapping[tuple[str, str], Mapping[str, Any]], where: str
) -> list[str]:
    """How a copy, records by (resource, id), differs from the truth: lost, ghosts and old versions."""
    truth, told = schedule.truth(), partial("seed {}, {}: {}".format, schedule.seed, where)
    wrong: list[str] = []
    for kind in schedule.kinds:
        each = KINDS[kind]
        there = {id: row[each.native_mark] for id, row in truth[kind].items()}
        here = {id: record[each.mark] for (name, id), record in found.items() if name == kind}
        wrong += [told(f"lost {kind} {id}") for id in there.keys() - here.keys()]
        wrong += [told(f"ghost {kind} {id}") for id in here.keys() - there.keys()]
        wrong += [told(f"old {kind} {id}") for id in here.keys() & there.keys() if here[id] != there[id]]
    return wrong
