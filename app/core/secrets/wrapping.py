"""Wrapping of data keys: the seam behind which a key service may stand, and the ring that stands there now.

A wrapped key is `"LK" 01 | provider 01 | key id (length, bytes) | salt (32) | commitment (32) | ciphertext`.
"""

from dataclasses import dataclass
from typing import Protocol

from app.core.secrets.envelope import KEY_SIZE, decrypt, encrypt
from app.core.secrets.failures import KeyringUnusable, Reason, SecretUnavailable
from app.core.secrets.keyring import Ring

_MAGIC = b"LK\x01"
_LOCAL = b"\x01"
_INFO = b"ledgerway/wrap/v1"


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A data key nobody can use without the wrapper `provider` and its key `kek_id`."""

    provider: str
    kek_id: str
    blob: bytes


class KeyWrapper(Protocol):
    """Wraps data keys, perhaps far away.

    `context` is authenticated. Errors: SecretUnavailable.
    """

    @property
    def provider(self) -> str:
        """The name stored with every key it wrapped."""
        ...

    async def current(self) -> str:
        """The id of the key that wraps now."""
        ...

    async def wrap(self, key: bytes, context: bytes) -> WrappedKey:
        """The key wrapped under the present key."""
        ...

    async def unwrap(self, wrapped: WrappedKey, context: bytes) -> bytes:
        """The key itself."""
        ...

    async def rewrap(self, wrapped: WrappedKey, context: bytes) -> WrappedKey:
        """The same key wrapped under the present key."""
        ...

    async def health(self) -> None:
        """Returns when a key could be wrapped and unwrapped now."""
        ...


class LocalWrapper:
    """Wraps with the key ring of this process."""

    provider = "local"

    def __init__(self, keyring: Ring) -> None:
        self._ring = keyring

    async def current(self) -> str:
        return self._ring.primary

    async def wrap(self, key: bytes, context: bytes) -> WrappedKey:
        kek_id = self._ring.primary
        header = _header(kek_id)
        blob = header + encrypt(self._ring.material(kek_id), _INFO, context, header, key)
        return WrappedKey(self.provider, kek_id, blob)

    async def unwrap(self, wrapped: WrappedKey, context: bytes) -> bytes:
        header = _header(wrapped.kek_id)
        if wrapped.provider != self.provider or not wrapped.blob.startswith(header):
            raise SecretUnavailable(Reason.CORRUPT)
        kek = self._ring.material(wrapped.kek_id)
        key = decrypt(kek, _INFO, context, header, wrapped.blob[len(header) :])
        if len(key) != KEY_SIZE:
            raise SecretUnavailable(Reason.CORRUPT)
        return key

    async def rewrap(self, wrapped: WrappedKey, context: bytes) -> WrappedKey:
        return await self.wrap(await self.unwrap(wrapped, context), context)

    async def health(self) -> None:
        try:
            self._ring.material(self._ring.primary)
        except SecretUnavailable:
            raise KeyringUnusable("the primary key of the ring cannot be used") from None


class Wrappers:
    """Wraps with one wrapper and opens what any of them wrapped: how an installation moves from one to another."""

    def __init__(self, present: KeyWrapper, *others: KeyWrapper) -> None:
        self._present = present
        self._known = {one.provider: one for one in (present, *others)}

    @property
    def provider(self) -> str:
        return self._present.provider

    async def current(self) -> str:
        return await self._present.current()

    async def wrap(self, key: bytes, context: bytes) -> WrappedKey:
        return await self._present.wrap(key, context)

    async def unwrap(self, wrapped: WrappedKey, context: bytes) -> bytes:
        wrapper = self._known.get(wrapped.provider)
        if wrapper is None:
            raise SecretUnavailable(Reason.UNKNOWN_KEY)
        return await wrapper.unwrap(wrapped, context)

    async def rewrap(self, wrapped: WrappedKey, context: bytes) -> WrappedKey:
        if wrapped.provider == self.provider:
            return await self._present.rewrap(wrapped, context)
        return await self.wrap(await self.unwrap(wrapped, context), context)

    async def health(self) -> None:
        await self._present.health()


def _header(kek_id: str) -> bytes:
    raw = kek_id.encode()
    return _MAGIC + _LOCAL + bytes([len(raw)]) + raw
