"""Currencies: /settings/currencies.

A currency's id is its ISO code; Zoho's own id is `remote_id` and is accepted too. Rates live in a collection
below each currency: writing one is a second call.
"""

from datetime import date
from decimal import Decimal
from typing import Any

from connectors.kit.applied import not_applied
from connectors.kit.codec import BOOL, DATE, INTEGER, RATE, TEXT, flag
from connectors.kit.faults import Fault, FieldError, Kind, Rejected
from connectors.kit.fitting import text
from connectors.kit.flows import Draft, step_failed
from connectors.kit.http import Flow, Json, Request
from connectors.kit.mapping import (
    ALWAYS,
    CREATE,
    Native,
    Table,
    When,
    Words,
    computed,
    field,
    names,
    unmapped,
)
from connectors.kit.operations import Answer, Context, Op, Record
from connectors.kit.paging import Place, batches, merged_query
from connectors.kit.resource import Issues, Resource
from connectors.kit.writing import Write, write
from unified_models.currencies import Currency

currency = names(Currency)

RATES = frozenset({"exchange_rate", "rate_date"})
"""Fields that are written below the currency."""


def _name(native: Native, ctx: Context) -> str | None:
    """Single records put the code before the name."""
    name = str(native.get("currency_name") or "")
    return name.removeprefix(f"{native.get('currency_code')}-").strip() or None


def _rate(native: Native, ctx: Context) -> Decimal | None:
    """Zero means there is none; the base currency is worth itself."""
    if flag(native.get("is_base_currency")):
        return Decimal(1)
    told = native.get("exchange_rate")
    return RATE.read(told) or None if told not in (None, "") else None


def _rate_date(native: Native, ctx: Context) -> date | None:
    return DATE.read(native["effective_date"]) if native.get("effective_date") else None


TABLE = Table(
    Currency,
    (
        field(currency.id, "currency_code", TEXT),
        field(currency.code, "currency_code", TEXT, write=CREATE),
        computed(currency.name, _name, uses=("currency_name", "currency_code")),
        field(currency.symbol, "currency_symbol", TEXT, write=ALWAYS),
        field(currency.precision, "price_precision", INTEGER, write=ALWAYS),
        field(
            currency.is_base, "is_base_currency", BOOL,
            filters={Op.EQ: Words("filter_by", {"false": "Currencies.ExcludeBaseCurrency"})},
        ),
        computed(
            currency.exchange_rate, _rate, uses=("exchange_rate", "is_base_currency"), write=ALWAYS, codec=RATE
        ),
        computed(
            currency.rate_date, _rate_date,
            uses=("effective_date",), write=ALWAYS, codec=DATE,
        ),
        computed(currency.status, lambda native, ctx: "active"),
        unmapped(currency.remote_status, "has no status of currencies"),
        unmapped(currency.created_at, "keeps no times of currencies"),
        unmapped(currency.updated_at, "keeps no times of currencies"),
        unmapped(currency.custom_fields, "has no custom fields on currencies"),
        unmapped(currency.tracking_categories, "puts reporting tags on transactions, not on currencies"),
    ),
)  # fmt: skip


