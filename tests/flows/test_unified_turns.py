"""Writes about one record, or that would make one, at the same moment, in two processes. Judged by the provider."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.flows.conftest import Admin
from tests.flows.test_lost_answers import BOOKS, fault, invoice, posts, until, with_reference
from tests.support.product import Product

pytestmark = pytest.mark.slow
GATEWAYS = 2


@pytest.fixture(scope="module")
def product(hasty: Product) -> Product:
    return hasty


@pytest.fixture(scope="module")
def shops(product: Product) -> Iterator[list[httpx.Client]]:
    """The same account, asked through either process."""
    account = product.connect()[0]["id"]
    with product.client() as one, product.client(base=1) as other:
        for shop in (one, other):
            shop.headers["X-Integrated-Account-Id"] = account
        yield [one, other]


@pytest.fixture
def shop(shops: list[httpx.Client]) -> httpx.Client:
    return shops[0]


@pytest.fixture
def admin(product: Product) -> Iterator[Admin]:
    with Admin(base_url=product.sandbox.admin, timeout=30, trust_env=False) as client:
        client.did("PUT", "/latency", books=0.05)
        yield client
        client.did("DELETE", "/faults")


@pytest.fixture(scope="module")
def customer(shops: list[httpx.Client]) -> str:
    return shops[0].post(f"{BOOKS}/contacts", json={"name": "Acme"}).json()["id"]


@pytest.fixture
def at_once(shops: list[httpx.Client]) -> Callable[..., list[httpx.Response]]:
    """Six callers of `ask(shop, number)` at the same moment, half of them in each process."""

    def run(ask: Callable[[httpx.Client, int], httpx.Response]) -> list[httpx.Response]:
        with ThreadPoolExecutor(6) as pool:
            return list(pool.map(lambda number: ask(shops[number % 2], number), range(6)))

    return run


def codes(answers: list[httpx.Response]) -> list[int]:
    return sorted(each.status_code for each in answers)


@pytest.mark.parametrize("keyed", [True, False])
def test_of_changes_that_rest_on_the_same_version_one_is_made(
    shop: httpx.Client, admin: Admin, customer: str, at_once: Any, keyed: bool
) -> None:
    path = f"{BOOKS}/invoices/{shop.post(f'{BOOKS}/invoices', json=invoice(customer, None)).json()['id']}"
    etag, mark = shop.get(path).headers["etag"], admin.last()

    def change(shop: httpx.Client, number: int) -> httpx.Response:
        key = {"Idempotency-Key": f"note-{number}"} if keyed else {}
        note = {"customer_note": f"Note {number}"}
        return shop.patch(path, json=note, headers={"If-Match": etag, **key})

    answers = at_once(change)
    assert codes(answers) == [200, 412, 412, 412, 412, 412]
    assert {each.json()["code"] for each in answers if each.status_code == 412} == {"version_conflict"}
    assert len(admin.calls(after=mark, method="PUT")) == 1
    [note] = [each.json()["customer_note"] for each in answers if each.status_code == 200]
    assert shop.get(path).json()["customer_note"] == note


def test_changes_deletions_and_actions_of_a_record_follow_each_other(
    shop: httpx.Client, admin: Admin, customer: str, at_once: Any
) -> None:
    path = f"{BOOKS}/invoices/{shop.post(f'{BOOKS}/invoices', json=invoice(customer, None)).json()['id']}"
    expected, mark = {"If-Match": shop.get(path).headers["etag"]}, admin.last()
    asked: list[Callable[[httpx.Client], httpx.Response]] = [
        lambda shop: shop.patch(path, json={"customer_note": "Thanks"}, headers=expected),
        lambda shop: shop.post(f"{path}/authorise", headers=expected),
        lambda shop: shop.delete(path, headers=expected),
    ]
    answers = at_once(lambda shop, number: asked[number % 3](shop))
    assert codes(answers)[0] == 200 and set(codes(answers)[1:]) <= {404, 412}, codes(answers)
    assert len([each for each in admin.calls(after=mark) if each["method"] != "GET"]) == 1


def test_what_is_merged_is_not_lost(shop: httpx.Client, admin: Admin, at_once: Any) -> None:
    path = f"{BOOKS}/contacts/{shop.post(f'{BOOKS}/contacts', json={'name': 'Many'}).json()['id']}"

    def add(shop: httpx.Client, number: int) -> httpx.Response:
        person = {"first_name": f"P{number}", "emails": [{"email": f"p{number}@many.example"}]}
        return shop.patch(path, json={"contact_persons": [person]})

    assert codes(at_once(add)) == [200] * 6
    names = {each["first_name"] for each in shop.get(path).json()["contact_persons"]}
    assert names == {f"P{number}" for number in range(6)}


@pytest.mark.parametrize("attempt", range(3))
def test_of_identical_creates_one_is_made(
    shop: httpx.Client, admin: Admin, customer: str, at_once: Any, attempt: int
) -> None:
    reference = f"same-{attempt}"

    def make(shop: httpx.Client, number: int) -> httpx.Response:
        key = {"Idempotency-Key": f"{reference}-{number}"}
        return shop.post(f"{BOOKS}/invoices", json=invoice(customer, reference), headers=key)

    answers = at_once(make)
    assert codes(answers) == [201, 409, 409, 409, 409, 409]
    assert {each.json()["code"] for each in answers if each.status_code == 409} == {"possible_duplicate"}
    assert len(with_reference(shop, reference)) == 1


@pytest.mark.parametrize("match_on", ["email", "name"])
def test_of_creates_that_look_first_one_is_made(
    shop: httpx.Client, admin: Admin, at_once: Any, match_on: str
) -> None:
    mark = admin.last()
    body = {"name": f"Found {match_on}", "emails": [f"{match_on}@found.example"]}

    def make(shop: httpx.Client, number: int) -> httpx.Response:
        return shop.post(f"{BOOKS}/contacts", json=body, params={"match_on": match_on})

    answers = at_once(make)
    assert codes(answers) == [200, 200, 200, 200, 200, 201]
    assert len({each.json()["id"] for each in answers}) == 1
    assert posts(admin, mark, "/contacts$") == 1


def test_of_simultaneous_mails_one_is_sent(
    shop: httpx.Client, admin: Admin, customer: str, at_once: Any
) -> None:
    made = shop.post(f"{BOOKS}/invoices", json=invoice(customer, None, status="authorised")).json()["id"]
    mark, to = admin.last(), {"to": ["ada@acme.example"]}
    answers = at_once(lambda shop, _: shop.post(f"{BOOKS}/invoices/{made}/email", json=to))
    assert codes(answers) == [200, 409, 409, 409, 409, 409]
    assert {each.json()["code"] for each in answers if each.status_code == 409} == {"possible_duplicate"}
    assert posts(admin, mark, "/email$") == 1


@pytest.mark.parametrize("looked", [True, False], ids=["looked first", "did not look"])
def test_a_second_create_waits_for_what_became_of_the_first(
    shop: httpx.Client, admin: Admin, customer: str, looked: bool
) -> None:
    """The provider makes the first after its connection broke: nobody finds it for a while."""
    body, match = invoice(customer, f"late-{looked}"), {"match_on": "reference"}
    fault(admin, "commit_late", seconds=1.0)
    mark, first = admin.last(), {"Idempotency-Key": f"late-{looked}-a"}
    lost = shop.post(f"{BOOKS}/invoices", json=body, headers=first, params=match if looked else {})
    assert lost.json()["code"] == "outcome_unknown", lost.text

    def second() -> httpx.Response:
        key = {"Idempotency-Key": f"late-{looked}-b"}
        return shop.post(f"{BOOKS}/invoices", json=body, headers=key, params=match)

    found = until(second, lambda answer: answer.status_code != 409)
    assert (found.status_code, found.headers["ledgerway-outcome"]) == (200, "already_existed"), found.text
    assert [row["id"] for row in with_reference(shop, f"late-{looked}")] == [found.json()["id"]]
    assert posts(admin, mark) == 1


def test_a_lost_change_is_not_made_after_a_later_one(shop: httpx.Client, admin: Admin, customer: str) -> None:
    """The provider's times have whole seconds: they do not tell that there was a later one."""
    path = f"{BOOKS}/invoices/{shop.post(f'{BOOKS}/invoices', json=invoice(customer, None)).json()['id']}"
    fault(admin, "reset_before", path="/invoices/", method="PUT")
    first = {"Idempotency-Key": "lost-note"}
    lost = shop.patch(path, json={"customer_note": "first"}, headers=first)
    assert lost.json()["code"] == "outcome_unknown", lost.text
    admin.did("DELETE", "/faults")
    assert shop.patch(path, json={"customer_note": "second"}).status_code == 200
    until(
        lambda: shop.patch(path, json={"customer_note": "first"}, headers=first),
        lambda answer: answer.status_code == 200 or answer.json().get("next", {}).get("method") == "POST",
    )
    assert shop.get(path).json()["customer_note"] == "second"


