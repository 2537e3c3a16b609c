"""Addresses that callers chose: what may be reached, and that nothing else is."""

import asyncio
import socket
import threading
from collections.abc import Sequence
from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from app.core.http import egress as egress_module
from app.core.http.egress import Egress, EgressRefused, Network, is_here, is_public, target
from tests.support.wire import Seen, answer, wire

LOOPBACK: tuple[Network, ...] = (ip_network("127.0.0.0/8"), ip_network("::1/128"))


class Names(AbstractResolver):
    """Every name leads to these addresses; each list of `turns` holds for one question, the last for all after."""

    def __init__(self, *turns: Sequence[str]) -> None:
        self.turns = list(turns)
        self.asked: list[str] = []

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked.append(host)
        found = self.turns.pop(0) if len(self.turns) > 1 else self.turns[0]
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=0,
            )
            for address in found
        ]

    async def close(self) -> None:
        pass


PRIVATE = (
    "0.0.0.0", "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.1.2.3", "169.254.169.254", "172.16.0.1", "172.31.255.255",
    "192.0.0.8", "192.0.0.9", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.51.100.1", "203.0.113.1",
    "224.0.0.1", "240.0.0.1", "255.255.255.255", "::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
    "::ffff:169.254.169.254", "64:ff9b::7f00:1", "64:ff9b::808:808", "64:ff9b:1::1", "2001::1", "2001:db8::1",
    "2002:7f00:1::", "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1",
)  # fmt: skip


@pytest.mark.parametrize("text", PRIVATE)
def test_what_is_not_everybodys_is_not_reached(text: str) -> None:
    assert not is_public(ip_address(text))
    host = f"[{text}]" if ":" in text else text
    with pytest.raises(EgressRefused):
        target(f"https://{host}/hook")


@pytest.mark.parametrize("text", ["1.1.1.1", "8.8.8.8", "2606:4700:4700::1111", "::ffff:8.8.8.8"])
def test_what_is_everybodys_is(text: str) -> None:
    assert is_public(ip_address(text))
    assert target(f"https://[{text}]/hook" if ":" in text else f"https://{text}/hook").port == 443


def test_an_operator_opens_ranges() -> None:
    assert is_public(ip_address("127.0.0.1"), LOOPBACK) and is_public(ip_address("::1"), LOOPBACK)
    assert is_public(ip_address("::ffff:127.0.0.1"), LOOPBACK)
    assert not is_public(ip_address("10.0.0.1"), LOOPBACK)


@pytest.mark.parametrize(
    "url",
    [
        "", "hook", "//example.com/hook", "https:///hook", "https://", "ftp://example.com/", "file:///etc/passwd",
        "http://example.com/", "https://example.com:80/", "https://example.com:22/", "https://example.com:0/",
        "https://example.com:99999/", "https://example.com:x/", "https://user@example.com/", "https://@example.com/",
        "https://user:secret@example.com/", "https://example.com/#part", "https://exa mple.com/",
        "https://example.com/\r\nHost: x", "https://example.com/a\tb", "https://bücher.example/",
        "https://ⓔxample.com/", "https://2130706433/", "https://0x7f000001/", "https://0x7f.0.0.1/",
        "https://0177.0.0.1/", "https://127.1/", "https://127.0.0.1./", "https://127.0.0.0x1/", "https://[::1/",
        "https://[fe80::1%25eth0]/", "https://[127.0.0.1]/", "https://example.com/" + "a" * 2_000,
    ],
)  # fmt: skip
def test_urls_that_are_not_taken(url: str) -> None:
    with pytest.raises(EgressRefused):
        target(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com", "https://example.com:8443/hook?a=b%20c", "HTTPS://EXAMPLE.com/", "https://example.com./",
        "https://xn--bcher-kva.example/", "https://4ever.example/",
    ],
)  # fmt: skip
def test_urls_that_are_taken(url: str) -> None:
    assert target(url).scheme == "https"


