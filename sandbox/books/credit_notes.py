"""Credit notes: what a body may say, what rows and details show, the list."""

from typing import Any

from .addresses import plain
from .applications import CREDITS
from .call import Call, Refused, Row, in_use
from .customfields import detail as custom_detail
from .customfields import page_context
from .customfields import row as custom_row
from .document_views import detail_columns, files, has_file, line_items, row_columns, tax_sums, with_status
from .documents import DEFAULTS, READERS, Kind, filters, has_status, party_name, prepare, sorts
from .fields import boolean, one_id, text
from .invoice_lines import Side
from .invoice_views import figures
from .ledger import RECEIVABLE, Ledger
from .listing import Listing
from .money import ZERO
from .postings import SOURCES, Source
from .projection import LOCKS, Columns, blank
from .purchase_postings import credit_note_entries
from .refunding import Refunds
from .resource import Messages, Resource, Route

UNKNOWN = "Credit Note does not exist."
KIND = Kind(
    table="creditnotes",
    key="creditnote_id",
    number="creditnote_number",
    noun="credit note",
    pattern="CN-{:05d}",
    side=Side(kept=("project_id", "header_name", "invoice_id", "invoice_item_id")),
    settled=lambda credit: bool(credit["applied"] or credit["refunds"]),
)


def status(ledger: Ledger, credit: Row) -> str:
    """Stored are draft, open, void and the steps of approval; an open one with nothing left is closed."""
    stored: str = credit["status"]
    return "closed" if stored == "open" and credit["balance"] <= 0 < credit["total"] else stored


BOTH = row_columns(KIND, "creditnote_number", "issued_date", "exchange_rate", "balance").with_more(
    Columns(
        stored={"is_emailed": False, "salesperson_id": "", "salesperson_name": ""},
        constants={"template_type": "standard", "rounding_mode": "round_half_up"},
        made={
            "template_id": lambda ledger, credit: ledger.id("000000017005"),
            "price_precision": lambda ledger, one: ledger.currency(one["currency_id"])["price_precision"],
        },
    ).with_more(with_status(status))
)


def _row(ledger: Ledger, credit: Row) -> Row:
    """Rows name a salesperson even where there is none."""
    invoices = ledger.invoices.rows
    found = custom_row("creditnote")(ledger, credit)
    return {
        "applied_invoices": ", ".join(invoices[key]["invoice_number"] for key in credit["invoice_ids"]),
        "salesperson_id": credit.get("salesperson_id") or "-1",
        "salesperson_name": credit.get("salesperson_name") or "Others",
        **{key: value for key, value in found.items() if key.startswith("cf_")},
    }


ROW = BOTH.with_more(Columns(made={"has_attachment": has_file(KIND)}, spread=(_row,)))


def _line(ledger: Ledger, credit: Row, line: Row) -> Row:
    return {
        **_EMPTY_LINE,
        "discount_amount": line["discount_amount"],
    }


_EMPTY_LINE: Row = {
    **blank("internal_name", "invoice_id", "invoice_item_id", "sales_margin", "image_document_id"),
    **blank("discount_account_id", "discount_account_name"),
    "pricing_scheme": "unit",
    "can_skip_stock_tracking": False,
    "is_credit_only_item": False,
    "mapped_items": [],
    "is_modifier_item": False,
}


def invoices_credited(ledger: Ledger, credit: Row) -> list[Row]:
    invoices = ledger.invoices.rows
    return [
        {
            "creditnote_id": credit["creditnote_id"],
            "creditnote_invoice_id": share["creditnote_invoice_id"],
            "creditnote_number": credit["creditnote_number"],
            "invoice_id": share["invoice_id"],
            "invoice_number": invoices[share["invoice_id"]]["invoice_number"],
            "date": share["on"],
            "credited_amount": share["amount_applied"],
            "amount_applied": share["amount_applied"],
        }
        for share in credit["applied"]
    ]


def _rest(ledger: Ledger, credit: Row) -> Row:
    shipping = figures(ledger, credit)
    names = [name for name in shipping if name.startswith(("shipping_charge_", "bcy_shipping_charge_tax"))]
    return {
        **{name: shipping[name] for name in (*names, "currency_name_formatted")},
        "shipping_address": plain(credit["shipping_address"]),
        "last_modified_by_id": credit.get("last_modified_by_id") or credit.get("created_by_id", ""),
        "created_by_name": credit.get("created_by", ""),
        "invoices_credited": invoices_credited(ledger, credit),
        "total_credits_used": sum((share["amount_applied"] for share in credit["applied"]), ZERO),
        "total_refunded_amount": sum((refund["amount"] for refund in credit["refunds"]), ZERO),
        "creditnote_refunds": [REFUNDS.row(ledger, credit, refund) for refund in credit["refunds"]],
        "account_id": ledger.id(RECEIVABLE),
        "account_name": ledger.account_name(ledger.id(RECEIVABLE)),
        "transaction_rounding_type": "round_to_dollar" if ledger.profile.rounds_totals else "no_rounding",
    }


