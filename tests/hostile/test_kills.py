"""Some hundred records of what `python -m tests.hostile.kills` does with ten thousand."""

import pytest

from tests.hostile.kills import SMALL, run
from tests.support import postgres


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_every_record_is_told_once_and_delivered_whoever_is_killed(database: str) -> None:
    if database == "postgresql" and postgres.binaries() is None:
        pytest.skip("PostgreSQL's binaries (initdb, postgres) are not on this machine")
    verdict = run(database, SMALL, seed=5)
    assert verdict.wrong == [] and verdict.kills > 0, verdict
    assert verdict.events == SMALL.accounts * SMALL.rows, verdict
