"""The sandbox's own time: the machine's, moved forward or stopped on demand."""

from datetime import UTC, datetime, timedelta


class Clock:
    """Calling it gives the current aware UTC datetime."""

    def __init__(self) -> None:
        self._offset = timedelta()
        self._frozen: datetime | None = None

    def __call__(self) -> datetime:
        return self._frozen or datetime.now(UTC) + self._offset

    @property
    def is_frozen(self) -> bool:
        return self._frozen is not None

    def advance(self, seconds: float) -> None:
        """Jump; a negative number goes back."""
        step = timedelta(seconds=seconds)
        self._offset += step
        if self._frozen:
            self._frozen += step

    def set(self, instant: datetime) -> None:
        """Continue from an aware instant."""
        self.advance((instant - self()).total_seconds())

    def freeze(self, stopped: bool) -> None:
        """Stop time, or let it run on from where it stands."""
        now = self()
        self._frozen = now if stopped else None
        if not stopped:
            self._offset = now - datetime.now(UTC)

    def stamp(self) -> str:
        return self().isoformat(timespec="milliseconds").replace("+00:00", "Z")
