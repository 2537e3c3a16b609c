"""What goes in comes out again: texts byte for byte, figures digit for digit, absence as it was meant."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from app.core import json
from tests.flows.company import Company

BOOKS = "/unified/accounting"
TEXTS = {
    "composed": "Caf\u00e9",
    "decomposed": "Cafe\u0301",
    "right to left": "\u202eevil\u202c \u05e9\u05dc\u05d5\u05dd",
    "beyond the plane": "\U0001f9fe\U00020000",
    "joined": "\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "markup": "<b>&amp;\"'</b>",
}


@pytest.fixture(scope="module")
def company(connected: Callable[..., Company]) -> Company:
    return connected()


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_texts_come_back_as_they_were(company: Company, text: str) -> None:
    made = company.api.post(f"{BOOKS}/contacts", json={"name": text, "memo": text * 2})
    assert made.status_code == 201, made.text
    back = company.api.get(f"{BOOKS}/contacts/{made.json()['id']}").json()
    assert (back["name"], back["memo"]) == (text, text * 2)
    found = company.api.get(f"{BOOKS}/contacts", params={"name": text}).json()["result"]
    assert made.json()["id"] in [row["id"] for row in found]


def test_figures_are_no_floats(company: Company) -> None:
    contact = company.api.post(f"{BOOKS}/contacts", json={"name": "Figures"}).json()["id"]
    for price, quantity, total in (
        ("0.1", "3", "0.30"),
        ("33.33", "3", "99.99"),
        ("123456789012.34", "1", None),
    ):
        line = {"name": "Tea", "quantity": Decimal(quantity), "unit_price": Decimal(price)}
        body = json.encode({"contact": {"id": contact}, "line_items": [line]})
        made = company.api.post(
            f"{BOOKS}/invoices", content=body, headers={"Content-Type": "application/json"}
        )
        assert made.status_code == 201, made.text
        assert f'"unit_price":{price}' in made.text.replace(" ", "")
        shown = json.decode(made.content)
        assert shown["total_amount"] == Decimal(total or price)
        assert isinstance(shown["id"], str) and isinstance(shown["contact"]["id"], str)


def test_missing_null_and_empty_mean_three_things(company: Company) -> None:
    made = company.api.post(f"{BOOKS}/contacts", json={"name": "Three", "memo": "kept"}).json()
    at = f"{BOOKS}/contacts/{made['id']}"
    assert company.api.patch(at, json={"name": "Three A"}).json()["memo"] == "kept"
    assert company.api.patch(at, json={"memo": None}).json()["memo"] is None
    assert company.api.patch(at, json={"memo": "again"}).json()["memo"] == "again"
    empty = company.api.patch(at, json={"memo": ""})
    assert empty.status_code == 200, empty.text
    assert empty.json()["memo"] in ("", None)
    assert company.api.get(at).json()["name"] == "Three A"
