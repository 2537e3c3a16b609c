"""What each fault of the provider, or of the way to it, becomes: retried, refused, or reported."""

import asyncio
import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.core.errors import Problem
from app.gateway.engine import Lane
from connectors.kit.faults import Fault, Kind
from connectors.kit.http import Flow, Reply, Request
from tests.gateway.house import House, house, said, sqlite_url, until
from tests.support.wire import Reset, Seen, answer

READ = Request("GET", "/invoices")
CREATE = Request("POST", "/invoices", body={"customer_id": "1"})


def reset() -> bytes:
    raise Reset


FIRST = {
    "5xx": lambda: said(1000, 500),
    "HTML with 200": lambda: answer(200, b"<html>busy</html>", media_type="text/html"),
    "HTML with 502": lambda: answer(502, b"<html>bad gateway</html>", media_type="text/html"),
    "empty": lambda: answer(200, b""),
    "reset": reset,
    "in process": lambda: said(1070, 429),
}


@pytest.mark.parametrize("fault", FIRST)
def test_reads_are_tried_again(tmp_path: Path, fault: str) -> None:
    async def run() -> None:
        async with house(sqlite_url(tmp_path)) as home:
            home.twin.api = lambda _s, _w: FIRST[fault]() if len(home.twin.calls) == 1 else said(invoices=[])
            reply = await home.ask(READ)
            assert reply.body["invoices"] == []
            assert len(home.twin.calls) == 2
            (entry,) = await home.log()
            assert (entry.status, entry.attempts, entry.error_code) == (200, 2, None)

    asyncio.run(run())


@pytest.mark.parametrize(
    ("fault", "code", "status"),
    [
        ("5xx", "upstream_error", 502),
        ("HTML with 200", "upstream_invalid_response", 502),
        ("reset", "upstream_error", 502),
    ],
)
def test_reads_give_up_after_three(tmp_path: Path, fault: str, code: str, status: int) -> None:
    async def run() -> None:
        async with house(sqlite_url(tmp_path)) as home:
            home.twin.api = lambda _s, _w: FIRST[fault]()
            with pytest.raises(Problem) as caught:
                await home.ask(READ)
            problem = caught.value
            assert (problem.code, problem.status) == (code, status)
            assert (problem.extra["executed"], problem.extra["retryable"]) == ("no", True)
            assert len(home.twin.calls) == 3
            (entry,) = await home.log()
            assert (entry.error_code, entry.attempts, entry.retryable) == (code, 3, True)
            assert "html" not in str(problem.extra).lower()

    asyncio.run(run())


@pytest.mark.parametrize("fault", ["5xx", "HTML with 200", "HTML with 502", "empty", "reset"])
def test_creates_are_never_sent_twice(tmp_path: Path, fault: str) -> None:
    async def run() -> None:
        async with house(sqlite_url(tmp_path)) as home:
            home.twin.api = lambda _s, _w: FIRST[fault]()
            with pytest.raises(Problem) as caught:
                await home.ask(CREATE)
            problem = caught.value
            assert (problem.code, problem.status) == ("outcome_unknown", 502)
            assert (problem.extra["executed"], problem.extra["retryable"]) == ("unknown", False)
            assert len(home.twin.calls) == 1

    asyncio.run(run())


def test_creates_are_sent_again_when_nothing_was_done(tmp_path: Path) -> None:
    async def run() -> None:
        async with house(sqlite_url(tmp_path)) as home:
            home.twin.api = lambda _s, _w: said(1070, 429) if len(home.twin.calls) == 1 else said()
            await home.ask(CREATE)
            assert len(home.twin.calls) == 2
            assert home.twin.calls[1].body == b'{"customer_id":"1"}'

    asyncio.run(run())