Door = tuple[str, dict[str, Any]]


@pytest.fixture
def both(shops: list[httpx.Client]) -> Callable[..., list[httpx.Response]]:
    """Two requests at the same moment, one in each process."""

    def run(method: str, *asked: Door, **headers: str) -> list[httpx.Response]:
        keys = [{**headers, "Idempotency-Key": f"{path}-{method}"} for path, _ in asked]
        with ThreadPoolExecutor(2) as pool:
            return list(
                pool.map(
                    lambda n: shops[n].request(method, asked[n][0], json=asked[n][1], headers=keys[n]), (0, 1)
                )
            )

    return run


def test_a_bill_is_the_same_through_either_door(shop: httpx.Client, both: Any, admin: Admin) -> None:
    vendor = shop.post(f"{BOOKS}/contacts", json={"name": "Vend", "type": "vendor"}).json()["id"]
    rows = shop.get(f"{BOOKS}/accounts", params={"limit": 200}).json()["result"]
    account = next(row["id"] for row in rows if row["classification"] == "expense")
    line = {"account": account, "unit_price": "2.50", "quantity": 4}
    body = {"contact": vendor, "number": "B-1", "reference": "bill-1", "line_items": [line]}
    made = both("POST", (f"{BOOKS}/bills", body), (f"{BOOKS}/invoices", body | {"type": "bill"}))
    assert codes(made) == [201, 409], [each.text for each in made]
    bill = next(each.json()["id"] for each in made if each.status_code == 201)
    doors = f"{BOOKS}/bills/{bill}", f"{BOOKS}/invoices/{bill}?type=bill"
    etag = shop.get(doors[0]).headers["etag"]
    answers = both("PATCH", (doors[0], {"terms": "one"}), (doors[1], {"terms": "two"}), **{"If-Match": etag})
    assert codes(answers) == [200, 412], [each.text for each in answers]


def test_a_currency_is_the_same_by_either_name(shop: httpx.Client, both: Any, admin: Admin) -> None:
    shop.post(f"{BOOKS}/currencies", json={"code": "EUR", "name": "Euro"})
    code = f"{BOOKS}/currencies/EUR"
    found = shop.get(code)
    admin.did("PUT", "/latency", books=0.3)
    native = shop.get("/proxy/settings/currencies").json()["currencies"]
    number = next(each["currency_id"] for each in native if each["currency_code"] == "EUR")
    asked = (code, {"symbol": "E1"}), (f"{BOOKS}/currencies/{number}", {"symbol": "E2"})
    answers = both("PATCH", *asked, **{"If-Match": found.headers["etag"]})
    assert codes(answers) == [200, 412], [each.text for each in answers]
