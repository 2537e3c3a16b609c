"""Changes of a key ring: each takes a ring and gives the next version of it, or says why not."""

import fcntl
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from app.core.secrets import keyring
from app.core.secrets.failures import KeyringUnusable
from app.core.secrets.keyring import Keyring, RingKey, Status
from app.core.secrets.secret import Secret

QUARANTINE = timedelta(days=30)
"""How long a retired key is kept, refused, before it may be destroyed."""


def edit(path: Path, change: Callable[[Keyring], Keyring]) -> Keyring:
    """Replaces the ring in a file by `change` of it; two commands at once wait for each other."""
    handle = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        keyring.write(path, change(keyring.read(path)), replace=True)
        return keyring.read(path)
    finally:
        os.close(handle)


def add(ring: Keyring, key: RingKey) -> Keyring:
    """With a further key that opens but does not seal yet, so that every process can learn it first."""
    if not keyring.ID.fullmatch(key.id):
        raise KeyringUnusable("a key id is 1 to 64 letters, digits, dots, dashes and underscores")
    if key.id in ring.keys:
        raise KeyringUnusable(f"the ring has a key {key.id} already")
    return _with(ring, replace(key, status=Status.DECRYPT))


def promote(ring: Keyring, key_id: str) -> Keyring:
    """With another primary key; the old one goes on opening what it sealed."""
    key = _known(ring, key_id)
    if not key.status.opens:
        raise KeyringUnusable(f"{key_id} is {key.status.value}; only a key that opens can become the primary")
    demoted = replace(ring.keys[ring.primary], status=Status.DECRYPT)
    return replace(_with(ring, demoted, replace(key, status=Status.PRIMARY)), primary=key_id)


def retire(ring: Keyring, key_id: str, now: datetime) -> Keyring:
    """With a key refused from now on. The caller has made sure that nothing needs it."""
    key = _known(ring, key_id)
    if key.status is not Status.DECRYPT:
        raise KeyringUnusable(f"{key_id} is {key.status.value}; only a key that merely opens can be retired")
    return _with(ring, replace(key, status=Status.DISABLED, retired=f"{now:%Y-%m-%dT%H:%M:%SZ}"))


def destroy(ring: Keyring, key_id: str, now: datetime) -> Keyring:
    """Without the material of a key that was retired `QUARANTINE` ago; its id stays."""
    key = _known(ring, key_id)
    if key.status is not Status.DISABLED or key.retired is None:
        raise KeyringUnusable(f"{key_id} is {key.status.value}; only a retired key can be destroyed")
    ripe = datetime.strptime(key.retired, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC) + QUARANTINE
    if now < ripe:
        raise KeyringUnusable(f"{key_id} may be destroyed from {ripe:%Y-%m-%d}: until then it can be revived")
    return _with(ring, replace(key, status=Status.DESTROYED, material=Secret(b"")))


def revive(ring: Keyring, key_id: str) -> Keyring:
    """With a retired key opening again: something needed it after all, a backup perhaps."""
    key = _known(ring, key_id)
    if key.status is not Status.DISABLED:
        raise KeyringUnusable(f"{key_id} is {key.status.value}; only a retired key can be revived")
    return _with(ring, replace(key, status=Status.DECRYPT, retired=None))


def _with(ring: Keyring, *changed: RingKey) -> Keyring:
    return replace(ring, version=ring.version + 1, keys={**ring.keys, **{key.id: key for key in changed}})


def _known(ring: Keyring, key_id: str) -> RingKey:
    key = ring.keys.get(key_id)
    if key is None:
        raise KeyringUnusable(f"the ring has no key {key_id}; it has {', '.join(ring.keys)}")
    return key
