"""Answers a flow allowed to be remembered for a moment, per account.

Most are forgotten at the account's next write; those no write of the unified API can change last.
"""

from collections import OrderedDict
from dataclasses import dataclass, replace

from app.core.clock import Clock
from connectors.kit.faults import Fault
from connectors.kit.http import Reply, Request

_ACCOUNTS = 1000
_PER_ACCOUNT = 64
_LARGEST = 512 * 1024


@dataclass(frozen=True, slots=True)
class _Kept:
    """`lasting`: no write of the unified API makes it stale."""

    at: float
    said: Reply | Fault
    lasting: bool


class Fresh:
    """Bounded: 64 answers of at most half a megabyte for each of the 1,000 accounts used last."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._accounts: OrderedDict[str, OrderedDict[tuple[object, ...], _Kept]] = OrderedDict()

    def find(self, account_id: str, request: Request) -> Reply | Fault | None:
        """What was said at most `request.fresh_for` seconds ago."""
        answers = self._accounts.get(account_id)
        found = None if answers is None else answers.get(_key(request))
        if found is None or self._clock.monotonic() - found.at > request.fresh_for:
            return None
        return replace(found.said) if isinstance(found.said, Fault) else found.said

    def keep(self, account_id: str, request: Request, said: Reply | Fault) -> None:
        """Remember what was said just now."""
        if isinstance(said, Reply) and len(said.content) > _LARGEST:
            return
        answers = self._accounts.setdefault(account_id, OrderedDict())
        self._accounts.move_to_end(account_id)
        answers[_key(request)] = _Kept(self._clock.monotonic(), said, request.lasting)
        if len(answers) > _PER_ACCOUNT:
            answers.popitem(last=False)
        if len(self._accounts) > _ACCOUNTS:
            self._accounts.popitem(last=False)

    def stale(self, account_id: str) -> None:
        """Forget what a write of the account may have changed."""
        answers = self._accounts.get(account_id)
        if answers is not None:
            for key in [key for key, kept in answers.items() if not kept.lasting]:
                del answers[key]

    def drop(self, account_id: str) -> None:
        """Forget everything of an account."""
        self._accounts.pop(account_id, None)


def _key(request: Request) -> tuple[object, ...]:
    return (request.method, request.path, request.query, request.headers, request.expect)
