"""The gate that makes rows safe: the type checker refuses a field with the codec of another type."""

import json
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

ROOT = Path(__file__).resolve().parents[3]
CHECKER = Path(sys.executable).with_name("basedpyright")

SNIPPET = """
    from connectors.kit.codec import BOOL, DATE, ENUM, ID, MONEY, TEXT
    from connectors.kit.mapping import Table, field, many, names, one, ref
    from connectors.zoho_books.documents import TERMS
    from connectors.zoho_books.lines import LINE
    from unified_models.invoices import Invoice

    invoice = names(Invoice)

    GOOD = (
        field(invoice.due_date, "due_date", DATE),
        field(invoice.total_amount, "total", MONEY),
        field(invoice.status, "status", ENUM({"a": "draft"})),
        many(invoice.line_items, "line_items", LINE),
        one(invoice.payment_terms, "", TERMS),
        ref(invoice.contact, "customer_id"),
    )
    WRONG = (
        field(invoice.due_date, "due_date", MONEY),
        field(invoice.total_amount, "total", DATE),
        field(invoice.is_emailed, "is_emailed", TEXT),
        field(invoice.number, "number", BOOL),
        many(invoice.taxes, "taxes", LINE),
        one(invoice.billing_address, "", TERMS),
        ref(invoice.number, "customer_id"),
        field(invoice.colour, "colour", ID),
    )
    TABLE = Table(Invoice, GOOD)
"""


@pytest.mark.slow
@pytest.mark.skipif(not CHECKER.exists(), reason="basedpyright is not installed")
def test_every_wrong_row_is_an_error_and_no_good_one(tmp_path: Path) -> None:
    text = dedent(SNIPPET)
    (tmp_path / "rows.py").write_text(text)
    config = {
        "include": [str(tmp_path)],
        "extraPaths": [str(ROOT)],
        "typeCheckingMode": "strict",
        "pythonVersion": "3.11",
    }
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(config))
    command = [str(CHECKER), "--outputjson", "--pythonpath", sys.executable, "--project", str(tmp_path)]
    told = subprocess.run(command, capture_output=True, text=True, check=False, timeout=240)
    errors = [each for each in json.loads(told.stdout)["generalDiagnostics"] if each["severity"] == "error"]
    found = {each["range"]["start"]["line"] for each in errors}
    lines = text.splitlines()
    first, last = lines.index("WRONG = ("), lines.index("TABLE = Table(Invoice, GOOD)") - 1
    assert found == set(range(first + 1, last))
