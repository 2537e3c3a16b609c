"""The formats of sealed values.

A field blob is `"LW" 01 | suite 01 | data key id (16) | salt (32) | commitment (32) | ciphertext and tag`.
Key, nonce and commitment of every message come from its own salt through HKDF, so no nonce can repeat, and a
blob opens under one key only. The context (whose secret, which field, which generation) is authenticated but
not stored: a blob copied to another row does not open there.
"""

import os
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import constant_time, hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.core.secrets.failures import Reason, SecretUnavailable

FIELD_MAGIC = b"LW\x01"
SUITE = b"\x01"
KEY_SIZE = 32
ID_SIZE = 16
SALT_SIZE = 32
COMMIT_SIZE = 32
TAG_SIZE = 16
BLOCK = 256
_NONCE_SIZE = 12
_HEADER_SIZE = len(FIELD_MAGIC) + len(SUITE) + ID_SIZE
_FIELD_INFO = b"ledgerway/field/v1"


@dataclass(frozen=True, slots=True)
class Context:
    """What a sealed value is bound to.

    owner       whose data key seals it ("grant:gra_…", "environment:env_…")
    purpose     what it is ("oauth.refresh", "oauth.client_secret" …)
    field       where it is stored ("grants.refresh_blob")
    generation  counts replacements: an older blob put back does not open
    """

    environment_id: str
    owner: str
    purpose: str
    field: str
    generation: int = 0

    def encode(self) -> bytes:
        """All parts by name, each name and value after its length: no two contexts encode alike."""
        return encode_context(
            {
                "env": self.environment_id,
                "field": self.field,
                "generation": str(self.generation),
                "owner": self.owner,
                "purpose": self.purpose,
                "v": "1",
            }
        )


def encode_context(parts: dict[str, str]) -> bytes:
    """Sorted names and values, each after its length in four bytes."""
    out = bytearray()
    for name in sorted(parts):
        for text in (name, parts[name]):
            raw = text.encode()
            out += len(raw).to_bytes(4, "big") + raw
    return bytes(out)


def encrypt(key: bytes, info: bytes, context: bytes, header: bytes, plaintext: bytes) -> bytes:
    """salt | commitment | ciphertext and tag, authenticating `header`, salt and commitment too."""
    salt = os.urandom(SALT_SIZE)
    message_key, nonce, commit = _derive(key, salt, info + context)
    head = salt + commit
    return head + AESGCM(message_key).encrypt(nonce, plaintext, header + head + context)


def decrypt(key: bytes, info: bytes, context: bytes, header: bytes, sealed: bytes) -> bytes:
    """The inverse of `encrypt`; SecretUnavailable(corrupt) unless everything is as it was."""
    if len(sealed) < SALT_SIZE + COMMIT_SIZE + TAG_SIZE:
        raise SecretUnavailable(Reason.CORRUPT)
    head, ciphertext = sealed[: SALT_SIZE + COMMIT_SIZE], sealed[SALT_SIZE + COMMIT_SIZE :]
    message_key, nonce, commit = _derive(key, head[:SALT_SIZE], info + context)
    if not constant_time.bytes_eq(commit, head[SALT_SIZE:]):
        raise SecretUnavailable(Reason.CORRUPT)
    try:
        return AESGCM(message_key).decrypt(nonce, ciphertext, header + head + context)
    except InvalidTag:
        raise SecretUnavailable(Reason.CORRUPT) from None


def seal(key: bytes, key_id: bytes, context: Context, plaintext: bytes) -> bytes:
    """A field blob. Only the length of `plaintext`, in blocks of 256 bytes, can be seen from outside."""
    if len(key) != KEY_SIZE or len(key_id) != ID_SIZE:
        raise ValueError("a data key has 32 bytes and its id 16")
    header = FIELD_MAGIC + SUITE + key_id
    return header + encrypt(key, _FIELD_INFO, context.encode(), header, _pad(plaintext))


def unseal(key: bytes, blob: bytes, context: Context) -> bytes:
    """The plaintext of a field blob; SecretUnavailable(corrupt) for another key, context or byte."""
    data_key_id(blob)
    header = blob[:_HEADER_SIZE]
    return _unpad(decrypt(key, _FIELD_INFO, context.encode(), header, blob[_HEADER_SIZE:]))


def data_key_id(blob: bytes) -> bytes:
    """Which data key sealed the blob; SecretUnavailable(corrupt) when it is no field blob we know."""
    if len(blob) < _HEADER_SIZE or blob[: len(FIELD_MAGIC) + len(SUITE)] != FIELD_MAGIC + SUITE:
        raise SecretUnavailable(Reason.CORRUPT)
    return blob[len(FIELD_MAGIC) + len(SUITE) : _HEADER_SIZE]


def hkdf(key: bytes, length: int, salt: bytes | None, info: bytes) -> bytes:
    """HKDF-SHA256."""
    return HKDF(algorithm=hashes.SHA256(), length=length, salt=salt, info=info).derive(key)


def _derive(key: bytes, salt: bytes, info: bytes) -> tuple[bytes, bytes, bytes]:
    okm = hkdf(key, KEY_SIZE + _NONCE_SIZE + COMMIT_SIZE, salt, info)
    return okm[:KEY_SIZE], okm[KEY_SIZE : KEY_SIZE + _NONCE_SIZE], okm[KEY_SIZE + _NONCE_SIZE :]


def _pad(plaintext: bytes) -> bytes:
    filled = plaintext + b"\x80"
    return filled + bytes(-len(filled) % BLOCK)


def _unpad(padded: bytes) -> bytes:
    plaintext, mark, zeros = padded.rpartition(b"\x80")
    if not mark or zeros.strip(b"\0"):
        raise SecretUnavailable(Reason.CORRUPT)
    return plaintext
