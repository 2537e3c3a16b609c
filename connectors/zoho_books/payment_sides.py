"""What payments received and payments made do alike: rows, checks before a create, settling."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from connectors.kit.codec import DATE, ID, MONEY, RATE, TEXT, CodecError
from connectors.kit.custom_fields import custom_fields
from connectors.kit.faults import FieldError, Rejected
from connectors.kit.flows import Draft
from connectors.kit.http import Flow
from connectors.kit.mapping import (
    ALWAYS,
    CREATE,
    Native,
    Row,
    When,
    Words,
    computed,
    field,
    many,
    names,
    ref,
    unmapped,
)
from connectors.kit.operations import Answer, Context, Op, Record
from connectors.kit.references import Lookup
from connectors.kit.resource import Issues, Resource
from connectors.zoho_books import filtering, settling
from connectors.zoho_books.codecs import CUSTOM_FIELDS, METHOD
from connectors.zoho_books.document_rows import contact_side
from connectors.zoho_books.field_names import check_custom_fields
from connectors.zoho_books.lookups import ACCOUNTS
from connectors.zoho_books.precision import of_settlement
from connectors.zoho_books.references import SETTLED, allocated
from connectors.zoho_books.settlement import Means, allocations_of, check_sum, peek, refunds_of, targets
from connectors.zoho_books.tracking import tracking
from unified_models.payments import Payment

payment = names(Payment)

_STATUS = {
    "paid": "cleared",
    "success": "cleared",
    "failure": "failed",
    "failed": "failed",
    "pending": "pending",
    "pending_approval": "pending",
    "draft": "pending",
    "void": "voided",
}


_MODES = Words(
    "filter_by",
    {
        "cash": "PaymentMode.Cash", "check": "PaymentMode.Check", "card": "PaymentMode.CreditCard",
        "bank_transfer": ("PaymentMode.BankTransfer", "PaymentMode.BankRemittance"),
    },
    native="payment_mode",
    covers={
        f"PaymentMode.{word}": frozenset({word.casefold()})
        for word in ("Cash", "Check", "CreditCard", "BankTransfer", "BankRemittance")
    },
)  # fmt: skip


def _status(native: Native, ctx: Context) -> str | None:
    word = str(native.get("payment_status") or native.get("status") or "")
    return _STATUS.get(word.casefold(), word) or None


def _sole(means: Means) -> Callable[[Native, Context], Any]:
    type = means.target.type

    def read(native: Native, ctx: Context) -> Any:
        found = [each for each in native.get(means.shares) or () if isinstance(each, dict)]
        return {"id": found[0].get(f"{type}_id"), "type": type} if len(found) == 1 else None

    return read


def _only(type: str) -> Callable[[str, Native, Context], None]:
    def put(value: str, native: Native, ctx: Context) -> None:
        if value != type:
            raise CodecError(f"only payments for {type}s are written here", "enum_value", (type,))

    return put


def rows(means: Means, to: Lookup, *, account: str, status: str, refund: str, told: bool) -> tuple[Row, ...]:
    """Everything but the times and the number.

    account   begins the native keys of the money account
    status    native key of the status; `refund` of the id of a refund
    told      list rows tell currency and rate
    """
    type, side = means.target.type, means.target.party
    return (
        field(payment.id, "payment_id", ID),
        computed(payment.payment_for, lambda native, ctx: type, put=_only(type), write=CREATE),
        ref(
            payment.contact, f"{side}_id", name=f"{side}_name", to=to, write=ALWAYS,
            below={"id": filtering.only(f"{side}_id"), "name": filtering.text(f"{side}_name")},
        ),
        field(
            payment.total_amount, "amount", MONEY, write=ALWAYS, sort="amount", filters=filtering.amount("amount")
        ),
        field(
            payment.transaction_date, "date", DATE, write=ALWAYS, sort="date", filters=filtering.day("date")
        ),
        ref(payment.account, f"{account}_id", name=f"{account}_name", to=ACCOUNTS, write=ALWAYS),
        field(
            payment.payment_method, "payment_mode", METHOD, write=ALWAYS,
            filters={Op.EQ: _MODES},
        ),
        field(payment.remote_payment_method, "payment_mode", TEXT),
        field(
            payment.reference, "reference_number", TEXT, write=ALWAYS, filters=filtering.text("reference_number")
        ),
        field(payment.memo, "description", TEXT, write=ALWAYS),
        many(
            payment.allocations, means.shares, allocations_of(means, day="apply_date"), write=CREATE,
            complete=True, detail_only=True,
        ),
        computed(payment.invoice, _sole(means), uses=(means.shares,), detail_only=True),
        field(payment.unapplied_amount, means.left, MONEY),
        field(payment.fee_amount, "bank_charges", MONEY, write=ALWAYS, detail_only=True),
        ref(
            payment.fee_account, "bank_charges_account_id", name="bank_charges_account_name", detail_only=True
        ),
        many(payment.refunds, f"{refund}s", refunds_of(means, f"{refund}_id"), detail_only=True),
        unmapped(payment.is_reconciled, "does not tell whether a payment is reconciled"),
        computed(payment.status, _status, uses=(status,)),
        field(payment.remote_status, status, TEXT),
        computed(
            payment.currency, lambda native, ctx: native.get("currency_code") or None, uses=("currency_code",),
            put=lambda value, native, ctx: None, write=CREATE, detail_only=not told,
        ),
        field(payment.exchange_rate, "exchange_rate", RATE, write=ALWAYS, detail_only=not told),
        computed(payment.base_currency, lambda native, ctx: ctx.currency),
        field(payment.base_total_amount, "bcy_amount", MONEY, list_only=True),
        custom_fields(payment.custom_fields, CUSTOM_FIELDS),
        tracking(payment.tracking_categories),
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class PaymentSide(Resource):
    """Settling documents is checked against them first; later it is done by actions.

    entity   the kind of record its custom fields are defined for
    """

    means: Means
    entity: str

    def create(self, body: Record, ctx: Context) -> Flow[Answer]:
        settled = self.means.target.type
        return (yield from super().create((yield from allocated(body, {settled: SETTLED[settled]})), ctx))

    def complete(self, record: Record, native: Any, ctx: Context, issues: Issues, *, detail: bool) -> None:
        contact_side(record, self.means.target.party)

    def prepare(self, draft: Draft) -> Flow[None]:
        yield from check_custom_fields(draft.body, self.entity)
        if draft.when is When.CREATE:
            yield from self.check_create(draft)
            draft.native.setdefault("date", DATE.write(draft.ctx.today))
            draft.native.setdefault(self.means.shares, [])

    def check_create(self, draft: Draft) -> Flow[None]:
        """Everything that must hold before money is recorded; fills in the contact a document tells.

        Raises Rejected (over_allocated, currency_mismatch, required …) and Conflict (invalid_transition).
        """
        body, given, target = draft.body, draft.body.get("allocations") or [], self.means.target
        total = body["total_amount"]
        detail = f"the allocations are more than the payment of {total:f}"
        check_sum(given, total, detail, (target.type,))
        found = yield from targets(given, target)
        party = f"{target.party}_id"
        if draft.native.get(party) in (None, ""):
            draft.native[party] = _owner(found, party, target.type)
        wanted = body.get("currency")
        currencies = {str(each.get("currency_code") or "") for each in found} - {""}
        if not found and wanted is not None:
            contact = yield from peek("/contacts", "contact", str(draft.native[party]))
            currencies = {str((contact or {}).get("currency_code") or "")} - {""}
        if wanted is not None and currencies and currencies != {wanted}:
            detail = f"the {target.party}'s currency is {', '.join(sorted(currencies))}"
            raise Rejected(FieldError("currency_mismatch", "/currency", detail, tuple(sorted(currencies))))
        if errors := list(of_settlement(body, wanted or next(iter(currencies), None))):
            raise Rejected(*errors)

    def act(self, action: str, id: str, body: Record, ctx: Context) -> Flow[Answer]:
        if action in settling.VERBS:
            return (yield from settling.act(self, self.means, action, id, body, ctx))
        return (yield from super().act(action, id, body, ctx))

    def describe(self) -> dict[str, Any]:
        told = super().describe()
        return {**told, "calls": {**told["calls"], **settling.cost(self.means)}}


def _owner(found: list[Native], party: str, type: str) -> str:
    """The contact all documents are of."""
    owners = {str(each.get(party) or "") for each in found} - {""}
    if len(owners) == 1:
        return owners.pop()
    detail = f"the {type}s belong to several contacts" if owners else "is required without allocations"
    raise Rejected(FieldError("required", "/contact", detail))
