"""The commands for keys, the key ring and the audit log, on a machine with nothing on it."""

import asyncio
import json
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from app.core.database import Database
from app.core.errors import Problem
from app.core.secrets import KeyringMissing, KeyringUnusable
from app.core.settings import SettingsError
from app.keys import format as key_format
from app.keys.audit_cli import audit
from app.keys.cli import keys
from app.keys.ring_cli import ring
from tests.support.accounts import add_accounts


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LEDGERWAY_DATABASE_URL", f"sqlite:///{tmp_path / 'ledgerway.db'}")
    monkeypatch.setenv("LEDGERWAY_KEYRING_FILE", str(tmp_path / "ring.json"))
    return tmp_path


def run(app: object, *arguments: str) -> Result:
    done = CliRunner().invoke(app, arguments)  # type: ignore[arg-type]
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


def create(*arguments: str) -> str:
    return run(keys, "create", "--environment", "acme", "--mode", "test", *arguments).stdout


def test_the_key_alone_is_printed() -> None:
    printed = create()
    assert printed.count("\n") == 1
    assert key_format.read(printed.strip()) is not None


def test_json_tells_the_rest(machine: Path) -> None:
    environment = json.loads(create("--json"))["environment_id"]

    async def connect() -> None:
        database = Database(f"sqlite:///{machine / 'ledgerway.db'}")
        await add_accounts(database, environment, "acc_1")
        await database.close()

    asyncio.run(connect())
    told = json.loads(
        create(
            "--scopes", "accounting:read,proxy:read", "--scopes", "logs:read", "--account", "acc_1", "--json"
        )
    )
    assert key_format.read(told["key"]) is not None
    assert told["environment"] == "acme"
    assert told["scopes"] == ["accounting:read", "proxy:read", "logs:read"]
    assert told["integrated_account_ids"] == ["acc_1"]


def test_a_key_for_an_account_there_is_not_is_not_made() -> None:
    with pytest.raises(Problem) as refused:
        create("--account", "acc_none")
    assert refused.value.errors[0].pointer == "/integrated_account_ids/0"
    assert json.loads(run(keys, "list", "--json").stdout) == []


def test_an_environment_is_made_once_per_mode() -> None:
    first, second = json.loads(create("--json")), json.loads(create("--json"))
    assert first["environment_id"] == second["environment_id"]
    live = run(keys, "create", "--environment", "acme", "--mode", "live", "--json")
    assert json.loads(live.stdout)["environment_id"] != first["environment_id"]


def test_keys_are_listed_and_revoked_without_their_secrets() -> None:
    key = create().strip()
    other = json.loads(create("--json"))
    listed = run(keys, "list").stdout
    assert key not in listed and key[:20] in listed
    assert "revoked" in run(keys, "revoke", other["id"]).stdout
    run(keys, "revoke", key_format.read(key).kid)  # type: ignore[union-attr]
    rows = json.loads(run(keys, "list", "--environment", "acme", "--json").stdout)
    assert len(rows) == 2 and all(row["revoked_at"] for row in rows)
    with pytest.raises(Problem, match="no API key"):
        run(keys, "revoke", "key_none")


def test_a_scope_that_means_nothing_is_refused() -> None:
    with pytest.raises(Problem, match="foo:bar"):
        create("--scopes", "foo:bar")


def test_init_makes_a_ring_once(machine: Path) -> None:
    assert "ring.json" in run(ring, "init").stdout
    assert (machine / "ring.json").stat().st_mode & 0o777 == 0o600
    with pytest.raises(KeyringUnusable, match="already"):
        run(ring, "init")


def test_status_tells_what_fits(machine: Path) -> None:
    with pytest.raises(KeyringMissing):
        run(ring, "status")
    create()
    told = json.loads(run(ring, "status", "--json").stdout)
    assert told["database"] == "current" and told["problems"] == []
    assert [key["status"] for key in told["keys"]] == ["primary"]
    (machine / "ring.json").unlink()
    run(ring, "init")
    done = run(ring, "status", "--json")
    assert done.exit_code == 1 and "lacks key" in json.loads(done.stdout)["problems"][0]
    with pytest.raises(KeyringUnusable, match="lacks key"):
        create()