def test_a_resolver_is_asked_about_numbers_in_disguise_never() -> None:
    async def run() -> None:
        names = Names(["8.8.8.8"])
        egress = Egress(resolver=names)
        for host in ("2130706433", "0x7f000001", "0177.0.0.1"):
            with pytest.raises(EgressRefused):
                await egress.check(f"https://{host}/")
        assert names.asked == []

    asyncio.run(run())


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["8.8.8.8", "10.0.0.1"],
        ["::ffff:127.0.0.1"],
        ["2606:4700::1", "fe80::1"],
        ["169.254.169.254"],
    ],
)
def test_a_name_is_refused_when_any_of_its_addresses_is(
    addresses: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run() -> None:
        reached: list[object] = []

        async def connect(*given: object, **more: object) -> None:
            reached.append(given)
            raise AssertionError("nothing may be connected to")

        monkeypatch.setattr(asyncio.get_running_loop(), "sock_connect", connect)
        egress = Egress(resolver=Names(addresses))
        with pytest.raises(EgressRefused) as refused:
            await egress.check("https://inside.example/hook")
        assert not any(address in str(refused.value) for address in addresses)
        with pytest.raises(EgressRefused):
            await egress.post("https://inside.example/hook", {}, b"{}", 5)
        await egress.close()
        assert reached == []

    asyncio.run(run())


def test_a_name_that_leads_nowhere() -> None:
    async def run() -> None:
        with pytest.raises(EgressRefused, match="nowhere"):
            await Egress(resolver=Names([])).check("https://nothing.example/")
        await Egress(resolver=Names(["8.8.8.8"])).check("https://public.example/")

    asyncio.run(run())


def test_http_and_other_ports_lead_only_to_what_was_opened() -> None:
    async def run() -> None:
        async with wire(answer(204, b"")) as server:
            url = f"http://hook.example:{server.port}/in?a=%20b"
            for names, opened in (
                (Names(["127.0.0.1"]), ()),
                (Names(["8.8.8.8"]), LOOPBACK),
                (Names(["127.0.0.1", "8.8.8.8"]), LOOPBACK),
            ):
                egress = Egress(opened, names)
                with pytest.raises(EgressRefused):
                    await egress.check(url)
                with pytest.raises(EgressRefused):
                    await egress.post(url, {}, b"{}", 10)
                await egress.close()
            assert server.connections == 0
            egress = Egress(LOOPBACK, Names(["127.0.0.1"]))
            await egress.check(url)
            answered = await egress.post(url, {"X-Mine": "yes"}, b'{"a":1}', 30)
            await egress.close()
            [seen] = server.seen
            assert (answered.status, answered.body) == (204, b"")
            assert (seen.method, seen.target, seen.body) == ("POST", "/in?a=%20b", b'{"a":1}')
            assert seen.header("x-mine") == "yes" and seen.header("cookie") is None

    asyncio.run(run())


def test_what_is_connected_to_is_the_address_that_was_judged() -> None:
    """A name that changes its mind between two questions gains nothing: there is one question a post."""

    async def run() -> None:
        async with wire(answer(200, b"{}", ("Connection", "close"))) as server:
            names = Names(["127.0.0.1"], ["10.0.0.1"])
            egress = Egress(LOOPBACK, names)
            url = f"http://hook.example:{server.port}/"
            assert (await egress.post(url, {}, b"{}", 30)).status == 200
            assert len(names.asked) == 1
            with pytest.raises(EgressRefused):
                await egress.post(url, {}, b"{}", 30)
            await egress.close()
            assert len(server.seen) == 1

    asyncio.run(run())


def test_redirects_are_answers() -> None:
    async def run() -> None:
        async with wire(answer(200)) as second:
            moved = answer(302, b"", ("Location", second.origin), ("Set-Cookie", "a=b"))
            async with wire(moved) as first:
                egress = Egress(LOOPBACK)
                for _ in range(2):
                    assert (await egress.post(f"http://127.0.0.1:{first.port}/", {}, b"{}", 30)).status == 302
                await egress.close()
                assert second.connections == 0
                assert [seen.header("cookie") for seen in first.seen] == [None, None]

    asyncio.run(run())


def test_of_a_huge_answer_little_is_read() -> None:
    async def run() -> None:
        ended = asyncio.Event()
        written = 0

        async def huge(_seen: Seen, writer: asyncio.StreamWriter) -> None:
            nonlocal written
            writer.write(answer(200, b"", length=1 << 30))
            try:
                while written < 1 << 28:
                    writer.write(b"x" * 65_536)
                    await writer.drain()
                    written += 65_536
            except ConnectionError:
                pass
            finally:
                ended.set()

        async with wire(huge) as server:
            egress = Egress(LOOPBACK)
            answered = await egress.post(f"http://127.0.0.1:{server.port}/", {}, b"{}", 60)
            assert answered.status == 200 and 0 < len(answered.body) <= 16 * 1024
            async with asyncio.timeout(60):
                await ended.wait()
            await egress.close()
            assert written < 1 << 28

    asyncio.run(run())


def test_who_never_answers_is_left() -> None:
    async def run() -> None:
        async def silent(_seen: Seen, _writer: asyncio.StreamWriter) -> None:
            await asyncio.sleep(60)

        async with wire(silent) as server:
            egress = Egress(LOOPBACK)
            with pytest.raises(TimeoutError):
                await egress.post(f"http://127.0.0.1:{server.port}/", {}, b"{}", 0.2)
            await egress.close()

    asyncio.run(run())


OWN = ip_address("8.8.4.4")


@pytest.mark.parametrize("host", ["8.8.4.4", "[::ffff:8.8.4.4]", "named.example"])
def test_this_machine_is_not_reached(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        monkeypatch.setattr(egress_module, "is_here", lambda address: address == OWN)
        names = Names(["1.1.1.1", "8.8.4.4"])
        closed, opened = Egress(resolver=names), Egress((ip_network("8.8.4.4"),), names)
        with pytest.raises(EgressRefused, match="LEDGERWAY_EGRESS_ALLOW"):
            await closed.check(f"https://{host}/hook")
        with pytest.raises(EgressRefused, match="gateway itself"):
            await closed.post(f"https://{host}/hook", {}, b"{}", 5)
        await closed.close()
        await opened.check(f"https://{host}/hook")
        await Egress(resolver=Names(["1.1.1.1"])).check("https://other.example/")

    asyncio.run(run())


@pytest.mark.parametrize("own_host", ["Ledger.Example", "8.8.4.4"])
def test_the_gateways_own_name_is_not_reached_by_any_other(own_host: str) -> None:
    class Both(Names):
        async def resolve(
            self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
        ) -> list[ResolveResult]:
            self.turns = [["1.1.1.1"] if host == "other.example" else ["8.8.4.4"]]
            return await super().resolve(host, port, family)

    async def run() -> None:
        egress = Egress(resolver=Both(), own_host=own_host)
        for host in ("ledger.example", "alias.example", "8.8.4.4"):
            with pytest.raises(EgressRefused, match="gateway itself"):
                await egress.check(f"https://{host}/")
        await egress.check("https://other.example/")
        await Egress((ip_network("8.8.4.0/24"),), Both(), own_host).check("https://alias.example/")

    asyncio.run(run())


def test_an_own_name_that_cannot_be_looked_up_stops_nobody() -> None:
    class Lost(Names):
        async def resolve(
            self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
        ) -> list[ResolveResult]:
            if host == "ledger.example":
                raise OSError("no such name")
            return await super().resolve(host, port, family)

    asyncio.run(Egress(resolver=Lost(["1.1.1.1"]), own_host="ledger.example").check("https://other.example/"))


def test_where_this_machine_is() -> None:
    assert is_here(ip_address("127.0.0.1"))
    assert not any(is_here(ip_address(text)) for text in ("8.8.8.8", "1.1.1.1", "2606:4700:4700::1111"))


def test_names_that_hang_keep_nobody_elses_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    free, system = threading.Event(), socket.getaddrinfo

    def slow(host: Any, *rest: Any) -> Any:
        if host == "hangs.example":
            free.wait(30)
            raise OSError("leads nowhere")
        return system(host, *rest)

    async def run() -> None:
        monkeypatch.setattr(socket, "getaddrinfo", slow)
        egress = Egress()
        hanging = [asyncio.create_task(egress.check("https://hangs.example/")) for _ in range(64)]
        await asyncio.sleep(0)
        try:
            assert await asyncio.get_running_loop().getaddrinfo("127.0.0.1", 443)
        finally:
            free.set()
            told = await asyncio.gather(*hanging, return_exceptions=True)
            await egress.close()
        assert {type(each) for each in told} == {EgressRefused}

    asyncio.run(run())
