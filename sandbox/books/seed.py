"""Organisations with a past. The same organisation and day always give the same records."""

from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

from . import contacts, currencies, customfields, items, taxes
from . import invoices as sales
from . import seed_data as data
from .call import Call, Row
from .ledger import Ledger
from .money import CURRENCIES, rounded
from .seed_office import Office
from .seed_purchases import Purchases
from .seed_trade import Trade
from .times import day
from .users import ROLES

POST = Call("POST", "/")
MONTHS = 18


def furnish(ledger: Ledger) -> None:
    """A year and a half of trade: masters, about 480 invoices in every status, and their payments."""
    now = ledger.now()
    random = Random(ledger.profile.organization_id)  # noqa: S311 - sample data
    start = now - timedelta(days=MONTHS * 30)
    ledger.begin(start)
    _people(ledger)
    _rates(ledger, start)
    _fields(ledger)
    _taxes(ledger)
    _items(ledger, random)
    customers = _contacts(ledger, random)
    Trade(ledger, random, customers, start, now).run()
    Purchases(ledger, start, now).run()
    Office(ledger, customers, start, now).run()
    ledger.begin(now)


def owner(ledger: Ledger) -> None:
    """The first person of a new organisation."""
    profile = ledger.profile
    ledger.as_user({"email": profile.email, "name": profile.contact_name})


def fill(ledger: Ledger, rows: int) -> None:
    """Brings the organisation to at least that many invoices; a hundred thousand take seconds.

    They are copies of a few priced ones, each with its own ids, number, days and times.
    """
    missing = rows - len(ledger.invoices)
    if missing <= 0:
        return
    now = ledger.now()
    patterns = _patterns(ledger, min(missing, 24))
    missing -= len(patterns)
    step = timedelta(days=MONTHS * 30) / max(missing, 1)
    start = now - timedelta(days=MONTHS * 30)
    for count in range(missing):
        _copy(ledger, patterns[count % len(patterns)], start + step * count)
    ledger.begin(now)


def _patterns(ledger: Ledger, count: int) -> list[Row]:
    customers = [one for one in ledger.contacts.all() if one["contact_type"] == "customer"]
    goods = [
        one for one in ledger.items.all() if one["status"] == "active" and one["item_type"] != "purchases"
    ]
    while len(customers) < 5:
        customers.append(
            contacts.RESOURCE.add(ledger, {"contact_name": f"Customer {len(customers) + 1}"}, POST)
        )
    while len(goods) < 5:
        body: Row = {"name": f"Item {len(goods) + 1}", "rate": 10 * (len(goods) + 1)}
        goods.append(items.RESOURCE.add(ledger, body, POST))
    found: list[Row] = []
    for number in range(count):
        line = {"item_id": goods[number % len(goods)]["item_id"], "quantity": 1 + number % 4}
        body = {"customer_id": customers[number % len(customers)]["contact_id"], "line_items": [line]}
        invoice = sales.RESOURCE.add(ledger, body, POST)
        sales.mark_sent(ledger, invoice)
        found.append(invoice)
    return found


def _copy(ledger: Ledger, pattern: Row, instant: datetime) -> None:
    key = ledger.ids.take()
    date = day(instant, ledger.zone)
    at = instant.replace(microsecond=0)
    line = pattern["line_items"][0].copy()
    line["line_item_id"] = ledger.ids.take_beside(key)
    invoice = pattern.copy()
    invoice["invoice_id"] = key
    invoice["invoice_number"] = f"INV-{ledger.next_number('invoice'):06d}"
    invoice["date"] = invoice["due_date"] = invoice["issued_date"] = date
    invoice["created_time"] = invoice["last_modified_time"] = at
    invoice["line_items"] = [line]
    ledger.invoices.put(invoice)


def _people(ledger: Ledger) -> None:
    domain = ledger.profile.email.rpartition("@")[2]
    suffixes = {role: suffix for suffix, role in ROLES.items()}
    for name, mailbox, role, status in data.PEOPLE:
        ledger.users.put(
            {
                "user_id": ledger.ids.take(),
                "name": name,
                "email": f"{mailbox}@{domain}",
                "user_role": role,
                "role_id": ledger.id(suffixes[role]),
                "status": status,
                "created_time": ledger.now(),
            }
        )


def _rates(ledger: Ledger, start: datetime) -> None:
    """A rate a quarter for every foreign currency; Bahrain's dinar joins for its three decimals."""
    currencies.add(ledger, "BHD")
    base = Decimal(data.USD[ledger.profile.currency_code])
    for currency in list(ledger.currencies.all()):
        if currency["is_base_currency"]:
            continue
        worth = Decimal(data.USD[currency["currency_code"]]) / base
        for quarter in range(6):
            drift = Decimal(100 + (quarter * 7 + len(CURRENCIES)) % 5 - 2) / 100
            ledger.rates.put(
                {
                    "exchange_rate_id": ledger.ids.take(),
                    "currency_id": currency["currency_id"],
                    "currency_code": currency["currency_code"],
                    "effective_date": day(start + timedelta(days=90 * quarter), ledger.zone),
                    "rate": rounded(worth * drift, 6),
                }
            )


