"""The key ring: one file, its owner's only, refused whenever anything about it is odd."""

import base64
import json
import os
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from app.core.secrets import KeyringMissing, KeyringUnusable, SecretUnavailable, keyring
from app.core.secrets.failures import Reason
from app.core.secrets.keyring import Status
from app.core.secrets.wrapping import LocalWrapper, WrappedKey

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def rewrite(path: Path, change: Any) -> None:
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


def test_a_new_ring_is_random_and_its_owners_only(tmp_path: Path) -> None:
    path = tmp_path / "data" / "ring.json"
    first = keyring.create(path, NOW)
    assert path.stat().st_mode & 0o777 == 0o600
    assert first.primary.startswith("kek-2026-03-")
    assert keyring.read(path) == first
    assert keyring.create(tmp_path / "other.json", NOW).material != first.material
    assert [one.name for one in path.parent.iterdir()] == ["ring.json"]


def test_a_ring_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "ring.json"
    first = keyring.create(path, NOW)
    with pytest.raises(KeyringUnusable, match="already"):
        keyring.create(path, NOW)
    assert keyring.read(path) == first


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_ring_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "ring.json"
    keyring.create(path, NOW)
    path.chmod(mode)
    with pytest.raises(KeyringUnusable, match="chmod 600"):
        keyring.read(path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_ring_of_another_user_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ring.json"
    keyring.create(path, NOW)
    os.chown(path, 12345, -1)
    with pytest.raises(KeyringUnusable, match="another user"):
        keyring.read(path)


def _second_primary(document: dict[str, Any]) -> None:
    document["keys"].append({**document["keys"][0], "id": "kek-other"})


DAMAGE = {
    "no keys": lambda d: d.update(keys=[]),
    "two primaries": _second_primary,
    "same key twice": lambda d: d["keys"].append(d["keys"][0]),
    "primary not named": lambda d: d.update(primary="kek-none"),
    "short material": lambda d: d["keys"][0].update(material="base64:AAAA"),
    "plain material": lambda d: d["keys"][0].update(material="x" * 32),
    "other material": lambda d: d["keys"][0].update(
        material="base64:" + base64.b64encode(bytes(32)).decode()
    ),
    "other kind": lambda d: d["keys"][0].update(alg="XOR"),
    "odd status": lambda d: d["keys"][0].update(status="great"),
    "odd id": lambda d: d["keys"][0].update(id="../x"),
    "id is no text": lambda d: d["keys"][0].update(id=7),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_a_damaged_ring_is_refused_without_showing_it(tmp_path: Path, name: str) -> None:
    path = tmp_path / "ring.json"
    ring = keyring.create(path, NOW)
    rewrite(path, DAMAGE[name])
    with pytest.raises(KeyringUnusable) as caught:
        keyring.read(path)
    assert base64.b64encode(ring.material(ring.primary)).decode() not in str(caught.value)


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '"x"', "{}", '{"keys": {}}', '{"keys": [1]}'])
def test_what_is_no_ring_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "ring.json"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(KeyringUnusable, match="key ring"):
        keyring.read(path)


def test_without_a_ring_production_names_the_command(tmp_path: Path) -> None:
    with pytest.raises(KeyringMissing, match="ledgerway keyring init"):
        keyring.load(tmp_path / "none.json", environ={})
    assert not (tmp_path / "none.json").exists()


def test_the_variable_is_used_and_removed(tmp_path: Path) -> None:
    ring = keyring.generate(NOW)
    variables = {keyring.ENVIRONMENT_NAME: ring.dump().decode()}
    loaded = keyring.load(tmp_path / "none.json", environ=variables)
    assert loaded.material(ring.primary) == ring.material(ring.primary)
    assert variables == {}


def test_a_service_credential_is_used(tmp_path: Path) -> None:
    ring = keyring.generate(NOW)
    (tmp_path / "ledgerway-keyring").write_bytes(ring.dump())
    loaded = keyring.load(tmp_path / "none.json", environ={"CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert loaded.primary == ring.primary


def test_processes_starting_together_agree_on_one_ring(tmp_path: Path) -> None:
    path = tmp_path / "ring.json"
    found: list[bytes] = []

    def start() -> None:
        ring = keyring.load_or_create(path, NOW, environ={})
        found.append(ring.material(ring.primary))

    threads = [threading.Thread(target=start) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 12 and len(set(found)) == 1


def test_a_disabled_or_unknown_key_is_not_handed_out(tmp_path: Path) -> None:
    path = tmp_path / "ring.json"
    ring = keyring.create(path, NOW)
    old = keyring.generate(NOW)

    def add(document: dict[str, Any]) -> None:
        entry = json.loads(old.dump())["keys"][0]
        document["keys"].append({**entry, "status": "disabled"})

    rewrite(path, add)
    both = keyring.read(path)
    assert both.keys[old.primary].status is Status.DISABLED
    assert both.material(ring.primary) == ring.material(ring.primary)
    for key_id, reason in ((old.primary, Reason.KEY_DISABLED), ("kek-none", Reason.UNKNOWN_KEY)):
        with pytest.raises(SecretUnavailable) as caught:
            both.material(key_id)
        assert caught.value.reason is reason


def test_derived_keys_differ_by_purpose_and_key() -> None:
    one, two = keyring.generate(NOW), keyring.generate(NOW)
    keys = {
        one.derive("cursor"),
        one.derive("account-token"),
        two.derive("cursor"),
        one.material(one.primary),
    }
    assert len(keys) == 4 and all(len(key) == 32 for key in keys)
    assert one.derive("cursor") == one.derive("cursor", one.primary)


def test_a_ring_shows_no_key() -> None:
    ring = keyring.generate(NOW)
    raw = ring.material(ring.primary)
    for shown in (repr(ring), repr(ring.keys), str(ring.keys[ring.primary])):
        assert raw.hex() not in shown and repr(raw) not in shown and "[secret]" in shown


@pytest.mark.anyio
async def test_a_wrapped_key_opens_in_its_context_only() -> None:
    wrapper = LocalWrapper(keyring.generate(NOW))
    key = os.urandom(32)
    wrapped = await wrapper.wrap(key, b"row 1")
    assert wrapped.blob.startswith(b"LK\x01\x01" + bytes([len(wrapped.kek_id)]) + wrapped.kek_id.encode())
    assert key not in wrapped.blob
    assert await wrapper.unwrap(wrapped, b"row 1") == key
    again = await wrapper.rewrap(wrapped, b"row 1")
    assert again.blob != wrapped.blob and await wrapper.unwrap(again, b"row 1") == key
    stranger = LocalWrapper(keyring.generate(NOW))
    for other, context, by in (
        (wrapped, b"row 2", wrapper),
        (wrapped, b"row 1", stranger),
        (WrappedKey("local", wrapped.kek_id, wrapped.blob[:-1]), b"row 1", wrapper),
        (WrappedKey("kms", wrapped.kek_id, wrapped.blob), b"row 1", wrapper),
    ):
        with pytest.raises(SecretUnavailable):
            await by.unwrap(other, context)
    await wrapper.health()
