"""`ledgerway` processes forked from one that has everything loaded: most of what starting one costs is loading it.

What is run, and how it ends, is the same: `tests/core/test_cli.py` holds the real command line to that.
"""

import atexit
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

from app.demo.processes import Child, Server

_context = get_context("forkserver")
_context.set_forkserver_preload(["tests.support.loaded"])


class Gateway(Server):
    """A server whose command is the arguments of `ledgerway`."""

    def _begin(self, command: list[str], log: IO[bytes], environment: dict[str, str]) -> Child:
        return _Forked(command, environment, self.log, self.log)


def ran(arguments: list[str], environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """`ledgerway` with these arguments, run to its end."""
    with TemporaryDirectory() as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        out.touch()
        err.touch()
        code = _Forked(arguments, {**os.environ, **environment}, out, err).wait(120)
        return subprocess.CompletedProcess(arguments, code, out.read_text(), err.read_text())


class _Forked:
    """As much of `subprocess.Popen` as a server needs. It ends with this process at the latest."""

    def __init__(self, arguments: list[str], environment: dict[str, str], out: Path, err: Path) -> None:
        told = (arguments, environment, str(Path.cwd()), str(out), str(err))
        self._process: ForkServerProcess = _context.Process(target=_run, args=told, daemon=True)
        self._process.start()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float) -> int:
        self._process.join(timeout)
        code = self._process.exitcode
        if code is None:
            raise subprocess.TimeoutExpired(self._process.name, timeout)
        return code

    def send_signal(self, sig: int) -> None:
        if self.poll() is None:
            with suppress(ProcessLookupError):  # it ended, and its code is still on the way
                os.kill(self.pid, sig)


def _run(arguments: list[str], environment: dict[str, str], folder: str, out: str, err: str) -> None:
    for path, descriptor in ((out, 1), (err, 2)):
        file = os.open(path, os.O_WRONLY | os.O_APPEND)
        os.dup2(file, descriptor)
        os.close(file)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.argv = ["ledgerway", *arguments]
    from app.cli import main

    try:
        main()
    finally:
        atexit._run_exitfuncs()
