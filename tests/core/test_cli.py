"""The commands as processes: what an operator types, reads and gets back."""

import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from app.demo.processes import Server, ledgerway


def run(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ledgerway(*arguments),
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


def a_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Server, str]]:
    """`ledgerway serve` on an empty machine, with no settings at all."""
    monkeypatch.chdir(tmp_path)
    port = a_port()
    server = Server(
        "gateway",
        ledgerway("serve", "--port", str(port)),
        tmp_path,
        {"PYTHONPATH": str(Path(__file__).parents[2])},
    )
    base = f"http://127.0.0.1:{port}"
    server.wait(f"{base}/readyz")
    yield server, base
    server.stop()


def test_serve_on_an_empty_machine(served: tuple[Server, str], tmp_path: Path) -> None:
    server, base = served
    assert (tmp_path / "data" / "keyring.json").exists() and (tmp_path / "data" / "ledgerway.db").exists()
    made = run(tmp_path, "keys", "create", "--environment", "demo", "--mode", "test")
    assert made.returncode == 0, made.stderr
    key = made.stdout.strip()
    told = {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=base, headers=told, timeout=60, trust_env=False) as client:
        assert client.get("/integrated-account").json()["result"] == []
        assert client.get("/openapi.json").json()["servers"] == [{"url": base}]
        assert "server" not in client.get("/ping").headers
    log = server.log.read_text()
    assert '"route":"/integrated-account"' in log
    assert '"key_id":"key_' in log and key not in log


def test_sigterm_ends_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for workers in ("1", "2"):
        port = a_port()
        process = subprocess.Popen(
            ledgerway("serve", "--port", str(port), "--workers", workers),
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(300):
            try:
                if httpx.get(f"http://127.0.0.1:{port}/readyz", trust_env=False).status_code == 200:
                    break
            except httpx.HTTPError:
                pass
            signal.sigtimedwait([], 0.1)
        else:
            process.kill()
            pytest.fail("it never answered")
        process.send_signal(signal.SIGTERM)
        _, told = process.communicate(timeout=40)
        assert process.returncode == 0, told
        assert "Traceback" not in told


def test_production_refuses_and_names_the_command(tmp_path: Path) -> None:
    refused = run(tmp_path, "serve", LEDGERWAY_MODE="production")
    assert refused.returncode == 1
    assert "keyring init" in refused.stderr and "Traceback" not in refused.stderr
    assert not (tmp_path / "data" / "keyring.json").exists()


def test_wrong_settings_are_one_line(tmp_path: Path) -> None:
    refused = run(tmp_path, "serve", LEDGERWAY_DATABASE_URL="mysql://u:hidden@h/d")
    assert refused.returncode == 1
    assert "LEDGERWAY_DATABASE_URL" in refused.stderr
    assert "hidden" not in refused.stderr and "Traceback" not in refused.stderr


def test_migrate_and_doctor(tmp_path: Path, empty_database_url: str) -> None:
    environment = {
        "LEDGERWAY_DATABASE_URL": empty_database_url,
        "LEDGERWAY_KEYRING_FILE": str(tmp_path / "ring" / "keyring.json"),
    }
    sick = run(tmp_path, "doctor", **environment)
    assert sick.returncode == 1
    assert "schema is empty: run `ledgerway migrate`" in sick.stdout and "key ring:" in sick.stdout
    assert run(tmp_path, "migrate", **environment).returncode == 0
    assert run(tmp_path, "keyring", "init", **environment).returncode == 0
    well = run(tmp_path, "doctor", **environment)
    assert well.returncode == 0, well.stdout
    assert "fail" not in well.stdout and "key ring fits" in well.stdout
    assert ("row-level security holds" in well.stdout) == empty_database_url.startswith("postgresql")


def test_doctor_finds_a_damaged_page_and_serve_says_what_is_wrong(tmp_path: Path) -> None:
    environment = {
        "LEDGERWAY_DATABASE_URL": f"sqlite:///{tmp_path / 'x.db'}",
        "LEDGERWAY_KEYRING_FILE": str(tmp_path / "ring" / "keyring.json"),
    }
    assert run(tmp_path, "migrate", **environment).returncode == 0
    content = bytearray((tmp_path / "x.db").read_bytes())
    content[8192:12288] = b"\xff" * 4096
    (tmp_path / "x.db").write_bytes(content)
    damaged = run(tmp_path, "doctor", **environment)
    assert damaged.returncode == 1 and "integrity: database disk image is malformed" in damaged.stdout
    (tmp_path / "x.db").write_bytes(b"no database" * 1000)
    refused = run(tmp_path, "serve", **environment)
    assert refused.returncode == 1
    assert refused.stderr.strip() == "ledgerway: The database cannot be used: file is not a database."


def test_the_sandbox_takes_this_process(tmp_path: Path) -> None:
    told = run(tmp_path, "sandbox", "--help")
    assert told.returncode == 0 and "--seed" in told.stdout


def test_every_command_is_there(tmp_path: Path) -> None:
    told = run(tmp_path, "--help").stdout
    for command in ("serve", "migrate", "doctor", "demo", "sandbox", "keys", "keyring", "audit", "docs"):
        assert command in told
