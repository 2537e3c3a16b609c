"""The tree itself: what the import contracts cannot see."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

LONGEST = 400
OVER_LENGTH: dict[str, int] = {}
"""Files over the limit with the length they may not exceed. The list may only shrink."""

FORBIDDEN_NAMES = {"utils", "helpers", "common", "manager", "util", "helper", "misc"}


def tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *patterns],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [path for line in listed.stdout.splitlines() if (path := ROOT / line).is_file()]


def test_the_app_names_no_provider() -> None:
    providers = {"zoho"}
    named = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in tracked("app")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if any(provider in line.casefold() for provider in providers)
    ]
    assert named == []


def test_no_file_grows_over_the_limit() -> None:
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in tracked("*.py")}
    grown = {name: n for name, n in lengths.items() if n > OVER_LENGTH.get(name, LONGEST)}
    assert grown == {}
    assert {name for name in OVER_LENGTH if lengths.get(name, 0) <= LONGEST} == set(), (
        "strike these from the list"
    )


def test_module_names_say_what_they_hold() -> None:
    assert [path for path in tracked("*.py") if path.stem in FORBIDDEN_NAMES] == []


def test_links_between_documents_lead_somewhere() -> None:
    broken = [
        f"{path.relative_to(ROOT)}: {target}"
        for path in tracked("*.md")
        for target in re.findall(r"\]\(([^)\s#]+)[^)]*\)", path.read_text(encoding="utf-8"))
        if not re.match(r"[a-z]+:", target) and not (path.parent / target).exists()
    ]
    assert broken == []


def test_the_lock_names_no_index() -> None:
    for lock in tracked("*.lock"):
        assert not re.search(r"https?://|--index-url|--find-links", lock.read_text()), lock.name


def test_unified_nouns_name_the_connector_files() -> None:
    nouns = {path.stem for path in (ROOT / "unified_models").glob("*.py")}
    from connectors.kit.registry import load

    for connector in load():
        for _, resource in connector.resources:
            assert resource in nouns, f"{connector.name}: {resource} has no file in unified_models"
