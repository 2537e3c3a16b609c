"""The server as it is started: whom it believes, how many it serves, and what it does without files to open."""

import fcntl
import os
import socket
import subprocess
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from app.demo.processes import Server, free_ports, ledgerway

_FILES = 128


def start(folder: Path, *before: str, **settings: str) -> tuple[Server, str, dict[str, str]]:
    """A gateway without a provider, its command line behind `before`: the process, its address, its environment."""
    base = f"http://127.0.0.1:{free_ports(1)}"
    environment = {
        "LEDGERWAY_DATABASE_URL": f"sqlite:///{folder / 'ledgerway.db'}",
        "LEDGERWAY_KEYRING_FILE": str(folder / "keyring.json"),
        "LEDGERWAY_PUBLIC_URL": base,
        **settings,
    }
    command = [*before, *ledgerway("serve", "--port", base.rpartition(":")[2])]
    server = Server("gateway", command, folder, environment)
    return server, base, environment


def key(environment: dict[str, str], *arguments: str) -> str:
    command = ledgerway("keys", "create", "--environment", "front", "--mode", "test", *arguments)
    done = subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.mark.parametrize("trusting", [False, True])
def test_only_named_proxies_say_who_is_asking(tmp_path: Path, trusting: bool) -> None:
    settings = {"LEDGERWAY_TRUSTED_PROXIES": "127.0.0.0/8, 10.9.0.0/16"} if trusting else {}
    server, base, environment = start(tmp_path, FORWARDED_ALLOW_IPS="*", **settings)
    try:
        server.wait(f"{base}/readyz")
        bearer = key(environment, "--network", "10.1.0.0/16")
        seen: list[int] = []
        for forwarded in ("10.1.2.3", "10.1.2.3, 203.0.113.9", "203.0.113.9, 10.1.2.3, 10.9.0.1", "", "x"):
            headers = {"Authorization": f"Bearer {bearer}", "X-Forwarded-For": forwarded}
            answer = httpx.get(f"{base}/integrated-account", headers=headers, timeout=30, trust_env=False)
            assert answer.status_code == 200 or answer.json()["code"] == "ip_not_allowed"
            seen.append(answer.status_code)
    finally:
        server.stop()
    assert seen == ([200, 403, 200, 403, 403] if trusting else [403] * 5)


def ping(place: tuple[str, int]) -> tuple[socket.socket, str]:
    """A connection that asked once and stays open, and the status it was told ("" for none)."""
    wire = socket.create_connection(place, timeout=20)
    try:
        wire.sendall(b"GET /ping HTTP/1.1\r\nHost: gateway\r\n\r\n")
        return wire, wire.recv(12)[9:12].decode()
    except OSError:
        return wire, ""


def test_without_files_to_open_it_refuses_and_recovers(tmp_path: Path) -> None:
    server, base, _ = start(tmp_path, "sh", "-c", f'ulimit -n {_FILES}; exec "$@"', "sh")
    place = urlsplit(base)
    try:
        server.wait(f"{base}/readyz")
        with ExitStack() as stack:
            told: list[str] = []
            for _ in range(2 * _FILES):
                wire, status = ping((str(place.hostname), int(place.port or 0)))
                stack.callback(wire.close)
                told.append(status)
                if not status:
                    break  # nothing is accepted any more
            assert told[:30] == ["200"] * 30
            assert "503" in told and set(told) <= {"200", "503", ""}
        server.wait(f"{base}/readyz")
        assert server.is_running
    finally:
        server.stop()
    assert "Traceback" not in server.log.read_text()


def test_a_log_nobody_reads_stops_nothing(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        fcntl.fcntl(reader, fcntl.F_SETPIPE_SZ, 4096)
        server, base, _ = start(tmp_path, "sh", "-c", f'exec "$@" 2>{pipe}', "sh")
        try:
            server.wait(f"{base}/readyz")
            for _ in range(60):  # more than fits
                assert httpx.get(f"{base}/ping", timeout=30, trust_env=False).is_success
            assert httpx.get(f"{base}/readyz", timeout=30, trust_env=False).is_success
        finally:
            server.stop()
        assert server.exit_code == 0
        assert len(os.read(reader, 1 << 20)) > 2048, "the pipe was full"
    finally:
        os.close(reader)
