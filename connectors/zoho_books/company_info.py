"""Company info: /organizations.

The list of organisations and the single record have little in common: the list knows the plan and the
country's code, the record the addresses. Both are read, so that the record is complete, and with them how far
all transactions are locked.
"""

from typing import Any

from connectors.kit.codec import DATE, ID, TEXT
from connectors.kit.custom_fields import custom_fields
from connectors.kit.faults import Fault, Kind
from connectors.kit.filters import plan
from connectors.kit.http import Flow, Json, Request
from connectors.kit.mapping import Native, Table, computed, field, names, unmapped
from connectors.kit.operations import Context, ListQuery, Page
from connectors.kit.paging import Paging, merged_query, rows_of
from connectors.kit.resource import Resource
from connectors.zoho_books.codecs import CUSTOM_FIELDS
from connectors.zoho_books.locking import locked_until, locks
from unified_models.company_info import CompanyInfo
from unified_models.parts import Address

company = names(CompanyInfo)

_MONTHS = (
    "january february march april may june july august september october november december".split()  # noqa: SIM905
)
_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def _start(native: Native, ctx: Context) -> int | None:
    """A month's name in single records, its number in lists, where it may be text."""
    told = str(native.get("fiscal_year_start_month") or "").strip().casefold()
    if told in _MONTHS:
        return _MONTHS.index(told) + 1
    return int(told) if told.isascii() and told.isdecimal() and 1 <= int(told) <= 12 else None


def _end(native: Native, ctx: Context) -> int | None:
    start = _start(native, ctx)
    return None if start is None else (start - 2) % 12 + 1


def _end_day(native: Native, ctx: Context) -> int | None:
    end = _end(native, ctx)
    return None if end is None else _DAYS[end - 1]


def _emails(native: Native, ctx: Context) -> Any:
    email = native.get("email")
    return [{"email": email, "type": "primary"}] if email else []


def _phones(native: Native, ctx: Context) -> Any:
    found = ((native.get("phone"), "work"), (native.get("fax"), "fax"))
    return [{"number": number, "extension": None, "type": kind} for number, kind in found if number]


def _urls(native: Native, ctx: Context) -> Any:
    return [native["website"]] if native.get("website") else []


def _addresses(native: Native, ctx: Context) -> Any:
    place = native.get("address")
    if not isinstance(place, dict):
        return []
    told = {
        "street_1": place.get("street_address1"),
        "street_2": place.get("street_address2"),
        "city": place.get("city"),
        "state": place.get("state"),
        "state_code": place.get("state_code"),
        "postal_code": place.get("zip"),
        "country": place.get("country"),
        "country_code": place.get("country_code"),
    }
    if not any(told.values()):
        return []
    blank = dict.fromkeys((name for name in Address.model_fields if name != "delete"), None)
    return [{**blank, **{name: value or None for name, value in told.items()}, "type": "billing"}]


def _tax_number(native: Native, ctx: Context) -> str | None:
    settings = native.get("tax_settings")
    registered = settings.get("tax_reg_no") if isinstance(settings, dict) else None
    return registered or native.get("tax_id_value") or None


TABLE = Table(
    CompanyInfo,
    (
        field(company.id, "organization_id", ID),
        unmapped(company.created_at, "tells the day an organisation was created, not the moment"),
        unmapped(company.updated_at, "does not tell when an organisation last changed"),
        field(company.name, "name", TEXT),
        unmapped(company.legal_name, "has no registered name beside the name"),
        computed(company.emails, _emails, uses=("email",)),
        computed(company.phones, _phones, uses=("phone", "fax")),
        computed(company.addresses, _addresses, uses=("address",)),
        computed(company.urls, _urls, uses=("website",)),
        computed(company.tax_number, _tax_number, uses=("tax_settings", "tax_id_value")),
        field(company.currency, "currency_code", TEXT),
        field(company.time_zone, "time_zone", TEXT),
        field(company.country_code, "country_code", TEXT),
        computed(company.fiscal_year_start_month, _start, uses=("fiscal_year_start_month",)),
        computed(company.fiscal_year_end_month, _end, uses=("fiscal_year_start_month",)),
        computed(company.fiscal_year_end_day, _end_day, uses=("fiscal_year_start_month",)),
        field(company.language, "language_code", TEXT),
        field(company.plan, "plan_name", TEXT),
        field(company.lock_date, "transaction_lock_date", DATE),
        unmapped(company.features, "does not tell what is switched on"),
        custom_fields(company.custom_fields, CUSTOM_FIELDS),
        unmapped(company.tracking_categories, "puts reporting tags on transactions, not on organisations"),
    ),
)  # fmt: skip


class CompanyInfos(Resource):
    """The one company of this account; another id is not found, whatever the user may reach."""

    def fetch(self, id: str, ctx: Context, step: str) -> Flow[Json]:
        if id != ctx.organization_id:
            raise Fault(Kind.NOT_FOUND, message="no such company here", phase="idle")
        detail = self.unwrap((yield Request("GET", self.at(id), merged_query((), ctx), step=step)))
        listed = yield Request("GET", self.path, step="read its plan", fresh_for=300)
        locked = {"transaction_lock_date": locked_until((yield from locks(fresh_for=0)))}
        own = (row for row in rows_of(listed.body, self.many) if str(row.get(self.id_key)) == id)
        # What the record says stands; a blank in it does not hide what the list says.
        return {
            **locked,
            **next(own, {}),
            **{name: value for name, value in detail.items() if value not in (None, "")},
        }

    def list(self, query: ListQuery, ctx: Context) -> Flow[Page]:
        plan(self.table, query.filters, ctx)
        refused = {**({"search": 1} if query.search else {}), **({"sort_by": 1} if query.sort else {})}
        if refused:
            return (yield from super().list(query, ctx))
        return Page([(yield from self.get(ctx.organization_id, ctx))])

    def describe(self) -> dict[str, Any]:
        return {**super().describe(), "calls": {"get": 3, "list": 3}}


RESOURCE = CompanyInfos(
    name="company_info",
    path="/organizations",
    one="organization",
    many="organizations",
    table=TABLE,
    paging=Paging(whole=True),
    ids=r"[0-9]{1,24}",
    methods=frozenset({"list", "get"}),
    scopes={"read": "ZohoBooks.settings.READ"},
    unseen={"tax_settings": "observed live in single records; the trimmed recording lacks it"},
)
