"""`python -m sandbox`, and starting a sandbox from code."""

import asyncio
import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from sandbox.datacenters import LOCATIONS
from sandbox.options import Options
from sandbox.running import PORTS, running, serving


@contextmanager
def command(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "sandbox", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_command_says_where_it_is_and_stops_on_request() -> None:
    with command(
        "--port", "0", "--seed", "empty", "--limits", '{"minute": 7, "access_tokens": 3}'
    ) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        assert ready["ready"] is True
        assert tuple(ready["data_centers"]) == LOCATIONS
        assert {user["location"] for user in ready["users"]} == set(LOCATIONS)
        state = httpx.get(ready["admin"] + "/state").json()
        assert {row["limits"]["minute"] for row in state["organizations"]} == {7}
        assert state["rules"]["access_tokens"] == 3
        for place in ready["data_centers"].values():
            assert httpx.get(place["accounts"] + "/oauth/serverinfo").json()["result"] == "success"
            assert httpx.get(place["api"] + "/books/v3/organizations").json()["code"] == 14
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


def test_ports_are_consecutive() -> None:
    with running(Options(seed="empty")) as sandbox:
        first = sandbox.sites.port
        ports = [int(place["api"].rpartition(":")[2]) for place in sandbox.data_centers.values()]
        assert ports == list(range(first, first + 8))
        assert sandbox.admin_url.endswith(f":{first + 8}")


def test_taken_port_is_an_error_and_leaves_nothing_open() -> None:
    with running(Options(seed="empty")) as sandbox:
        port = sandbox.sites.port + PORTS - 1
        others = is_taken(port + 1)  # by a test of another process
        with pytest.raises(OSError, match="in use"), running(Options(port=port)):
            pass
        with command("--port", str(port)) as process:
            _, complaint = process.communicate(timeout=20)
            assert process.returncode == 1
            assert complaint.startswith("sandbox: ")
            assert "Traceback" not in complaint
    assert others or not is_taken(port + 1)


def is_taken(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


@pytest.mark.parametrize(("limits", "status"), [("[]", 2), ("nonsense", 2), ('{"hour": 1}', 1)])
def test_nonsense_limits(limits: str, status: int) -> None:
    with command("--port", "0", "--limits", limits) as process:
        _, complaint = process.communicate(timeout=20)
        assert process.returncode == status
        assert "limit" in complaint
        assert "Traceback" not in complaint


def test_serving_in_the_running_loop() -> None:
    async def main() -> int:
        async with serving(Options(seed="empty")) as sandbox, httpx.AsyncClient() as client:
            answer = await client.get(sandbox.sites.origin("sa") + "/books/v3/organizations")
            assert sandbox.world.journal.last == 1
            return answer.status_code

    assert asyncio.run(main()) == 401