def test_production_makes_nothing_by_itself(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEDGERWAY_MODE", "production")
    monkeypatch.setenv("LEDGERWAY_PUBLIC_URL", "https://ledger.example")
    with pytest.raises(KeyringMissing, match="ledgerway keyring init"):
        create()
    run(ring, "init")
    with pytest.raises(SettingsError, match="ledgerway migrate"):
        create()


def test_verify_finds_what_was_changed(machine: Path) -> None:
    create()
    assert "intact" in run(audit, "verify").stdout
    with sqlite3.connect(machine / "ledgerway.db") as database:
        database.execute("DROP TRIGGER audit_log_no_update")
        database.execute("UPDATE audit_log SET target = 'x' WHERE seq = 2")
    done = run(audit, "verify")
    assert done.exit_code == 1 and "broken at 2" in done.stdout


def test_a_chain_made_anew_does_not_fool_heads_kept_elsewhere(machine: Path) -> None:
    create()
    kept = machine / "heads.json"
    kept.write_text(run(audit, "export").stdout)
    create()
    told = json.loads(kept.read_text())
    assert len(bytes.fromhex(told["public_key"])) == 32
    assert [(head["seq"], head["kind"]) for head in told["heads"]] == [(2, "head")]
    assert "3 entries, intact, signed up to 2" in run(audit, "verify", "--heads", str(kept)).stdout
    with sqlite3.connect(machine / "ledgerway.db") as database:
        database.execute("DROP TRIGGER audit_log_no_delete")
        database.execute("DELETE FROM audit_log WHERE seq > 1")
        database.execute("UPDATE audit_heads SET seq = 1, hash = (SELECT hash FROM audit_log)")
        database.execute("DELETE FROM audit_seals")
    assert "1 entries, intact, signed up to 0" in run(audit, "verify").stdout
    done = run(audit, "verify", "--heads", str(kept))
    assert done.exit_code == 1 and "broken at 2: the end of the chain is missing" in done.stdout


def test_heads_that_are_none(machine: Path) -> None:
    (machine / "heads.json").write_text("{}")
    done = run(audit, "verify", "--heads", str(machine / "heads.json"))
    assert done.exit_code == 2 and "audit export" in done.output


def test_signatures_outlive_the_keys_of_the_ring(machine: Path) -> None:
    create()
    before = json.loads(run(audit, "export").stdout)
    [old] = json.loads(run(ring, "status", "--json").stdout)["keys"]
    assert old["data_keys"] == 1, "the signing key"
    run(ring, "add", "new")
    run(ring, "promote", "new")
    with pytest.raises(KeyringUnusable, match="rewrap"):
        run(ring, "retire", old["id"])
    run(ring, "rewrap")
    for row in json.loads(run(keys, "list", "--json").stdout):
        run(keys, "revoke", row["id"])  # their digests would hold the old key, too
    _a_process_holds(machine, version=1)
    with pytest.raises(KeyringUnusable, match="not in process 7 on elsewhere"):
        run(ring, "retire", old["id"])
    _a_process_holds(machine, version=3)
    run(ring, "retire", old["id"])
    assert run(audit, "verify").exit_code == 0
    after = json.loads(run(audit, "export").stdout)
    assert after["public_key"] == before["public_key"]


def _a_process_holds(machine: Path, version: int) -> None:
    """Another host's process says which ring it has."""
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    with sqlite3.connect(machine / "ledgerway.db") as database:
        database.execute("DELETE FROM keyring_processes")
        told = ("prc_other", "elsewhere", 7, version, "kek-1", now)
        database.execute("INSERT INTO keyring_processes VALUES (?, ?, ?, ?, ?, ?)", told)


def test_entries_are_listed_those_of_no_environment_too() -> None:
    create()
    run(ring, "add")
    lines = run(audit, "list").stdout.splitlines()
    assert [line.split()[0] for line in lines] == sorted(line.split()[0] for line in lines)
    assert any("acme (test)" in line and "api_key.created" in line for line in lines)
    [system] = json.loads(run(audit, "list", "--environment", "system", "--json").stdout)
    assert (system["environment_id"], system["actor"]["type"]) == ("system", "cli")
    ours = run(audit, "list", "--environment", "acme").stdout.splitlines()
    assert 0 < len(ours) < len(lines)
    assert run(audit, "list", "--limit", "1").stdout.splitlines() == lines[-1:]
    assert run(audit, "list", "--environment", "nobody").stdout == ""
