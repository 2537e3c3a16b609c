"""`python -m tests.hostile.chaos`: every fault on both databases, and a table of what became of the writes."""

import argparse
import asyncio
import sys
import time

from tests.hostile.chaos import faults, verdict
from tests.hostile.chaos.fleet import Fleet
from tests.hostile.chaos.verdict import Row
from tests.support import postgres

_MOST = 13 * 60.0  # seconds, whatever happens


async def _suffer(database: str, size: faults.Size, only: str, rows: list[Row]) -> None:
    fleet = Fleet(database)
    try:
        await fleet.start()
        for act in faults.ACTS:
            chosen = [
                (name, fault)
                for name, fault in act
                if only in name and (fault is not faults.restarted or database == "postgresql")
            ]
            played = [
                Row(name, database, firms=[await fleet.firm(), await fleet.firm(marked=True)])
                for name, _ in chosen
            ]
            callers: faults.Callers = []
            for row, (_, fault) in zip(played, chosen, strict=True):
                callers += await fault(fleet, row, size)
            await asyncio.gather(*callers)
            for row in played:
                await verdict.judge(fleet, row)
                sys.stderr.write(f"{time.strftime('%X')} {' '.join(row.cells())}\n")
            rows += played
    finally:
        await fleet.stop()


async def run(size: faults.Size, databases: tuple[str, ...], only: str = "") -> list[Row]:
    """Both databases at the same time, each with a fleet of its own; a last row tells if it did not end in time."""
    rows: list[Row] = []
    try:
        async with asyncio.timeout(_MOST), asyncio.TaskGroup() as fleets:
            for database in databases:
                fleets.create_task(_suffer(database, size, only, rows))
    except TimeoutError:
        rows.append(Row("(the rest)", "", remarks=[f"not done in {_MOST:.0f} seconds"]))
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(prog="chaos", description=__doc__)
    parser.add_argument("--tenth", action="store_true", help="a tenth of the writes")
    parser.add_argument("--only", default="", help="the faults whose name contains this")
    parser.add_argument("--database", choices=("sqlite", "postgresql"))
    given = parser.parse_args()
    databases = (given.database,) if given.database else ("sqlite", "postgresql")
    if postgres.binaries() is None and "postgresql" in databases:
        sys.stderr.write("PostgreSQL's binaries (initdb, postgres) are not on this machine: SQLite only\n")
        databases = ("sqlite",)
    rows = asyncio.run(run(faults.TENTH if given.tenth else faults.FULL, databases, given.only))
    sys.stdout.write(verdict.table(rows) + "\n")
    for row in rows:
        sys.stdout.writelines(f"{line}\n" for line in verdict.details(row))
    return 0 if verdict.holds(rows) else 1


if __name__ == "__main__":
    sys.exit(main())
