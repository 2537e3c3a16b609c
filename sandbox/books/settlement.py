"""How payments and credits settle invoices and bills. Both sides are kept in step here and nowhere else."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from .call import Refused, Row, invalid, missing
from .fields import objects, one_id
from .ledger import Ledger
from .money import ZERO, number, rounded
from .times import read_day

CLOSED = ("void", "pending_approval", "rejected")
"""Documents that take no money."""


@dataclass(frozen=True, slots=True)
class Settlement:
    """One pair: `source` records (payments, credits) hold shares of `target` ones (invoices, bills).

    A source stores its shares in `applied` as {share_key, target_key, amount_applied, tax_amount_withheld,
    apply_date}, its `refunds`, the ids of its targets in `links` and what is left of it in `left`, out of
    `worth`. `refresh` works a target out anew.
    """

    source: str
    source_key: str
    target: str
    target_key: str
    share_key: str
    links: str
    party: str
    noun: str
    number: str
    """The target's number field."""
    worth: str
    left: str
    refresh: Callable[[Ledger, Row], None]

    def read(self, ledger: Ledger, source: Row, entries: Any, name: str) -> list[Row]:
        """The shares a body asks for: the whole new set. Checks what each target can take.

        What the source already holds of a target counts as free again.
        """
        before = {each[self.target_key]: each for each in source.get("applied", ())}
        found: dict[str, Row] = {}
        for entry in objects(entries, name):
            target = self.find(ledger, source, entry.get(self.target_key))
            key = target[self.target_key]
            places = ledger.currency(target["currency_id"])["price_precision"]
            amount = rounded(number(entry.get("amount_applied"), "amount_applied"), places)
            withheld = number(entry.get("tax_amount_withheld"), "tax_amount_withheld", default=ZERO)
            withheld = rounded(withheld, places)
            if amount < 0 or withheld < 0 or key in found:
                raise invalid("amount_applied")
            if amount == 0 and withheld == 0:
                continue
            held = before.get(key)
            self.check(target, amount + withheld - (_weight(held) if held else ZERO))
            on = entry.get("apply_date")
            found[key] = {
                self.share_key: held[self.share_key] if held else "",
                self.target_key: key,
                "amount_applied": amount,
                "tax_amount_withheld": withheld,
                "apply_date": read_day(on, "apply_date") if on else held["apply_date"] if held else "",
                "on": held["on"] if held else ledger.today(),
            }
        return list(found.values())

    def find(self, ledger: Ledger, source: Row, key: Any) -> Row:
        """A target that the source may settle: of its party, in its currency."""
        given = one_id(key or "", self.target_key)
        if not given:
            raise missing(self.target_key)
        target = ledger.must(self.target, given, f"{self.noun.capitalize()} does not exist.")
        if target[self.party] != source[self.party]:
            raise Refused(1002, f"{self.noun.capitalize()} does not exist.", 404)
        if target["currency_id"] != source["currency_id"]:
            raise invalid("currency_id")
        return target

    def check(self, target: Row, more: Decimal) -> None:
        """Raises where a target cannot take that much more."""
        said = f"{self.noun} {target[self.number]}"
        if more > 0 and target["status"] in CLOSED:
            raise Refused(24010, f"Nothing can be applied to {said}.")
        if more > target["balance"]:
            raise Refused(24016, f"The amount applied exceeds the balance due of {said}.")

    def unused(self, source: Row) -> Decimal:
        """What of a source is neither applied nor refunded."""
        applied = sum((each["amount_applied"] for each in source["applied"]), ZERO)
        return source[self.worth] - applied - sum((each["amount"] for each in source["refunds"]), ZERO)

    def put(self, ledger: Ledger, source: Row, applied: list[Row]) -> None:
        """Stores the source with these shares and moves the targets whose share changed."""
        table = ledger.tables[self.source]
        before = {each[self.target_key]: each for each in source.get("applied", ())}
        after = {each[self.target_key]: each for each in applied}
        moved = [
            key
            for key in {**before, **after}
            if key not in before or key not in after or _weight(before[key]) != _weight(after[key])
        ]
        for each in applied:
            each[self.share_key] = each[self.share_key] or ledger.ids.take_beside(source[self.source_key])
        table.unlink(source)
        source["applied"], source[self.links] = applied, list(after)
        source[self.left] = self.unused(source)
        table.put(source)
        for key in moved:
            self.refresh(ledger, ledger.tables[self.target].rows[key])

    def add(self, ledger: Ledger, source: Row, target: Row, amount: Decimal) -> None:
        """Applies some more of the source to one target, on top of what it holds of it."""
        key = target[self.target_key]
        held = next((each for each in source["applied"] if each[self.target_key] == key), None)
        share: Row = held or {
            self.share_key: "",
            self.target_key: key,
            "amount_applied": ZERO,
            "tax_amount_withheld": ZERO,
            "apply_date": "",
            "on": ledger.today(),
        }
        more = {**share, "amount_applied": share["amount_applied"] + amount}
        source["last_modified_time"] = ledger.now()
        self.put(ledger, source, [*(each for each in source["applied"] if each is not held), more])

    def add_all(self, ledger: Ledger, source: Row, entries: Any, name: str) -> None:
        """Applies the source to what a body names, on top of what it holds; all or nothing."""
        wanted: dict[str, tuple[Row, Decimal]] = {}
        for entry in objects(entries, name):
            target = self.find(ledger, source, entry.get(self.target_key))
            amount = number(entry.get("amount_applied"), "amount_applied")
            amount = rounded(amount, ledger.currency(target["currency_id"])["price_precision"])
            if amount <= 0 or target[self.target_key] in wanted:
                raise invalid("amount_applied")
            self.check(target, amount)
            wanted[target[self.target_key]] = (target, amount)
        if not wanted:
            raise missing(name)
        if sum((amount for _, amount in wanted.values()), ZERO) > source[self.left]:
            raise Refused(24016, "The amount applied exceeds what is left of the credit.")
        for target, amount in wanted.values():
            self.add(ledger, source, target, amount)

    def give(self, ledger: Ledger, target: Row, entries: Any, name: str) -> list[tuple[Row, Decimal]]:
        """The sources and amounts a body wants to see applied to one target."""
        found: dict[str, tuple[Row, Decimal]] = {}
        for entry in objects(entries, name):
            given = one_id(entry.get(self.source_key) or "", self.source_key)
            source = ledger.must(self.source, given, f"{_TITLES[self.source]} does not exist.")
            self.find(ledger, source, target[self.target_key])
            amount = number(entry.get("amount_applied"), "amount_applied")
            amount = rounded(amount, ledger.currency(target["currency_id"])["price_precision"])
            if amount <= 0 or given in found or source.get("status") in ("draft", "approved", *CLOSED):
                raise invalid("amount_applied")
            if amount > source[self.left]:
                raise Refused(24016, "The amount applied exceeds what is left of the credit.")
            found[given] = (source, amount)
        return list(found.values())

    def take_back(self, ledger: Ledger, share: Callable[[Row, Row], bool], target: Row) -> bool:
        """Undoes the share of a target for which `share(source, share)` holds; says whether there was one."""
        for source, held in self.shares(ledger, target):
            if share(source, held):
                source["last_modified_time"] = ledger.now()
                self.put(ledger, source, [each for each in source["applied"] if each is not held])
                return True
        return False

    def forget(self, ledger: Ledger, source: Row) -> None:
        """Deletes the source; its targets are owed again."""
        ledger.tables[self.source].remove(source)
        for key in source[self.links]:
            self.refresh(ledger, ledger.tables[self.target].rows[key])

    def shares(self, ledger: Ledger, target: Row) -> list[tuple[Row, Row]]:
        """The sources of a target, each with its share."""
        key = target[self.target_key]
        return [
            (source, each)
            for source in ledger.tables[self.source].linked(self.links, key)
            for each in source["applied"]
            if each[self.target_key] == key
        ]


_TITLES = {
    "payments": "Payment",
    "vendorpayments": "Payment",
    "creditnotes": "Credit Note",
    "vendorcredits": "Vendor Credit",
}


def _weight(share: Row) -> Decimal:
    return share["amount_applied"] + share["tax_amount_withheld"]
