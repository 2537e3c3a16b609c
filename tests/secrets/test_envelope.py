"""Sealed values open only as what they were sealed as."""

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.secrets import envelope
from app.core.secrets.envelope import Context
from app.core.secrets.failures import Reason, SecretUnavailable

KEY, KEY_ID = bytes(range(32)), bytes(range(100, 116))
WHOSE = Context("env_1", "grant:gra_1", "oauth.refresh", "grants.refresh_blob", 3)


@given(st.binary(max_size=2000))
@settings(max_examples=50, deadline=None)
def test_what_is_sealed_opens(plaintext: bytes) -> None:
    blob = envelope.seal(KEY, KEY_ID, WHOSE, plaintext)
    assert envelope.unseal(KEY, blob, WHOSE) == plaintext
    assert envelope.data_key_id(blob) == KEY_ID


def test_the_format_is_the_documented_one() -> None:
    blob = envelope.seal(KEY, KEY_ID, WHOSE, b"secret")
    assert blob[:4] == b"LW\x01\x01" and blob[4:20] == KEY_ID
    assert len(blob) == 4 + 16 + 32 + 32 + 256 + 16
    salt, commit = blob[20:52], blob[52:84]
    okm = envelope.hkdf(KEY, 76, salt, b"ledgerway/field/v1" + WHOSE.encode())
    assert okm[44:] == commit


@pytest.mark.parametrize(("size", "blocks"), [(0, 1), (1, 1), (255, 1), (256, 2), (511, 2), (512, 3)])
def test_only_the_number_of_blocks_shows(size: int, blocks: int) -> None:
    assert len(envelope.seal(KEY, KEY_ID, WHOSE, b"x" * size)) == 84 + 256 * blocks + 16


def test_the_same_value_never_looks_the_same() -> None:
    assert len({envelope.seal(KEY, KEY_ID, WHOSE, b"same")[20:] for _ in range(50)}) == 50


@pytest.mark.parametrize(
    "other",
    [
        Context("env_2", "grant:gra_1", "oauth.refresh", "grants.refresh_blob", 3),
        Context("env_1", "grant:gra_2", "oauth.refresh", "grants.refresh_blob", 3),
        Context("env_1", "grant:gra_1", "oauth.access", "grants.refresh_blob", 3),
        Context("env_1", "grant:gra_1", "oauth.refresh", "grants.access_blob", 3),
        Context("env_1", "grant:gra_1", "oauth.refresh", "grants.refresh_blob", 2),
    ],
)
def test_another_row_field_or_generation_does_not_open_it(other: Context) -> None:
    blob = envelope.seal(KEY, KEY_ID, WHOSE, b"secret")
    with pytest.raises(SecretUnavailable) as caught:
        envelope.unseal(KEY, blob, other)
    assert caught.value.reason is Reason.CORRUPT


def test_contexts_never_encode_alike() -> None:
    contexts = [
        Context("a", "b", "c", "d", 1),
        Context("ab", "", "c", "d", 1),
        Context("a", "bc", "", "d", 1),
        Context("a", "b", "c", "d1", 0),
        Context("a", "b", "c", "d", 11),
    ]
    assert len({context.encode() for context in contexts}) == len(contexts)


def test_every_changed_byte_is_noticed() -> None:
    blob = envelope.seal(KEY, KEY_ID, WHOSE, b"secret")
    for at in range(len(blob)):
        changed = blob[:at] + bytes([blob[at] ^ 1]) + blob[at + 1 :]
        with pytest.raises(SecretUnavailable):
            envelope.unseal(KEY, changed, WHOSE)


@pytest.mark.parametrize("size", [0, 3, 4, 19, 20, 52, 84, 99, 100, 355])
def test_every_truncation_is_noticed(size: int) -> None:
    blob = envelope.seal(KEY, KEY_ID, WHOSE, b"secret")
    with pytest.raises(SecretUnavailable):
        envelope.unseal(KEY, blob[:size], WHOSE)


def test_another_key_does_not_open_it() -> None:
    blob = envelope.seal(KEY, KEY_ID, WHOSE, b"secret")
    with pytest.raises(SecretUnavailable):
        envelope.unseal(os.urandom(32), blob, WHOSE)


def test_the_error_says_nothing_of_the_secret() -> None:
    blob = envelope.seal(KEY, KEY_ID, WHOSE, b"hunter2")
    with pytest.raises(SecretUnavailable) as caught:
        envelope.unseal(os.urandom(32), blob, WHOSE)
    assert caught.value.status == 500 and caught.value.code == "decrypt_failed"
    assert "gra_1" not in caught.value.detail and caught.value.__cause__ is None
