"""Bank, card and cash accounts: the part of the chart of accounts that moves money."""

from decimal import Decimal

from . import accounts, postings
from .call import Answer, Call, Row, done, in_use, invalid
from .customfields import detail as custom_detail
from .fields import boolean, choice, ref, text
from .ledger import Ledger
from .listing import Listing
from .money import ONE, ZERO, rounded
from .projection import Columns, blank
from .resource import Messages, Resource, Route

TYPES = ("bank", "credit_card", "cash", "payment_clearing")
UNKNOWN = "Bank account does not exist."


def money(ledger: Ledger, account: Row) -> Row:
    """The balance in the account's currency and in the base one; what a card owes is negative."""
    base = postings.closing(ledger, account["account_id"])
    rate = ledger.rate_on(account["currency_id"], ledger.today())
    places = ledger.currency(account["currency_id"])["price_precision"]
    own: Decimal = base if rate == ONE else rounded(base / rate, places)
    last = latest(ledger, account)
    return {
        "balance": own,
        "bcy_balance": base,
        "bank_balance": last["closing_balance"] if last else ZERO,
        "uncategorized_transactions": len(waiting(ledger, account["account_id"])),
        "feeds_last_refresh_date": last["imported_on"] if last else "",
    }


def waiting(ledger: Ledger, account_id: str) -> list[Row]:
    """Lines of statements nobody has dealt with."""
    lines = ledger.tables["banktransactions"].linked("account_ids", account_id)
    return [line for line in lines if line.get("status") == "uncategorized"]


def latest(ledger: Ledger, account: Row) -> Row | None:
    """The statement imported last."""
    found = ledger.tables["statements"].linked("account_id", account["account_id"])
    return found[-1] if found else None


def _shared(ledger: Ledger, account: Row) -> Row:
    return {
        "currency_code": ledger.currency(account["currency_id"])["currency_code"],
        "is_active": account["status"] == "active",
        **money(ledger, account),
    }


BOTH = Columns(
    stored={
        "account_id": "",
        "account_name": "",
        "account_code": "",
        "account_type": "bank",
        "currency_id": "",
        "bank_name": "",
    },
    constants={
        "account_sub_type": "commercial",
        "total_unprinted_checks": 0,
        "is_direct_paypal": False,
        "mfa_required": False,
    },
    spread=(_shared,),
)
_FEED: Row = {
    **blank("partner_bank_source", "partner_bank_source_formatted", "payout_bank_name", "feed_status"),
    "is_beta_feed": False,
    "consent_info": {"consent_remaining_days": "", "is_consent_expired": ""},
}


def masked(account: Row) -> str:
    """Only the last four digits are ever shown."""
    number = account.get("account_number", "")
    return f"xxxx{number[-4:]}" if number else ""


def _own(ledger: Ledger, account: Row) -> Row:
    """What cash accounts do not have."""
    if account["account_type"] == "cash":
        return {}
    return {
        **_FEED,
        "account_number": masked(account),
        "routing_number": account.get("routing_number", ""),
        "is_primary_account": account.get("is_primary_account", False),
        "is_paypal_account": account.get("is_paypal_account", False),
    }


ROW = BOTH.with_more(Columns(spread=(_own,)))
DETAIL = BOTH.with_more(
    Columns(
        stored={
            "description": "",
            "routing_number": "",
            "is_primary_account": False,
            "is_paypal_account": False,
            "can_show_in_ze": True,
            "last_import_duplicate_count": 0,
        },
        constants={
            **_FEED,
            **blank(
                "account_code_prefix", "generation_number", "institution_id", "institution_name",
                "migrate_to_partner_bank",
            ),
            "is_pdf_password_stored": False,
            "is_zlabs_supported": False,
            "can_show_paypal_direct_integ_banner": False,
            "is_feeds_owner": False,
            "can_access_all_branches": True,
            "can_access_all_locations": True,
            "can_access_all_locations_of_bank_account": True,
            "sub_corporate_cards_count": "0",
            "is_rule_update_required": False,
        },
        made={
            "account_number": lambda ledger, one: masked(one),
            "currency_symbol": lambda ledger, one: ledger.currency(one["currency_id"])["currency_symbol"],
            "price_precision": lambda ledger, one: ledger.currency(one["currency_id"])["price_precision"],
            "latest_transaction_date": lambda ledger, one: _last_day(ledger, one),
            "is_undeposited_funds": lambda ledger, one: one["account_name"] == "Undeposited Funds",
        },
        spread=(custom_detail("account"),),
    )
)  # fmt: skip


