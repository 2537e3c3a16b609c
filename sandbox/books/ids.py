"""Ids as the service hands them out."""

from typing import Final

BLOCK: Final = 1000
WORKERS: Final = 7
FIRST: Final = 97


class Ids:
    """Hands out ids `<prefix><block><3 digits>`, 18 digits in all, unique in the organisation.

    Several workers each own a block of a thousand numbers and take turns in an order that looks like none,
    so ids are not in order of time; every record type draws from the same store. The sequence is always the
    same for the same sequence of requests. Blocks below 97 belong to system records.
    """

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._next_block = FIRST
        self._turn = 1
        self._positions = [(self._claim(), 1) for _ in range(WORKERS)]

    def _claim(self) -> int:
        block = self._next_block
        self._next_block += 1
        return block

    def take(self) -> str:
        """One id; the worker changes with each."""
        self._turn = (self._turn * 1103515245 + 12345) & 0x7FFFFFFF
        return self._from((self._turn >> 16) % WORKERS)

    def take_beside(self, other: str) -> str:
        """An id from the block of `other` while it lasts: what one request makes comes from one worker."""
        block = int(other[len(self._prefix) : -3])
        for worker, (owned, _) in enumerate(self._positions):
            if owned == block:
                return self._from(worker)
        return self.take()

    def system(self, suffix: str) -> str:
        """The id of a record every organisation of the edition has, by its twelve last digits."""
        return self._prefix + suffix

    def _from(self, worker: int) -> str:
        block, position = self._positions[worker]
        if position >= BLOCK:
            block, position = self._claim(), 1
        self._positions[worker] = (block, position + 1)
        return f"{self._prefix}{block:09d}{position:03d}"
