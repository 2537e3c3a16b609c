"""Every operation the connectors claim is backed by a test that performs it."""

import subprocess
import sys

from tests.flows.coverage import HERE, backed, claimed, recorded, table
from tests.support.witness import operation_of


def test_every_claim_is_backed_and_nothing_else() -> None:
    """If not: write the test, then `python -m tests.flows.coverage record` with its file."""
    found = {(name, each) for name, tests in backed().items() for each in tests}
    assert found == {(name, each) for name, offered in claimed().items() for each in offered}


def test_the_named_tests_exist() -> None:
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", str(HERE), "-o", "addopts="]
    collected = subprocess.run(
        [*command, "--import-mode=importlib"], capture_output=True, text=True, cwd=HERE.parents[1]
    )
    named = {test for tests in backed().values() for test in tests.values()}
    assert named - set(collected.stdout.splitlines()) == set(), collected.stdout[-2000:]


def test_addresses_are_told_apart() -> None:
    base = "/unified/accounting/invoices"
    for call, operation in {
        f"GET {base}": "list", f"POST {base}/": "create", f"PATCH {base}/1": "update", f"GET {base}/1/pdf": "pdf",
        f"POST {base}/1/void": "void", f"GET {base}/1/attachments/2/content": "content",
        f"DELETE {base}/1/refunds/2": "delete refunds", f"GET {base}/meta": "meta",
    }.items():  # fmt: skip
        assert operation_of(*call.split()) == ("invoices", operation)
    assert operation_of("GET", "/unified/accounting/reports/cash_flow") == ("reports", "cash_flow")
    for call in (f"GET {base}/1/void", "GET /proxy/invoices", f"PUT {base}"):
        assert operation_of(*call.split()) is None


def test_a_test_that_stopped_performing_loses_its_claim() -> None:
    before = {"items": {"list": "a", "get": "b", "delete": "c"}}
    performed = {"a": {("items", "get"), ("items", "list")}, "b": set(), "d": {("items", "get")}}
    after = recorded(before, performed)
    assert after["items"] == {"list": "a", "get": "d", "delete": "c"}


def test_the_table_says_what_is_refused() -> None:
    lines = [line.split() for line in table()]
    assert ["custom-fields", "no", "422", "not_implemented"] in lines
    assert ["any", "other", "action", "no", "404", "unknown_action"] in lines
