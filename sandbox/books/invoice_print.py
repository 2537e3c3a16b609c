"""Invoices on paper and as web pages."""

from collections.abc import Sequence
from html import escape

from . import pdf
from .call import Answer, Call, Row
from .ledger import Ledger
from .money import formatted


def lines(ledger: Ledger, invoice: Row) -> list[str]:
    """What stands on the sheet, a text per line."""
    look = ledger.look(invoice["currency_id"])
    customer = ledger.contacts.rows[invoice["customer_id"]]["contact_name"]
    found = [
        ledger.profile.name,
        "",
        f"Invoice {invoice['invoice_number']}",
        f"Date {invoice['date']}    Due {invoice['due_date']}",
        f"Bill to {customer}",
        "",
    ]
    for line in invoice["line_items"]:
        if line["category"] == "header":
            found.append(line["name"])
            continue
        amount = formatted(line["item_total"], look)
        found.append(
            f"{line['name'] or line['description']}   {line['quantity']} x {line['rate']}   {amount}"
        )
    found += ["", f"Sub total {formatted(invoice['sub_total'], look)}"]
    if invoice["discount_type"] == "entity_level" and invoice["discount_total"]:
        found.append(f"Discount {formatted(-invoice['discount_total'], look)}")
    if invoice["shipping_net"]:
        found.append(f"Shipping {formatted(invoice['shipping_net'], look)}")
    found += [f"{name} {formatted(amount, look)}" for name, amount in invoice["taxes"]]
    if invoice["adjustment"]:
        found.append(f"Adjustment {formatted(invoice['adjustment'], look)}")
    found += [
        f"Total {formatted(invoice['total'], look)}",
        f"Balance due {formatted(invoice['balance'], look)}",
    ]
    return found


def printed(ledger: Ledger, invoices: Sequence[Row]) -> Answer:
    """One PDF with a page for each."""
    title = ", ".join(invoice["invoice_number"] for invoice in invoices)
    content = pdf.document([lines(ledger, invoice) for invoice in invoices], title)
    headers = {"content-disposition": f'attachment; filename="{title}.pdf"'}
    return Answer(200, headers=headers, content=content, media_type="application/pdf")


def page(ledger: Ledger, call: Call, invoice: Row) -> Answer | None:
    """The invoice in the form `accept` asks for; None for JSON."""
    if call.get("accept") == "pdf" or call.flag("print"):
        return printed(ledger, [invoice])
    if call.get("accept") == "html":
        body = "<br>\n".join(escape(line) for line in lines(ledger, invoice))
        title = escape(invoice["invoice_number"])
        html = f"<!doctype html><html><head><title>{title}</title></head><body>{body}</body></html>"
        return Answer(200, content=html.encode(), media_type="text/html;charset=UTF-8")
    return None
