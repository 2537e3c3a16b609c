"""Movements entered by hand on bank accounts: deposits, transfers, drawings and the like."""

from collections.abc import Callable

from . import bank_accounts
from .arithmetic import effective
from .bank_rows import DETAIL, ROW, matched_line, movements
from .call import Answer, Call, Refused, Row, done, in_use, invalid, missing
from .fields import amount, boolean, choice, day, ref, text
from .ledger import BANK_FEES, SALES, TAX_PAYABLE, Ledger
from .listing import Filter, Listing
from .money import ONE, ZERO, rounded
from .postings import SOURCES, Entry, Source
from .resource import Messages, Resource, Route
from .taxes import components

UNKNOWN = "Transaction does not exist."
INCOMING = {
    "deposit": "",
    "refund": "",
    "sales_without_invoices": SALES,
    "expense_refund": "",
    "owner_contribution": "000000000382",
    "interest_income": "000000000394",
    "other_income": "000000000391",
}
"""Types that bring money to a bank account, with where it comes from when nothing says so."""
OUTGOING = {"owner_drawings": "000000012001", "sales_return": SALES}
BETWEEN = ("transfer_fund", "card_payment")
TYPES = (*INCOMING, *OUTGOING, *BETWEEN)


def _prepare(ledger: Ledger, one: Row, body: Row, call: Call, is_new: bool) -> None:
    if is_new:
        one["transaction_id"] = ledger.ids.take()
        one["matched_ids"] = []
    one["date"] = one["date"] or ledger.today()
    kind = one["transaction_type"]
    for table, side in ((INCOMING, "from_account_id"), (OUTGOING, "to_account_id")):
        if kind in table and not one[side] and table[kind]:
            one[side] = ledger.id(table[kind])
    for side in ("from_account_id", "to_account_id"):
        if not one[side]:
            raise missing(side)
    if one["from_account_id"] == one["to_account_id"]:
        raise invalid("to_account_id")
    _check_sides(ledger, one, kind)
    _set_currency(ledger, one, body, is_new)
    places = ledger.currency(one["currency_id"])["price_precision"]
    one["amount"] = rounded(one["amount"], places)
    if one["amount"] <= 0:
        raise invalid("amount")
    rate = effective(components(ledger, one["tax_id"]))
    one["tax_amount"] = one["amount"] - rounded(one["amount"] / (ONE + rate), places)
    one["account_ids"] = [one["from_account_id"], one["to_account_id"]]


def _check_sides(ledger: Ledger, one: Row, kind: str) -> None:
    """Money comes from or goes to a bank account as the type says; cards are paid and refunded."""

    def is_bank(side: str) -> bool:
        return ledger.accounts.rows[one[side]]["account_type"] in bank_accounts.TYPES

    def is_card(side: str) -> bool:
        return ledger.accounts.rows[one[side]]["account_type"] == "credit_card"

    wrong = ""
    if kind in (*INCOMING, *BETWEEN) and not is_bank("to_account_id"):
        wrong = "to_account_id"
    if kind in (*OUTGOING, *BETWEEN) and not is_bank("from_account_id"):
        wrong = "from_account_id"
    if kind in ("refund", "card_payment") and not is_card("to_account_id"):
        wrong = "to_account_id"
    if wrong:
        raise invalid(wrong)


def bank_side(ledger: Ledger, one: Row) -> Row:
    """The bank account of a movement: where it goes unless only its origin is one."""
    target = ledger.accounts.rows[one["to_account_id"]]
    if target["account_type"] in bank_accounts.TYPES:
        return target
    return ledger.accounts.rows[one["from_account_id"]]


def _set_currency(ledger: Ledger, one: Row, body: Row, is_new: bool) -> None:
    before = one.get("currency_id")
    if not body.get("currency_id") and is_new:
        one["currency_id"] = bank_side(ledger, one)["currency_id"]
    if one["currency_id"] == ledger.profile.currency_id:
        one["exchange_rate"] = ONE
    elif not one.get("exchange_rate") or (before != one["currency_id"] and not body.get("exchange_rate")):
        one["exchange_rate"] = ledger.rate_on(one["currency_id"], one["date"])


def entries(ledger: Ledger, one: Row) -> list[Entry]:
    """From one account to the other; tax comes off the side that is no bank, charges off the money."""
    if one.get("is_imported"):
        return []
    whole = ledger.in_base(one["amount"], one["exchange_rate"])
    tax = ledger.in_base(one["tax_amount"], one["exchange_rate"])
    charges = ledger.in_base(one["bank_charges"], one["exchange_rate"])
    if one["transaction_type"] in OUTGOING:
        found = [
            (one["from_account_id"], -whole),
            (one["to_account_id"], whole - tax),
            (ledger.id(TAX_PAYABLE), tax),
        ]
    else:
        found = [
            (one["to_account_id"], whole),
            (one["from_account_id"], tax - whole),
            (ledger.id(TAX_PAYABLE), -tax),
        ]
    bank = bank_side(ledger, one)["account_id"]
    found += [(ledger.id(BANK_FEES), charges), (bank, -charges)]
    return [entry for entry in found if entry[1]]


