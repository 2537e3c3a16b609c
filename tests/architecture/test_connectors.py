"""Every connector folder keeps the rules, also one that is added tomorrow: nothing here names a provider."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.kit.connector import Connector
from connectors.kit.registry import load

ROOT = Path(__file__).resolve().parents[2]
FORBIDDEN = {
    "time",
    "asyncio",
    "socket",
    "threading",
    "subprocess",
    "os",
    "pathlib",
    "logging",
    "http",
    "random",
}
"""Standard modules that reach outside, or read a clock or the environment."""


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def folders() -> list[Path]:
    return sorted(
        path.parent for path in (ROOT / "connectors").glob("*/__init__.py") if path.parent.name != "kit"
    )


def test_every_folder_is_a_connector_that_is_found_by_itself() -> None:
    assert [connector.name for connector in load()] == [folder.name for folder in folders()]


@pytest.mark.parametrize("folder", folders(), ids=lambda folder: folder.name)
def test_a_connector_imports_only_the_kit_the_models_and_harmless_modules(folder: Path) -> None:
    ours = ("connectors.kit", "unified_models", f"connectors.{folder.name}", "pydantic")
    for path in folder.rglob("*.py"):
        for name in imports(path):
            top = name.split(".")[0]
            harmless = top in sys.stdlib_module_names and top not in FORBIDDEN
            assert harmless or name == "connectors" or name.startswith(ours), f"{path.name} imports {name}"


@pytest.mark.parametrize("folder", folders(), ids=lambda folder: folder.name)
def test_no_connector_asks_what_time_it_is(folder: Path) -> None:
    for path in [*folder.rglob("*.py"), *(ROOT / "connectors" / "kit").rglob("*.py")]:
        source = path.read_text(encoding="utf-8")
        for call in ("datetime.now(", ".utcnow(", "date.today("):
            assert call not in source, f"{path.name} calls {call}"


def test_the_app_imports_no_connector_by_name() -> None:
    names = {f"connectors.{folder.name}" for folder in folders()}
    for path in (ROOT / "app").rglob("*.py"):
        for name in imports(path):
            assert not any(name == one or name.startswith(f"{one}.") for one in names), (
                f"{path} imports {name}"
            )


@pytest.mark.parametrize("connector", load(), ids=lambda connector: connector.slug)
def test_an_integration_has_one_name_in_answers_and_no_alias_twice(connector: Connector) -> None:
    names = [name for one in load() for name in (one.slug, *one.aliases)]
    assert len(names) == len(set(names))
    assert connector.name in (connector.slug, *connector.aliases)
