"""Refunds of what payments and credits hold unapplied: one table of words per resource makes the routes."""

from collections.abc import Callable
from dataclasses import dataclass

from .call import Answer, Call, Refused, Row, done, invalid, missing
from .fields import Reader, amount, day, read_all, ref, text
from .ledger import Ledger
from .listing import Filter, Listing
from .money import ZERO
from .projection import Columns
from .resource import Resource, Route, body_of
from .settlement import Settlement

UNKNOWN = "Refund does not exist."


@dataclass(frozen=True, slots=True)
class Refunds:
    """How a resource words its refunds. `account` is the field of the account money comes from or goes to.

    `list_key` and `item_key` are the keys of answers; where `has_all` is set, all refunds of the resource
    are listed at /<resource>/refunds.
    """

    resource: Resource
    settlement: Settlement
    party: str
    number: str
    account: str
    item_key: str
    owner_key: str
    report_name: str
    created: str
    updated: str
    deleted: str
    listed: str = "success"
    shown: str = "success"
    status: int = 201
    in_list: bool = False
    """Whether single refunds are answered in a list under the key of lists."""
    has_all: bool = False

    @property
    def key(self) -> str:
        return f"{self.item_key}_id"

    @property
    def list_key(self) -> str:
        return f"{self.item_key}s"

    def readers(self) -> dict[str, Reader]:
        return {
            "date": day,
            "refund_mode": text(100),
            "reference_number": text(100),
            "amount": amount(),
            self.account: ref("accounts", "Account does not exist."),
            "description": text(500),
        }

    def routes(self) -> tuple[Route, ...]:
        path, area = self.resource.path, self.resource.area
        one = f"{path}/{{}}/refunds/{{}}"
        found = (
            Route("GET", f"{path}/{{}}/refunds", f"{area}.READ", self._list),
            Route("POST", f"{path}/{{}}/refunds", f"{area}.CREATE", self.create),
            Route("GET", one, f"{area}.READ", self._get),
            Route("PUT", one, f"{area}.UPDATE", self._update),
            Route("DELETE", one, f"{area}.DELETE", self._delete),
        )
        return (*found, Route("GET", f"{path}/refunds", f"{area}.READ", self._all)) if self.has_all else found

    def row(self, ledger: Ledger, owner: Row, refund: Row) -> Row:
        """A refund as lists and details of its owner show it."""
        return {
            **{key: value for key, value in refund.items() if key not in ("amount", "made")},
            self.number: owner[self.number],
            "customer_name": ledger.contacts.rows[owner[self.party]]["contact_name"],
            "amount_bcy": ledger.in_base(refund["amount"], owner["exchange_rate"]),
            "amount_fcy": refund["amount"],
        }

    def _shown(self, ledger: Ledger, owner: Row, refund: Row) -> Row:
        shown: Row = {
            **{key: value for key, value in refund.items() if key != "made"},
            "customer_name": ledger.contacts.rows[owner[self.party]]["contact_name"],
            f"{self.account.removesuffix('_id')}_name": ledger.account_name(refund[self.account]),
            "exchange_rate": owner["exchange_rate"],
            "imported_transactions": [],
        }
        return {self.list_key: [shown]} if self.in_list else {self.item_key: shown}

    def _find(self, owner: Row, refund_id: str) -> Row:
        for refund in owner["refunds"]:
            if refund[self.key] == refund_id:
                return refund
        raise Refused(1002, UNKNOWN, 404)

    def _checked(self, ledger: Ledger, owner: Row, refund: Row) -> Row:
        for name in ("date", self.account):
            if not refund.get(name):
                raise missing(name)
        if refund["amount"] <= 0:
            raise invalid("amount")
        if owner.get("status") in ("draft", "void", "pending_approval", "rejected"):
            raise Refused(1007, f"{owner[self.number]} cannot be refunded.")
        return refund

    def _store(self, ledger: Ledger, owner: Row, refunds: list[Row]) -> None:
        if self.settlement.unused({**owner, "refunds": refunds}) < 0:
            raise Refused(24016, "The refund exceeds what is left.")
        owner["refunds"] = refunds
        owner["last_modified_time"] = ledger.now()
        self.settlement.put(ledger, owner, owner["applied"])

    def _listing(self) -> Listing:
        return Listing(
            table=self.resource.table,
            list_key=self.list_key,
            report_name=self.report_name,
            columns=Columns(spread=(lambda ledger, pair: self.row(ledger, pair["owner"], pair["refund"]),)),
            sorts={
                "created_time": lambda ledger, pair: pair["refund"]["made"],
                "customer_name": lambda ledger, pair: self.row(ledger, pair["owner"], pair["refund"])[
                    "customer_name"
                ],
                self.number: lambda ledger, pair: pair["owner"][self.number],
                **{name: _of_refund(name) for name in ("date", "refund_mode", "reference_number")},
                "amount_bcy": lambda ledger, pair: self.row(ledger, pair["owner"], pair["refund"])[
                    "amount_bcy"
                ],
                "amount_fcy": _of_refund("amount"),
            },
            sort_column="created_time",
            sort_order="D",
            filters={"customer_id": Filter("exact", lambda ledger, pair: pair["owner"][self.party])},
            row_key="id",
        )

    def _pairs(self, owner: Row) -> list[Row]:
        return [{"id": refund[self.key], "owner": owner, "refund": refund} for refund in owner["refunds"]]

    def _list(self, ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
        return self._answer(ledger, call, self._pairs(self.resource.find(ledger, ids[0])))

    def _all(self, ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
        owners = ledger.tables[self.resource.table].all()
        return self._answer(ledger, call, [pair for owner in owners for pair in self._pairs(owner)])

    def _answer(self, ledger: Ledger, call: Call, pairs: list[Row]) -> Answer:
        answer = self._listing().answer(ledger, call, pairs)
        assert answer.body is not None
        answer.body["message"] = self.listed
        return answer

    def create(self, ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
        """Answers a POST; `ids` is the owner's."""
        owner = self.resource.find(ledger, ids[0])
        given = {"date": "", "refund_mode": "", "reference_number": "", "amount": ZERO, "description": ""}
        refund: Row = {
            self.key: ledger.ids.take_beside(ids[0]),
            self.owner_key: ids[0],
            **given,
            **read_all(ledger, body_of(call), self.readers()),
            "made": ledger.now(),
        }
        self._store(ledger, owner, [*owner["refunds"], self._checked(ledger, owner, refund)])
        answer = done(self.created, **self._shown(ledger, owner, refund))
        answer.status = self.status
        return answer

    def _get(self, ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
        owner = self.resource.find(ledger, ids[0])
        return done(self.shown, **self._shown(ledger, owner, self._find(owner, ids[1])))

    def _update(self, ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
        owner = self.resource.find(ledger, ids[0])
        before = self._find(owner, ids[1])
        after = self._checked(ledger, owner, {**before, **read_all(ledger, body_of(call), self.readers())})
        self._store(ledger, owner, [after if refund is before else refund for refund in owner["refunds"]])
        return done(self.updated, **self._shown(ledger, owner, after))

    def _delete(self, ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
        owner = self.resource.find(ledger, ids[0])
        gone = self._find(owner, ids[1])
        self._store(ledger, owner, [refund for refund in owner["refunds"] if refund is not gone])
        return done(self.deleted)


def _of_refund(name: str) -> Callable[[Ledger, Row], object]:
    return lambda ledger, pair: pair["refund"][name]
