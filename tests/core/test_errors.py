"""The error contract: codes keep their status, answers keep their members."""

from pathlib import Path

import pytest

from app.core.codes import CODES, FIELD_CODES
from app.core.errors import FieldError, Problem, problem_body

FROZEN = Path(__file__).parent / "frozen_codes.txt"


def test_codes_are_append_only() -> None:
    """A new code is added to the frozen list; a line that changes or goes breaks callers."""
    frozen = dict(line.split() for line in FROZEN.read_text().splitlines())
    now = {code: str(known.status) for code, known in CODES.items()}
    assert {code: now.get(code) for code in frozen} == frozen
    assert now.keys() - frozen.keys() == set(), "add the new codes to frozen_codes.txt"


def test_field_codes_of_the_contract() -> None:
    contract = (
        "required unknown_field read_only wrong_type enum_value reference_not_found reference_ambiguous unbalanced"
        " total_mismatch over_allocated currency_not_enabled currency_mismatch precision period_locked"
        " control_account_needs_contact unsupported_filter unsupported_field would_remove_lines"
    )
    assert set(contract.split()) <= FIELD_CODES.keys()


def body(problem: Problem) -> dict[str, object]:
    return problem_body(problem, instance="/x", request_id="req_1", base_url="https://g.example")


def test_members() -> None:
    error = FieldError("enum_value", "/status", "Not a status.", allowed=("a", "b"), did_you_mean="a")
    assert body(Problem("validation_failed", "No.", errors=[error], parameter="q")) == {
        "type": "https://g.example/docs/errors/validation_failed",
        "title": "Validation failed",
        "status": 422,
        "code": "validation_failed",
        "detail": "No.",
        "instance": "/x",
        "request_id": "req_1",
        "origin": "gateway",
        "executed": "no",
        "retryable": False,
        "retry_after": None,
        "statusCode": 422,
        "error": "Unprocessable Content"
        if "Content" in str(body(Problem("validation_failed"))["error"])
        else "Unprocessable Entity",
        "message": "No.",
        "errors": [
            {
                "code": "enum_value",
                "pointer": "/status",
                "detail": "Not a status.",
                "allowed": ["a", "b"],
                "did_you_mean": "a",
                "docs_url": "https://g.example/docs/errors/enum_value",
            }
        ],
        "parameter": "q",
    }


def test_what_the_provider_said() -> None:
    spoken = body(Problem("provider_validation_failed", raw_response={"code": 15}))
    assert spoken["truto_is_remote_error"] is True and spoken["raw_response"] == {"code": 15}
    assert spoken["origin"] == "provider"
    assert "truto_is_remote_error" not in body(Problem("upstream_timeout", origin="network"))


def test_quota_and_outcome() -> None:
    limited = body(Problem("provider_rate_limited", retry_after=4))
    assert limited["type"] == "https://iana.org/assignments/http-problem-types#quota-exceeded"
    assert limited["violated-policies"] == ["provider_rate_limited"] and limited["retry_after"] == 4
    unknown = body(Problem("outcome_unknown"))
    assert unknown["executed"] == "unknown" and unknown["retryable"] is False


def test_an_unknown_code_is_our_mistake() -> None:
    with pytest.raises(KeyError):
        Problem("no_such_code")
