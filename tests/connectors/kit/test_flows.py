from decimal import Decimal
from typing import Any

import pytest

from connectors.kit.faults import Conflict, Fault, Kind, Rejected
from connectors.kit.http import Mended
from connectors.kit.operations import Answer
from connectors.zoho_books import invoices
from tests.support.scripted import CONTEXT, Provider, run
from unified_models.invoices import Invoice

DONE = {"code": 0, "message": "done"}


def invoice(**more: Any) -> dict[str, Any]:
    lines = [{"line_item_id": "11", "name": "Work", "rate": Decimal(5), "quantity": 2, "item_total": 10}]
    figures = {"sub_total": Decimal(10), "total": Decimal(10), "balance": Decimal(10)}
    return {"invoice_id": "9", "customer_id": "7", "status": "draft", "line_items": lines, **figures, **more}


def body(**values: Any) -> dict[str, Any]:
    return Invoice.model_validate(values).model_dump(exclude_unset=True)


def create(values: dict[str, Any], answers: list[Any]) -> tuple[Answer, Provider]:
    return run(invoices.RESOURCE.create(body(**values), CONTEXT), answers)


def update(values: dict[str, Any], answers: list[Any], **more: Any) -> tuple[Answer, Provider]:
    return run(invoices.RESOURCE.update("9", body(**values), CONTEXT, **more), answers)


def refused(values: dict[str, Any]) -> dict[str, str]:
    """Pointer → code of what is refused before any call."""
    with pytest.raises(Rejected) as rejection:
        create(values, [])
    return {error.pointer: error.code for error in rejection.value.errors}


WORK = {"name": "Work", "quantity": 2, "unit_price": 5, "tax_rate": None}
SIMPLE = {"contact": "7", "line_items": [WORK]}


def test_only_what_was_set_is_sent() -> None:
    answer, provider = create(SIMPLE, [{"invoice": invoice()}])
    assert provider.calls == ["POST /invoices"]
    line = {"name": "Work", "quantity": Decimal(2), "rate": Decimal(5), "tax_id": ""}
    assert provider.last.body == {"customer_id": "7", "line_items": [line]}
    assert provider.last.query == ()
    assert (answer.outcome, answer.issues) == ("created", [])


def test_a_number_of_ones_own_switches_numbering_off() -> None:
    _, provider = create({**SIMPLE, "number": "A-1"}, [{"invoice": invoice(invoice_number="A-1")}])
    assert provider.last.query == (("ignore_auto_number_generation", "true"),)


def test_everything_refused_is_named_before_any_call() -> None:
    found = refused(
        {
            "memo": "internal", "contact": "7", "status": "draft", "tax_details": {"gst": "x"},
            "line_items": [{**WORK, "customer": "5"}],
        }
    )  # fmt: skip
    assert found == {
        "/memo": "unsupported_field",
        "/tax_details": "unsupported_field",
        "/line_items/0/customer": "unsupported_field",
    }


def test_unset_and_null_are_not_the_same() -> None:
    _, provider = create({**SIMPLE, "memo": None, "customer_note": None}, [{"invoice": invoice()}])
    assert provider.last.body["notes"] == ""
    assert "terms" not in provider.last.body


def test_read_only_and_unknown_fields_are_refused_by_the_kit_itself() -> None:
    with pytest.raises(Rejected) as rejection:
        run(invoices.RESOURCE.create({**body(**SIMPLE), "balance": 1, "colour": "red"}, CONTEXT))
    assert {error.pointer: error.code for error in rejection.value.errors} == {
        "/balance": "read_only",
        "/colour": "unknown_field",
    }


def test_what_is_required_is_named_where_it_is_missing() -> None:
    assert refused({"reference": "x"}) == {"/contact": "required", "/line_items": "required"}


def test_a_status_that_cannot_be_given_is_refused_not_approximated() -> None:
    with pytest.raises(Rejected) as rejection:
        run(invoices.RESOURCE.create({**body(**SIMPLE), "status": "paid"}, CONTEXT))
    assert rejection.value.errors[0].allowed == ("draft", "authorised")


def test_authorised_is_a_step_after_the_create() -> None:
    answer, provider = create(
        {**SIMPLE, "status": "authorised"},
        [{"invoice": invoice()}, DONE, {"invoice": invoice(status="sent")}],
    )
    assert provider.calls == ["POST /invoices", "POST /invoices/9/status/sent", "GET /invoices/9"]
    assert "send" not in dict(provider.seen[0].query)
    assert (answer.outcome, answer.record["status"]) == ("created", "authorised")


