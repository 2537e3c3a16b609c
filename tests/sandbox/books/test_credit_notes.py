"""Credit notes: used on invoices from either side, refunded, taken back."""

from typing import Any


def note(desk: Any, key: str) -> dict[str, Any]:
    return desk.get(f"/creditnotes/{key}")["creditnote"]


def balance(desk: Any, invoice: str) -> Any:
    return desk.get(f"/invoices/{invoice}")["invoice"]["balance"]


def test_open_at_once_or_draft(desk: Any) -> None:
    customer = desk.customer()
    made = desk.credit(customer)
    assert (made["creditnote_number"], made["status"], made["balance"]) == ("CN-00001", "open", 100)
    assert made["issued_date"] == "2026-06-15"
    draft = desk.credit(customer, is_draft=True)
    assert (draft["status"], draft["issued_date"]) == ("draft", "")
    contact = desk.get(f"/contacts/{customer}")["contact"]
    assert contact["unused_credits_receivable_amount"] == 100
    desk.post(f"/creditnotes/{draft['creditnote_id']}/status/open")
    assert note(desk, draft["creditnote_id"])["status"] == "open"


def test_numbers(desk: Any) -> None:
    line = {"name": "Back", "rate": 1}
    body = {
        "customer_id": desk.customer(),
        "date": "2026-06-15",
        "line_items": [line],
        "creditnote_number": "X",
    }
    assert desk.refused("POST", "/creditnotes", body) == (400, 2)
    made = desk.post("/creditnotes", {**body, "ignore_auto_number_generation": True})["creditnote"]
    assert made["creditnote_number"] == "X"


def test_used_on_invoices_and_taken_back(desk: Any) -> None:
    customer = desk.customer()
    first, second = (desk.sent(customer)["invoice_id"] for _ in range(2))
    key = desk.credit(customer, 130)["creditnote_id"]
    path = f"/creditnotes/{key}/invoices"
    assert desk.refused("POST", path, {"invoices": [{"invoice_id": first, "amount_applied": 101}]}) == (
        400,
        24016,
    )
    desk.post(path, {"invoices": [{"invoice_id": first, "amount_applied": 100}]})
    assert balance(desk, first) == 0
    found = desk.get(f"/invoices/{first}")["invoice"]
    assert (found["status"], found["credits_applied"]) == ("paid", 100)
    credits = [{"creditnote_id": key, "amount_applied": 30}]
    assert desk.refused(
        "POST", f"/invoices/{second}/credits", {"apply_creditnotes": [{**credits[0], "amount_applied": 31}]}
    ) == (400, 24016)
    desk.post(f"/invoices/{second}/credits", {"apply_creditnotes": credits})
    after = note(desk, key)
    assert (after["status"], after["total_credits_used"], len(after["invoices_credited"])) == (
        "closed",
        130,
        2,
    )
    assert desk.refused("DELETE", f"/invoices/{first}") == (400, 1007)
    assert desk.refused("DELETE", f"/creditnotes/{key}") == (400, 1007)
    applied = desk.get(f"/invoices/{second}/creditsapplied")["credits"][0]
    desk.delete(f"/invoices/{second}/creditsapplied/{applied['creditnotes_invoice_id']}")
    assert balance(desk, second) == 100
    share = desk.get(path)["invoices_credited"][0]["creditnote_invoice_id"]
    desk.delete(f"{path}/{share}")
    assert (balance(desk, first), note(desk, key)["balance"]) == (100, 130)


def test_payment_and_credit_note_in_one_call(desk: Any) -> None:
    customer = desk.customer()
    invoice = desk.sent(customer)["invoice_id"]
    payment = desk.pay(customer, 70, {})["payment_id"]
    credit = desk.credit(customer, 50)["creditnote_id"]
    body = {
        "invoice_payments": [{"payment_id": payment, "amount_applied": 70}],
        "apply_creditnotes": [{"creditnote_id": credit, "amount_applied": 31}],
    }
    assert desk.refused("POST", f"/invoices/{invoice}/credits", body) == (400, 24016)
    assert balance(desk, invoice) == 100
    body["apply_creditnotes"][0]["amount_applied"] = 30
    desk.post(f"/invoices/{invoice}/credits", body)
    assert balance(desk, invoice) == 0


def test_a_credit_note_of_an_invoice_settles_it(desk: Any) -> None:
    customer = desk.customer()
    invoice = desk.sent(customer)["invoice_id"]
    body = {"customer_id": customer, "date": "2026-06-15", "line_items": [{"name": "Back", "rate": 40}]}
    made = desk.post("/creditnotes", body, invoice_id=invoice)["creditnote"]
    assert (made["invoice_id"], made["status"]) == (invoice, "closed")
    assert balance(desk, invoice) == 60


