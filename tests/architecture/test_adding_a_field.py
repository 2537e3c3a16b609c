"""The guide on adding a field shows a commit that is really there, and all of it."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
GUIDE = ROOT / "docs" / "guides" / "adding-a-field.md"


def git(*arguments: str) -> str:
    return subprocess.run(
        ["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=True
    ).stdout


@pytest.fixture(scope="module")
def commit() -> str:
    """The commit the guide names. Skipped where its history is not at hand."""
    [id] = re.findall(r"`([0-9a-f]{40})`", GUIDE.read_text(encoding="utf-8"))
    if not shutil.which("git") or not (ROOT / ".git").exists():
        pytest.skip("this is no checkout with git")
    if git("rev-parse", "--is-shallow-repository").strip() == "true":
        known = subprocess.run(["git", "-C", str(ROOT), "cat-file", "-e", id], capture_output=True)
        if known.returncode != 0:
            pytest.skip(f"this checkout is shallow and lacks {id}")
    return id


def test_the_commit_is_in_the_history(commit: str) -> None:
    done = subprocess.run(["git", "-C", str(ROOT), "merge-base", "--is-ancestor", commit, "HEAD"])
    assert done.returncode == 0
    subject = git("show", "--no-patch", "--format=%s", commit).strip()
    assert subject in " ".join(GUIDE.read_text(encoding="utf-8").split())


def test_its_diff_is_what_the_guide_shows(commit: str) -> None:
    """A line in a model and a row in a connector, nothing else."""
    diff = git("show", "--unified=0", "--format=", "--no-color", "--no-ext-diff", commit)
    changed = [line for line in diff.splitlines() if re.match(r"[-+]", line)]
    shown = re.search(r"```diff\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    assert shown is not None and shown[1].splitlines() == changed
    added = [line for line in changed if not line.startswith(("+++", "---"))]
    assert len(added) == 2 and all(line.startswith("+") for line in added)