SOURCES["banktransactions"] = Source("banktransaction", "", "customer_id", entries)


def _manual(ledger: Ledger, key: str) -> Row:
    one = ledger.must("banktransactions", key, UNKNOWN)
    return ledger.must("banktransactions", "", UNKNOWN) if one.get("is_imported") else one


def _list(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    account = call.get("account_id").strip()
    if account:
        bank_accounts.find(ledger, account)
    return LISTING.answer(ledger, call, movements(ledger, account))


def _get(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    """A manual movement whole; a waiting line or another document as its row tells."""
    one = ledger.tables["banktransactions"].get(ids[0])
    if one is not None and not one.get("is_imported"):
        return RESOURCE.show(ledger, one)
    for row in movements(ledger):
        if row["transaction_id"] == ids[0]:
            shown = ROW.show(ledger, row)
            incoming = row["debit_or_credit"] == "debit"
            sides = (
                (row["offset_id"], row["account_id"]) if incoming else (row["account_id"], row["offset_id"])
            )
            for name, key in zip(("from_account", "to_account"), sides, strict=True):
                shown[f"{name}_id"], shown[f"{name}_name"] = key, ledger.account_name(key)
            return done(banktransaction={**shown, "imported_transactions": [], "line_items": [], "tags": []})
    raise Refused(1002, UNKNOWN, 404)


def _update(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    _manual(ledger, ids[0])
    return RESOURCE.update(ledger, call, ids)


def _delete(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    one = ledger.must("banktransactions", ids[0], UNKNOWN)
    if one.get("is_imported"):
        raise in_use("Only transactions added by hand can be deleted.")
    if matched_line(ledger, ids[0]) is not None:
        raise in_use("Matched and categorized transactions cannot be deleted.")
    RESOURCE.drop(ledger, one)
    return done(RESOURCE.messages.deleted)


def _is(status: str) -> Callable[[Ledger, Row], bool]:
    return lambda ledger, row: row["status"] == status


LISTING = Listing(
    table="banktransactions",
    row_key="transaction_id",
    list_key="banktransactions",
    report_name="Bank Transactions",
    columns=ROW,
    sorts={"date": "date"},
    sort_column="date",
    sort_order="D",
    default_filter="Status.All",
    filters={
        "account_id": Filter("exact", "account_id"),
        "transaction_type": Filter("exact", "transaction_type"),
        "date": Filter("day", "date"),
        "amount": Filter("amount", "amount"),
        "status": Filter("exact", "status"),
        "transaction_status": Filter("exact", "status"),
        "reference_number": Filter("text", "reference_number"),
    },
    filter_by={
        word: _is(status)
        for word, status in (
            ("Uncategorized", "uncategorized"),
            ("Categorized", "categorized"),
            ("ManuallyAdded", "manually_added"),
            ("Excluded", "excluded"),
            ("Matched", "matched"),
        )
    },
    search=("payee", "description", "reference_number"),
)
RESOURCE = Resource(
    path="/banktransactions",
    table="banktransactions",
    item_key="banktransaction",
    area="banking",
    entity="banktransaction",
    listing=LISTING,
    detail=DETAIL,
    readers={
        "transaction_type": choice(TYPES),
        "from_account_id": ref("accounts", "Account does not exist."),
        "to_account_id": ref("accounts", "Account does not exist."),
        "amount": amount(),
        "date": day,
        "payment_mode": text(100),
        "exchange_rate": amount(places=12),
        "customer_id": ref("contacts", "Customer does not exist."),
        "reference_number": text(100),
        "description": text(500),
        "currency_id": ref("currencies", "Currency does not exist."),
        "tax_id": ref("taxes", "Tax does not exist."),
        "is_inclusive_tax": boolean,
        "bank_charges": amount(),
    },
    required=("transaction_type",),
    defaults={
        "from_account_id": "",
        "to_account_id": "",
        "amount": ZERO,
        "date": "",
        "payment_mode": "",
        "customer_id": "",
        "reference_number": "",
        "description": "",
        "tax_id": "",
        "is_inclusive_tax": False,
        "bank_charges": ZERO,
    },
    messages=Messages(
        unknown=UNKNOWN,
        created="The bank transaction has been recorded.",
        updated="The bank transaction has been updated.",
        deleted="The transaction has been deleted.",
    ),
    prepare=_prepare,
    has_tags=True,
    extra=(
        Route("GET", "/banktransactions", "banking.READ", _list),
        Route("GET", "/banktransactions/{}", "banking.READ", _get),
        Route("PUT", "/banktransactions/{}", "banking.UPDATE", _update),
        Route("DELETE", "/banktransactions/{}", "banking.DELETE", _delete),
    ),
)
ROUTES = RESOURCE.routes()
