"""What became of the wishes, by the provider's own books."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tests.hostile.chaos.clients import Wish
from tests.hostile.chaos.fleet import Firm, Fleet


@dataclass
class Row:
    """One line of the table.

    lost        a success was told, and the provider has no such record
    duplicated  the provider has two records for one key
    unresolved  nobody was told a success in time
    refreshes   most token calls for one expiry; a killed caller's may have been one, so two are fair
    """

    fault: str
    database: str
    runs: int = 0
    wishes: list[Wish] = field(default_factory=list[Wish])
    firms: list[Firm] = field(default_factory=list[Firm])
    lost: list[str] = field(default_factory=list[str])
    duplicated: list[str] = field(default_factory=list[str])
    disconnected: list[str] = field(default_factory=list[str])
    unresolved: list[str] = field(default_factory=list[str])
    refreshes: int = 0
    remarks: list[str] = field(default_factory=list[str])

    @property
    def is_safe(self) -> bool:
        """Nothing is wrong, though a person may have to say what became of some writes."""
        wrong = self.lost or self.duplicated or self.disconnected or self.remarks
        return not wrong and self.refreshes <= 2

    def complain(self, wishes: Iterable[Wish], besides: Iterable[str] = ()) -> None:
        """Nobody should have been told an error, but for these."""
        heard = Counter(each for wish in wishes for each in wish.heard - {*besides})
        self.remarks += [f"run {self.runs}: {count} × {told}" for told, count in heard.items()]

    def cells(self) -> tuple[str, ...]:
        counts = (self.lost, self.duplicated, self.disconnected, self.unresolved)
        numbers = (self.runs, len(self.wishes), *map(len, counts), self.refreshes or "-")
        return (self.fault, self.database, *map(str, numbers))


HEADING = (
    "fault", "database", "runs", "calls", "lost", "duplicated", "wrongly disconnected", "unresolved",
    "refreshes per expiry",
)  # fmt: skip


async def judge(fleet: Fleet, row: Row) -> None:
    """Fill in what the provider's books and journal say."""
    row.remarks += sorted({told for wish in row.wishes for told in wish.odd})
    for firm in row.firms:
        if not await fleet.is_connected(firm):
            row.disconnected.append(firm.account_id)
        wishes = [wish for wish in row.wishes if wish.firm == firm]
        invoices = await fleet.invoices(firm) if any(wish.key for wish in wishes) else []
        held = Counter(invoice["reference_number"] for invoice in invoices)
        ids = {(invoice["reference_number"], invoice["invoice_id"]) for invoice in invoices}
        for wish in wishes:
            if not wish.is_answered:
                row.unresolved.append(
                    f"{wish.key or wish.firm.account_id}: {wish.told}, {held[wish.key]} there"
                )
            elif wish.key and (wish.key, wish.record_id) not in ids:
                row.lost.append(f"{wish.key}: told {wish.record_id}")
            if held[wish.key] > 1:
                row.duplicated.append(f"{wish.key}: {held[wish.key]} records")


def holds(rows: Sequence[Row], *, late: float = 0.0) -> bool:
    """Every row is safe and every call answered, but for a share of `late` ones: on a machine busy with other things
    callers may give up before their answer is there."""
    unresolved, calls = sum(len(row.unresolved) for row in rows), sum(len(row.wishes) for row in rows)
    return all(row.is_safe for row in rows) and unresolved <= late * calls


def table(rows: Iterable[Row]) -> str:
    lines = [HEADING, *(row.cells() for row in rows)]
    widths = [max(len(line[n]) for line in lines) for n in range(len(HEADING))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def details(row: Row) -> list[str]:
    """What went wrong, one by one."""
    named = (
        ("lost", row.lost),
        ("duplicated", row.duplicated),
        ("disconnected", row.disconnected),
        ("unresolved", row.unresolved),
        ("remark", row.remarks),
    )
    return [f"{row.fault}, {row.database}: {name}: {told}" for name, found in named for told in found]
