"""What list rows and details of expenses show."""

from . import locations
from .call import Row
from .customfields import detail as custom_detail
from .customfields import row as custom_row
from .ledger import Ledger
from .money import ONE, ZERO
from .projection import Columns, blank


def status(ledger: Ledger, expense: Row) -> str:
    """A billable expense is invoiced once a line of an invoice names it."""
    if expense.get("is_reimbursed"):
        return "reimbursed"
    if not expense["is_billable"]:
        return "nonbillable"
    return "invoiced" if invoice(ledger, expense) else "unbilled"


def invoice(ledger: Ledger, expense: Row) -> Row | None:
    """The invoice that charges it to its customer."""
    key, customer = expense["expense_id"], expense["customer_id"]
    for one in ledger.invoices.linked("customer_id", customer) if customer else ():
        named = any(line.get("expense_id") == key for line in one["line_items"])
        if named and one["status"] != "void":
            return one
    return None


def _name(ledger: Ledger, contact_id: str) -> str:
    contact = ledger.contacts.get(contact_id)
    return contact["contact_name"] if contact else ""


def _shared(ledger: Ledger, expense: Row) -> Row:
    receipt = receipt_of(ledger, expense)
    return {
        "status": status(ledger, expense),
        "account_name": ledger.account_name(expense["account_id"]),
        "paid_through_account_name": ledger.account_name(expense["paid_through_account_id"]),
        "customer_name": _name(ledger, expense["customer_id"]),
        "vendor_name": _name(ledger, expense["vendor_id"]),
        "currency_code": ledger.currency(expense["currency_id"])["currency_code"],
        "bcy_total": ledger.in_base(expense["total"], expense["exchange_rate"]),
        "expense_receipt_name": receipt["file_name"] if receipt else "",
        "expense_type": "non_mileage" if expense["mileage_type"] == "non_mileage" else "mileage",
    }


def receipt_of(ledger: Ledger, expense: Row) -> Row | None:
    files = ledger.attachments.get(expense["expense_id"], ())
    return next((one for one in files if one.get("is_receipt")), None)


BOTH = Columns(
    stored={
        "expense_id": "",
        "date": "",
        "description": "",
        "currency_id": "",
        "exchange_rate": ONE,
        "total": ZERO,
        "is_billable": False,
        "reference_number": "",
        "customer_id": "",
        "vendor_id": "",
        "mileage_rate": ZERO,
        "mileage_type": "non_mileage",
        "start_reading": "",
        "end_reading": "",
        "created_time": "",
        "last_modified_time": "",
        "tags": [],
    },
    constants={**blank("report_id", "report_name", "report_number"), "is_personal": False},
    spread=(_shared,),
)


def _row(ledger: Ledger, expense: Row) -> Row:
    flat = custom_row("expense")(ledger, expense)
    return {
        "bcy_total_without_tax": ledger.in_base(expense["sub_total"], expense["exchange_rate"]),
        "total_without_tax": expense["sub_total"],
        "distance": expense["distance"],
        "mileage_unit": expense.get("mileage_unit", "mile"),
        "has_attachment": bool(ledger.attachments.get(expense["expense_id"])),
        **{name: value for name, value in flat.items() if name.startswith("cf_")},
    }


ROW = BOTH.with_more(Columns(constants={"user_name": "", "custom_fields_list": ""}, spread=(_row,)))


def _line(ledger: Ledger, line: Row) -> Row:
    tax: Row = ledger.taxes.get(line["tax_id"]) or {}
    return {
        "line_item_id": line["line_item_id"],
        "account_id": line["account_id"],
        "account_name": ledger.account_name(line["account_id"]),
        "description": line["description"],
        "tax_amount": sum((amount for _, _, _, amount in line["taxes"]), ZERO),
        "tax_id": line["tax_id"],
        "tax_name": tax.get("tax_name", ""),
        "tax_type": tax.get("tax_type", "tax"),
        "tax_percentage": tax.get("tax_percentage", 0),
        "item_total": line["item_total"],
        "amount": line["amount"],
        "item_order": line["item_order"],
        "line_item_taxes": [
            {"tax_id": key, "tax_name": name, "tax_amount": amount, "tax_percentage": percentage}
            for key, name, percentage, amount in line["taxes"]
        ],
        "tags": line.get("tags", []),
        **locations.on_line(ledger, line),
    }


def _detail(ledger: Ledger, expense: Row) -> Row:
    single = expense["line_items"][0] if len(expense["line_items"]) == 1 else {"tax_id": ""}
    tax: Row = ledger.taxes.get(single["tax_id"]) or {}
    made = invoice(ledger, expense)
    person: Row = ledger.tables["employees"].get(expense["employee_id"]) or {}
    project: Row = ledger.tables["projects"].get(expense["project_id"]) or {}
    receipt = receipt_of(ledger, expense)
    author = expense.get("created_by_id", "")
    names = ("document_id", "file_name", "file_type", "file_size")
    files = ledger.attachments.get(expense["expense_id"], [])
    return {
        "expense_item_id": expense["line_items"][0]["line_item_id"],
        "tax_id": single["tax_id"],
        "tax_name": tax.get("tax_name", ""),
        "tax_percentage": tax.get("tax_percentage", 0),
        "taxes": [{"tax_name": name, "tax_amount": amount} for name, amount in expense["taxes"]],
        "line_items": [_line(ledger, line) for line in expense["line_items"]],
        "documents": [{name: one[name] for name in names} for one in files],
        "expense_receipt_type": receipt["file_type"] if receipt else "",
        "invoice_id": made["invoice_id"] if made else "",
        "invoice_number": made["invoice_number"] if made else "",
        "employee_name": person.get("name", ""),
        "employee_email": person.get("email", ""),
        "project_name": project.get("project_name", ""),
        "created_by_id": author,
        "last_modified_by_id": expense.get("last_modified_by_id", author),
        "mileage_unit": expense.get("mileage_unit", "km"),
    }


DETAIL = BOTH.with_more(
    Columns(
        stored={
            "account_id": "",
            "paid_through_account_id": "",
            "amount": ZERO,
            "sub_total": ZERO,
            "tax_amount": ZERO,
            "is_inclusive_tax": False,
            "employee_id": "",
            "project_id": "",
            "distance": ZERO,
            "payment_mode": "Cash",
        },
        constants={
            **blank(
                "vehicle_id", "vehicle_name", "user_id", "approver_id", "report_status", "trip_id", "trip_number",
                "location", "merchant_id", "merchant_name", "template_id", "template_name", "template_type",
                "page_width", "page_height", "orientation", "zcrm_potential_id", "zcrm_potential_name",
            ),
            **dict.fromkeys(
                ("user_name", "user_email", "approver_name", "approver_email"), "Zoho Books"
            ),
            "transaction_type": "expense",
            "transaction_type_formatted": "Expense",
            "markup_percent": 0,
            "tax_override_preference": "no_override",
            "is_reimbursable": False,
            "is_recurring_applicable": True,
            "is_surcharge_applicable": False,
            "fcy_surcharge_amount": 0,
            "bcy_surcharge_amount": 0,
            "imported_transactions": [],
        },
        spread=(_detail, locations.shown, custom_detail("expense")),
    )
)  # fmt: skip
