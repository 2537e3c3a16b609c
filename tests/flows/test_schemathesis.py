"""The published OpenAPI document, held against the running product by generated requests."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import schemathesis.cli  # noqa: F401 — registers the checks
from schemathesis.checks import CHECKS

from tests.flows.company import Company
from tests.support.product import Product

UNCHECKED = {
    "positive_data_acceptance": "a document cannot say which references exist, what a state allows, or that two fields"
    " go together; tests/flows says which good requests are taken",
    "negative_data_rejection": "a parameter given without a value counts as not given, which no schema says;"
    " it found nothing else, and tests/flows/test_unified_bad_input has what is refused",
    "object_level_authorization": "needs links between operations; tests/hostile sweeps every route with foreign ids",
}
"""Checks that are not made, and why. All others are."""

LEFT_OUT = (
    "POST /api-key/{key_id}/revoke",
    "DELETE /api-key/{key_id}",
    "DELETE /integrated-account/{account_id}",
)
"""They would take away the key the requests are made with, or the account they are for."""


def test_every_answer_is_one_the_document_promises(
    ample: Product, connected: Callable[..., Company], tmp_path: Path
) -> None:
    company = connected(seed="furnished")
    known = set(CHECKS.get_all_names())
    assert known > UNCHECKED.keys() | {"ignored_auth", "response_schema_conformance", "not_a_server_error"}
    document = company.api.get("/openapi.json").json()
    operations = {f"{verb.upper()} {path}" for path, item in document["paths"].items() for verb in item}
    assert operations >= set(LEFT_OUT)
    settings = tmp_path / "schemathesis.toml"
    settings.write_text(
        "[parameters]\n"
        f'"query.integrated_account_id" = "{company.account_id}"\n'
        f'"header.X-Integrated-Account-Id" = "{company.account_id}"\n'
        + "".join(f'[[operations]]\ninclude-name = "{name}"\nenabled = false\n' for name in LEFT_OUT)
    )
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(settings)),
        *("run", f"{ample.bases[0]}/openapi.json"),
        *("--header", f"Authorization: Bearer {ample.key}"),
        *("--checks", ",".join(sorted(known - UNCHECKED.keys()))),
        *("--phases", "examples,fuzzing", "--max-examples", "5", "--workers", "2"),
        *("--generation-deterministic", "--suppress-health-check", "all", "--no-color", "--warnings", "off"),
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=1200)
    assert done.returncode == 0, done.stdout[-12_000:] + done.stderr[-2_000:]
    tested = re.search(r"Tested: (\d+)", done.stdout)
    assert tested is not None and int(tested[1]) == len(operations) - len(LEFT_OUT), done.stdout[-2_000:]