class Currencies(Resource):
    """By-id calls find the currency in the list, which alone tells rates and is short."""

    def complete(self, record: Record, native: Any, ctx: Context, issues: Issues, *, detail: bool) -> None:
        record["remote_id"] = text(native.get("currency_id")) or None

    def fetch(self, id: str, ctx: Context, step: str) -> Flow[Json]:
        self.at(id)
        place: Place | None = Place(1, self.paging.most)
        while place is not None:
            batch = yield from batches(self.path, self.many, self.id_key, (), place, self.paging, step)
            for row in batch.rows:
                if id in (row.get("currency_code"), str(row.get("currency_id"))):
                    return row
            place = batch.next
        raise Fault(Kind.NOT_FOUND, message="no such currency", phase="idle")

    def prepare(self, draft: Draft) -> Flow[None]:
        """Zoho wants a format, which follows from the precision."""
        draft.native.setdefault("currency_format", format_of(draft.body.get("precision")))
        return
        yield

    def create(self, body: Record, ctx: Context) -> Flow[Answer]:
        rate = rate_of(body, ctx)
        answer = yield from super().create({name: body[name] for name in body if name not in RATES}, ctx)
        return answer if rate is None else (yield from self._rated(answer, body, rate, ctx))

    def update(self, id: str, body: Record, ctx: Context, *, replace_lines: bool = False) -> Flow[Answer]:
        rate = rate_of(body, ctx)
        task = Write(When.UPDATE, ctx)
        native = write(self.table, {name: body[name] for name in body if name not in RATES}, task)
        if task.errors:
            raise Rejected(*task.errors)
        row = yield from self.fetch(id, ctx, "find the currency")
        answer = self.read(row, ctx)
        answer.outcome = "unchanged"
        if native:
            # The specification wants both on every change.
            native = {
                "currency_code": row["currency_code"],
                "currency_format": row.get("currency_format"),
                **native,
            }
            native["currency_format"] = native["currency_format"] or format_of(row.get("price_precision"))
            path = self.at(str(row["currency_id"]))
            reply = yield Request("PUT", path, merged_query((), ctx), native, step="change the currency")
            answer = self.read({**row, **self.unwrap(reply)}, ctx)
            answer.outcome = "updated"
            if rate is None:
                answer.issues += not_applied(self.table, body, answer.record)
        return answer if rate is None else (yield from self._rated(answer, body, rate, ctx))

    def delete(self, id: str, ctx: Context) -> Flow[str]:
        row = yield from self.fetch(id, ctx, "find the currency")
        path = self.at(str(row["currency_id"]))
        yield Request("DELETE", path, merged_query((), ctx), step="delete the currency")
        return str(row["currency_code"])

    def _rated(self, answer: Answer, body: Record, rate: Native, ctx: Context) -> Flow[Answer]:
        """Records a rate of a currency that stands, then reads the currency with it."""
        outcome = answer.outcome if answer.outcome != "unchanged" else "updated"
        path = f"{self.at(str(answer.record['remote_id']))}/exchangerates"
        try:
            yield Request("POST", path, merged_query((), ctx), rate, step="record the exchange rate")
            found = self.read((yield from self.fetch(str(answer.record["id"]), ctx, "read it back")), ctx)
        except Fault as fault:
            if answer.outcome == "unchanged":
                raise
            answer.issues.append(step_failed(2, "record the exchange rate", fault))
            answer.outcome = "partial"
            return answer
        found.outcome = outcome
        found.issues += [*answer.issues, *not_applied(self.table, body, found.record)]
        return found

    def describe(self) -> dict[str, Any]:
        told = super().describe()
        return {**told, "calls": {**told["calls"], "update": 2, "delete": 2}}


def rate_of(body: Record, ctx: Context) -> Native | None:
    """The native rate of a body, None when it names none. Rejected for a day without a rate, or no rate."""
    if not RATES & body.keys():
        return None
    rate = body.get("exchange_rate")
    if not rate:
        raise Rejected(FieldError("required", "/exchange_rate", "a rate above zero is needed"))
    return {"effective_date": DATE.write(body.get("rate_date") or ctx.today), "rate": rate}


def format_of(precision: Any) -> str:
    """How Zoho prints amounts of so many decimals."""
    digits = int(precision) if isinstance(precision, int | Decimal) else 2
    return "1,234,567" + (f".{'8900000'[:digits]}" if digits else "")


RESOURCE = Currencies(
    name="currencies",
    path="/settings/currencies",
    one="currency",
    many="currencies",
    table=TABLE,
    ids=r"[A-Z]{3}|[0-9]{1,24}",
    also_named=True,
    scopes={verb: f"ZohoBooks.settings.{verb.upper()}" for verb in ("create", "read", "update", "delete")},
)
