"""docs/coverage.md tells what the rows say, and which evidence there is."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.commands import docs
from connectors.kit import check
from connectors.zoho_books import CONNECTOR
from tests.conformance.evidence import RECORDINGS, STATED, evidence


def test_the_page_is_up_to_date() -> None:
    assert docs.PAGE.read_text(encoding="utf-8") == docs.page(), "run `ledgerway docs coverage`"


@pytest.mark.skipif(not RECORDINGS.is_dir(), reason=f"no recordings at {RECORDINGS}")
def test_the_evidence_is_up_to_date() -> None:
    stated = json.loads(STATED.read_text(encoding="utf-8"))
    assert stated == evidence(), "run `python -m tests.conformance.evidence`"


def test_evidence_is_stated_of_paths_that_are_mapped() -> None:
    parts = {part.path: part for resource in CONNECTOR.resources.values() for part in resource.parts}
    stated = docs.evidence_of(CONNECTOR)
    assert stated.keys() == parts.keys()
    for path, seen in stated.items():
        assert seen.keys() <= set(check.paths(parts[path].table)), path
        assert set(seen.values()) <= {"recording", "specification"}


def test_every_resource_every_field_and_every_gap_is_on_the_page() -> None:
    page = docs.page()
    for (model, name), resource in CONNECTOR.resources.items():
        assert f"### {model}/{name}\n" in page
        for field, described in resource.describe()["fields"].items():
            assert f"| `{field}` |" in page
            if not described["supported"]:
                assert described["reason"] in page


def test_a_path_nobody_has_seen_is_marked() -> None:
    [line] = [
        line for line in docs.page().splitlines() if line.startswith("| `billed_status` | `invoiced_status`")
    ]
    assert line.endswith("| sandbox only |")


def test_a_stale_page_is_told_and_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "coverage.md"
    monkeypatch.setattr(docs, "PAGE", path)
    run = CliRunner()
    assert run.invoke(docs.docs, ["coverage", "--check"]).exit_code == 1
    assert not path.exists()
    assert run.invoke(docs.docs, ["coverage"]).exit_code == 0
    assert path.read_text(encoding="utf-8") == docs.page()
    assert run.invoke(docs.docs, ["coverage", "--check"]).exit_code == 0
