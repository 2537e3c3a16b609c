"""The parent of several server processes."""

import socket
from dataclasses import dataclass, field

import pytest

from app.commands.workers import Workers


@dataclass
class Child:
    port: int
    refused: list[bool] = field(default_factory=list[bool])

    def terminate(self) -> None:
        with socket.socket() as late:
            self.refused.append(late.connect_ex(("127.0.0.1", self.port)) != 0)


def test_nobody_is_taken_in_while_the_processes_end(monkeypatch: pytest.MonkeyPatch) -> None:
    listening = socket.create_server(("127.0.0.1", 0))
    child = Child(listening.getsockname()[1])
    workers = Workers.__new__(Workers)  # its own __init__ takes this process's signals
    monkeypatch.setattr(workers, "sockets", [listening], raising=False)
    monkeypatch.setattr(workers, "processes", [child], raising=False)
    workers.terminate_all()
    assert child.refused == [True]
