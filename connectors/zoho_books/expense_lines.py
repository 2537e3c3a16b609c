"""Lines of expenses: an account and an amount. Zoho counts and discounts nothing there."""

from decimal import Decimal

from connectors.kit.codec import ID, MONEY, TEXT
from connectors.kit.faults import FieldError
from connectors.kit.mapping import ALWAYS, UPDATE, Native, Table, computed, field, names, ref, unmapped
from connectors.kit.operations import Record
from connectors.kit.totals import ONE
from connectors.zoho_books import documents as doc
from connectors.zoho_books.amount_lines import put_price, put_quantity, put_total, put_type
from connectors.zoho_books.kept import completed
from connectors.zoho_books.lookups import ACCOUNTS, PROJECTS, TAXES
from connectors.zoho_books.tracking import tracking
from unified_models.line_items import LineItem

line = names(LineItem)

STEP = Decimal("0.005")


LINE = Table(
    LineItem,
    (
        field(line.id, "line_item_id", ID, write=UPDATE),
        computed(line.type, lambda native, ctx: "item", put=put_type("an expense"), write=ALWAYS),
        unmapped(line.item, "books expenses on accounts, not on items"),
        ref(line.account, "account_id", name="account_name", to=ACCOUNTS, write=ALWAYS),
        unmapped(line.name, "has no short text on lines of expenses; use description"),
        field(line.description, "description", TEXT, write=ALWAYS),
        computed(line.quantity, lambda native, ctx: ONE, put=put_quantity("an expense"), write=ALWAYS),
        unmapped(line.unit, "counts nothing on lines of expenses"),
        computed(
            line.unit_price, doc.money("amount"), uses=("amount",), put=put_price, write=ALWAYS, codec=MONEY
        ),
        unmapped(line.discount_percentage, "has no discounts on expenses"),
        unmapped(line.discount_amount, "has no discounts on expenses"),
        ref(line.tax_rate, "tax_id", name="tax_name", to=TAXES, write=ALWAYS),
        field(line.tax_amount, "tax_amount", MONEY),
        field(line.sub_total, "item_total", MONEY),
        computed(
            line.total_line_amount, doc.money("amount"), uses=("amount",), put=put_total, write=ALWAYS,
            codec=MONEY,
        ),
        ref(line.project, "project_id", name="project_name", to=PROJECTS, write=ALWAYS),
        unmapped(line.customer, "has one customer per expense, not per line"),
        unmapped(line.is_billable, "charges an expense on as a whole"),
        unmapped(line.source, "does not tell where lines of an expense come from"),
        tracking(line.tracking_categories),
        unmapped(line.custom_fields, "has custom fields on the expense, not on its lines"),
    ),
)  # fmt: skip


def amounts(lines: list[Native], given: list[Record], errors: list[FieldError]) -> None:
    """A line's total is its price: one of them is sent, both must agree (rule 9)."""
    for place, (native, unified) in enumerate(zip(lines, given, strict=True)):
        total = native.pop("line_total", None)
        if total is None:
            continue
        price = unified.get("unit_price")
        if price is not None and abs(price - total) > STEP:
            at = f"/line_items/{place}/total_line_amount"
            errors.append(FieldError("total_mismatch", at, f"the line comes to {price:f}, not {total:f}"))
        native["amount"] = total


def project_of(lines: list[Native], errors: list[FieldError]) -> dict[str, str]:
    """The one project an expense is booked on, as its lines name it: {"project_id": …}, or nothing."""
    named = {place: each.pop("project_id") for place, each in enumerate(lines) if "project_id" in each}
    found = dict.fromkeys(named.values())
    if len(found) > 1:
        place = next(place for place, id in named.items() if id != next(iter(found)))
        detail = "an expense is booked on one project; its lines name several"
        errors.append(FieldError("unsupported_field", f"/line_items/{place}/project", detail))
    return {"project_id": next(iter(found))} if found else {}


def whole(lines: list[Native], present: list[Native]) -> list[Native]:
    """Lines of a change, those that are kept with all they keep."""
    return completed(lines, present, "line_item_id", ("account_id", "amount", "description", "tax_id"))
