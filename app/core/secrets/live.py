"""The key ring of a running process, which follows its file."""

from collections.abc import Mapping
from pathlib import Path

from app.core.secrets import keyring
from app.core.secrets.keyring import Keyring, RingKey


class LiveKeyring:
    """A ring that is replaced when its file is: keys added or promoted there serve without a restart."""

    def __init__(self, ring: Keyring) -> None:
        self._ring = ring
        self._path = Path(ring.source)
        self._seen = _stamp(self._path)

    @property
    def version(self) -> int:
        return self._ring.version

    @property
    def primary(self) -> str:
        return self._ring.primary

    @property
    def keys(self) -> Mapping[str, RingKey]:
        return self._ring.keys

    @property
    def source(self) -> str:
        return self._ring.source

    def material(self, key_id: str) -> bytes:
        return self._ring.material(key_id)

    def derive(self, purpose: str, key_id: str | None = None) -> bytes:
        return self._ring.derive(purpose, key_id)

    def signing(self, purpose: str) -> list[bytes]:
        return self._ring.signing(purpose)

    def follow(self) -> bool:
        """Reads the file again if it changed; True when there is another ring now.

        KeyringUnusable when it is no ring any more or an older one; the ring in memory stays in use.
        """
        stamp = _stamp(self._path)
        if stamp is None or stamp == self._seen:
            return False
        fresh = keyring.read(self._path)
        self._seen = stamp  # what could not be read is tried again
        if fresh.version < self._ring.version:
            raise keyring.KeyringUnusable(
                f"the ring in {self._path} went back to version {fresh.version}; {self._ring.version} stays in use"
            )
        self._ring = fresh
        return True


def _stamp(path: Path) -> tuple[int, ...] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return (found.st_ino, found.st_mtime_ns, found.st_ctime_ns, found.st_size)
