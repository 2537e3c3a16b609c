"""Callers who leave before their answer comes, at a twentieth of the size of `make abuse`."""

import asyncio
import random
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.hostile.abuse import cancel, fifty, opened, settled


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_those_who_leave_take_nothing_with_them(database_url: str, tmp_path: Path) -> None:
    random.seed(4)
    tmp_path.chmod(0o711)

    async def work() -> None:
        await fifty(site)
        files = site.files()
        site.provider(books=0.2)
        told = await cancel(site, 400)
        assert told["cut off"] > 100
        site.provider()
        assert await fifty(site) == {200: 50}
        more, idle = await settled(site, files, database_url)
        assert (max(0, more), idle) == (0, 0)

    with ExitStack() as stack:
        site = opened(stack, tmp_path, database_url, keys=2)
        asyncio.run(work())
        log = site.product.server(0).log.read_text()
    assert '"level":"error"' not in log and "Traceback" not in log, log[-3000:]
