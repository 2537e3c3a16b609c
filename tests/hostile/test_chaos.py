"""A tenth of `make chaos`: nothing lost or doubled, nobody disconnected, hardly anything left open."""

import asyncio

import pytest

from tests.hostile.chaos import faults, verdict
from tests.hostile.chaos.__main__ import run
from tests.support import postgres


@pytest.mark.slow
def test_nothing_is_lost_or_doubled_whatever_breaks() -> None:
    databases = ("sqlite", "postgresql") if postgres.binaries() else ("sqlite",)
    rows = asyncio.run(run(faults.TENTH, databases))
    told = "\n".join([verdict.table(rows), *(line for row in rows for line in verdict.details(row))])
    assert verdict.holds(rows, late=0.05), told