def _last_day(ledger: Ledger, account: Row) -> str:
    found = postings.by_account(ledger).get(account["account_id"], ())
    return max((postings.date_of(posting) for posting in found), default="")


def find(ledger: Ledger, account_id: str) -> Row:
    account = ledger.must("accounts", account_id, UNKNOWN)
    return account if account["account_type"] in TYPES else ledger.must("accounts", "", UNKNOWN)


def _prepare(ledger: Ledger, account: Row, body: Row, call: Call, is_new: bool) -> None:
    if body.get("currency_code") and not body.get("currency_id"):
        code = str(body["currency_code"])
        known = [one for one in ledger.currencies.all() if one["currency_code"] == code]
        if not known:
            raise invalid("currency_code")
        account["currency_id"] = known[0]["currency_id"]
    before = ledger.accounts.get(account["account_id"])
    used = before is not None and account["account_id"] in postings.by_account(ledger)
    if before is not None and used and account["currency_id"] != before["currency_id"]:
        raise invalid("currency_id")
    accounts.RESOURCE.prepare(ledger, account, body, call, is_new)


def _deletable(ledger: Ledger, account: Row) -> None:
    accounts.RESOURCE.blocks_delete(ledger, account)
    if ledger.tables["banktransactions"].has_linked("account_ids", account["account_id"]):
        raise in_use("Accounts that are involved in transactions cannot be deleted.")


def _list(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    return LISTING.answer(
        ledger, call, [one for one in ledger.accounts.all() if one["account_type"] in TYPES]
    )


def _get(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    return RESOURCE.show(ledger, find(ledger, ids[0]))


def _update(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    find(ledger, ids[0])
    return RESOURCE.update(ledger, call, ids)


def _delete(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    find(ledger, ids[0])
    return RESOURCE.delete(ledger, call, ids)


def _mark(word: str) -> Route:
    def handle(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
        account = find(ledger, ids[0])
        account["status"], account["last_modified_time"] = word, ledger.now()
        ledger.accounts.changed(account)
        return done(f"The account has been marked as {word}.")

    return Route("POST", f"/bankaccounts/{{}}/{word}", "banking.CREATE", handle)


LISTING = Listing(
    table="accounts",
    list_key="bankaccounts",
    report_name="Bank Accounts",
    columns=ROW,
    sorts={name: name for name in ("account_name", "account_type", "account_code")},
    sort_column="account_name",
    default_filter="Status.All",
    filter_by={
        "Active": lambda ledger, account: account["status"] == "active",
        "Inactive": lambda ledger, account: account["status"] != "active",
    },
)
RESOURCE = Resource(
    path="/bankaccounts",
    table="accounts",
    item_key="bankaccount",
    area="banking",
    entity="account",
    listing=LISTING,
    detail=DETAIL,
    readers={
        "account_name": text(100),
        "account_type": choice(TYPES),
        "account_number": text(50),
        "account_code": text(20),
        "currency_id": ref("currencies", "Currency does not exist."),
        "description": text(500),
        "bank_name": text(100),
        "routing_number": text(50),
        "is_primary_account": boolean,
        "is_paypal_account": boolean,
        "paypal_email_address": text(100),
    },
    required=("account_name", "account_type"),
    defaults={**accounts.RESOURCE.defaults},
    messages=Messages(
        unknown=UNKNOWN,
        created="The account has been created.",
        updated="The details of the account has been updated.",
        deleted="The account has been deleted.",
    ),
    unique=accounts.RESOURCE.unique,
    prepare=_prepare,
    blocks_delete=_deletable,
    extra=(
        Route("GET", "/bankaccounts", "banking.READ", _list),
        Route("GET", "/bankaccounts/{}", "banking.READ", _get),
        Route("PUT", "/bankaccounts/{}", "banking.UPDATE", _update),
        Route("DELETE", "/bankaccounts/{}", "banking.DELETE", _delete),
        _mark("active"),
        _mark("inactive"),
    ),
)
ROUTES = RESOURCE.routes()
