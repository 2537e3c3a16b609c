"""The guides are true: their shell blocks run, in order, against a connected sandbox organisation.

A guide that runs has ```sh blocks; a ```json block after one shows (part of) what it prints. "…" stands for
anything. Variables the reader has: LEDGERWAY (base URL), LEDGERWAY_KEY, ACCOUNT, EXPORTS (the folder the gateway
writes files to), and DATABASE (the URL of one of theirs) where a guide uses it.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.flows.conftest import NO_LIMITS
from tests.support import postgres
from tests.support.product import Product, Sandbox

GUIDES = Path(__file__).resolve().parents[2] / "docs" / "guides"
RUNS = "<!-- runs in tests -->"
_FENCE = re.compile(r"^```(sh|json)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_MARK = "@@ledgerway-block@@"


@dataclass
class Block:
    script: str
    shown: str | None = None


def guides() -> list[Path]:
    return [path for path in sorted(GUIDES.glob("*.md")) if RUNS in path.read_text(encoding="utf-8")]


def blocks(guide: Path) -> list[Block]:
    found: list[Block] = []
    for kind, text in _FENCE.findall(guide.read_text(encoding="utf-8")):
        if kind == "sh":
            found.append(Block(text))
        else:
            found[-1].shown = text
    return found


def check(shown: Any, printed: Any, at: str) -> None:
    """`printed` has everything `shown` shows."""
    if shown == "…":
        assert printed not in (None, "", [], {}), f"{at} is {printed!r}"
    elif isinstance(shown, dict):
        assert isinstance(printed, dict), f"{at} is {printed!r}"
        for name, value in shown.items():
            assert name in printed, f"{at} has no {name}: {printed}"
            check(value, printed[name], f"{at}.{name}")
    elif isinstance(shown, list):
        assert isinstance(printed, list), f"{at} is {printed!r}"
        assert len(shown) <= len(printed), f"{at} has {len(printed)} entries"
        for number, value in enumerate(shown):
            check(value, printed[number], f"{at}[{number}]")
    else:
        assert printed == shown, f"{at} is {printed!r}, the guide says {shown!r}"


def read(text: str) -> Any:
    return json.loads(text, parse_float=Decimal, parse_int=Decimal)


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """All guides share one organisation, in one minute: its calls are not counted."""
    started = Sandbox(tmp_path_factory.mktemp("sandbox"), ("--limits", NO_LIMITS))
    yield started.start()
    started.stop()


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("exports")


@pytest.fixture(scope="module")
def product(sandbox: Sandbox, exports: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    limits = {"minute": 1_000_000, "concurrent": 8, "day": 1_000_000}
    extra = {"LEDGERWAY_EXPORT_FOLDER": str(exports)}
    started = Product(tmp_path_factory.mktemp("product"), sandbox, limits=limits, extra=extra)
    yield started.start()
    started.stop()


@pytest.fixture
def database(guide: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """An empty PostgreSQL database, for a guide that uses one."""
    if "$DATABASE" not in guide.read_text(encoding="utf-8"):
        yield ""
        return
    url = postgres.create_database(request.getfixturevalue("postgres_cluster"), "template0")
    yield url
    postgres.drop_database(url)


@pytest.fixture(scope="module")
def account(product: Product) -> str:
    return product.connect("guides")[0]["id"]


def test_there_are_guides_to_run() -> None:
    assert guides()


@pytest.mark.parametrize("guide", guides(), ids=lambda path: path.stem)
def test_a_guide_does_what_it_says(
    guide: Path, product: Product, account: str, exports: Path, database: str, tmp_path: Path
) -> None:
    if not shutil.which("curl") or not shutil.which("bash"):
        pytest.skip("the guides are written for bash and curl")
    steps = blocks(guide)
    script = "set -euo pipefail\n" + "".join(f"{step.script}\necho\necho '{_MARK}'\n" for step in steps)
    reader = {"LEDGERWAY": product.bases[0], "LEDGERWAY_KEY": product.key, "ACCOUNT": account}
    reader |= {"EXPORTS": str(exports), "DATABASE": database}
    done = subprocess.run(
        ["bash", "-c", script],
        env={**os.environ, **reader},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )
    outputs = done.stdout.split(_MARK)
    if done.returncode != 0:
        last = outputs[-1].strip() or outputs[-2 % len(outputs)]
        pytest.fail(f"block {len(outputs)}: {done.stderr}\n{last}")
    for number, (step, output) in enumerate(zip(steps, outputs, strict=False), 1):
        if step.shown is not None:
            check(read(step.shown), read(output), f"block {number}")
