"""No credential survives the way into a log line, wherever in the event it stands."""

import contextlib
import io
import json
import logging
import threading
import time
from collections.abc import Callable

import pytest
import structlog

from app.core import log, metrics
from app.core.redaction import redact, redacted

TOKEN = "1000." + "a1" * 16 + "." + "b2" * 16
SECRET = "s3cr3tVALUEs3cr3tVALUE"


@pytest.mark.parametrize(
    "text",
    [
        f"refused {TOKEN}",
        f"Authorization: Bearer {SECRET}",
        f"header Zoho-oauthtoken {SECRET} sent",
        f"lw_live_AbCd1234EfGh_{SECRET}",
        f"lwt_{SECRET}",
        f"lwl_{SECRET}",
        f"whsec_{SECRET}",
        f"GET /cb?code={SECRET}&location=eu",
        f"GET /cb?x=1&state={SECRET}",
        f"refresh_token={SECRET}",
        f"400, message='Bad Request', url='https://accounts.x.example/oauth/v2/token/revoke?token={SECRET}'",
        f"POST /oauth/v2/token/revoke?token={TOKEN.replace('.', '%2E')}",
        f"client_secret={SECRET}&grant_type=x",
        f"?authtoken={SECRET}",
        f"/connect/{SECRET}",
        json.dumps({"refresh_token": SECRET}),
        repr({"client_secret": SECRET}),
        f"postgresql+asyncpg://user:{SECRET}@db/x",
    ],
)
def test_patterns(text: str) -> None:
    out = redact(text)
    assert SECRET not in out and TOKEN not in out
    assert "[secret]" in out


def test_what_is_no_secret_stays() -> None:
    text = "GET /unified/accounting/invoices?limit=10 status_code=200 invoice INV-0001 lw_test_AbCd1234EfGh"
    assert redact(text) == text


def test_members_named_like_a_credential_are_hidden() -> None:
    out = redacted({"headers": [{"Authorization": "plain", "Accept": "x"}], "access_token": 57})
    assert out == {"headers": [{"Authorization": "[secret]", "Accept": "x"}], "access_token": "[secret]"}


def lines(write: Callable[[], object]) -> list[dict[str, object]]:
    stream = io.StringIO()
    saved = (logging.getLogger().handlers[:], logging.getLogger().level)
    log.configure("info", stream)
    try:
        write()
        logging.getLogger().handlers[0].flush()
    finally:
        logging.getLogger().handlers[:], level = saved
        logging.getLogger().setLevel(level)
        structlog.reset_defaults()
    text = stream.getvalue()
    assert SECRET not in text
    return [json.loads(line) for line in text.splitlines()]


def test_exception_extra_and_standard_loggers() -> None:
    def write() -> None:
        try:
            raise RuntimeError(f"token endpoint said no to refresh_token={SECRET}")
        except RuntimeError:
            logging.getLogger("uvicorn.error").exception("boom %s", f"Bearer {SECRET}")
            structlog.stdlib.get_logger("ledgerway.x").exception("failed", url=f"https://a/?code={SECRET}")
        logging.getLogger("some.library").warning("x", extra={"refresh_token": SECRET})

    out = lines(write)
    assert [one["level"] for one in out] == ["error", "error", "warning"]
    assert "RuntimeError" in str(out[0]["exception"])
    assert out[1]["event"] == "failed" and out[1]["url"] == "https://a/?code=[secret]"
    assert out[2]["refresh_token"] == "[secret]"


def test_uvicorns_access_log_with_its_raw_queries_is_silent() -> None:
    assert lines(lambda: logging.getLogger("uvicorn.access").info("GET /?q=1")) == []


def test_a_line_is_json_whatever_is_in_it() -> None:
    (one,) = lines(lambda: structlog.stdlib.get_logger("x").warning("odd", value="\ud800", thing=object()))
    assert one["event"] == "odd" or "unprintable" in one


def counted(lines: int) -> None:
    """Returns when so many lines were lost, or after half a minute."""
    end = time.monotonic() + 30
    while log.dropped() < lines and time.monotonic() < end:
        time.sleep(0.01)


def test_a_stuck_stream_costs_lines_not_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    class Stuck(io.StringIO):
        def write(self, text: str) -> int:
            gate.wait(10)
            raise OSError("disk full")

    gate = threading.Event()
    monkeypatch.setattr(log, "_WAITING", 5)
    saved = logging.getLogger().handlers[:]
    before = log.dropped()
    log.configure("info", Stuck())
    try:
        for number in range(20):
            logging.getLogger("x").warning("line %d", number)
        assert log.dropped() - before >= 14
    finally:
        gate.set()
        counted(before + 20)  # or the next test's
        logging.getLogger().handlers[:] = saved
        structlog.reset_defaults()


def test_a_full_disk_costs_lines_and_they_are_counted() -> None:
    saved = logging.getLogger().handlers[:]
    before = log.dropped()
    with open("/dev/full", "w") as full:
        log.configure("info", full)
        try:
            for number in range(20):
                logging.getLogger("x").warning("line %d", number)
            counted(before + 20)
            assert log.dropped() - before == 20
            told = metrics.exposition(log.dropped()).decode()
            assert f"ledgerway_log_lines_dropped {log.dropped():.1f}" in told
        finally:
            logging.getLogger().handlers[:] = saved
            structlog.reset_defaults()
            with contextlib.suppress(OSError):
                full.close()