def test_a_later_step_failing_leaves_the_record_as_it_stands() -> None:
    fault = Fault(Kind.UNAVAILABLE, 503, message="try later")
    answer, _ = create({**SIMPLE, "status": "authorised"}, [{"invoice": invoice()}, fault])
    assert (answer.outcome, answer.record["status"]) == ("partial", "draft")
    (issue,) = answer.issues
    assert (issue.code, issue.retryable, issue.extra) == ("step_failed", True, {"step": 2})


def test_of_several_steps_the_failing_one_is_named_and_the_record_read_again() -> None:
    values = {**SIMPLE, "status": "authorised", "billing_address": {"city": "Rome"}}
    refusal = Fault(Kind.CONFLICT, 400, message="not now")
    placed = invoice(billing_address={"city": "Rome"})
    answer, provider = create(values, [{"invoice": invoice()}, DONE, refusal, {"invoice": placed}])
    assert provider.calls[1:] == [
        "PUT /invoices/9/address/billing",
        "POST /invoices/9/status/sent",
        "GET /invoices/9",
    ]
    assert [(issue.code, issue.retryable, issue.extra) for issue in answer.issues] == [
        ("step_failed", False, {"step": 3})
    ]
    assert answer.record["billing_address"]["city"] == "Rome"


def test_a_preview_can_see_the_steps_that_follow() -> None:
    values = {**SIMPLE, "status": "authorised", "billing_address": {"city": "Rome"}}
    request = next(invoices.RESOURCE.create(body(**values), CONTEXT))
    assert [(each.method, each.path) for each in request.then] == [
        ("PUT", "/invoices/{id}/address/billing"),
        ("POST", "/invoices/{id}/status/sent"),
    ]


def test_a_fault_of_the_main_call_is_the_callers() -> None:
    with pytest.raises(Fault, match="duplicate"):
        create(SIMPLE, [Fault(Kind.DUPLICATE, 400)])


def test_what_a_new_record_names_and_nobody_knows_is_a_wrong_value_not_a_wrong_address() -> None:
    with pytest.raises(Fault) as fault:
        create(SIMPLE, [Fault(Kind.NOT_FOUND, 404, "1002", "customer is not accessible")])
    assert (fault.value.kind, fault.value.status) == (Kind.INVALID, 404)


def test_what_the_provider_did_not_take_is_an_issue() -> None:
    values = {**SIMPLE, "customer_note": "thanks", "reference": "PO-1"}
    answer, _ = create(values, [{"invoice": invoice(notes="thanks", reference_number="PO-2")}])
    (issue,) = answer.issues
    assert (issue.code, issue.pointer, issue.extra) == (
        "not_applied",
        "/reference",
        {"sent": "PO-1", "got": "PO-2"},
    )


def test_extra_native_fields_go_along_but_do_not_override() -> None:
    extra = {"template_id": "5", "customer_id": "99"}
    _, provider = create({**SIMPLE, "remote_data": extra}, [{"invoice": invoice()}])
    assert provider.last.body["template_id"] == "5"
    assert provider.last.body["customer_id"] == "7"


def test_an_update_sends_only_what_changes_and_reads_nothing_first() -> None:
    answer, provider = update({"customer_note": "bye"}, [{"invoice": invoice(notes="bye")}])
    assert provider.calls == ["PUT /invoices/9"]
    assert provider.last.body == {"notes": "bye"}
    assert answer.outcome == "updated"


def test_an_empty_update_changes_nothing() -> None:
    answer, provider = update({}, [{"invoice": invoice()}])
    assert (provider.calls, answer.outcome) == (["GET /invoices/9"], "unchanged")


def test_lines_that_would_be_lost_are_named() -> None:
    with pytest.raises(Rejected) as rejection:
        update({"line_items": [WORK]}, [{"invoice": invoice()}])
    (error,) = rejection.value.errors
    assert (error.code, error.pointer) == ("would_remove_lines", "/line_items")
    assert "11 (Work)" in error.detail


def test_lines_are_replaced_when_that_is_said() -> None:
    _, provider = update({"line_items": [WORK]}, [{"invoice": invoice()}], replace_lines=True)
    assert provider.calls == ["PUT /invoices/9"]


