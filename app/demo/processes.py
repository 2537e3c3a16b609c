"""The demo's two servers as child processes: free ports, a log each, stopped by pid when the demo ends."""

import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Protocol

import httpx

_PATIENCE = 120.0
_BLOCK = 20
_ours: list[socket.socket] = []


class Child(Protocol):
    """What is used of `subprocess.Popen`."""

    @property
    def pid(self) -> int: ...
    def poll(self) -> int | None: ...
    def wait(self, timeout: float) -> int: ...
    def send_signal(self, sig: int) -> None: ...


class NotStarted(Exception):
    """A server did not come up. The message ends with the last lines of its log."""


def free_ports(count: int) -> int:
    """The first of `count` (at most 19) consecutive free loopback ports, below those the kernel gives to clients.

    The port after a block stays taken as long as this process lives: two demos (or tests) that start together
    never choose the same block before their servers are up.
    """
    blocks = list(range(10_000, 32_000, _BLOCK))
    random.shuffle(blocks)
    for first in blocks:
        held: list[socket.socket] = []
        try:
            for offset in (_BLOCK - 1, *range(count)):
                taken = socket.socket()
                held.append(taken)
                taken.bind(("127.0.0.1", first + offset))
            _ours.append(held.pop(0))
            return first
        except OSError:
            continue
        finally:
            for taken in held:
                taken.close()
    raise NotStarted("no run of free ports on this machine")


class Server:
    """One child process that is ready once `ready_url` answers 200."""

    def __init__(self, name: str, command: list[str], folder: Path, environment: Mapping[str, str]) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        with self.log.open("wb") as log:
            self._process = self._begin(command, log, {**os.environ, **environment})

    def _begin(self, command: list[str], log: IO[bytes], environment: dict[str, str]) -> Child:
        return subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=environment)  # noqa: S603 — ours

    def wait(self, ready_url: str) -> None:
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end:
            if self._process.poll() is not None:
                break
            try:
                if httpx.get(ready_url, timeout=2, trust_env=False).is_success:
                    return
            except httpx.HTTPError:
                pass
            time.sleep(0.1)
        tail = "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])
        raise NotStarted(f"{self.name} did not answer at {ready_url}; its log {self.log} ends:\n{tail}")

    def stop(self) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(15)
            except subprocess.TimeoutExpired:
                self._process.send_signal(signal.SIGKILL)
                self._process.wait(5)

    @property
    def pid(self) -> int:
        return self._process.pid

    def signal(self, number: int) -> None:
        """Nothing, if it has ended."""
        self._process.send_signal(number)

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        return self._process.poll()


def ledgerway(*arguments: str) -> list[str]:
    """The command line of a `ledgerway` command in this same environment."""
    return [sys.executable, "-m", "app.cli", *arguments]
