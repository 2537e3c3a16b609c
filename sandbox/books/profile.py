"""Who an organisation is, and how the organisations resource shows it."""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from .call import Row
from .money import CURRENCIES

MONTHS = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)


@dataclass(frozen=True, slots=True)
class Profile:
    """An organisation. `country` is the name as the provider prints it, `country_code` ISO 3166 alpha-2."""

    organization_id: str
    name: str
    currency_code: str = "USD"
    time_zone: str = "America/New_York"
    country: str = "U.S.A"
    country_code: str = "US"
    edition: str = "us"
    plan_type: int = 3
    plan_name: str = "Professional"
    plan_period: str = "Month"
    language_code: str = "en"
    date_format: str = "MM/dd/yyyy"
    fiscal_year_start_month: int = 1
    contact_name: str = "Owner"
    email: str = "owner@example.com"
    phone: str = "+1 555 010 0100"
    website: str = "https://example.com"
    industry: str = "Technology"
    tax_number: str = ""
    street: str = "1 Market Street"
    city: str = "Springfield"
    state: str = "NY"
    zip_code: str = "10001"
    portal_name: str = ""
    rounds_totals: bool = False
    """Whether documents are rounded to whole units of their currency."""
    shuffles_ties: bool = False
    """Whether rows that sort alike come in another order each time they are listed."""
    is_default: bool = False
    is_active: bool = True
    created: date = date(2024, 1, 1)

    @property
    def id_prefix(self) -> str:
        """The six digits in front of every id of the organisation."""
        return str(zlib.crc32(self.organization_id.encode()) % 900_000 + 100_000)

    @property
    def portal(self) -> str:
        return self.portal_name or "".join(letter for letter in self.name.lower() if letter.isalnum())

    @property
    def currency_id(self) -> str:
        return self.id_prefix + CURRENCIES[self.currency_code].suffix


def organization_row(profile: Profile, user: Mapping[str, str]) -> Row:
    """The row of GET /organizations; `user` (name, email) is who asks."""
    currency = CURRENCIES[profile.currency_code]
    return {
        "organization_id": profile.organization_id,
        "name": profile.name,
        "contact_name": user.get("name") or profile.contact_name,
        "email": user.get("email") or profile.email,
        "is_default_org": profile.is_default,
        "language_code": profile.language_code,
        "fiscal_year_start_month": profile.fiscal_year_start_month - 1,
        "account_created_date": profile.created.isoformat(),
        "account_created_date_formatted": profile.created.strftime("%d %b %Y"),
        "time_zone": profile.time_zone,
        "is_dst_active": True,
        "date_format": profile.date_format,
        "field_separator": " ",
        "industry_type": profile.industry,
        "industry_size": "1-10",
        "company_id_label": "",
        "company_id_value": "",
        "tax_id_label": "",
        "tax_id_value": profile.tax_number,
        "currency_id": profile.currency_id,
        "currency_code": profile.currency_code,
        "currency_symbol": currency.symbol,
        "currency_format": currency.pattern,
        "price_precision": currency.precision,
        "plan_type": profile.plan_type,
        "plan_name": profile.plan_name,
        "plan_period": profile.plan_period,
        "country": profile.country,
        "country_code": profile.country_code,
        "country_name": profile.country,
        "version": profile.edition,
        "portal_name": profile.portal,
        "is_org_active": profile.is_active,
        "user_role": "admin",
        "user_status": 1,
        "org_settings": {"is_org_active": profile.is_active},
    }


def organization_detail(profile: Profile) -> Row:
    """The object of GET /organizations/{id}: other keys than the row, and the fiscal year as a month name."""
    currency = CURRENCIES[profile.currency_code]
    lines = (profile.street, f"{profile.city} {profile.state} {profile.zip_code}".strip(), profile.country)
    return {
        "organization_id": profile.organization_id,
        "name": profile.name,
        "is_default_org": profile.is_default,
        "status": "1",
        "user_role": "admin",
        "account_created_date": profile.created.isoformat(),
        "time_zone": profile.time_zone,
        "language_code": profile.language_code,
        "date_format": profile.date_format,
        "field_separator": " ",
        "fiscal_year_start_month": MONTHS[profile.fiscal_year_start_month - 1],
        "contact_name": profile.contact_name,
        "industry_type": profile.industry,
        "industry_size": "1-10",
        "industry": profile.industry,
        "company_id_label": "",
        "company_id_value": "",
        "tax_id_label": "",
        "tax_id_value": profile.tax_number,
        "currency_id": profile.currency_id,
        "currency_code": profile.currency_code,
        "currency_symbol": currency.symbol,
        "currency_format": currency.pattern,
        "price_precision": currency.precision,
        "tax_settings": {
            "is_tax_registered": bool(profile.tax_number),
            "tax_reg_no": profile.tax_number,
        },
        "address": {
            "street_address1": profile.street,
            "street_address2": "",
            "city": profile.city,
            "state": profile.state,
            "state_code": profile.state,
            "country": profile.country,
            "zip": profile.zip_code,
        },
        "org_address": "\n".join(lines),
        "remit_to_address": "",
        "phone": profile.phone,
        "fax": "",
        "website": profile.website,
        "email": profile.email,
        "portal_name": profile.portal,
        "plan_type": profile.plan_type,
        "plan_name": profile.plan_name,
        "plan_period": profile.plan_period,
        "version": profile.edition,
        "is_org_active": profile.is_active,
        "custom_fields": [],
    }
