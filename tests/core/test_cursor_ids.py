"""Cursors cannot be forged or moved to another request; ids cannot be guessed."""

import os
import re
import subprocess
import sys

import pytest

from app.core.cursor import Cursors
from app.core.errors import Problem
from app.core.ids import base62, new_id

KEY = bytes(range(32))
POSITION = {"page": 3, "after": "460000000012345"}


def test_a_cursor_opens_where_it_was_signed() -> None:
    text = Cursors(lambda: [KEY]).sign(POSITION, "account", "invoices", "")
    assert re.fullmatch(r"[A-Za-z0-9_\-]+", text)
    assert Cursors(lambda: [KEY]).open(text, "account", "invoices", "") == POSITION


@pytest.mark.parametrize(
    "binding", [("other", "invoices", ""), ("account", "invoices"), ("accountinvoices", "", ""), ()]
)
def test_not_for_another_request(binding: tuple[str, ...]) -> None:
    text = Cursors(lambda: [KEY]).sign(POSITION, "account", "invoices", "")
    with pytest.raises(Problem, match="not issued") as caught:
        Cursors(lambda: [KEY]).open(text, *binding)
    assert caught.value.code == "invalid_cursor"


def test_no_bit_may_change() -> None:
    text = Cursors(lambda: [KEY]).sign(POSITION, "a")
    for at in range(len(text) - 1):
        changed = text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]
        with pytest.raises(Problem):
            Cursors(lambda: [KEY]).open(changed, "a")
    with pytest.raises(Problem):
        Cursors(lambda: [bytes(32)]).open(text, "a")


@pytest.mark.parametrize("text", ["", "x", "äöü", "a" * 5000, "====", "a b", "%00", "AAAA"])
def test_nonsense(text: str) -> None:
    with pytest.raises(Problem) as caught:
        Cursors(lambda: [KEY]).open(text, "a")
    assert caught.value.code == "invalid_cursor"


def test_a_cursor_outlives_a_change_of_key() -> None:
    other = bytes(32)
    old = Cursors(lambda: [KEY, other]).sign(POSITION, "a")
    rotated = Cursors(lambda: [other, KEY])
    assert rotated.open(old, "a") == POSITION
    assert Cursors(lambda: [other]).open(rotated.sign(POSITION, "a"), "a") == POSITION


def test_ids() -> None:
    ids = {new_id("acc") for _ in range(2000)}
    assert len(ids) == 2000
    assert all(re.fullmatch(r"acc_[0-9a-hjkmnp-tv-z]{26}", one) for one in ids)


FORKED = """
import os
from app.core.ids import new_id
new_id("acc")
child = os.fork()
if child:
    os.waitpid(child, 0)
print(*(new_id("acc") for _ in range(100)))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_process_gives_ids_of_its_own() -> None:
    told = subprocess.run([sys.executable, "-c", FORKED], capture_output=True, text=True, check=True).stdout
    assert len(set(told.split())) == 200


def test_base62() -> None:
    assert base62(b"\x00", 3) == "000"
    assert base62(b"\x3e", 2) == "10"
    assert len(base62(b"\xff" * 32, 43)) == 43
    with pytest.raises(ValueError):
        base62(b"\xff\xff", 2)
