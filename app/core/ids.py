"""Public ids and the alphabets of other random texts."""

import secrets

BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_BASE32 = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's: no i, l, o, u, so that people can read it out
_PAIRS = [first + second for first in _BASE32 for second in _BASE32]
_SHIFTS = tuple(range(120, -1, -10))  # 13 pairs of characters are 26 × 5 bits, which hold 128


def new_id(prefix: str) -> str:
    """`prefix_` and 26 characters of 128 random bits. Nothing can be guessed or counted from it."""
    number = secrets.randbits(128)
    return f"{prefix}_" + "".join([_PAIRS[(number >> shift) & 1023] for shift in _SHIFTS])


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
