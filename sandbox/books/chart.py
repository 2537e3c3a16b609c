"""The accounts an American organisation starts with, and the account types."""

from typing import NamedTuple

from .ledger import Ledger

TYPE_NAMES = {
    "other_asset": "Other Asset",
    "other_current_asset": "Other Current Asset",
    "cash": "Cash",
    "bank": "Bank",
    "accounts_receivable": "Accounts Receivable",
    "fixed_asset": "Fixed Asset",
    "stock": "Stock",
    "payment_clearing": "Payment Clearing",
    "other_current_liability": "Other Current Liability",
    "credit_card": "Credit Card",
    "accounts_payable": "Accounts Payable",
    "long_term_liability": "Long Term Liability",
    "other_liability": "Other Liability",
    "equity": "Equity",
    "income": "Income",
    "other_income": "Other Income",
    "expense": "Expense",
    "cost_of_goods_sold": "Cost Of Goods Sold",
    "other_expense": "Other Expense",
}
_TYPES = tuple(TYPE_NAMES)
GROUPS = {
    "Asset": _TYPES[:8],
    "Liability": _TYPES[8:13],
    "Equity": ("equity",),
    "Income": ("income", "other_income"),
    "Expense": ("expense", "cost_of_goods_sold", "other_expense"),
}
DEBIT_TYPES = GROUPS["Asset"] + GROUPS["Expense"]


class Account(NamedTuple):
    """`kind`: s the service keeps it, u made by people, p preset but free."""

    suffix: str
    name: str
    type: str
    kind: str
    description: str = ""


CHART = (
    Account("000000000370", "Advance Tax", "other_current_asset", "s", "Tax paid before it is due."),
    Account("000000093008", "Prepaid Expenses", "other_current_asset", "u", "Paid now, used up later."),
    Account("000000035001", "Employee Advance", "other_current_asset", "s", "Money handed to employees."),
    Account("000000000361", "Petty Cash", "cash", "s", "Small amounts of cash."),
    Account("000000000358", "Undeposited Funds", "cash", "s", "Received and not yet banked."),
    Account("000000093015", "Operating Checking", "bank", "u", "Day-to-day bank account."),
    Account("000000093016", "Payroll Checking", "bank", "u"),
    Account("000000093017", "Savings", "bank", "u"),
    Account("000000000364", "Accounts Receivable", "accounts_receivable", "s", "What customers owe."),
    Account("000000000367", "Furniture and Equipment", "fixed_asset", "p", "Office furniture and equipment."),
    Account("000000000376", "Tax Payable", "other_current_liability", "s", "Tax owed to the authority."),
    Account("000000035003", "Employee Reimbursements", "other_current_liability", "s"),
    Account("000000005001", "Unearned Revenue", "other_current_liability", "s", "Paid in advance."),
    Account("000000003001", "Opening Balance Adjustments", "other_current_liability", "s"),
    Account("000000000373", "Accounts Payable", "accounts_payable", "s", "What is owed to vendors."),
    Account("000000045001", "Dimension Adjustments", "other_liability", "s"),
    Account("000000000385", "Opening Balance Offset", "equity", "s"),
    Account("000000000379", "Retained Earnings", "equity", "s", "Earnings kept in the company."),
    Account("000000012001", "Drawings", "equity", "s", "Taken out by the owner."),
    Account("000000000382", "Owner's Equity", "equity", "s", "The owner's share."),
    Account("000000000388", "Sales", "income", "s", "Goods and services sold."),
    Account("000000000391", "General Income", "income", "s"),
    Account("000000000394", "Interest Income", "income", "s"),
    Account("000000000397", "Late Fee Income", "income", "s"),
    Account("000000014001", "Shipping Charge", "income", "s", "Shipping charged on invoices."),
    Account("000000000406", "Discount", "income", "s", "Reductions given to customers."),
    Account("000000010001", "Other Charges", "income", "s", "Adjustments and other charges."),
    Account("000000000409", "Bank Fees and Charges", "expense", "s"),
    Account("000000072001", "Purchase Discounts", "expense", "s", "Reductions vendors give."),
    Account("000000035005", "Uncategorized", "expense", "s"),
    Account("000000000400", "Office Supplies", "expense", "p"),
    Account("000000000403", "Advertising And Marketing", "expense", "p"),
    Account("000000032023", "Lodging", "expense", "p"),
    Account("000000000445", "Salaries and Employee Wages", "expense", "p"),
    Account("000000000418", "Travel Expense", "expense", "p"),
    Account("000000000421", "Telephone Expense", "expense", "p"),
    Account("000000000424", "Automobile Expense", "expense", "p"),
    Account("000000000427", "IT and Internet Expenses", "expense", "p"),
    Account("000000000430", "Rent Expense", "expense", "p"),
    Account("000000000433", "Janitorial Expense", "expense", "p"),
    Account("000000000436", "Postage", "expense", "p"),
    Account("000000000439", "Bad Debt", "expense", "s", "Amounts that will not come in."),
    Account("000000000442", "Printing and Stationery", "expense", "p"),
    Account("000000000412", "Credit Card Charges", "expense", "p"),
    Account("000000000448", "Meals and Entertainment", "expense", "p"),
    Account("000000000451", "Depreciation Expense", "expense", "p"),
    Account("000000000454", "Consultant Expense", "expense", "p"),
    Account("000000000457", "Repairs and Maintenance", "expense", "p"),
    Account("000000000460", "Other Expenses", "expense", "s"),
    Account("000000093018", "Legal and Professional Fees", "expense", "u"),
    Account("000000093019", "Software Subscriptions", "expense", "u"),
    Account("000000034003", "Cost of Goods Sold", "cost_of_goods_sold", "s"),
    Account("000000000415", "Exchange Gain or Loss", "other_expense", "s"),
    Account("000000034001", "Inventory Asset", "stock", "s"),
)


def install(ledger: Ledger) -> None:
    now = ledger.now()
    for account in CHART:
        ledger.accounts.put(
            {
                "account_id": ledger.id(account.suffix),
                "account_name": account.name,
                "account_code": "",
                "account_type": account.type,
                "description": account.description,
                "placeholder": "",
                "status": "active",
                "is_user_created": account.kind == "u",
                "is_system_account": account.kind == "s",
                "can_show_in_ze": False,
                "parent_account_id": "",
                "currency_id": ledger.profile.currency_id,
                "created_time": now,
                "last_modified_time": now,
            }
        )
