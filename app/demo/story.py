"""What the demo shows, step by step: connect, read, write, settle, forward."""

from decimal import Decimal
from typing import Any
from uuid import uuid4

from app.demo.browser import Browser, Page
from app.demo.transcript import StepFailed, Transcript

_MODEL = "/unified/accounting"


def connect(tell: Transcript, tenant: str, integration: str) -> str:
    """Walk the hosted connect flow as an end customer would; the id of the account it ends with."""
    tell.title("Connect an organisation through the hosted link")
    link = tell.call(
        "POST", "/link-token", body={"tenant_id": tenant, "integration": integration}, expect=201
    ).json()
    tell.say(f"An end customer opens {link['url'].split('=')[0]}=…")
    with Browser() as browser:
        page = browser.open(link["url"])
        tell.say(f"Connect page: {_title(page)}")
        page = browser.submit(page)
        for _ in range(6):
            if "result" in page.data:
                break
            tell.say(f"Then: {_title(page)}")
            page = _answer(browser, page)
    if page.data.get("result") != "success":
        raise StepFailed(f"the connect flow ended at {page.url} with status {page.status}: {_title(page)}")
    accounts = tell.call("GET", "/integrated-account", query={"tenant_id": tenant}).json()["result"]
    if [account["status"] for account in accounts] != ["active"]:
        raise StepFailed(f"one active account was expected, found {accounts}")
    account = accounts[0]
    tell.say(
        f"Connected: {account['organization']['name']} in data centre {account['location']}, "
        f"status {account['status']}, id {account['id']}"
    )
    return account["id"]


def _answer(browser: Browser, page: Page) -> Page:
    """Do what a willing customer does on a page: accept, pick the first organisation, go on."""
    yes = [
        button
        for button in page.form.buttons
        if button[1].casefold() in ("accept", "allow", "approve", "yes")
    ]
    return browser.submit(page, button=yes[0] if yes else None)


def _title(page: Page) -> str:
    start = page.text.find("<h1")
    return (
        page.text[page.text.find(">", start) + 1 : page.text.find("</h1>", start)].strip()
        if start >= 0
        else page.url
    )


def list_whole(
    tell: Transcript, account: str, resource: str, columns: tuple[str, ...]
) -> list[dict[str, Any]]:
    """Every record of a resource, page by page; prints how many calls it took and the first rows."""
    tell.title(f"List every one of the {resource} through cursors")
    records: list[dict[str, Any]] = []
    cursor, pages = "", 0
    while True:
        query = {"integrated_account_id": account, "limit": 200} | ({"next_cursor": cursor} if cursor else {})
        answer = tell.call("GET", f"{_MODEL}/{resource}", query=query).json()
        records += answer["result"]
        pages += 1
        cursor = answer["next_cursor"]
        if not cursor:
            break
    if not records:
        raise StepFailed(f"{resource}: the list is empty")
    if len({record["id"] for record in records}) != len(records):
        raise StepFailed(f"{resource}: a record came twice")
    tell.say(f"{len(records)} {resource} on {pages} pages, all distinct; the first of them:")
    tell.table(columns, [tuple(_cell(record.get(column)) for column in columns) for record in records[:5]])
    return records


def _cell(value: Any) -> str:
    if isinstance(value, dict):
        return str(value.get("name") or value.get("id") or "")
    return "" if value is None else str(value)


def write(tell: Transcript, account: str) -> dict[str, Any]:
    """A customer, an item, an invoice with both, a change, and the payment that settles it."""
    at = {"integrated_account_id": account}
    mark = uuid4().hex[:6]

    tell.title("Create a customer")
    customer = tell.call(
        "POST",
        f"{_MODEL}/contacts",
        query=at,
        expect=201,
        body={
            "name": f"Harbour Coffee {mark}",
            "type": "customer",
            "first_name": "Ines",
            "last_name": "Moreau",
            "emails": [f"books-{mark}@harbour.example"],
            "addresses": [{"type": "billing", "street_1": "4 Quay Road", "city": "Lisbon"}],
        },
    ).json(parse_float=Decimal)
    tell.say(f"{customer['name']} has id {customer['id']}")

    tell.title("Create an item")
    item = tell.call(
        "POST",
        f"{_MODEL}/items",
        query=at,
        expect=201,
        body={"name": f"Espresso beans {mark}", "unit_price": "18.40", "description": "One kilogram, whole"},
    ).json(parse_float=Decimal)
    tell.say(f"{item['name']} at {item['unit_price']} has id {item['id']}")

    tell.title("Create an invoice with both, naming them as people do")
    invoice = tell.call(
        "POST",
        f"{_MODEL}/invoices",
        query=at,
        expect=201,
        body={
            "contact": {"name": customer["name"]},
            "reference": f"order-{mark}",
            "status": "authorised",
            "line_items": [
                {"item": {"name": item["name"]}, "quantity": 10, "unit_price": "18.40"},
                {"name": "Delivery", "unit_price": "12.50"},
            ],
        },
    ).json(parse_float=Decimal)
    _expect_total(invoice, Decimal("196.50"))
    tell.say(
        f"{invoice['number']}: {invoice['status']}, total {invoice['total_amount']} {invoice['currency']}"
    )

    tell.title("Change it")
    changed = tell.call(
        "PATCH",
        f"{_MODEL}/invoices/{invoice['id']}",
        query=at,
        body={"customer_note": "Thank you for your order.", "shipping_amount": "3.50"},
    ).json(parse_float=Decimal)
    _expect_total(changed, Decimal("200.00"))
    tell.say(f"{changed['number']}: total is now {changed['total_amount']}, balance {changed['balance']}")

    tell.title("Record the payment that settles it")
    payment = tell.call(
        "POST",
        f"{_MODEL}/payments",
        query=at,
        expect=201,
        body={
            "payment_for": "invoice",
            "contact": customer["id"],
            "total_amount": str(changed["balance"]),
            "payment_method": "bank_transfer",
            "reference": f"tx-{mark}",
            "allocations": [{"type": "invoice", "id": invoice["id"], "amount": str(changed["balance"])}],
        },
    ).json(parse_float=Decimal)
    settled = tell.call("GET", f"{_MODEL}/invoices/{invoice['id']}", query=at).json(parse_float=Decimal)
    if settled["status"] != "paid" or Decimal(str(settled["balance"])) != 0:
        raise StepFailed(
            f"the invoice is {settled['status']} with balance {settled['balance']} after its payment"
        )
    tell.say(
        f"Payment {payment['id']} of {payment['total_amount']}: {settled['number']} is {settled['status']}"
    )
    return settled


def _expect_total(record: dict[str, Any], total: Decimal) -> None:
    if Decimal(str(record["total_amount"])) != total:
        raise StepFailed(f"{record['number']} totals {record['total_amount']}, {total} was expected")


def forward(tell: Transcript, account: str, invoice: dict[str, Any]) -> None:
    """A native call and a PDF through the raw proxy."""
    tell.title("Forward a native call, byte for byte")
    native = tell.call("GET", f"/proxy/invoices/{invoice['id']}", query={"integrated_account_id": account})
    tell.say(f"The provider's own words: {native.text[:140]}…")

    tell.title("Forward a PDF")
    pdf = tell.call(
        "GET", f"/proxy/invoices/{invoice['id']}", query={"integrated_account_id": account, "accept": "pdf"}
    )
    if not pdf.content.startswith(b"%PDF"):
        raise StepFailed(f"no PDF came back but {pdf.headers.get('content-type')}: {pdf.text[:200]}")
    tell.say(f"{len(pdf.content)} bytes of {pdf.headers['content-type']}")
