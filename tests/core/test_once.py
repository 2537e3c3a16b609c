"""One piece of work for everybody who asks at the same moment."""

import asyncio

import pytest

from app.core.once import Once


def test_callers_share_work_by_key() -> None:
    async def run() -> None:
        done: list[str] = []
        once: Once[str, int] = Once()

        async def work(key: str) -> int:
            await asyncio.sleep(0.01)
            done.append(key)
            return len(done)

        found = await asyncio.gather(*(once.do(key, lambda key=key: work(key)) for key in "aaabb"))
        assert (found, sorted(done)) == ([1, 1, 1, 2, 2], ["a", "b"])
        assert await once.do("a", lambda: work("a")) == 3

    asyncio.run(run())


def test_a_caller_who_gives_up_leaves_the_others_alone() -> None:
    async def run() -> None:
        once: Once[str, str] = Once()

        async def work() -> str:
            await asyncio.sleep(0.02)
            return "done"

        first = asyncio.create_task(once.do("a", work))
        second = asyncio.create_task(once.do("a", work))
        await asyncio.sleep(0.005)
        first.cancel()
        assert await second == "done"
        assert first.cancelled() or (await asyncio.wait([first]))

    asyncio.run(run())


def test_its_failure_is_everybodys_and_not_remembered() -> None:
    async def run() -> None:
        once: Once[str, str] = Once()

        async def fail() -> str:
            await asyncio.sleep(0)
            raise ValueError("x")

        async def work() -> str:
            return "done"

        found = await asyncio.gather(*(once.do("a", fail) for _ in range(3)), return_exceptions=True)
        assert [type(one) for one in found] == [ValueError] * 3
        with pytest.raises(ValueError, match="x"):
            await once.do("a", fail)
        assert await once.do("a", work) == "done"

    asyncio.run(run())
