"""Public ids and the alphabets of other random texts."""

import secrets

BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_BASE32 = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's: no i, l, o, u, so that people can read it out
_RANDOM = bytes(ord(_BASE32[byte % 32]) for byte in range(256))  # five bits of each random byte


def new_id(prefix: str) -> str:
    """`prefix_` and 26 characters of 130 random bits. Nothing can be guessed or counted from it."""
    return f"{prefix}_{secrets.token_bytes(26).translate(_RANDOM).decode()}"


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
