"""What details of bills, purchase orders, vendor credits and credit notes have in common."""

from collections.abc import Callable
from typing import Any

from . import locations
from .addresses import plain
from .arithmetic import Discount
from .call import Row
from .documents import Kind, party, party_name
from .invoice_lines import plain_line
from .ledger import TERMS, Ledger
from .money import ZERO
from .projection import PAGE, SUBMITTER, Columns, Spread, blank

LINE: Row = {
    **blank(
        "pricebook_id",
        "project_id",
    ),
    "discounts": [],
    "item_code": {},
    "item_custom_fields": [],
}


def line_items(kind: Kind, extra: Callable[[Ledger, Row, Row], Row]) -> Callable[[Ledger, Row], list[Row]]:
    """The lines with what the kind adds to them; header lines stay bare."""

    def show(ledger: Ledger, document: Row) -> list[Row]:
        found: list[Row] = []
        for line in document["line_items"]:
            shown = plain_line(ledger, document, line)
            if line["category"] != "header":
                kept = {name: line[name] for name in kind.side.kept if name in line}
                shown = {**LINE, **extra(ledger, document, line), **kept, **shown}
            found.append(shown)
        return found

    return show


def money(ledger: Ledger, document: Row) -> Row:
    """Currency and discount."""
    currency = ledger.currency(document["currency_id"])
    discount: Discount = document["discount"]
    return {
        "currency_code": currency["currency_code"],
        "currency_symbol": currency["currency_symbol"],
        "price_precision": currency["price_precision"],
        "discount": discount.text if discount.is_percent else discount.value,
    }


def discounts(ledger: Ledger, document: Row) -> Row:
    discount: Discount = document["discount"]
    return {
        "discount_amount": document["discount_total"],
        "discount_percent": discount.value if discount.is_percent else ZERO,
    }


def parties(kind: Kind, *, people: bool) -> Spread:
    """Name of the party, its address, where wanted its persons, and who wrote the document."""

    def spread(ledger: Ledger, document: Row) -> Row:
        contact = party(ledger, kind, document)
        keys = (
            "contact_person_id", "first_name", "last_name", "email", "phone", "mobile", "is_primary_contact",
        )  # fmt: skip
        found = {
            f"{kind.party_type}_name": contact["contact_name"],
            "billing_address": plain(document["billing_address"]),
            "created_by_id": document.get("created_by_id", ""),
        }
        if people:
            chosen = document["contact_persons"]
            found["contact_persons"] = list(chosen)
            found["contact_persons_associated"] = [
                {key: one.get(key, "") for key in keys}
                for one in contact["persons"]
                if one["contact_person_id"] in chosen
            ]
        return found

    return spread


def terms(ledger: Ledger, document: Row) -> Row:
    days = document["payment_terms"]
    label = document.get("payment_terms_label") or TERMS.get(days, f"Net {days}")
    return {"payment_terms": days, "payment_terms_label": label}


def files(kind: Kind, *, summary: bool = True) -> Spread:
    """Attached documents, with a summary of the first where the kind has one."""

    def spread(ledger: Ledger, document: Row) -> Row:
        found = ledger.attachments.get(document[kind.key], [])
        keys = ("document_id", "file_name", "file_type", "file_size")
        shown: Row = {"documents": [{key: each[key] for key in keys} for each in found]}
        if summary:
            shown["attachment_name"] = found[0]["file_name"] if found else ""
            shown["can_send_in_mail"] = bool(found and found[0]["can_send_in_mail"])
        return shown

    return spread


def has_file(kind: Kind) -> Callable[[Ledger, Row], bool]:
    return lambda ledger, document: document[kind.key] in ledger.attachments


def tax_sums(*, ids: bool) -> Callable[[Ledger, Row], list[Row]]:
    """`taxes` of a detail; purchases tell the ids of their taxes, sales do not."""

    def show(ledger: Ledger, document: Row) -> list[Row]:
        known = {name: key for line in document["line_items"] for key, name, *_ in line.get("taxes", ())}
        return [
            {"tax_id": known.get(name, ""), "tax_name": name, "tax_amount": amount}
            if ids
            else {"tax_name": name, "tax_amount": amount}
            for name, amount in document["taxes"]
        ]

    return show


def non_catalog(ledger: Ledger, document: Row) -> int:
    return sum(1 for line in document["line_items"] if line["category"] != "header" and not line["item_id"])


def row_columns(kind: Kind, *stored: str) -> Columns:
    """What rows and details of every kind show."""
    names = (
        kind.key,
        kind.number,
        kind.party,
        "reference_number",
        "date",
        "currency_id",
        "client_viewed_time",
        "created_time",
        "last_modified_time",
        *stored,
    )
    return Columns(
        stored={**dict.fromkeys(names, ""), "total": ZERO, "tags": []},
        constants=blank("color_code", "current_sub_status_id"),
        made={
            f"{kind.party_type}_name": party_name(kind),
            "currency_code": lambda ledger, one: ledger.currency(one["currency_id"])["currency_code"],
            "is_viewed_by_client": lambda ledger, one: bool(one.get("client_viewed_time")),
        },
    )


def detail_columns(kind: Kind, template: str, *, people: bool = True) -> Columns:
    """What details of every kind add to their rows. `template` is the suffix of the template's id."""
    nothing: dict[str, Any] = {**SUBMITTER, **PAGE, "approvers_list": [], "sub_statuses": []}
    return Columns(
        stored={
            "exchange_rate": ZERO,
            "notes": "",
            "terms": "",
            "is_inclusive_tax": False,
            "is_discount_before_tax": True,
            "discount_type": "entity_level",
            "discount_applied_on_amount": ZERO,
            "tax_rounding": "entity_level",
            "adjustment": ZERO,
            "adjustment_description": "",
            "sub_total": ZERO,
            "sub_total_inclusive_of_tax": ZERO,
            "tax_total": ZERO,
        },
        constants={
            **nothing,
            **blank("contact_category", "discount_account_id", "discount_account_name"),
            "tds_calculation_type": "tds_item_level",
            "tax_override_preference": "no_override",
            "computation_type": "basic",
            "template_name": "Standard Template",
            "template_type": "standard",
        },
        made={"template_id": lambda ledger, one: ledger.id(template)},
        spread=(money, parties(kind, people=people), locations.shown),
    )


def with_status(word: Callable[[Ledger, Row], str]) -> Columns:
    def spread(ledger: Ledger, document: Row) -> Row:
        found = word(ledger, document)
        return {"status": found, "current_sub_status": found}

    return Columns(spread=(spread,))
