"""Starting a sandbox: in the current event loop, or in a thread for tests that are not async."""

from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

from .datacenters import Sites
from .options import Options


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A running sandbox."""

    sites: Sites

    @property
    def admin_url(self) -> str:
        return self.sites.admin

    @property
    def data_centers(self) -> dict[str, dict[str, str]]:
        """`{"us": {"accounts": origin, "api": origin}, …}`"""
        return self.sites.table()


@asynccontextmanager
async def serving(options: Options | None = None) -> AsyncGenerator[Sandbox]:
    """Serve in the current event loop until the block ends."""
    raise NotImplementedError
    yield


@contextmanager
def running(options: Options | None = None) -> Generator[Sandbox]:
    """Serve in a thread of its own until the block ends."""
    raise NotImplementedError
    yield
