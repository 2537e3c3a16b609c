"""How many requests of each key a process answers at a time."""

from collections import Counter

from starlette.types import Scope

from app.core.errors import Problem


class Crowd:
    """Lets at most `most` requests of a key in (None: all); each leaves when it is answered, however it ends."""

    def __init__(self, most: int | None) -> None:
        self._most = most
        self._inside: Counter[str] = Counter()

    def enter(self, scope: Scope, key_id: str) -> None:
        """Count this request until the edge has answered it. Problem rate_limited when there are too many."""
        state = scope.get("state")
        if state is None or "leave" in state:
            return  # no edge would let it leave, or it is inside
        if self._most is not None and self.inside(key_id) >= self._most:
            raise Problem(
                "rate_limited",
                f"{self._most} requests of this key are being answered; send this one when they are.",
                retry_after=1,
                violated_policies=["in-flight"],
            )
        self._inside[key_id] += 1
        state["leave"] = lambda: self._leave(key_id)

    def inside(self, key_id: str) -> int:
        """How many requests of the key are being answered."""
        return self._inside[key_id]

    def _leave(self, key_id: str) -> None:
        self._inside[key_id] -= 1
        if not self._inside[key_id]:
            del self._inside[key_id]
