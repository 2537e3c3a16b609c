"""The key ring: the keys that wrap data keys and that signing keys are derived from.

A JSON file of its owner's only (mode 0600), never in the database or its backups. Exactly one key is
`primary` (wraps), others are `decrypt` (only unwrap), `disabled` (refused) or `destroyed` (only the id is left).
"""

import base64
import binascii
import hmac
import json
import os
import re
import stat
import tempfile
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from app.core.secrets.envelope import KEY_SIZE, hkdf
from app.core.secrets.failures import (
    KeyringExists,
    KeyringMissing,
    KeyringUnusable,
    Reason,
    SecretUnavailable,
)
from app.core.secrets.secret import Secret

ENVIRONMENT_NAME = "LEDGERWAY_KEYRING"
ALGORITHM = "A256GCM-HKDF"
_CREDENTIAL = "ledgerway-keyring"
_CONTAINER_SECRET = Path("/run/secrets/ledgerway_keyring")
_LARGEST = 1 << 20
ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_INIT = "`ledgerway keyring init` makes one"


class Status(StrEnum):
    """What a ring key may be used for."""

    PRIMARY = "primary"
    DECRYPT = "decrypt"
    DISABLED = "disabled"
    DESTROYED = "destroyed"

    @property
    def opens(self) -> bool:
        """Whether what the key sealed can still be read."""
        return self in (Status.PRIMARY, Status.DECRYPT)


@dataclass(frozen=True, slots=True)
class RingKey:
    """One key of 256 bits; a destroyed one is empty.

    `check` is a short MAC: two processes compare keys by it without showing them. `retired` is when it was
    taken out of use.
    """

    id: str
    status: Status
    created: str
    material: Secret
    retired: str | None = None

    @property
    def check(self) -> bytes:
        return hmac.digest(self.material.reveal(), b"ledgerway-kek-check", "sha256")[:8]


class Ring(Protocol):
    """What the house asks of its keys, whether the ring stands still or follows its file."""

    @property
    def version(self) -> int: ...

    @property
    def primary(self) -> str: ...

    @property
    def keys(self) -> Mapping[str, RingKey]: ...

    @property
    def source(self) -> str: ...

    def material(self, key_id: str) -> bytes: ...

    def derive(self, purpose: str, key_id: str | None = None) -> bytes: ...

    def signing(self, purpose: str) -> list[bytes]: ...


@dataclass(frozen=True, slots=True)
class Keyring:
    """All keys by id, and where they were read from. `version` grows with every change of the file."""

    version: int
    primary: str
    keys: Mapping[str, RingKey]
    source: str

    def material(self, key_id: str) -> bytes:
        """The bytes of a key. SecretUnavailable(unknown_key | key_disabled)."""
        key = self.keys.get(key_id)
        if key is None:
            raise SecretUnavailable(Reason.UNKNOWN_KEY)
        if not key.status.opens:
            raise SecretUnavailable(Reason.KEY_DISABLED)
        return key.material.reveal()

    def derive(self, purpose: str, key_id: str | None = None) -> bytes:
        """A 256-bit key for one purpose ("cursor", "api-key-pepper" …), from the primary or the named key.

        What outlives a request stores the id of the key it was derived from, so that the primary may change.
        """
        return hkdf(
            self.material(key_id or self.primary), KEY_SIZE, None, b"ledgerway/derived/v1/" + purpose.encode()
        )

    def signing(self, purpose: str) -> list[bytes]:
        """Keys for signatures that outlive a change of primary: sign with the first, accept any."""
        usable = [key.id for key in self.keys.values() if key.status.opens and key.id != self.primary]
        return [self.derive(purpose, key_id) for key_id in (self.primary, *usable)]

    def dump(self) -> bytes:
        """The file's content, keys in clear."""
        return json.dumps(
            {
                "version": self.version,
                "primary": self.primary,
                "keys": [
                    {
                        "id": key.id,
                        "alg": ALGORITHM,
                        "status": key.status.value,
                        "created": key.created,
                        **({"retired": key.retired} if key.retired else {}),
                        "material": _text(key.material.reveal()),
                        "check": _text(key.check),
                    }
                    for key in self.keys.values()
                ],
            },
            indent=1,
        ).encode()


def generate(now: datetime) -> Keyring:
    """A ring of one random primary key."""
    key = fresh_key(now, Status.PRIMARY)
    return Keyring(1, key.id, {key.id: key}, "new")


def fresh_key(now: datetime, status: Status, key_id: str | None = None) -> RingKey:
    """A random key; unless named, it is called after the month and a random tail."""
    key_id = key_id or f"kek-{now:%Y-%m}-{os.urandom(3).hex()}"
    return RingKey(key_id, status, f"{now:%Y-%m-%dT%H:%M:%SZ}", Secret(os.urandom(KEY_SIZE)))