DETAIL = BOTH.with_more(detail_columns(KIND, "000000017005")).with_more(
    Columns(
        stored={
            "invoice_id": "",
            "shipping_charge": ZERO,
            "shipping_charge_tax_id": "",
            "roundoff_value": ZERO,
        },
        constants={
            **blank(
                "subject_content",
                "offline_created_date_with_time",
                "sales_channel",
                "adjustment_account_id",
                "adjustment_account_name",
                "shipping_charge_tax_exemption_id",
                "shipping_charge_tax_exemption_code",
                "shipping_charge_account_id",
                "shipping_charge_account_name",
            ),
            **LOCKS,
            "exceptions": [],
            "bcy_rounding_mode": "round_half_up",
        },
        made={"line_items": line_items(KIND, _line), "taxes": tax_sums(ids=False)},
        spread=(files(KIND, summary=False), _rest, custom_detail("creditnote")),
    )
)


def _complete(ledger: Ledger, credit: Row, body: Row, call: Call, is_new: bool) -> None:
    if is_new:
        credit["status"] = "draft" if boolean(ledger, body.get("is_draft"), "is_draft") else "open"
        credit["issued_date"] = "" if credit["status"] == "draft" else credit["date"]
        given: Any = call.get("invoice_id") or body.get("invoice_id")
        if given:
            credit["invoice_id"] = one_id(given, "invoice_id")
            CREDITS.find(ledger, credit, credit["invoice_id"])
    elif credit["status"] == "void":
        raise Refused(1007, "Void credit notes cannot be edited.")
    credit["balance"] = CREDITS.unused(credit)
    if credit["balance"] < 0:
        raise Refused(1007, "The total cannot be less than the credit already used.")


def _stored(ledger: Ledger, credit: Row, before: Row | None) -> None:
    """A credit note made for an invoice settles as much of it as both have."""
    invoice = ledger.invoices.get(credit["invoice_id"])
    if before is not None or invoice is None or credit["status"] != "open":
        return
    amount = min(invoice["balance"], credit["balance"])
    if amount > 0 and invoice["status"] not in ("void", "draft", "pending_approval", "rejected"):
        CREDITS.add(ledger, credit, invoice, amount)


def _deletable(ledger: Ledger, credit: Row) -> None:
    if credit["applied"] or credit["refunds"]:
        raise in_use("Credit notes which have been applied or refunded cannot be deleted.")


def _removed(ledger: Ledger, credit: Row) -> None:
    ledger.comments.pop(credit["creditnote_id"], None)
    ledger.attachments.pop(credit["creditnote_id"], None)


RESOURCE = Resource(
    path="/creditnotes",
    table="creditnotes",
    item_key="creditnote",
    area="creditnotes",
    entity="creditnote",
    listing=Listing(
        table="creditnotes",
        list_key="creditnotes",
        report_name="Credit Notes",
        columns=ROW,
        sorts=sorts(
            KIND, "creditnote_number", "balance", "total", "date", "created_time", "last_modified_time"
        ),
        sort_column="created_time",
        sort_order="D",
        default_filter="Status.All",
        filters=filters(
            KIND,
            lambda ledger, credit: (status(ledger, credit),),
            "reference_number",
            "customer_name",
            "customer_id",
            "item_id",
            "item_name",
            "item_description",
            "line_item_id",
            "tax_id",
            "total",
            "date",
        ),
        filter_by={
            **has_status(
                status,
                Open="open",
                Draft="draft",
                Closed="closed",
                Void="void",
                Pending="pending_approval",
                Approved="approved",
            ),
            "Invoice": lambda ledger, credit: bool(credit["invoice_id"]),
        },
        search=("creditnote_number", "reference_number", party_name(KIND)),
        context=page_context("creditnote"),
        depends=("contacts", "invoices"),
    ),
    detail=DETAIL,
    readers={**READERS, "salesperson_id": text(30), "salesperson_name": text(200)},
    required=("customer_id", "date", "line_items"),
    defaults={
        **DEFAULTS,
        "status": "open",
        "applied": [],
        "refunds": [],
        "invoice_ids": [],
        "invoice_id": "",
    },
    messages=Messages(
        unknown=UNKNOWN,
        created="The credit note has been created.",
        updated="The credit note has been updated.",
        deleted="The credit note has been deleted.",
    ),
    prepare=prepare(KIND, _complete),
    stored=_stored,
    blocks_delete=_deletable,
    removed=_removed,
    has_tags=True,
    upserts=True,
)
REFUNDS = Refunds(
    resource=RESOURCE,
    settlement=CREDITS,
    party="customer_id",
    number="creditnote_number",
    account="from_account_id",
    item_key="creditnote_refund",
    owner_key="creditnote_id",
    report_name="Credit Notes Refund",
    created="The credit note amount is refunded successfully.",
    updated="The credit note refund is updated successfully.",
    deleted="The refund has been successfully deleted.",
    listed="The list of credit note refunds are displayed successfully.",
    shown="The refund of the credit note is displayed successfully.",
    status=200,
    has_all=True,
)
SOURCES["creditnotes"] = Source("creditnote", "creditnote_number", "customer_id", credit_note_entries)
ROUTES: tuple[Route, ...] = (*RESOURCE.routes(), *REFUNDS.routes())
