"""The configurations of docs/operations/front-proxy.md, in the programs they are for, where those are installed."""

import asyncio
import re
import shutil
import socket
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from app.demo.processes import free_ports
from tests.core.test_http_tls import Authority
from tests.support.wire import Reset, Seen, Wire, answer, wire

PAGE = Path(__file__).parents[2] / "docs" / "operations" / "front-proxy.md"


def block(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(), re.DOTALL)


def nginx(folder: Path, port: int, upstream: str, pem: Path) -> list[str]:
    [text] = block("nginx")
    for written, here in (
        ("127.0.0.1:8080", upstream),
        ("listen 443", f"listen 127.0.0.1:{port}"),
        ("/etc/ssl/ledger.example.com.pem", str(pem)),
        ("/etc/ssl/ledger.example.com.key", str(pem)),
    ):
        assert written in text
        text = text.replace(written, here)
    for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"):
        text = text.replace("http {", f"http {{ {kind}_temp_path {folder / kind};", 1)
    config = folder / "nginx.conf"
    own = f"daemon off; master_process off; pid {folder / 'pid'}; error_log stderr;"
    config.write_text(own + text.replace("http {", "http { access_log off;", 1))
    return ["nginx", "-p", str(folder), "-e", "stderr", "-c", str(config)]


def caddy(folder: Path, port: int, upstream: str, pem: Path) -> list[str]:
    site, options = block("caddy")
    options = options.replace("{", "{\n admin off\n auto_https off\n", 1)
    site = site.replace("127.0.0.1:8080", upstream)
    site = site.replace("ledger.example.com {", f"https://127.0.0.1:{port} {{\n tls {pem} {pem}\n", 1)
    config = folder / "Caddyfile"
    config.write_text(options + site)
    return ["caddy", "run", "--config", str(config), "--adapter", "caddyfile"]


@asynccontextmanager
async def front(program: str, folder: Path, behind: Wire) -> AsyncIterator[str]:
    """The program with the page's configuration, in front of `behind`; its address."""
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    port, upstream = free_ports(1), behind.origin.removeprefix("http://")
    pem = Authority("Front").server(folder, "127.0.0.1")
    command = {"nginx": nginx, "caddy": caddy}[program](folder, port, upstream, pem)
    home = {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=home | {"PATH": shutil.which(program) or ""},
                                   executable=shutil.which(program))  # fmt: skip
    try:
        end = time.monotonic() + 30
        while True:
            assert process.poll() is None and time.monotonic() < end, (folder / "log").read_text()
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                await asyncio.sleep(0.05)
        yield f"https://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


@pytest.mark.parametrize("program", ["nginx", "caddy"])
def test_the_front_passes_on_what_it_got_and_repeats_nothing(tmp_path: Path, program: str) -> None:
    def breaks(_seen: Seen, _writer: asyncio.StreamWriter) -> bytes:
        raise Reset

    async def run() -> None:
        async with (
            wire(answer()) as behind,
            front(program, tmp_path, behind) as base,
            httpx.AsyncClient(verify=False, trust_env=False, timeout=20) as client,
        ):
            target = "/proxy/a%2Fb//c/%7E?q=a+b%20c&q=%C3%BC"
            forged = {"X-Forwarded-For": "10.1.2.3"}
            assert (await client.get(base + target, headers=forged)).status_code == 200
            assert behind.seen[0].target == target
            assert behind.seen[0].header("x-forwarded-for") == "127.0.0.1"
            assert (await client.get(base + "/metrics")).status_code == 404
            if program == "nginx":
                large = await client.post(base + "/link-token", content=b"x" * 27_000_000)
                assert large.status_code == 413
            before = len(behind.seen)
            behind.script = breaks
            for method in ("PUT", "DELETE", "POST"):
                assert (await client.request(method, base + "/unified/x")).status_code == 502
            assert [seen.method for seen in behind.seen[before:]] == ["PUT", "DELETE", "POST"]

    asyncio.run(run())
