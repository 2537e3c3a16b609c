"""`ledgerway jobs …`, and the two commands that work."""

import asyncio
import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from app.cli import cli
from app.core.clock import Clock
from app.core.database import Database
from app.core.process import NotReady
from app.demo.processes import ledgerway
from app.jobs.queues import REREAD
from app.jobs.service import Jobs


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {
        "LEDGERWAY_DATABASE_URL": f"sqlite:///{tmp_path / 'ledgerway.db'}",
        "LEDGERWAY_KEYRING_FILE": str(tmp_path / "keyring.json"),
        "LEDGERWAY_CLOCK_FACTOR": "0.1",
    }


async def _with(environment: dict[str, str], *job_ids: str) -> None:
    database = Database(environment["LEDGERWAY_DATABASE_URL"])
    await database.migrate()
    jobs = Jobs(database, Clock())
    await jobs.migrate()
    jobs.register("reread", REREAD, _nothing)
    for job_id in job_ids:
        async with database.write() as session:
            await jobs.enqueue(session, "reread", job_id, "inv_1", partition="acc_1", delay=3600)
    await jobs.close(1)
    await database.close()


async def _nothing(*_args: object) -> None:
    pass


def test_jobs_are_shown_and_cancelled(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    asyncio.run(_with(environment, "j1", "j2"))
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(cli(), ["jobs", *arguments])

    assert "j1  reread  acc_1  delayed not before 20" in run("list").stdout
    listed = json.loads(run("list", "--partition", "acc_1", "--state", "delayed", "--json").stdout)
    assert sorted(job["id"] for job in listed) == ["j1", "j2"] and listed[0]["args"] == ["inv_1"]
    assert "There are no such jobs." in run("list", "--queue", "sync").stderr
    assert "cancelled" in run("cancel", "j1").stdout
    again = run("cancel", "j1")
    assert again.exit_code == 1 and "cancelled already" in str(again.exception)
    assert "state      cancelled" in run("show", "j1").stdout
    refused = run("resume", "j2")
    assert refused.exit_code == 1 and "only cancelled and failed" in str(refused.exception)
    assert run("show", "unknown").exit_code == 1
    assert "No process runs jobs" in run("workers").stderr


def test_an_unmigrated_database_is_told(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    refused = CliRunner().invoke(cli(), ["jobs", "list"])
    assert isinstance(refused.exception, NotReady) and "ledgerway migrate" in str(refused.exception)


@contextmanager
def running(environment: dict[str, str], *arguments: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        ledgerway(*arguments), env={**os.environ, **environment}, stderr=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def said(process: subprocess.Popen[str], event: str) -> dict[str, str]:
    assert process.stderr is not None
    for line in process.stderr:
        if f'"event":"{event}"' in line:
            return json.loads(line)
    raise AssertionError(f"the process ended without {event}")


@pytest.mark.slow
def test_serve_works_and_a_worker_takes_its_place(environment: dict[str, str]) -> None:
    with running(environment, "serve", "--port", "0") as server:
        assert said(server, "jobs_run_here")["executor"] == "embedded"
        with running(environment, "worker") as worker:
            said(worker, "jobs_run_elsewhere")
            server.send_signal(signal.SIGTERM)
            assert said(worker, "jobs_run_here")["executor"] == "embedded"
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(60) == 0
        assert server.wait(60) == 0
