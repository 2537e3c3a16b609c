"""Which writes a process shows it is at work on."""

from contextlib import ExitStack

from app.writes.supervised import Supervisor


def test_who_was_replaced_in_the_same_process_does_not_silence_who_replaced_them() -> None:
    supervisor = Supervisor()
    first = ExitStack()
    first.enter_context(supervisor.owning("wri_1", "own_first"))
    with supervisor.owning("wri_1", "own_second"):
        first.close()
        assert supervisor.owned == {"wri_1": "own_second"}
    assert supervisor.owned == {}
