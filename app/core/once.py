"""Callers at the same moment share one piece of work."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


class Once(Generic[K, T]):
    """Work in progress by key. A caller who gives up leaves it to the others; its exception is everybody's."""

    def __init__(self) -> None:
        self._running: dict[K, asyncio.Task[T]] = {}

    async def do(self, key: K, work: Callable[[], Awaitable[T]]) -> T:
        """What `work` returns, or what the same work returns that is under way for `key`."""
        task = self._running.get(key)
        if task is None:
            task = asyncio.get_running_loop().create_task(_run(work))
            self._running[key] = task
            task.add_done_callback(lambda done: self._end(key, done))
        return await asyncio.shield(task)

    def _end(self, key: K, task: asyncio.Task[T]) -> None:
        self._running.pop(key, None)
        if not task.cancelled():
            task.exception()  # seen: whoever still waits gets it, and nobody may be left


async def _run(work: Callable[[], Awaitable[T]]) -> T:
    return await work()
