"""How payments and credits settle invoices and bills: what there is, and what must hold before money is moved."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from connectors.kit.codec import DATE, ENUM, ID, MONEY, TEXT, Codec, CodecError
from connectors.kit.faults import Conflict, Fault, FieldError, Kind, Rejected
from connectors.kit.http import Flow, Request
from connectors.kit.mapping import CREATE, NEVER, Native, Table, computed, field, names, ref
from connectors.kit.operations import Context, Record
from connectors.kit.paging import object_of
from connectors.zoho_books.codecs import METHOD
from unified_models.allocations import Allocation, Refund

allocation, refund = names(Allocation), names(Refund)

REFUND_MODES = ENUM(
    {
        "cash": "cash",
        "check": "check",
        "creditcard": "card",
        "banktransfer": "bank_transfer",
        "autotransaction": "online",
        "others": "other",
    }
)

DEAD = {"draft": "draft", "void": "voided", "pending_approval": "submitted", "rejected": "rejected"}
"""Statuses of a document nothing can be put on → ours."""


@dataclass(frozen=True, slots=True)
class Target:
    """Documents that are settled. `party` is "customer" or "vendor"; its native keys begin so.

    `both`: the keys their /credits must be given, though it be with nothing.
    """

    type: str
    party: str
    both: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        return f"/{self.type}s"

    def credits(self, shares: Mapping[str, Sequence[Native]]) -> Native:
        """The body of /credits that settles one document with these shares."""
        return {name: list(shares.get(name, ())) for name in dict.fromkeys((*self.both, *shares))}


INVOICES = Target("invoice", "customer", ("invoice_payments", "apply_creditnotes"))
BILLS = Target("bill", "vendor")


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What settles documents: one collection of payments or of credits.

    type      what allocations of a document call it
    path      its collection
    one       key of one of it in answers
    key       native key of its id
    left      native key of what is unapplied
    shares    native key of its settlements; `share` of the id of one, `amount` of its amount
    given     what a document's own /credits calls it
    own       it is applied by a call of its own, to many documents at once
    account   native key of the money account of a refund
    """

    type: str
    target: Target
    path: str
    one: str
    key: str
    left: str
    shares: str
    share: str
    given: str
    account: str
    amount: str = "amount_applied"
    own: bool = False


RECEIVED = Means(
    type="payment", target=INVOICES, path="/customerpayments", one="payment", key="payment_id",
    left="unused_amount", shares="invoices", share="invoice_payment_id", given="invoice_payments",
    account="from_account_id",
)  # fmt: skip
MADE = Means(
    type="payment", target=BILLS, path="/vendorpayments", one="vendorpayment", key="payment_id", left="balance",
    shares="bills", share="bill_payment_id", given="bill_payments", account="to_account_id",
)  # fmt: skip
CREDIT_NOTES = Means(
    type="credit_note", target=INVOICES, path="/creditnotes", one="creditnote", key="creditnote_id",
    left="balance", shares="invoices_credited", share="creditnote_invoice_id", given="apply_creditnotes",
    account="from_account_id", amount="credited_amount", own=True,
)  # fmt: skip
VENDOR_CREDITS = Means(
    type="vendor_credit", target=BILLS, path="/vendorcredits", one="vendor_credit", key="vendor_credit_id",
    left="balance", shares="bills_credited", share="vendor_credit_bill_id", given="apply_vendor_credits",
    account="account_id", amount="amount", own=True,
)  # fmt: skip


def allocations_of(means: Means, *, day: str = "date") -> Table[Allocation]:
    """The settlements of a payment or credit, as its own record tells them."""
    type = means.target.type
    return Table(
        Allocation,
        (
            field(allocation.allocation_id, means.share, ID),
            computed(allocation.type, lambda native, ctx: type, write=CREATE),
            field(allocation.id, f"{type}_id", ID, write=CREATE),
            field(allocation.number, f"{type}_number", TEXT),
            field(allocation.amount, means.amount, MONEY, write=CREATE),
            field(allocation.date, day, DATE),
            field(allocation.discount_amount, "discount_amount", MONEY),
            field(
                allocation.withheld_tax_amount, "tax_amount_withheld", MONEY, write=NEVER if means.own else CREATE
            ),
        ),
    )  # fmt: skip