def _fields(ledger: Ledger) -> None:
    define = customfields.define
    define(ledger, "contact", "Account Manager")
    define(ledger, "contact", "Tier", "dropdown", ("Gold", "Silver", "Bronze"))
    define(ledger, "item", "Shelf")
    define(ledger, "invoice", "Project Code")
    define(ledger, "invoice", "Channel", "dropdown", ("Web", "Shop", "Partner"))
    define(ledger, "invoice", "Budget", "decimal")
    entities = ("contact", "item", "invoice", "payment")
    for entity in (*entities, "bill", "vendorpayment", "purchaseorder", "creditnote"):
        define(ledger, entity, "External Id", unique=True, in_rows=entity == "invoice")
    for name, options in (("Department", ("Sales", "Services", "Retail")), ("Region", ("East", "West"))):
        tag = ledger.ids.take()
        known = {ledger.ids.take(): option for option in options}
        ledger.tags[tag] = {"tag_id": tag, "tag_name": name, "options": known}


def _taxes(ledger: Ledger) -> None:
    known: dict[str, str] = {}
    for name, percentage, kind in data.TAXES:
        body = {"tax_name": name, "tax_percentage": percentage, "tax_type": kind}
        known[name] = taxes.RESOURCE.add(ledger, body, POST)["tax_id"]
    for name, members in data.GROUPS:
        taxes.add_group(ledger, name, [known[member] for member in members])
    ledger.taxes.rows[known["Old Sales Tax"]]["status"] = "inactive"


def tax_ids(ledger: Ledger) -> dict[str, str]:
    return {tax["tax_name"]: tax["tax_id"] for tax in ledger.taxes.all()}


def _items(ledger: Ledger, random: Random) -> None:
    known = tax_ids(ledger)
    for number, good in enumerate(data.ITEMS, 1):
        body: Row = {
            "name": good.name,
            "unit": good.unit,
            "rate": good.rate,
            "item_type": good.kind,
            "product_type": good.product,
            "description": f"{good.name}, per {good.unit}",
            "sku": f"SKU-{number:04d}",
            "tax_id": known.get(good.tax, ""),
        }
        if good.kind != "sales":
            body["purchase_rate"] = str(rounded(Decimal(good.rate) * Decimal("0.62"), 2))
            body["purchase_account_id"] = ledger.id("000000034003")
        if good.product == "goods":
            body["custom_fields"] = [{"api_name": "cf_shelf", "value": f"{random.choice('ABCD')}{number}"}]
        item = items.RESOURCE.add(ledger, body, POST)
        if good.name.startswith("Retired"):
            item["status"] = "inactive"


def _contacts(ledger: Ledger, random: Random) -> list[Row]:
    found: list[Row] = []
    by_code = {row["currency_code"]: row["currency_id"] for row in ledger.currencies.all()}
    named = [(name, ledger.profile.currency_code, "U.S.A") for name in data.CUSTOMERS]
    for number, (name, code, country) in enumerate((*named, *data.FOREIGN)):
        body = _contact(random, name, number, country)
        body.update(
            contact_type="customer",
            currency_id=by_code.get(code, ledger.profile.currency_id),
            payment_terms=random.choice((0, 15, 30, 30, 45)),
            custom_fields=[{"api_name": "cf_tier", "value": random.choice(("Gold", "Silver", "Bronze"))}],
        )
        found.append(contacts.RESOURCE.add(ledger, body, POST))
    for number, name in enumerate(data.VENDORS):
        body = _contact(random, name, number, "U.S.A")
        contacts.RESOURCE.add(ledger, {**body, "contact_type": "vendor", "payment_terms": 30}, POST)
    found[7]["status"] = "inactive"
    return found


def _contact(random: Random, name: str, number: int, country: str) -> Row:
    host = (
        "".join(letter for letter in name.lower() if letter.isascii() and letter.isalnum())
        or f"company{number}"
    )
    people: list[Row] = []
    for position in range(random.choice((0, 1, 1, 2, 3)) if number else 2):
        first, last = random.choice(data.FIRST), random.choice(data.LAST)
        mailbox = "".join(c for c in f"{first}.{last}".lower() if c.isascii() and (c.isalnum() or c == "."))
        people.append(
            {
                "salutation": random.choice(("Mr.", "Ms.", "")),
                "first_name": first,
                "last_name": last,
                "email": f"{mailbox}@{host}.example",
                "phone": f"+1 555 01{number:02d} {position}{random.randrange(100):02d}",
                "designation": random.choice(data.ROLES),
                "is_primary_contact": position == 0,
            }
        )
    city, state, code = random.choice(data.CITIES)
    address = {
        "attention": people[0]["first_name"] if people else "",
        "address": f"{random.randrange(1, 400)} {random.choice(data.STREETS)}",
        "street2": random.choice(("", "", "Suite 310", "Floor 2")),
        "city": city,
        "state": state if country == "U.S.A" else "",
        "zip": code,
        "country": country,
    }
    return {
        "contact_name": name,
        "company_name": name,
        "website": f"https://{host}.example",
        "notes": random.choice(("", "", "Prefers e-mail.", "Orders by telephone.")),
        "contact_persons": people,
        "billing_address": address,
        "shipping_address": address if number % 3 == 0 else {},
    }
