"""A key service: it may not answer, and while it thinks, whoever wants to write to the database gets through."""

from app.core import reach
from app.core.database import Database
from app.core.secrets import Keyring, LocalWrapper, Reason, SecretUnavailable, WrappedKey


class Distant(LocalWrapper):
    """`calls` are what it was asked; `away`: it does not answer."""

    def __init__(self, ring: Keyring, url: str) -> None:
        super().__init__(ring)
        self.url = url
        self.calls: list[str] = []
        self.away = False

    async def wrap(self, key: bytes, context: bytes) -> WrappedKey:
        await self._asked("wrap")
        return await super().wrap(key, context)

    async def unwrap(self, wrapped: WrappedKey, context: bytes) -> bytes:
        await self._asked("unwrap")
        return await super().unwrap(wrapped, context)

    async def _asked(self, what: str) -> None:
        self.calls.append(what)
        if self.away:
            raise SecretUnavailable(Reason.SERVICE)
        other = Database(self.url)
        try:
            with reach.everywhere():
                async with other.write():
                    pass
        finally:
            await other.close()