def test_refunds(desk: Any) -> None:
    key = desk.credit(desk.customer())["creditnote_id"]
    path, account = f"/creditnotes/{key}/refunds", desk.ledger.id("000000000358")
    body = {"date": "2026-06-15", "amount": 60, "from_account_id": account, "refund_mode": "cash"}
    made = desk.post(path, body)["creditnote_refund"]
    assert (note(desk, key)["balance"], note(desk, key)["total_refunded_amount"]) == (40, 60)
    assert desk.refused("POST", path, body) == (400, 24016)
    assert desk.refused("POST", path, {**body, "from_account_id": ""}) == (400, 4)
    assert desk.refused("POST", f"/creditnotes/{key}/status/void") == (400, 1007)
    one = f"{path}/{made['creditnote_refund_id']}"
    desk.put(one, {"amount": 100})
    assert note(desk, key)["status"] == "closed"
    assert desk.get(one)["creditnote_refund"]["amount"] == 100
    rows = desk.get("/creditnotes/refunds")
    assert rows["creditnote_refunds"][0]["creditnote_number"] == "CN-00001"
    assert rows["page_context"]["report_name"] == "Credit Notes Refund"
    desk.delete(one)
    assert note(desk, key)["balance"] == 100


def test_void_draft_open(desk: Any) -> None:
    key = desk.credit(desk.customer())["creditnote_id"]
    assert desk.refused("POST", f"/creditnotes/{key}/status/draft") == (400, 1007)
    desk.post(f"/creditnotes/{key}/status/void")
    assert note(desk, key)["status"] == "void"
    assert desk.refused("POST", f"/creditnotes/{key}/status/open") == (400, 1007)
    desk.post(f"/creditnotes/{key}/status/draft")
    desk.post(f"/creditnotes/{key}/status/open")
    assert desk.get("/creditnotes", status="open")["creditnotes"][0]["creditnote_id"] == key


def test_approval_of_several(desk: Any) -> None:
    customer = desk.customer()
    keys = [desk.credit(customer, is_draft=True)["creditnote_id"] for _ in range(2)]
    desk.post("/creditnotes/submit", creditnote_ids=",".join(keys))
    assert {note(desk, key)["status"] for key in keys} == {"pending_approval"}
    desk.post(f"/creditnotes/{keys[0]}/approve")
    answer = desk.send("POST", "/creditnotes/approve", query={"creditnote_ids": ",".join(keys)})
    assert answer.status == 400
    assert [note(desk, key)["status"] for key in keys] == ["approved", "pending_approval"]


def test_mail_and_paper(desk: Any) -> None:
    customer = desk.customer()
    key = desk.credit(customer, is_draft=True)["creditnote_id"]
    body = {"to_mail_ids": ["a@b.example"], "subject": "s", "body": "b"}
    assert desk.post(f"/creditnotes/{key}/email", body)["message"] == "Your creditnote has been sent."
    assert (note(desk, key)["status"], note(desk, key)["is_emailed"]) == ("open", True)
    for path, query in (
        (f"/creditnotes/{key}", {"accept": "pdf"}),
        ("/creditnotes/print", {"creditnote_ids": key}),
    ):
        assert desk.send("GET", path, query=query).content.startswith(b"%PDF-")


def test_credits_stay_with_their_customer_and_currency(desk: Any) -> None:
    one, two = desk.customer("One"), desk.customer("Two")
    invoice = desk.sent(one)["invoice_id"]
    other = desk.credit(two)["creditnote_id"]
    entry = {"invoice_id": invoice, "amount_applied": 1}
    assert desk.refused("POST", f"/creditnotes/{other}/invoices", {"invoices": [entry]}) == (404, 1002)
    foreign = desk.credit(one, currency_id=desk.currency("EUR"))["creditnote_id"]
    assert desk.refused("POST", f"/creditnotes/{foreign}/invoices", {"invoices": [entry]}) == (400, 2)


def test_custom_fields(desk: Any) -> None:
    desk.books.define_custom_field("creditnote", "Reason")
    key = desk.credit(desk.customer())["creditnote_id"]
    desk.post(
        f"/creditnotes/{key}/customfields", {"custom_fields": [{"api_name": "cf_reason", "value": "late"}]}
    )
    assert note(desk, key)["custom_field_hash"]["cf_reason"] == "late"
    assert desk.get("/creditnotes")["creditnotes"][0]["cf_reason"] == "late"
