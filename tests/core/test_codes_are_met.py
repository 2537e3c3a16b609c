"""Every error code is met by a test; those nothing can raise yet are named."""

import re
from pathlib import Path

from app.core.codes import CODES

ROOT = Path(__file__).resolve().parents[2]

AHEAD_OF_THEIR_TIME = {
    "environment_mismatch": "another environment's ids are 404, as if they were not there",
    "precondition_required": "edits in the console",
    "oauth_state_used": "a state that was used is deleted, and so unknown: oauth_state_invalid",
}
"""Codes of the contract that callers may prepare for, and what will raise them."""


def _named(folder: str, *but: str) -> set[str]:
    """The codes that stand as a whole text, or as the end of one, in the sources below `folder`."""
    text = "\n".join(path.read_text() for path in (ROOT / folder).rglob("*.py") if path.name not in but)
    return {code for code in CODES if re.search(rf'["\' ]{code}["\']', text)}


def test_every_code_is_asserted_somewhere() -> None:
    met = _named("tests", Path(__file__).name)
    assert CODES.keys() - met - AHEAD_OF_THEIR_TIME.keys() == set(), "no test meets these codes"


def test_no_code_is_excused_that_can_be_met() -> None:
    raised = _named("app", "codes.py") | _named("connectors")
    assert raised & AHEAD_OF_THEIR_TIME.keys() == set(), "these are raised: test them"
    assert CODES.keys() - raised - AHEAD_OF_THEIR_TIME.keys() == set(), "nothing raises these codes"
