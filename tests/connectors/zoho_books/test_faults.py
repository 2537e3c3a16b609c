"""Every code the reference knows, through the judge."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connectors.kit.faults import Kind
from connectors.kit.http import Reply
from connectors.zoho_books.faults import CODES, is_good, judge

JSON = {"content-type": "application/json;charset=UTF-8"}


def reply(status: int, body: Any = None, content: bytes = b"", **headers: str) -> Reply:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, {**(JSON if body is not None else {}), **names}, body, content or b"x")


KNOWN = [
    (2, 400, Kind.INVALID),
    (4, 400, Kind.INVALID),
    (5, 404, Kind.METHOD),
    (9, 400, Kind.INVALID),
    (11, 400, Kind.INVALID),
    (14, 401, Kind.TOKEN),
    (15, 400, Kind.INVALID),
    (44, 429, Kind.MINUTE),
    (45, 429, Kind.DAY),
    (57, 401, Kind.FORBIDDEN),
    (57, 403, Kind.FORBIDDEN),
    (1000, 500, Kind.UNAVAILABLE),
    (1001, 400, Kind.DUPLICATE),
    (1002, 404, Kind.NOT_FOUND),
    (1038, 400, Kind.INVALID),
    (1070, 429, Kind.CONCURRENT),
    (3062, 400, Kind.DUPLICATE),
    (6018, 401, Kind.FORBIDDEN),
    (6018, 400, Kind.FORBIDDEN),
    (6041, 400, Kind.ORGANIZATION),
    (6041, 401, Kind.ORGANIZATION),
    (9017, 400, Kind.ORGANIZATION),
    (27520, 400, Kind.INVALID),
]


@pytest.mark.parametrize(("code", "status", "kind"), KNOWN)
def test_every_known_code(code: int, status: int, kind: Kind) -> None:
    for spelled in (code, str(code), Decimal(code)):
        fault = judge(reply(status, {"code": spelled, "message": "Nachricht"}))
        assert fault is not None
        assert (fault.kind, fault.status, fault.code) == (kind, status, str(code))
        assert fault.message == "Nachricht"
        assert fault.raw == {"code": spelled, "message": "Nachricht"}


def test_no_known_code_is_left_out() -> None:
    assert {code for code, _, _ in KNOWN} == set(CODES)


@pytest.mark.parametrize("code", sorted(set(CODES)))
def test_a_code_in_a_200_is_a_fault(code: int) -> None:
    fault = judge(reply(200, {"code": code, "message": "x"}))
    assert fault is not None
    assert fault.kind is CODES[code]


@pytest.mark.parametrize("status", [200, 500])
def test_the_daily_limit_is_recognised_whatever_the_status(status: int) -> None:
    fault = judge(reply(status, {"code": 45, "message": "x"}, x_rate_limit_reset="7200"))
    assert fault is not None
    assert (fault.kind, fault.retry_after) == (Kind.DAY, 7200.0)


def test_a_spent_day_lasts_to_its_reset_whatever_retry_after_says() -> None:
    for after, wait in (("60", 7200.0), ("9000", 9000.0), ("soon", 7200.0)):
        told = reply(429, {"code": 45, "message": "x"}, retry_after=after, x_rate_limit_reset="7200")
        fault = judge(told)
        assert fault is not None and fault.retry_after == wait
    fault = judge(reply(429, {"code": 45, "message": "x"}, retry_after="60"))
    assert fault is not None and fault.retry_after == 60.0


def test_the_minute_limit_names_no_time_unless_zoho_does() -> None:
    fault = judge(reply(429, {"code": 44, "message": "x"}, x_rate_limit_reset="7200"))
    assert fault is not None and fault.retry_after is None
    fault = judge(reply(429, {"code": 44, "message": "x"}, retry_after="12"))
    assert fault is not None and fault.retry_after == 12.0
    fault = judge(reply(429, {"code": 44, "message": "x"}, retry_after="Wed, 21 Oct"))
    assert fault is not None and fault.retry_after is None


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (200, Kind.INVALID),
        (400, Kind.INVALID),
        (401, Kind.TOKEN),
        (403, Kind.FORBIDDEN),
        (404, Kind.NOT_FOUND),
        (405, Kind.METHOD),
        (409, Kind.CONFLICT),
        (413, Kind.OVERSIZED),
        (414, Kind.INVALID),
        (415, Kind.INVALID),
        (418, Kind.INVALID),
        (429, Kind.MINUTE),
        (431, Kind.INVALID),
        (500, Kind.UNAVAILABLE),
        (503, Kind.UNAVAILABLE),
    ],
)
def test_an_unknown_code_goes_by_the_status(status: int, kind: Kind) -> None:
    fault = judge(reply(status, {"code": 120_999, "message": "neu"}))
    assert fault is not None and fault.kind is kind


@pytest.mark.parametrize(
    ("message", "code", "kind"),
    [
        ("Customers involved in transactions cannot be deleted.", 120_001, Kind.CONFLICT),
        ("The account has transactions and can not be deleted", 120_002, Kind.CONFLICT),
        ("This cannot be deleted as it is already in use", 1001, Kind.CONFLICT),
        ('Item "X" already exists', 120_003, Kind.DUPLICATE),
        ("This invoice number already exists", 1001, Kind.DUPLICATE),
        ("Etwas anderes", 120_004, Kind.INVALID),
    ],
)
def test_refusals_without_a_code_of_their_own_are_known_by_their_text(
    message: str, code: int, kind: Kind
) -> None:
    fault = judge(reply(400, {"code": code, "message": message}))
    assert fault is not None and fault.kind is kind


RECORDED = ("auth.1", "duplicate.1", "missing.1", "notfound.1", "org.1", "ratelimit.1", "ratelimit.3")


@pytest.mark.parametrize("name", [*RECORDED, "validation.1", "validation.3"])
def test_recorded_errors_are_faults_of_their_kind(specs: Path, name: str) -> None:
    recorded = json.loads((specs / f"zoho-books-recordings/errors.{name}.json").read_text())["response"]
    fault = judge(reply(recorded["status"], recorded["body"]))
    assert fault is not None
    expected = CODES[recorded["body"]["code"]]
    assert fault.kind is expected
    assert fault.message == recorded["body"]["message"]


def test_every_recorded_success_is_good(specs: Path) -> None:
    count = 0
    for path in sorted((specs / "zoho-books-recordings").glob("*.[0-9].json")):
        recorded = json.loads(path.read_text()).get("response")
        if recorded and isinstance(recorded["body"], dict) and recorded["body"].get("code") == 0:
            assert judge(reply(recorded["status"], recorded["body"])) is None, path.name
            count += 1
    assert count > 20


@pytest.mark.parametrize("code", [0, "0", Decimal("0"), Decimal("0.0")])
def test_zero_is_success(code: Any) -> None:
    assert judge(reply(201, {"code": code})) is None


@pytest.mark.parametrize(
    ("content", "good"),
    [
        (b'{"code":0,"message":"success"}', True),
        (b'\n{ "code" : 0 , "message" : "45"}', True),
        (b'{"code":45,"message":"0"}', False),
        (b'{"code":0.5,"message":"x"}', False),
        (b'{"code":01,"message":"x"}', False),
        (b'{"message":"\\"code\\":0,","code":44}', False),
        (b'[{"code":0,"message":"x"}]', False),
        (b'{"code":0', False),
        (b"", False),
    ],
)
def test_what_a_body_begins_with_tells_success(content: bytes, good: bool) -> None:
    assert is_good(content) is good


def test_an_answer_without_a_code_is_judged_by_its_status() -> None:
    assert judge(reply(200, {"invoices": []})) is None
    fault = judge(reply(502, {"oops": 1}))
    assert fault is not None and fault.kind is Kind.UNAVAILABLE


@pytest.mark.parametrize("body", [{"error": "no such host"}, {"code": 0}, {"code": "x"}, [], "gone"])
def test_only_a_code_says_that_a_record_is_missing(body: Any) -> None:
    fault = judge(reply(404, body))
    assert fault is not None and fault.kind is Kind.GARBLED


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("Invalid URL Passed", Kind.METHOD),
        ("Ung\xfcltige URL", Kind.METHOD),
        (
            "We couldnt find any resource for the given ID. Please verify the ID and try again.",
            Kind.NOT_FOUND,
        ),
    ],
)
def test_an_unknown_route_is_no_missing_record(message: str, kind: Kind) -> None:
    fault = judge(reply(404, {"code": 5, "message": message}))
    assert fault is not None and fault.kind is kind


def test_zero_in_a_failed_answer_is_still_a_fault() -> None:
    fault = judge(reply(500, {"code": 0, "message": "success"}))
    assert fault is not None and fault.kind is Kind.UNAVAILABLE


@pytest.mark.parametrize("code", [None, True, [], {}, "abc", Decimal("1.5"), Decimal("NaN")])
def test_a_code_nobody_can_read_is_garbled(code: Any) -> None:
    fault = judge(reply(200, {"code": code}))
    assert fault is not None and fault.kind is Kind.GARBLED


@pytest.mark.parametrize(
    ("status", "media", "content", "kind"),
    [
        (200, "text/html", b"<html>", Kind.GARBLED),
        (200, "application/json", b'{"code":0,', Kind.GARBLED),
        (200, "", b"{", Kind.GARBLED),
        (200, "application/json", b"", Kind.GARBLED),
        (502, "text/html", b"<html>", Kind.UNAVAILABLE),
        (401, "text/html", b"<html>", Kind.TOKEN),
        (404, "text/html", b"<html>", Kind.GARBLED),
        (404, "application/json", b"", Kind.GARBLED),
        (429, "text/html", b"<html>", Kind.MINUTE),
        (400, "text/html", b"<html>", Kind.INVALID),
        (302, "text/html", b"", Kind.REDIRECT),
    ],
)
def test_what_is_no_json(status: int, media: str, content: bytes, kind: Kind) -> None:
    fault = judge(Reply(status, {"content-type": media}, None, content))
    assert fault is not None
    assert (fault.kind, fault.code) == (kind, None)


def test_a_json_list_is_garbled() -> None:
    fault = judge(Reply(200, JSON, [], b"[]"))
    assert fault is not None and fault.kind is Kind.GARBLED


@pytest.mark.parametrize(
    ("media", "content"),
    [
        ("application/pdf", b"%PDF-1.4"),
        ("application/pdf;charset=UTF-8", b"%PDF-1.4"),
        ("", b"%PDF-1.4"),
        ("image/png", b"\x89PNG"),
    ],
)
def test_files_are_good_answers(media: str, content: bytes) -> None:
    assert judge(Reply(200, {"content-type": media}, None, content)) is None


def test_a_204_needs_no_body() -> None:
    assert judge(Reply(204, {}, None, b"")) is None
