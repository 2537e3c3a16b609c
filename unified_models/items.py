"""Products and services."""

from typing import Annotated

from unified_models.fields import read_only, required, writable
from unified_models.record import Record
from unified_models.references import CodeRef, ContactRef
from unified_models.statuses import MasterBlock
from unified_models.types import Quantity, SignedMoney, Words


class Item(MasterBlock, Record):
    """Something sold or bought again and again."""

    name: str | None = required("Name")
    code: str | None = writable("SKU")
    description: str | None = writable("Text on sales documents")
    purchase_description: str | None = writable("Text on purchase documents")
    type: Annotated[str, Words(("goods", "service", "digital"))] | None = writable("What kind of thing it is")
    is_sold: bool | None = writable("May stand on sales documents")
    is_purchased: bool | None = writable("May stand on purchase documents")
    is_inventory: bool | None = writable("Stock is counted")
    unit: str | None = writable("Unit it is counted in")
    unit_price: SignedMoney | None = required("Sales price of one")
    purchase_price: SignedMoney | None = writable("Purchase price of one")
    sales_account: CodeRef | None = writable("Income account")
    purchase_account: CodeRef | None = writable("Expense account")
    asset_account: CodeRef | None = writable("Inventory account")
    sales_tax_rate: CodeRef | None = writable("Tax when sold")
    purchase_tax_rate: CodeRef | None = writable("Tax when bought")
    preferred_vendor: ContactRef | None = writable("Vendor it is usually bought from")
    quantity_on_hand: Quantity | None = read_only("Stock")
    quantity: Quantity | None = read_only("Stock, under Truto's name")
    opening_quantity: Quantity | None = writable("Stock at the start", create_only=True)
    opening_unit_cost: SignedMoney | None = writable("Cost of one at the start", create_only=True)