@pytest.mark.parametrize(
    ("answered", "code"),
    [
        (said(2, 400), "provider_validation_failed"),
        (said(1002, 404), "not_found"),
        (said(6041, 400), "organization_not_found"),
        (said(1001, 400), "already_exists"),
        (said(2, 200), "provider_validation_failed"),
        (said(9999, 409), "provider_conflict"),
        (said(57, 403), "provider_forbidden"),
    ],
)
def test_considered_answers_stand(tmp_path: Path, answered: bytes, code: str) -> None:
    async def run() -> None:
        async with house(sqlite_url(tmp_path)) as home:
            home.twin.api = lambda _s, _w: answered
            with pytest.raises(Problem) as caught:
                await home.ask(CREATE)
            problem = caught.value
            assert (problem.code, problem.extra["executed"]) == (code, "no")
            assert problem.extra["origin"] == "provider"
            assert problem.extra["raw_response"]["message"] == "said"
            assert problem.extra["provider"]["name"] == "zohobooks"
            assert len(home.twin.calls) == 1

    asyncio.run(run())


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (413, "body_too_large"),
        (414, "provider_validation_failed"),
        (415, "provider_validation_failed"),
        (431, "provider_validation_failed"),
    ],
)
@pytest.mark.parametrize("body", [b'{"code":120999,"message":"said"}', b"<html>refused</html>", b""])
def test_what_is_refused_unread_was_not_done(tmp_path: Path, status: int, code: str, body: bytes) -> None:
    async def run() -> None:
        async with house(sqlite_url(tmp_path)) as home:
            media = "application/json" if body[:1] == b"{" else "text/html"
            home.twin.api = lambda _s, _w: answer(status, body, media_type=media)
            with pytest.raises(Problem) as caught:
                await home.ask(CREATE)
            problem = caught.value
            assert (problem.code, problem.extra["origin"]) == (code, "provider")
            assert (problem.extra["executed"], problem.extra["retryable"]) == ("no", False)
            assert problem.extra["provider"]["status"] == status
            assert len(home.twin.calls) == 1
            (entry,) = await home.log()
            assert (entry.executed, entry.retry_is_safe, entry.error_code) == ("no", True, code)

    asyncio.run(run())


def test_json_under_another_name_is_read_all_the_same(tmp_path: Path) -> None:
    async def run() -> None:
        async with house(sqlite_url(tmp_path)) as home:
            home.twin.api = lambda _s, _w: answer(
                200, b'{"code":0,"invoice":{"id":9007199254740993}}', media_type="text/html"
            )
            reply = await home.ask(READ)
            assert reply.body["invoice"]["id"] == 9007199254740993
            assert len(home.twin.calls) == 1

    asyncio.run(run())


def test_flows_hear_of_faults_and_may_go_on(tmp_path: Path) -> None:
    def flow() -> Flow[str]:
        try:
            yield Request("GET", "/missing")
        except Fault as fault:
            assert fault.kind is Kind.NOT_FOUND
        reply = yield Request("GET", "/there")
        return str(reply.body["name"])

    async def run() -> None:
        async with house(sqlite_url(tmp_path)) as home:
            home.twin.api = lambda seen, _w: said(name="x") if "/there" in seen.target else said(1002, 404)
            context = home.run()
            assert await home.gateway.perform(context, flow()) == "x"
            assert context.meter.calls == 2

    asyncio.run(run())


Script = Callable[[House], Any]


def bomb(_home: House) -> bytes:
    packed = gzip.compress(b"\x00" * (48 * 1024 * 1024))
    return answer(200, packed, ("Content-Encoding", "gzip"))


@pytest.mark.parametrize(
    ("script", "code"),
    [
        (bomb, "upstream_response_too_large"),
        (
            lambda home: answer(302, b"", ("Location", home.twin.server.origin + "/x")),
            "upstream_unexpected_redirect",
        ),
    ],
)
def test_hopeless_answers_are_not_asked_for_again(tmp_path: Path, script: Script, code: str) -> None:
    async def run() -> None:
        async with house(sqlite_url(tmp_path)) as home:
            home.twin.api = lambda _s, _w: script(home)
            with pytest.raises(Problem) as caught:
                await home.ask(READ)
            assert caught.value.code == code
            assert len(home.twin.calls) == 1

    asyncio.run(run())


def test_a_truncated_body_is_read_again(tmp_path: Path) -> None:
    async def once(seen: Seen, writer: asyncio.StreamWriter) -> bytes | None:
        if seen.connection > 1:
            return said(name="whole")
        writer.write(answer(200, b'{"code":0,"na', length=500))
        return None

    async def run() -> None:
        async with house(sqlite_url(tmp_path)) as home:
            home.twin.api = once
            reply: Reply = await home.ask(READ)
            assert reply.body["name"] == "whole"

    asyncio.run(run())


def test_the_deadline_is_kept(tmp_path: Path) -> None:
    async def hang(_seen: Seen, _writer: asyncio.StreamWriter) -> bytes:
        await asyncio.sleep(30)
        return said()

    async def run() -> None:
        async with house(sqlite_url(tmp_path)) as home:
            await home.ask(READ)  # token and permits are at hand
            home.twin.api = hang
            for request, code in ((READ, "upstream_timeout"), (CREATE, "outcome_unknown")):
                async with asyncio.timeout(5):
                    with pytest.raises(Problem) as caught:
                        await home.ask(request, seconds=1.3)
                assert caught.value.code == code
                assert caught.value.extra["origin"] == "network"

    asyncio.run(run())


