"""Purchase orders, and the bills they become."""

from typing import Any

OFFICE = "000000000400"


def order(desk: Any, vendor: str, *quantities: int, **more: Any) -> dict[str, Any]:
    lines = [
        {"name": f"Part {number}", "account_id": desk.ledger.id(OFFICE), "rate": 10, "quantity": quantity}
        for number, quantity in enumerate(quantities or (5,))
    ]
    return desk.post("/purchaseorders", {"vendor_id": vendor, "line_items": lines, **more})["purchaseorder"]


def words(desk: Any, key: str) -> tuple[str, str, str]:
    found = desk.get(f"/purchaseorders/{key}")["purchaseorder"]
    return found["status"], found["order_status"], found["billed_status"]


def billed(desk: Any, key: str, number: str, quantity: int | None = None) -> dict[str, Any]:
    """A bill of what is left of an order, as the edit page proposes it."""
    found = desk.get("/bills/editpage/frompurchaseorders", purchaseorder_ids=key)
    proposed = found["bill"]
    lines = [
        {name: line[name] for name in ("purchaseorder_item_id", "name", "account_id", "rate", "quantity")}
        for line in proposed["line_items"]
    ]
    if quantity is not None:
        lines[0]["quantity"] = quantity
    body = {"vendor_id": proposed["vendor_id"], "bill_number": number, "line_items": lines}
    return desk.post("/bills", {**body, "purchaseorder_ids": found["purchaseorder_ids"]})["bill"]


def test_a_draft_shows_the_parallel_words_in_lists_only(desk: Any) -> None:
    made = order(desk, desk.vendor())
    assert (made["purchaseorder_number"], made["status"], made["order_status"]) == (
        "PO-00001",
        "draft",
        "draft",
    )
    assert (made["billed_status"], made["received_status"]) == ("", "")
    row = desk.get("/purchaseorders")["purchaseorders"][0]
    assert (row["billed_status"], row["received_status"]) == ("to_be_billed", "to_be_received")
    assert row["price_precision"] == ""


def test_numbers(desk: Any) -> None:
    vendor = desk.vendor()
    line = {"account_id": desk.ledger.id(OFFICE), "rate": 1}
    body = {"vendor_id": vendor, "line_items": [line], "purchaseorder_number": "X-1"}
    assert desk.refused("POST", "/purchaseorders", body) == (400, 2)
    desk.post("/purchaseorders", body, ignore_auto_number_generation="true")
    answer = desk.send("POST", "/purchaseorders", body, query={"ignore_auto_number_generation": "true"})
    assert (answer.status, answer.body["code"]) == (400, 1001)


def test_issued_then_billed_in_parts(desk: Any) -> None:
    vendor = desk.vendor()
    key = order(desk, vendor, 5, 2)["purchaseorder_id"]
    desk.post(f"/purchaseorders/{key}/status/open")
    assert words(desk, key) == ("issued", "issued", "to_be_billed")
    first = billed(desk, key, "B-1", 3)
    assert first["purchaseorder_ids"] == [key]
    assert first["purchaseorders"][0]["purchaseorder_number"] == "PO-00001"
    assert words(desk, key) == ("partially_billed", "issued", "partially_billed")
    found = desk.get(f"/purchaseorders/{key}")["purchaseorder"]
    assert [line["quantity_billed"] for line in found["line_items"]] == [3, 2]
    assert found["bills"][0]["bill_id"] == first["bill_id"]
    second = billed(desk, key, "B-2")
    assert second["total"] == 20
    assert words(desk, key) == ("billed", "closed", "billed")
    assert desk.get("/bills", purchaseorder_id=key)["bills"][0]["bill_number"] in ("B-1", "B-2")
    assert desk.refused("DELETE", f"/purchaseorders/{key}") == (400, 1007)
    assert desk.refused("POST", f"/purchaseorders/{key}/status/cancelled") == (400, 1007)


