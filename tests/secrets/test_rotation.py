"""A ring changes one step at a time, and a running process follows it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.core.secrets import KeyringUnusable, LiveKeyring, SecretUnavailable, keyring, rotation
from app.core.secrets.keyring import Keyring, Status

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    keyring.create(tmp_path / "ring.json", NOW)
    return tmp_path / "ring.json"


def added(path: Path, key_id: str = "kek-next") -> Keyring:
    key = keyring.fresh_key(NOW, Status.DECRYPT, key_id)
    return rotation.edit(path, lambda ring: rotation.add(ring, key))


def test_a_key_goes_from_added_to_destroyed(path: Path) -> None:
    first = keyring.read(path).primary
    ring = added(path)
    assert (ring.version, ring.primary, ring.keys["kek-next"].status) == (2, first, Status.DECRYPT)
    ring = rotation.edit(path, lambda ring: rotation.promote(ring, "kek-next"))
    assert (ring.version, ring.primary, ring.keys[first].status) == (3, "kek-next", Status.DECRYPT)
    assert ring.material(first) != ring.material("kek-next")
    ring = rotation.edit(path, lambda ring: rotation.retire(ring, first, NOW))
    with pytest.raises(SecretUnavailable):
        ring.material(first)
    with pytest.raises(KeyringUnusable, match="2026-03-31"):
        rotation.destroy(ring, first, NOW + timedelta(days=29))
    assert rotation.revive(ring, first).material(first)
    ring = rotation.edit(path, lambda ring: rotation.destroy(ring, first, NOW + timedelta(days=30)))
    assert ring.keys[first].status is Status.DESTROYED and not ring.keys[first].material
    assert path.stat().st_mode & 0o777 == 0o600


def test_steps_that_make_no_sense_are_refused(path: Path) -> None:
    ring = added(path)
    retired = rotation.retire(ring, "kek-next", NOW)
    for change in (
        lambda: rotation.add(ring, ring.keys["kek-next"]),
        lambda: rotation.add(ring, keyring.fresh_key(NOW, Status.DECRYPT, "../x")),
        lambda: rotation.promote(ring, "kek-none"),
        lambda: rotation.promote(retired, "kek-next"),
        lambda: rotation.retire(ring, ring.primary, NOW),
        lambda: rotation.retire(retired, "kek-next", NOW),
        lambda: rotation.destroy(ring, "kek-next", NOW + timedelta(days=400)),
        lambda: rotation.revive(ring, "kek-next"),
    ):
        with pytest.raises(KeyringUnusable):
            change()


def test_signatures_outlive_a_promotion_and_end_with_retirement(path: Path) -> None:
    before = keyring.read(path)
    ring = rotation.promote(added(path), "kek-next")
    assert ring.signing("cursor") == [ring.derive("cursor"), before.derive("cursor")]
    assert rotation.retire(ring, before.primary, NOW).signing("cursor") == [ring.derive("cursor")]


def test_a_process_follows_the_file(path: Path) -> None:
    live = LiveKeyring(keyring.read(path))
    assert not live.follow()
    added(path)
    assert live.follow() and live.version == 2 and "kek-next" in live.keys
    assert not live.follow()
    rotation.edit(path, lambda ring: rotation.promote(ring, "kek-next"))
    assert live.follow() and live.primary == "kek-next"


@pytest.mark.parametrize("damage", ["", "{}", "older"])
def test_a_process_keeps_its_ring_when_the_file_is_none_or_goes_back(path: Path, damage: str) -> None:
    older = path.read_text()
    ring = added(path)
    live = LiveKeyring(ring)
    path.write_text(older if damage == "older" else damage)
    with pytest.raises(KeyringUnusable):
        live.follow()
    assert live.version == 2 and live.material("kek-next") == ring.material("kek-next")
    path.unlink()
    assert not live.follow() and live.version == 2


def test_a_file_that_could_not_be_read_once_is_read_when_it_can_be(path: Path) -> None:
    live = LiveKeyring(keyring.read(path))
    added(path)
    path.chmod(0o644)
    for _ in range(2):
        with pytest.raises(KeyringUnusable, match="chmod 600"):
            live.follow()
    path.chmod(0o600)
    assert live.follow() and live.version == 2