def parse(content: bytes, source: str) -> Keyring:
    """A ring from the file's content. KeyringUnusable says what is wrong, never what the keys are."""
    try:
        document: dict[str, Any] = json.loads(content)
        listed: list[dict[str, Any]] = document["keys"]
        keys = {key.id: key for key in (_read_key(entry, source) for entry in listed)}
        primary, version = str(document["primary"]), int(document["version"])
    except (ValueError, KeyError, TypeError, AttributeError):
        # not chained: the message of a JSON error may quote the file
        raise KeyringUnusable(f"the key ring in {source} is not a key ring; {_INIT}") from None
    if len(keys) != len(listed):
        raise KeyringUnusable(f"the key ring in {source} names a key twice")
    primaries = [key.id for key in keys.values() if key.status is Status.PRIMARY]
    if primaries != [primary]:
        raise KeyringUnusable(f"the key ring in {source} must have exactly one primary key, the one it names")
    return Keyring(version, primary, keys, source)


def read(path: Path) -> Keyring:
    """The ring in a file that only its owner (or root) may read or write. KeyringUnusable otherwise."""
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            _check_file(status, path)
            return parse(file.read(_LARGEST), str(path))
    except FileNotFoundError:
        raise KeyringMissing(f"there is no key ring at {path} (LEDGERWAY_KEYRING_FILE); {_INIT}") from None
    except OSError as error:
        raise KeyringUnusable(f"the key ring at {path} cannot be read: {error.strerror}") from None


def create(path: Path, now: datetime) -> Keyring:
    """Writes a new random ring (0600). KeyringExists when something is there: it is never replaced."""
    write(path, generate(now), replace=False)
    return read(path)


def write(path: Path, ring: Keyring, *, replace: bool) -> None:
    """Writes the ring so that a reader sees all of it or nothing, and a crash leaves the old one."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # made with mode 0600
    except OSError as error:
        raise KeyringUnusable(f"no key ring can be written to {path}: {error.strerror}") from None
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(ring.dump())
            file.flush()
            os.fsync(file.fileno())
        if replace:
            temporary.replace(path)
        else:
            os.link(temporary, path)
    except FileExistsError:
        raise KeyringExists(f"there is already a key ring at {path}; it is not replaced") from None
    finally:
        temporary.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def load(path: Path, *, environ: MutableMapping[str, str] | None = None) -> Keyring:
    """The ring of this process: the file at `path`, else the variable LEDGERWAY_KEYRING (removed once read),
    else a systemd credential, else a container secret. KeyringMissing when there is none."""
    variables = os.environ if environ is None else environ
    content = variables.pop(ENVIRONMENT_NAME, None)
    if path.exists():
        return read(path)
    if content is not None:
        return parse(content.encode(), f"${ENVIRONMENT_NAME}")
    credential = Path(variables.get("CREDENTIALS_DIRECTORY", "/nonexistent")) / _CREDENTIAL
    if credential.exists():
        return parse(credential.read_bytes(), str(credential))
    if _CONTAINER_SECRET.exists():
        return parse(_CONTAINER_SECRET.read_bytes(), str(_CONTAINER_SECRET))
    return read(path)


def load_or_create(path: Path, now: datetime, *, environ: MutableMapping[str, str] | None = None) -> Keyring:
    """For development: as `load`, but makes a ring where there is none. Processes starting together agree."""
    try:
        return load(path, environ=environ)
    except KeyringMissing:
        pass
    try:
        return create(path, now)
    except KeyringExists:
        return read(path)


def _check_file(status: os.stat_result, path: Path) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise KeyringUnusable(f"the key ring at {path} is not a file")
    if status.st_uid not in (os.geteuid(), 0):
        raise KeyringUnusable(f"the key ring at {path} belongs to another user")
    if status.st_mode & 0o077:
        mode = stat.S_IMODE(status.st_mode)
        raise KeyringUnusable(
            f"the key ring at {path} is open to other users (mode {mode:04o}): chmod 600 {path}"
        )


def _read_key(entry: dict[str, Any], source: str) -> RingKey:
    key_id = entry["id"]
    if not ID.fullmatch(key_id):
        raise KeyringUnusable(f"the key ring in {source} has a key whose id is not usable")
    if entry.get("alg", ALGORITHM) != ALGORITHM:
        raise KeyringUnusable(f"key {key_id} in {source} is of an unknown kind")
    status, material = Status(entry["status"]), _bytes(entry["material"])
    if len(material) != (0 if status is Status.DESTROYED else KEY_SIZE):
        raise KeyringUnusable(f"key {key_id} in {source} does not have 32 bytes")
    retired = entry.get("retired")
    key = RingKey(key_id, status, str(entry["created"]), Secret(material), str(retired) if retired else None)
    if not hmac.compare_digest(key.check, _bytes(entry["check"])):
        raise KeyringUnusable(f"key {key_id} in {source} is damaged: its check value does not fit")
    return key


def _text(raw: bytes) -> str:
    return "base64:" + base64.b64encode(raw).decode()


def _bytes(text: str) -> bytes:
    if not text.startswith("base64:"):
        raise ValueError("not base64")
    try:
        return base64.b64decode(text.removeprefix("base64:"), validate=True)
    except binascii.Error:
        raise ValueError("not base64") from None