def test_a_line_with_its_id_is_kept_and_changed() -> None:
    changed = invoice()
    changed["line_items"][0]["quantity"] = 3
    _, provider = update(
        {"line_items": [{"id": "11", "quantity": 3}]}, [{"invoice": invoice()}, {"invoice": changed}]
    )
    assert provider.last.body == {"line_items": [{"line_item_id": "11", "quantity": Decimal(3)}]}


def test_a_line_of_another_invoice_is_refused() -> None:
    with pytest.raises(Rejected) as rejection:
        update({"line_items": [{"id": "11"}, {"id": "12"}]}, [{"invoice": invoice()}])
    (error,) = rejection.value.errors
    assert (error.code, error.pointer, error.allowed) == ("reference_not_found", "/line_items/1/id", ("11",))


@pytest.mark.parametrize("id", ["", "../contacts", "9/status/void", "abc", "9?x=1", "email"])
def test_what_is_no_id_is_not_found_without_a_call(id: str) -> None:
    with pytest.raises(Fault) as fault:
        run(invoices.RESOURCE.get(id, CONTEXT))
    assert (fault.value.kind, fault.value.phase) == (Kind.NOT_FOUND, "idle")


def test_delete_answers_the_id() -> None:
    id, provider = run(invoices.RESOURCE.delete("9", CONTEXT), [DONE])
    assert (id, provider.calls) == ("9", ["DELETE /invoices/9"])


def act(name: str, answers: list[Any], **values: Any) -> tuple[Answer, Provider]:
    return run(invoices.RESOURCE.act(name, "9", values, CONTEXT), answers)


def test_an_action_answers_the_record() -> None:
    answer, provider = act("void", [DONE, {"invoice": invoice(status="void")}])
    assert provider.calls == ["POST /invoices/9/status/void", "GET /invoices/9"]
    assert (answer.record["status"], answer.record["balance"], answer.record["remote_status"]) == (
        "voided",
        0,
        "void",
    )


def test_an_impossible_transition_is_explained_by_the_record() -> None:
    refusal = Fault(Kind.INVALID, 400, "1004", "no")
    with pytest.raises(Conflict) as conflict:
        act("mark-draft", [refusal, {"invoice": invoice(status="paid", balance=Decimal(0))}])
    assert conflict.value.code == "invalid_transition"
    assert conflict.value.extra["from"] == "paid"
    assert "email" in conflict.value.extra["allowed"]
    assert "mark-draft" not in conflict.value.extra["allowed"]


def test_a_refusal_the_state_does_not_explain_stays_what_it_is() -> None:
    with pytest.raises(Fault, match="locked period"):
        act("void", [Fault(Kind.INVALID, 400, message="locked period"), {"invoice": invoice(status="sent")}])


def test_an_action_done_whose_record_cannot_be_read_is_partial() -> None:
    answer, _ = act("void", [DONE, Fault(Kind.TIMEOUT)])
    assert (answer.outcome, answer.record["id"]) == ("partial", "9")


def test_mail_goes_to_the_invoices_address_or_to_the_one_given() -> None:
    live = invoice(status="sent", email="ada@example.com")
    _, provider = act("email", [{"invoice": live}, {"invoice": live}, DONE, {"invoice": live}])
    assert provider.seen[2].body == {"to_mail_ids": ["ada@example.com"]}
    _, provider = act(
        "remind", [{"invoice": live}, DONE, {"invoice": live}], to=["b@example.com"], subject="Hi"
    )
    sent = {"to_mail_ids": ["b@example.com"], "subject": "Hi", "cc_mail_ids": []}
    assert provider.seen[1].body == sent
    with pytest.raises(Rejected):
        act(
            "email",
            [{"invoice": invoice(status="sent")}, {"contact": {}}, {"invoice": invoice(status="sent")}],
        )


def test_only_mail_reaches_a_person() -> None:
    reaching = {name for name, action in invoices.RESOURCE.actions.items() if action.reaches_person}
    assert reaching == {"email", "remind"}


def test_a_record_that_was_not_told_in_full_is_not_written_back() -> None:
    """Its lines would be repeated without what nobody could read."""
    line = Mended({"line_item_id": "11", "name": "Work", "rate": None}, (("rate", "NaN"),))
    stands = Mended(invoice(line_items=[line]), (("line_items.0.rate", "NaN"),))
    with pytest.raises(Fault) as fault:
        update({"line_items": [{"id": "11", "quantity": 3}]}, [{"invoice": stands}])
    assert fault.value.kind is Kind.GARBLED and "line_items.0.rate" in fault.value.message
