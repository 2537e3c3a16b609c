"""Answers a flow allowed to be remembered for a moment, per account, forgotten at the account's next write."""

from collections import OrderedDict

from app.core.clock import Clock
from connectors.kit.http import Reply, Request

_ACCOUNTS = 1000
_PER_ACCOUNT = 64
_LARGEST = 512 * 1024


class Fresh:
    """Bounded: 64 answers of at most half a megabyte for each of the 1,000 accounts used last."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._accounts: OrderedDict[str, OrderedDict[tuple[object, ...], tuple[float, Reply]]] = OrderedDict()

    def find(self, account_id: str, request: Request) -> Reply | None:
        """The remembered answer, if it is still fresh."""
        answers = self._accounts.get(account_id)
        found = None if answers is None else answers.get(_key(request))
        if found is None or found[0] < self._clock.monotonic():
            return None
        return found[1]

    def keep(self, account_id: str, request: Request, reply: Reply) -> None:
        """Remember an answer for `request.fresh_for` seconds."""
        if len(reply.content) > _LARGEST:
            return
        answers = self._accounts.setdefault(account_id, OrderedDict())
        self._accounts.move_to_end(account_id)
        answers[_key(request)] = (self._clock.monotonic() + request.fresh_for, reply)
        if len(answers) > _PER_ACCOUNT:
            answers.popitem(last=False)
        if len(self._accounts) > _ACCOUNTS:
            self._accounts.popitem(last=False)

    def drop(self, account_id: str) -> None:
        """Forget everything of an account."""
        self._accounts.pop(account_id, None)


def _key(request: Request) -> tuple[object, ...]:
    return (request.method, request.path, request.query, request.headers, request.expect)
