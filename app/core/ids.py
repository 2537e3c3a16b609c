"""Public ids and the alphabets of other random texts."""

import os
import secrets

BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_BASE32 = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's: no i, l, o, u, so that people can read it out
_RANDOM = bytes(ord(_BASE32[byte % 32]) for byte in range(256))  # five bits of each random byte
_LENGTH = 26
_AT_ONCE = 64  # each draw is a system call, which hands the interpreter to whatever other thread wants it
_spare: list[str] = []
os.register_at_fork(after_in_child=_spare.clear)  # or two processes would give the same ids


def new_id(prefix: str) -> str:
    """`prefix_` and 26 characters of 130 random bits. Nothing can be guessed or counted from it."""
    try:
        return f"{prefix}_{_spare.pop()}"
    except IndexError:
        return f"{prefix}_{_drawn()}"


def _drawn() -> str:
    """Random characters for one id; those for the next ones are put by."""
    text = secrets.token_bytes(_LENGTH * _AT_ONCE).translate(_RANDOM).decode()
    first, *others = (text[at : at + _LENGTH] for at in range(0, len(text), _LENGTH))
    _spare.extend(others)
    return first


def base62(data: bytes, width: int) -> str:
    """`data` as one number in base 62, padded to `width` characters; ValueError when it does not fit."""
    number = int.from_bytes(data, "big")
    out: list[str] = []
    for _ in range(width):
        number, digit = divmod(number, 62)
        out.append(BASE62[digit])
    if number:
        raise ValueError(f"{len(data)} bytes do not fit in {width} characters")
    return "".join(reversed(out))
