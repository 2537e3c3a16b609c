"""The connected company."""

from unified_models.fields import read_only
from unified_models.parts import Address, Email, Phone
from unified_models.record import Record
from unified_models.references import Part
from unified_models.types import Date


class Features(Part):
    """What the company has switched on."""

    multi_currency: bool | None = read_only("Documents in foreign currencies")
    inventory: bool | None = read_only("Stock is counted")
    projects: bool | None = read_only("Projects")
    tracking: bool | None = read_only("Tracking categories")


class CompanyInfo(Record):
    """The one company this integrated account stands for."""

    name: str | None = read_only("Name")
    legal_name: str | None = read_only("Registered name")
    emails: list[Email] | None = read_only("Email addresses")
    phones: list[Phone] | None = read_only("Phone numbers")
    addresses: list[Address] | None = read_only("Postal addresses")
    urls: list[str] | None = read_only("Websites")
    tax_number: str | None = read_only("Tax registration number")
    currency: str | None = read_only("ISO 4217 code of its books")
    time_zone: str | None = read_only("IANA time zone of its calendar")
    country_code: str | None = read_only("ISO 3166 code")
    fiscal_year_start_month: int | None = read_only("1 to 12")
    fiscal_year_end_month: int | None = read_only("1 to 12")
    fiscal_year_end_day: int | None = read_only("1 to 31")
    language: str | None = read_only("Language code")
    plan: str | None = read_only("Its plan at the provider")
    lock_date: Date | None = read_only("Nothing dated up to this day may change")
    features: Features | None = read_only("What is switched on")
