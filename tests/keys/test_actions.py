"""`/audit` can be asked for every action there is, and for no other."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from app.keys.actions import ACTIONS
from connectors.kit.registry import load

APP = Path(__file__).resolve().parents[2] / "app"
ACTION = re.compile(r"[a-z_]+\.[a-z_]+")
RECORDERS = {"record", "_audit"}


def recorded() -> Iterator[str]:
    """Texts like an action given to whatever writes an entry."""
    for file in APP.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and name_of(node.func) in RECORDERS:
                for given in node.args:
                    if isinstance(given, ast.Constant) and ACTION.fullmatch(str(given.value)):
                        yield str(given.value)


def name_of(function: ast.expr) -> str:
    return getattr(function, "attr", None) or getattr(function, "id", "")


def test_whatever_is_written_can_be_asked_for() -> None:
    found = {action for action in recorded() if not action.startswith("keyring.")}
    assert len(found) > 15
    assert found <= set(ACTIONS), found - set(ACTIONS)


def test_whatever_is_done_to_records_can_be_asked_for() -> None:
    deeds = {action for one in load() for part in one.resources.values() for action in part.actions}
    assert {f"record.{deed}" for deed in deeds} <= set(ACTIONS)
