from typing import Any

import pytest

from connectors.kit.faults import FieldError, Rejected
from connectors.kit.resolving import MOST_PAGES, resolve
from connectors.zoho_books import invoices
from tests.support.scripted import run
from unified_models.invoices import Invoice

ACME = {"contact_id": "7", "contact_name": "Acme", "email": "a@acme.test"}
ACME_TOO = {"contact_id": "8", "contact_name": "Acme", "email": "b@acme.test"}


def resolved(answers: list[Any], **values: Any) -> tuple[dict[str, str], Any]:
    body = Invoice.model_validate(values).model_dump(exclude_unset=True)
    return run(resolve(invoices.TABLE, body), answers)


def refused(answers: list[Any], **values: Any) -> FieldError:
    with pytest.raises(Rejected) as rejection:
        resolved(answers, **values)
    (error,) = rejection.value.errors
    return error


def contacts(*rows: dict[str, Any], more: bool = False) -> dict[str, Any]:
    return {"contacts": list(rows), "page_context": {"has_more_page": more}}


def test_an_id_asks_nobody() -> None:
    ids, provider = resolved([], contact="7", line_items=[{"item": {"id": "3"}}])
    assert (ids, provider.seen) == ({}, [])


def test_a_key_is_asked_for_and_matched_exactly() -> None:
    near = {**ACME, "contact_id": "9", "contact_name": "Acme Ltd"}
    ids, provider = resolved([contacts(near, ACME)], contact={"name": "Acme"})
    assert ids == {"/contact": "7"}
    assert ("contact_name", "Acme") in provider.last.query
    assert ("contact_type", "customer") in provider.last.query
    assert provider.last.fresh_for > 0
    assert provider.last.step == "find the customer"


def test_an_email_finds_a_contact() -> None:
    ids, _ = resolved([contacts(ACME, ACME_TOO)], contact={"email": "b@acme.test"})
    assert ids == {"/contact": "8"}


def test_none_is_not_found_and_the_nearest_is_named() -> None:
    near = {**ACME, "contact_name": "Acme Corp"}
    error = refused([contacts(), contacts(near)], contact={"name": "Acme Crop"})
    assert (error.code, error.pointer, error.did_you_mean) == ("reference_not_found", "/contact", "Acme Corp")


def test_several_are_ambiguous() -> None:
    error = refused([contacts(ACME, ACME_TOO)], contact={"name": "Acme"})
    assert (error.code, error.allowed) == ("reference_ambiguous", ("7", "8"))


def test_a_key_that_cannot_be_looked_up_is_refused_without_a_call() -> None:
    error = refused([], contact={"tax_number": "123"})
    assert (error.code, error.pointer, error.allowed) == (
        "unsupported_field",
        "/contact",
        ("id", "name", "email"),
    )


def test_currency_is_an_iso_code_here_and_an_id_there() -> None:
    currencies = {"currencies": [{"currency_id": "5", "currency_code": "EUR"}]}
    assert resolved([currencies], currency="EUR")[0] == {"/currency": "5"}
    error = refused([currencies], currency="CHF")
    assert (error.code, error.pointer) == ("currency_not_enabled", "/currency")


def test_references_inside_lines_are_found_once_each() -> None:
    taxes = {"taxes": [{"tax_id": "1", "tax_name": "VAT"}]}
    lines = [{"name": "a", "tax_rate": {"name": "VAT"}}, {"name": "b", "tax_rate": {"name": "VAT"}}]
    ids, provider = resolved([taxes], line_items=lines)
    assert ids == {"/line_items/0/tax_rate": "1", "/line_items/1/tax_rate": "1"}
    assert len(provider.seen) == 1


def test_all_that_lead_nowhere_are_named_together() -> None:
    with pytest.raises(Rejected) as rejection:
        resolved(
            [{"taxes": []}], contact={"number": "1"}, line_items=[{"name": "a", "tax_rate": {"name": "VAT"}}]
        )
    assert [error.pointer for error in rejection.value.errors] == ["/contact", "/line_items/0/tax_rate"]


def test_a_match_on_a_later_page_is_found_and_an_ignored_parameter_costs_no_fortune() -> None:
    ids, _ = resolved(
        [contacts({**ACME, "contact_id": "1", "contact_name": "B"}, more=True), contacts(ACME)],
        contact={"name": "Acme"},
    )
    assert ids == {"/contact": "7"}
    pages = [contacts({"contact_id": str(n), "contact_name": f"N{n}"}, more=True) for n in range(MOST_PAGES)]
    error = refused([*pages, contacts()], contact={"name": "Acme"})
    assert error.code == "reference_not_found"
