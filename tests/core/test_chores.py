import asyncio

import pytest

from app.core.chores import Chore

pytestmark = pytest.mark.anyio


class Counting(Chore):
    """Fails in its first pass, and never ends its third."""

    every = (0.0, 0.0)

    def __init__(self) -> None:
        self.passes = 0
        self.hangs = asyncio.Event()

    async def once(self) -> None:
        self.passes += 1
        if self.passes == 1:
            raise OSError
        if self.passes == 3:
            self.hangs.set()
            await asyncio.Event().wait()


async def test_it_goes_on_after_a_failure_until_it_is_closed() -> None:
    chore = Counting()
    chore.start()
    chore.start()
    async with asyncio.timeout(20):
        await chore.hangs.wait()
        await chore.close()
        await chore.close()
    assert chore.passes == 3


async def test_it_may_begin_again() -> None:
    chore = Counting()
    await chore.close()
    chore.start()
    await chore.close()
    chore.start()
    async with asyncio.timeout(20):
        await chore.hangs.wait()
    await chore.close()
