"""Currencies and their exchange rates."""

from .call import Answer, Call, Refused, Row, done, in_use, invalid, missing
from .fields import amount, day, integer, read_all, text
from .ledger import Ledger
from .listing import Listing
from .money import CURRENCIES, ZERO
from .projection import Columns
from .resource import Messages, Resource, Route, body_of

UNKNOWN = "Currency does not exist."


def _rate(ledger: Ledger, currency: Row) -> Row:
    """The latest rate by today; 0 and no date where none was set, as for the base currency."""
    today = ledger.today()
    rates = ledger.rates.linked("currency_id", currency["currency_id"])
    past = [rate for rate in rates if rate["effective_date"] <= today]
    last = max(past, key=lambda rate: rate["effective_date"], default=None)
    return {
        "exchange_rate": last["rate"] if last else ZERO,
        "effective_date": last["effective_date"] if last else "",
        "currency_name_formatted": f"{currency['currency_code']}- {currency['currency_name']}",
    }


COLUMNS = Columns(
    stored={
        "currency_id": "",
        "currency_code": "",
        "currency_name": "",
        "currency_symbol": "",
        "price_precision": 2,
        "currency_format": "1,234,567.89",
        "is_base_currency": False,
    },
    constants={"auto_exchange_rate_enabled": True},
    spread=(_rate,),
)
RATE = Columns(
    {"exchange_rate_id": "", "currency_id": "", "currency_code": "", "effective_date": "", "rate": ZERO}
)
_RATE_PARTS = {"effective_date": day, "rate": amount(places=12)}


def add(ledger: Ledger, code: str) -> Row:
    """Makes one of the known currencies usable in the organisation."""
    known = CURRENCIES[code]
    now = ledger.now()
    return ledger.currencies.put(
        {
            "currency_id": ledger.id(known.suffix),
            "currency_code": code,
            "currency_name": known.name,
            "currency_symbol": known.symbol,
            "price_precision": known.precision,
            "currency_format": known.format,
            "is_base_currency": code == ledger.profile.currency_code,
            "created_time": now,
            "last_modified_time": now,
        }
    )


def _prepare(ledger: Ledger, currency: Row, body: Row, call: Call, is_new: bool) -> None:
    code = currency["currency_code"] = currency["currency_code"].upper()
    if len(code) != 3 or not code.isascii() or not code.isalpha():
        raise invalid("currency_code")
    if currency["price_precision"] not in (0, 2, 3):
        raise invalid("price_precision")
    if is_new:
        known = CURRENCIES.get(code)
        currency["currency_id"] = ledger.id(known.suffix) if known else ledger.ids.take()
        currency["currency_name"] = known.name if known else code
        currency["currency_symbol"] = currency.get("currency_symbol") or (known.symbol if known else code)
        if "price_precision" not in body and known:
            currency["price_precision"] = known.precision


def _deletable(ledger: Ledger, currency: Row) -> None:
    key = currency["currency_id"]
    tables = (table for name, table in ledger.tables.items() if name not in ("currencies", "exchange_rates"))
    if currency["is_base_currency"] or any(
        row.get("currency_id") == key for table in tables for row in table.all()
    ):
        raise in_use("The currency cannot be deleted as it is associated with other records.")


def _rates(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    RESOURCE.find(ledger, ids[0])
    since = call.get("from_date")
    rates = [
        rate
        for rate in ledger.rates.linked("currency_id", ids[0])
        if not since or rate["effective_date"] >= since
    ]
    if call.flag("is_current_date"):
        past = [rate for rate in rates if rate["effective_date"] <= ledger.today()]
        rates = sorted(past, key=lambda rate: rate["effective_date"])[-1:]
    rates.sort(key=lambda rate: rate["effective_date"], reverse=True)
    return done(exchange_rates=[RATE.show(ledger, rate) for rate in rates])


def _rate_of(ledger: Ledger, ids: tuple[str, ...]) -> Row:
    found = ledger.must("exchange_rates", ids[1], "Exchange rate does not exist.")
    if found["currency_id"] != ids[0]:
        raise Refused(1002, "Exchange rate does not exist.", 404)
    return found


def _get_rate(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    return done(exchange_rate=RATE.show(ledger, _rate_of(ledger, ids)))


def _checked(rate: Row) -> Row:
    if rate["rate"] <= 0:
        raise invalid("rate")
    if not rate["effective_date"]:
        raise missing("effective_date")
    return rate


def _add_rate(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    currency = RESOURCE.find(ledger, ids[0])
    if currency["is_base_currency"]:
        raise invalid("currency_id")
    given = {"effective_date": ledger.today(), "rate": ZERO, **read_all(ledger, body_of(call), _RATE_PARTS)}
    rate = ledger.rates.put(
        {
            "exchange_rate_id": ledger.ids.take(),
            "currency_id": ids[0],
            "currency_code": currency["currency_code"],
            **_checked(given),
        }
    )
    answer = done("The exchange rate has been added.", exchange_rate=RATE.show(ledger, rate))
    answer.status = 201
    return answer


def _update_rate(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    rate = _rate_of(ledger, ids)
    rate.update(_checked({**rate, **read_all(ledger, body_of(call), _RATE_PARTS)}))
    ledger.rates.changed(rate)
    return done("The exchange rate has been updated.", exchange_rate=RATE.show(ledger, rate))


def _delete_rate(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    ledger.rates.remove(_rate_of(ledger, ids))
    return done("Exchange rate successfully deleted")


RESOURCE = Resource(
    path="/settings/currencies",
    table="currencies",
    item_key="currency",
    area="settings",
    listing=Listing(
        table="currencies",
        list_key="currencies",
        report_name="Currencies",
        columns=COLUMNS,
        sorts={"currency_code": "currency_code"},
        sort_column="currency_code",
        shows_sort=False,
        filter_by={"ExcludeBaseCurrency": lambda ledger, row: not row["is_base_currency"]},
    ),
    detail=COLUMNS,
    readers={
        "currency_code": text(3),
        "currency_symbol": text(10),
        "price_precision": integer,
        "currency_format": text(20),
    },
    required=("currency_code",),
    defaults={"price_precision": 2, "currency_format": "1,234,567.89", "is_base_currency": False},
    messages=Messages(
        unknown=UNKNOWN,
        created="The currency has been added.",
        updated="Currency information has been saved.",
        deleted="The currency has been deleted.",
    ),
    unique={"currency_code": (1001, 'The currency "{}" already exists.')},
    prepare=_prepare,
    blocks_delete=_deletable,
)
_ONE = "/settings/currencies/{}/exchangerates"
ROUTES = (
    *RESOURCE.routes(),
    Route("GET", _ONE, "settings.READ", _rates),
    Route("POST", _ONE, "settings.CREATE", _add_rate),
    Route("GET", f"{_ONE}/{{}}", "settings.READ", _get_rate),
    Route("PUT", f"{_ONE}/{{}}", "settings.UPDATE", _update_rate),
    Route("DELETE", f"{_ONE}/{{}}", "settings.DELETE", _delete_rate),
)