def test_the_order_follows_its_bills(desk: Any) -> None:
    key = order(desk, desk.vendor())["purchaseorder_id"]
    bill = billed(desk, key, "B-1")["bill_id"]
    assert words(desk, key)[0] == "billed"
    desk.post(f"/bills/{bill}/status/void")
    assert words(desk, key)[0] == "issued"
    desk.post(f"/bills/{bill}/status/open")
    assert words(desk, key)[0] == "billed"
    lines = desk.get(f"/bills/{bill}")["bill"]["line_items"]
    desk.put(f"/bills/{bill}", {"line_items": [{"line_item_id": lines[0]["line_item_id"], "quantity": 1}]})
    assert words(desk, key)[0] == "partially_billed"
    desk.delete(f"/bills/{bill}")
    assert words(desk, key)[0] == "issued"


def test_a_bill_takes_orders_of_its_vendor_only(desk: Any) -> None:
    key = order(desk, desk.vendor("One"))["purchaseorder_id"]
    line = {"account_id": desk.ledger.id(OFFICE), "rate": 1}
    two = desk.vendor("Two")
    body = {"vendor_id": two, "bill_number": "1", "line_items": [line]}
    assert desk.refused("POST", "/bills", {**body, "purchaseorder_ids": [key]}) == (404, 1002)
    other = order(desk, two)["purchaseorder_id"]
    desk.post(f"/purchaseorders/{other}/status/cancelled")
    assert desk.refused("POST", "/bills", {**body, "purchaseorder_ids": [other]}) == (400, 1007)
    assert not desk.get("/bills")["bills"]


def test_approval_and_rejection(desk: Any) -> None:
    vendor = desk.vendor()
    one, two = (order(desk, vendor)["purchaseorder_id"] for _ in range(2))
    for key, decision in ((one, "approve"), (two, "reject")):
        assert desk.refused("POST", f"/purchaseorders/{key}/{decision}") == (400, 1007)
        desk.post(f"/purchaseorders/{key}/submit")
        assert words(desk, key)[0] == "pending_approval"
        desk.post(f"/purchaseorders/{key}/{decision}")
    assert (words(desk, one)[0], words(desk, two)[0]) == ("approved", "rejected")
    desk.post(f"/purchaseorders/{one}/status/open")
    assert words(desk, one)[0] == "issued"


def test_mail_issues_and_paper_is_a_pdf(desk: Any) -> None:
    vendor = desk.vendor(
        contact_persons=[{"first_name": "A", "email": "a@b.example", "is_primary_contact": True}]
    )
    key = order(desk, vendor)["purchaseorder_id"]
    sent = desk.post(f"/purchaseorders/{key}/email", {"to_mail_ids": ["a@b.example"], "body": "x"})
    assert sent["message"] == "Your purchase order has been sent."
    assert words(desk, key)[0] == "issued"
    answer = desk.send("GET", f"/purchaseorders/{key}", query={"accept": "pdf"})
    assert (answer.media_type, answer.content[:5]) == ("application/pdf", b"%PDF-")


def test_the_order_asked_for_counts_for_nothing(desk: Any) -> None:
    vendor = desk.vendor()
    first = order(desk, vendor)["purchaseorder_id"]
    desk.later(hours=1)
    order(desk, vendor)
    found = desk.get("/purchaseorders", sort_column="created_time", sort_order="A")
    assert found["page_context"]["sort_order"] == "D"
    assert found["purchaseorders"][1]["purchaseorder_id"] == first
    by_total = desk.get("/purchaseorders", sort_column="total", sort_order="A")
    assert by_total["page_context"]["sort_order"] == "A"


def test_status_filters(desk: Any) -> None:
    vendor = desk.vendor()
    draft, issued = (order(desk, vendor)["purchaseorder_id"] for _ in range(2))
    desk.post(f"/purchaseorders/{issued}/status/open")

    def found(**query: str) -> list[str]:
        return [row["purchaseorder_id"] for row in desk.get("/purchaseorders", **query)["purchaseorders"]]

    assert found(status="draft") == found(filter_by="Status.Draft") == [draft]
    assert found(status="open") == found(status="issued") == found(filter_by="Status.Issued") == [issued]