@pytest.mark.parametrize("forwarded", [True, False])
def test_nothing_is_sent_in_the_last_second(tmp_path: Path, forwarded: bool) -> None:
    async def run() -> None:
        async with house(sqlite_url(tmp_path)) as home:
            with pytest.raises(Problem) as caught:
                await (home.forward(seconds=0.9) if forwarded else home.ask(CREATE, seconds=0.9))
            problem = caught.value
            assert (problem.code, problem.status) == ("deadline_exceeded", 504)
            told = [problem.extra[name] for name in ("origin", "executed", "retryable")]
            assert told == ["gateway", "no", True]
            assert home.twin.calls == []

    asyncio.run(run())


def test_a_host_that_is_down_is_left_alone(tmp_path: Path) -> None:
    async def run() -> None:
        async with house(sqlite_url(tmp_path)) as home:
            home.twin.api = lambda _s, _w: reset()
            codes: list[str] = []
            for _ in range(8):
                with pytest.raises(Problem) as caught:
                    await home.ask(READ)
                codes.append(caught.value.code)
            assert codes[0] == "upstream_error"
            assert codes[-1] == "circuit_open"
            assert len(home.twin.calls) <= 12

    asyncio.run(run())


def test_fresh_answers_are_remembered_until_the_next_write(tmp_path: Path) -> None:
    fresh = Request("GET", "/settings/taxes", fresh_for=60.0)

    async def run() -> None:
        async with house(sqlite_url(tmp_path), accounts=2) as home:
            other = await home.accounts.load("env_1", "acc_2")
            await home.ask(fresh)
            await home.ask(fresh)
            assert len(home.twin.calls) == 1
            await home.ask(fresh, account=other)
            assert len(home.twin.calls) == 2
            await home.ask(CREATE)
            await home.ask(fresh)
            await home.ask(fresh, account=other)
            assert len(home.twin.calls) == 4
            targets = [seen.target for seen in home.twin.calls]
            assert targets[0] == "/books/v3/settings/taxes?organization_id=101"
            assert targets[1] == "/books/v3/settings/taxes?organization_id=102"

    asyncio.run(run())


def test_what_waits_for_its_turn_is_not_said_to_be_sent(tmp_path: Path) -> None:
    async def run() -> None:
        limits = {"minute": 1_000_000, "concurrent": 1, "day": 1_000_000}
        async with house(sqlite_url(tmp_path), limits=limits) as home:
            gate = asyncio.Event()

            async def slow(_seen: Seen, _writer: Any) -> bytes:
                await gate.wait()
                return said(invoice={"invoice_id": "7"}, status=201)

            home.twin.api = slow
            announced: list[str] = []

            async def create(name: str) -> Reply:
                async def note(_request: Request) -> None:
                    announced.append(name)

                return await home.ask(CREATE, lane=Lane.WRITE, seconds=60.0, before_write=note)

            first = asyncio.create_task(create("first"))
            await until(_async(lambda: len(home.twin.calls) == 1))
            second = asyncio.create_task(create("second"))
            await asyncio.sleep(0.3)  # long enough to come to the turnstile; slower, and the test shows less
            assert announced == ["first"]
            gate.set()
            await asyncio.gather(first, second)
            assert announced == ["first", "second"]
            assert len(home.twin.calls) == 2

    asyncio.run(run())


def test_who_is_stopped_between_two_attempts_sends_no_more(tmp_path: Path) -> None:
    """While it slept before the second one another process may have taken the write over."""

    async def run() -> None:
        async with house(sqlite_url(tmp_path)) as home:
            home.twin.good = "t-other"

            async def owned(_request: Request) -> None:
                if home.twin.calls:
                    raise Problem("idempotency_in_progress")

            with pytest.raises(Problem) as caught:
                await home.ask(CREATE, lane=Lane.WRITE, before_write=owned)
            assert caught.value.code == "idempotency_in_progress"
            assert len(home.twin.calls) == 1

    asyncio.run(run())


def _async(condition: Callable[[], bool]) -> Callable[[], Any]:
    async def held() -> bool:
        return condition()

    return held


def test_callers_without_patience_close_nothing(tmp_path: Path) -> None:
    async def run() -> None:
        patient = asyncio.Event()

        async def slow(_seen: Seen, _writer: asyncio.StreamWriter) -> bytes:
            await patient.wait()
            return said()

        async with house(sqlite_url(tmp_path)) as home:
            home.twin.api = slow
            asked = [home.ask(seconds=3) for _ in range(12)]
            problems = await asyncio.gather(*asked, return_exceptions=True)
            assert {problem.code for problem in problems if isinstance(problem, Problem)} == {
                "upstream_timeout"
            }
            assert len(home.twin.calls) == len(problems) == 12
            patient.set()
            assert (await home.ask(seconds=10)).status == 200

    asyncio.run(run())