def refunds_of(means: Means, key: str) -> Table[Refund]:
    """What was paid back out of a payment or credit. `key` is the native id of one refund."""
    account = means.account.removesuffix("_id")
    return Table(
        Refund,
        (
            field(refund.id, key, ID),
            field(refund.transaction_date, "date", DATE),
            ref(refund.account, means.account, name=f"{account}_name"),
            computed(refund.total_amount, _refunded, uses=("amount_fcy", "amount")),
            field(refund.payment_method, "refund_mode", METHOD),
            field(refund.reference, "reference_number", TEXT),
            field(refund.memo, "description", TEXT),
        ),
    )


def _refunded(native: Native, ctx: Context) -> Decimal | None:
    for name in ("amount_fcy", "amount"):
        if native.get(name) not in (None, ""):
            return MONEY.read(native[name])
    return None


def share(native: Native, means: Means, id_key: str, number: str, *, amount: str, day: str) -> Record:
    """A settlement as the settled document tells it: `id_key` is the native key of its id."""
    withheld = native.get("tax_amount_withheld")
    return {
        "allocation_id": native.get(id_key) or None,
        "type": means.type,
        "id": native.get(means.key) or None,
        "number": native.get(number) or None,
        "amount": amount_of(native, amount),
        "date": _day(native.get(day)),
        "discount_amount": None,
        "withheld_tax_amount": None if withheld in (None, "") else MONEY.read(withheld),
    }


def _day(value: Any) -> date | None:
    """A day as Zoho spells days; spelled for people it is not worth losing the settlement."""
    try:
        return DATE.read(value) if value else None
    except CodecError:
        return None


def amount_of(native: Native, key: str) -> Decimal:
    """An amount that may be blank."""
    return MONEY.read(native.get(key) or 0) or Decimal(0)


def check_sum(given: Sequence[Record], most: Decimal, detail: str, types: Sequence[str]) -> None:
    """Every allocation is whole, of a type that fits, and all together are not more than there is."""
    errors = [
        FieldError("required", f"/allocations/{place}/{name}", "is required")
        for place, each in enumerate(given)
        for name in ("id", "amount")
        if each.get(name) is None
    ]
    errors += [
        FieldError(
            "enum_value", f"/allocations/{place}/type", f"takes {' or '.join(types)} here", tuple(types)
        )
        for place, each in enumerate(given)
        if each.get("type", types[0]) not in types
    ]
    if errors:
        raise Rejected(*errors)
    if sum((each["amount"] for each in given), Decimal(0)) > most:
        raise Rejected(FieldError("over_allocated", "/allocations", detail))


def targets(given: Sequence[Record], target: Target) -> Flow[list[Native]]:
    """The documents to be settled, each read once: live, and owing at least what is put on it."""
    read: dict[str, Native] = {}
    owed: dict[str, Decimal] = {}
    errors: list[FieldError] = []
    for place, each in enumerate(given):
        at, id = f"/allocations/{place}", str(each["id"])
        if id not in read:
            found = yield from peek(target.path, target.type, id)
            if found is None:
                errors.append(
                    FieldError("reference_not_found", f"{at}/id", f"there is no {target.type} {id}")
                )
                continue
            read[id] = found
            _must_live(found, target.type, id)
            owed[id] = amount_of(found, "balance")
        if each["amount"] > owed[id]:
            detail = f"{each['amount']:f} is more than the {owed[id]:f} {target.type} {id} still owes"
            errors.append(FieldError("over_allocated", f"{at}/amount", detail))
        owed[id] -= each["amount"]
    if errors:
        raise Rejected(*errors)
    return list(read.values())


def _must_live(native: Native, noun: str, id: str) -> None:
    status = str(native.get("status"))
    if status in DEAD:
        detail = f"{noun} {id} is {DEAD[status]} and cannot be settled"
        allowed = ["authorised", "partially_paid"]
        raise Conflict("invalid_transition", detail, **{"from": DEAD[status], "allowed": allowed})


def peek(path: str, one: str, id: str) -> Flow[Native | None]:
    """One record by its id; None where there is none."""
    if not id.isascii() or not id.isdecimal():
        return None
    try:
        reply = yield Request("GET", f"{path}/{id}", step=f"read {one.replace('_', ' ')} {id}")
    except Fault as fault:
        if fault.kind is Kind.NOT_FOUND:
            return None
        raise
    found = object_of(reply.body, one)
    if found is None:
        raise Fault(Kind.GARBLED, reply.status, message=f"the answer has no {one}")
    return found


def spelled(codec: Codec[str], value: str, at: str) -> str:
    """The native word of an enum outside of a table; Rejected where there is none."""
    try:
        return codec.write(value)
    except CodecError as error:
        raise Rejected(FieldError(error.code, at, str(error), error.allowed)) from None
