"""Native calls: byte for byte, the same token and limits, repeated only when that is harmless."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.core.errors import Problem
from app.gateway import forwarding
from app.gateway.engine import RawCall
from connectors.kit.faults import Fault
from connectors.kit.http import Request
from tests.gateway.house import day_is_spent, house, said, sqlite_url, until, whole
from tests.support.wire import Reset, Seen, answer


async def parts(*given: bytes) -> AsyncIterator[bytes]:
    for part in given:
        yield part


def test_both_ways_byte_for_byte(tmp_path: Path) -> None:
    packed = gzip.compress(b'{"code": 0,  "odd" :1.00}')

    async def run() -> None:
        async with house(sqlite_url(tmp_path)) as home:
            home.twin.api = lambda _s, _w: answer(
                201,
                packed,
                ("Content-Encoding", "gzip"),
                ("Location", "/api/v3/x"),
                ("Set-Cookie", "a=b"),
                ("X-Two", "1"),
                ("X-Two", "2"),
            )
            call = RawCall(
                "POST",
                "/invoices/1%20a/status/sent",
                "send=true&q=%2B+",
                (("Content-Type", "text/plain"), ("X-Mine", "é"), ("Accept-Encoding", "gzip, br")),
                b'{ "a":1.0 }',
            )
            raw = await home.gateway.forward(home.run(), call)
            assert await whole(raw) == packed
            assert raw.status == 201
            assert raw.headers == [
                (b"content-type", b"application/json"),
                (b"content-encoding", b"gzip"),
                (b"location", b"/api/v3/x"),
                (b"x-two", b"1"),
                (b"x-two", b"2"),
                (b"content-length", b"%d" % len(packed)),
            ]
            (seen,) = home.twin.calls
            assert seen.target == "/books/v3/invoices/1%20a/status/sent?send=true&q=%2B+&organization_id=101"
            assert seen.body == b'{ "a":1.0 }'
            names = {name.lower(): value for name, value in seen.headers}
            assert names["accept-encoding"] == "gzip, br"
            assert names["authorization"] == "Zoho-oauthtoken t1"
            assert set(names) == {
                "host", "content-type", "x-mine", "accept-encoding", "authorization", "content-length",
            }  # fmt: skip

    asyncio.run(run())


@pytest.mark.parametrize(
    "header",
    [
        "Authorization", "Cookie", "Connection", "TE", "Proxy-Authorization", "X-Forwarded-For", "Host",
        "X-com-zoho-books-organizationid", "X-Com-Zoho-Invoice-OrganizationId",
        "X-Integrated-Account-Id", "Transfer-Encoding", "X-Hop",
    ],
)  # fmt: skip
def test_headers_that_never_cross(tmp_path: Path, header: str) -> None:
    async def run() -> None:
        async with house(sqlite_url(tmp_path)) as home:
            call = RawCall("GET", "/invoices", headers=((header, "evil"), ("Connection", "x-hop")))
            assert (await home.forward(call))[0] == 200
            assert "evil" not in str(home.twin.calls[0].headers)

    asyncio.run(run())


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_reads_are_tried_again_before_anything_was_passed_on(tmp_path: Path, method: str) -> None:
    def api(_seen: Seen, _writer: object) -> bytes:
        if len(home.twin.calls) == 1:
            raise Reset
        return said(1000, 500) if len(home.twin.calls) == 2 and method == "GET" else answer(200, b"")

    async def run() -> None:
        nonlocal home
        async with house(sqlite_url(tmp_path)) as home:
            home.twin.api = api
            assert (await home.forward(RawCall(method, "/invoices")))[0] == 200

    home = None  # type: ignore[assignment]
    asyncio.run(run())


def test_writes_are_not(tmp_path: Path) -> None:
    def drop(_seen: Seen, _writer: object) -> bytes:
        raise Reset

    async def run() -> None:
        async with house(sqlite_url(tmp_path)) as home:
            home.twin.api = drop
            with pytest.raises(Problem) as caught:
                await home.forward(RawCall("POST", "/invoices", body=b"{}"))
            assert (caught.value.code, caught.value.extra["executed"]) == ("outcome_unknown", "unknown")
            home.twin.api = lambda _s, _w: said(1000, 500)
            status, body = await home.forward(RawCall("POST", "/invoices", body=b"{}"))
            assert (status, body) == (500, b'{"code": 1000, "message": "said"}')
            assert len(home.twin.calls) == 2

    asyncio.run(run())


@pytest.mark.parametrize("size", [10, 900_000])
def test_a_refused_token_is_renewed_and_the_body_sent_again(tmp_path: Path, size: int) -> None:
    async def run() -> None:
        async with house(sqlite_url(tmp_path)) as home:
            home.twin.good = "t-other"
            call = RawCall("POST", "/invoices", body=parts(b"a" * size, b"b"))
            status, _ = await home.forward(call)
            assert status == 200
            assert [len(seen.body) for seen in home.twin.calls] == [size + 1, size + 1]
            assert len(home.twin.token_calls) == 1

    asyncio.run(run())


def test_a_large_body_is_streamed_once(tmp_path: Path) -> None:
    async def run() -> None:
        async with house(sqlite_url(tmp_path)) as home:
            home.twin.good = "t-other"
            chunk = b"x" * 400_000
            call = RawCall("POST", "/invoices", body=parts(chunk, chunk, chunk, chunk))
            status, body = await home.forward(call)
            assert status == 401
            assert b'"code": 14' in body
            assert [len(seen.body) for seen in home.twin.calls] == [1_600_000]

    asyncio.run(run())


@pytest.mark.parametrize(
    ("code", "status", "executed"),
    [(0, 201, "yes"), (1001, 400, "yes"), (45, 429, "no"), (1000, 500, "unknown")],
)
def test_an_answer_tells_whether_a_write_was_done(
    tmp_path: Path, code: int, status: int, executed: str
) -> None:
    async def run() -> None:
        async with house(sqlite_url(tmp_path)) as home:
            home.twin.api = lambda _s, _w: said(code, status)
            raw = await home.gateway.forward(home.run(), RawCall("POST", "/invoices", body=b"{}"))
            assert (raw.status, raw.executed) == (status, executed)
            await raw.aclose()

    asyncio.run(run())


def test_a_write_is_announced_before_every_attempt_and_only_when_it_goes_out(tmp_path: Path) -> None:
    told: list[tuple[str, int]] = []

    async def run() -> None:
        async with house(sqlite_url(tmp_path), limits={"minute": 1000, "concurrent": 1, "day": 1000}) as home:

            async def before(request: Request) -> None:
                told.append((request.method, len(home.twin.calls)))

            async def stopped(_: Request) -> None:
                raise Problem("idempotency_in_progress")

            call = RawCall("POST", "/invoices", body=b"{}")
            for _ in range(2):  # what is stopped gives its turn back
                with pytest.raises(Problem):
                    await home.forward(call, before_write=stopped)
            assert home.twin.calls == []
            home.twin.good = "t-other"
            assert (await home.forward(call, before_write=before))[0] == 200
            assert (await home.forward(RawCall("GET", "/invoices"), before_write=before))[0] == 200
            assert told == [("POST", 0), ("POST", 1)]  # the second after a new token

    asyncio.run(run())


def test_a_turn_is_given_back_when_a_refused_token_cannot_be_renewed(tmp_path: Path) -> None:
    async def run() -> None:
        async with house(sqlite_url(tmp_path), limits={"minute": 1000, "concurrent": 1, "day": 1000}) as home:
            home.twin.good = "t-other"
            home.twin.refuse = lambda: answer(500, b"{}")
            with pytest.raises(Problem) as caught:
                await home.forward(RawCall("POST", "/invoices", body=b"{}"))
            assert caught.value.code == "token_refresh_unavailable"
            assert home.gateway._attempts.governor.of(home.account)._in_use == 0

    asyncio.run(run())


def test_an_error_that_does_not_end_is_a_timeout(tmp_path: Path) -> None:
    async def stuck(_seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(500, b"half", length=1000))
        await writer.drain()
        await asyncio.sleep(30)

    async def run() -> None:
        async with house(sqlite_url(tmp_path)) as home:
            home.twin.api = stuck
            with pytest.raises(Problem) as caught:
                await home.forward(RawCall("POST", "/invoices", body=b"{}"), seconds=2)
            assert (caught.value.code, caught.value.extra["executed"]) == ("outcome_unknown", "unknown")

    asyncio.run(run())


def test_an_html_error_passes_as_it_is(tmp_path: Path) -> None:
    page = b"<html>" + b"no " * 50_000

    async def run() -> None:
        async with house(sqlite_url(tmp_path)) as home:
            home.twin.api = lambda _s, _w: answer(502, page, media_type="text/html")
            assert await home.forward(RawCall("DELETE", "/invoices/1")) == (502, page)

    asyncio.run(run())


def test_provider_limits_refuse_and_close(tmp_path: Path) -> None:
    spent = (("X-Rate-Limit-Limit", "9"), ("X-Rate-Limit-Remaining", "0"), ("X-Rate-Limit-Reset", "5000"))

    async def run() -> None:
        async with house(sqlite_url(tmp_path), limits={"minute": 100, "concurrent": 8, "day": 1000}) as home:
            home.twin.api = lambda _s, _w: said(45, 429, *spent)
            status, body = await home.forward()
            assert status == 429
            assert b"45" in body
            await until(lambda: day_is_spent(home))
            with pytest.raises(Problem) as caught:
                await home.forward()
            assert caught.value.code == "provider_daily_quota_exhausted"
            assert 4900 < caught.value.extra["retry_after"] <= 5000
            assert len(home.twin.calls) == 1

    asyncio.run(run())


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("status", [200, 400])
@pytest.mark.parametrize("code", [44, 45, 1070])
def test_a_limit_told_by_another_status_passes_as_it_is_and_counts(
    tmp_path: Path, status: int, code: int, packed: bool
) -> None:
    body = b'{"message" :"said",  "code":%d }' % code
    body = gzip.compress(body) if packed else body
    headers = (("X-Rate-Limit-Limit", "9"), ("X-Rate-Limit-Remaining", "0"), ("X-Rate-Limit-Reset", "5000"))
    encoding = (("Content-Encoding", "gzip"),) if packed else ()

    async def run() -> None:
        async with house(sqlite_url(tmp_path), limits={"minute": 100, "concurrent": 8, "day": 1000}) as home:
            home.twin.api = lambda _s, _w: answer(status, body, *headers, *encoding)
            raw = await home.gateway.forward(home.run(), RawCall("POST", "/invoices", body=b"{}"))
            assert (raw.status, await whole(raw), raw.executed) == (status, body, "no")
            assert len(home.twin.calls) == 1
            governor = home.gateway._attempts.governor

            async def heard() -> bool:
                budget, now = await governor.state(home.account)
                fewer = budget.at_once(now, home.account.limits) < 8
                return {44: budget.strikes == 1, 45: budget.closed_day, 1070: fewer}[code]

            await until(heard)

    asyncio.run(run())


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (b'{"code": 0, "message": "45"}', "application/json"),
        (b'{"code": 1001, "message": "x"}', "application/json"),
        (b'{"code": 45}', "text/plain"),
        (b'{"code": 45, "rows": "' + b"x" * 10_000 + b'"}', "application/json"),
        (b'{"code": 45', "application/json"),
    ],
    ids=["success", "refusal", "no JSON", "long", "broken"],
)
def test_no_other_answer_counts_as_a_limit(tmp_path: Path, body: bytes, media_type: str) -> None:
    async def run() -> None:
        async with house(sqlite_url(tmp_path)) as home:
            home.twin.api = lambda _s, _w: answer(200, body, media_type=media_type)
            raw = await home.gateway.forward(home.run(), RawCall("POST", "/invoices", body=b"{}"))
            assert (await whole(raw), raw.executed) == (body, "yes")
            await home.forward()
            budget, _ = await home.gateway._attempts.governor.state(home.account)
            assert (budget.closed_until, budget.strikes, budget.narrowed) == (0.0, 0, None)

    asyncio.run(run())


def test_an_unread_answer_gives_everything_back(tmp_path: Path) -> None:
    async def run() -> None:
        async with house(sqlite_url(tmp_path), limits={"minute": 1000, "concurrent": 2, "day": 1000}) as home:
            home.twin.api = lambda _s, _w: answer(200, b"x" * 500_000)
            for _ in range(5):
                raw = await home.gateway.forward(home.run(seconds=3), RawCall("GET", "/invoices"))
                assert not isinstance(raw.body, bytes)
                assert await anext(aiter(raw.body))
                await raw.aclose()
            assert home.gateway._attempts.governor.of(home.account)._in_use == 0
            assert len(await home.log()) == 5

    asyncio.run(run())


def test_a_body_that_trickles_keeps_nobody_out_and_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = asyncio.Event()

    async def trickling(_seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(200, b"", length=100_000))
        while not heard.is_set():
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.01)

    async def run() -> None:
        async with house(sqlite_url(tmp_path), limits={"minute": 1000, "concurrent": 1, "day": 1000}) as home:
            home.twin.api = trickling
            raw = await home.gateway.forward(home.run(seconds=1.5), RawCall("GET", "/invoices"))
            assert not isinstance(raw.body, bytes)
            parts = aiter(raw.body)
            await anext(parts)
            home.twin.api = lambda _s, _w: said()
            assert (await home.forward())[
                0
            ] == 200  # waits for its turn, which comes at the first one's deadline
            await anext(parts)
            monkeypatch.setattr(forwarding, "_LONGEST", 0.0)
            with pytest.raises(Fault, match="did not end in time"):
                await anext(parts)
            heard.set()
            assert home.gateway._attempts.governor.of(home.account)._in_use == 0
            assert len(await home.log()) == 2

    asyncio.run(run())


def test_a_body_that_breaks_off_breaks_off(tmp_path: Path) -> None:
    async def cut(_seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(200, b"x" * 1000, length=5000))
        await writer.drain()

    async def run() -> None:
        async with house(sqlite_url(tmp_path)) as home:
            home.twin.api = cut
            raw = await home.gateway.forward(home.run(), RawCall("GET", "/invoices"))
            with pytest.raises(Exception, match="garbled"):
                await whole(raw)
            assert len(home.twin.calls) == 1

    asyncio.run(run())
