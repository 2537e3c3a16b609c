"""The query string: what a caller may write, and what it means.

Tolerant in form (`x[]=`, `x[0]=`, repeated, comma lists; `a[b]=c`), strict in names: whatever no handler
asked for is an error that names the nearest known parameter.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any
from urllib.parse import unquote_to_bytes

from app.core.errors import Problem
from connectors.kit.faults import FieldError
from connectors.kit.http import Pairs

_NAME = re.compile(r"([A-Za-z_][A-Za-z0-9_.\-]*)((?:\[[^\[\]]*\])*)")
_SEGMENT = re.compile(r"\[([^\[\]]*)\]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_TRUE = frozenset({"true", "1", "yes"})
_FALSE = frozenset({"false", "0", "no", ""})


@dataclass(frozen=True, slots=True)
class Pair:
    """One parameter: `contact[id]=7` is root "contact", path ("id",), value "7"."""

    root: str
    path: tuple[str, ...]
    value: str

    @property
    def name(self) -> str:
        return self.root + "".join(f"[{segment}]" for segment in self.path)

    @property
    def is_array(self) -> bool:
        """Whether the name ends as `[]` or `[0]`."""
        return bool(self.path) and (self.path[-1] == "" or self.path[-1].isdecimal())


class Query:
    """The parameters of one request. Each reader consumes its parameter; `finish` refuses what is left."""

    def __init__(self, raw: bytes) -> None:
        self._by_root: dict[str, list[Pair]] = {}
        self._known: set[str] = set()
        for pair in parse(raw):
            self._by_root.setdefault(pair.root, []).append(pair)

    def text(self, name: str) -> str | None:
        """The value of a scalar; None when absent or empty. Twice is 400 `duplicate_parameter`."""
        pairs = self._take(name)
        if not pairs:
            return None
        if len(pairs) > 1:
            raise Problem("duplicate_parameter", f"{name} was given {len(pairs)} times.", parameter=name)
        if pairs[0].path:
            raise refused(name, f"{name} takes a single value, not {pairs[0].name}.")
        return pairs[0].value or None

    def flag(self, name: str) -> bool:
        """A boolean: true, 1, yes, or false, 0, no; absent is false."""
        value = (self.text(name) or "").casefold()
        if value in _TRUE:
            return True
        if value in _FALSE:
            return False
        raise refused(name, f"{name} is true or false, not {_shown(value)}.", allowed=("true", "false"))

    def number(self, name: str, default: int, low: int, high: int) -> int:
        """A whole number of at least `low`; above `high` it is clamped."""
        value = self.text(name)
        if value is None:
            return default
        if not re.fullmatch(r"[0-9]{1,9}", value) or int(value) < low:
            raise refused(name, f"{name} is a whole number from {low} to {high}, not {_shown(value)}.")
        return min(int(value), high)

    def choice(self, name: str, allowed: tuple[str, ...]) -> str:
        """One of `allowed`; the first of them when absent."""
        value = self.text(name) or allowed[0]
        if value not in allowed:
            raise refused(
                name,
                f"{name} is one of {', '.join(allowed)}.",
                allowed=allowed,
                code="enum_value",
                value=value,
            )
        return value

    def option(self, name: str, allowed: tuple[str, ...]) -> str:
        """As `choice`, where a record's field may have the same name: `name[…]` is left for whoever filters by it."""
        pairs = self._by_root.pop(name, [])
        plain, below = [p for p in pairs if not p.path], [p for p in pairs if p.path]
        if below:
            self._by_root[name] = below
        values = {pair.value for pair in plain if pair.value}
        if len(plain) > 1:
            raise Problem("duplicate_parameter", f"{name} was given {len(plain)} times.", parameter=name)
        value = next(iter(values), allowed[0])
        if value not in allowed:
            detail = f"{name} is one of {', '.join(allowed)}."
            raise refused(name, detail, allowed=allowed, code="enum_value", value=value)
        return value

    def words(self, name: str) -> tuple[str, ...]:
        """A list, in whichever of the four forms it came; order kept, repetitions dropped."""
        words: dict[str, None] = {}
        for pair in self._take(name):
            if pair.path and not (len(pair.path) == 1 and pair.is_array):
                raise refused(pair.name, f"{name} is a list: {name}[]=a&{name}[]=b or {name}=a,b.")
            words.update((word.strip(), None) for word in pair.value.split(",") if word.strip())
        return tuple(words)

    def mapping(self, name: str) -> Pairs:
        """`name[key]=value` pairs; an array below a key (`name[key][]=`) repeats the key."""
        found: list[tuple[str, str]] = []
        for pair in self._take(name):
            path = pair.path[:-1] if len(pair.path) > 1 and pair.is_array else pair.path
            if not path or not path[0]:
                raise refused(pair.name, f"{name} is written {name}[key]=value.")
            found.append((path[0] + "".join(f"[{segment}]" for segment in path[1:]), pair.value))
        return tuple(found)

    def rest(self) -> dict[str, list[Pair]]:
        """What nobody has asked for yet, by root. Consumed by `claim`."""
        return {root: pairs for root, pairs in self._by_root.items() if root not in self._known}

    def claim(self, root: str) -> None:
        self._known.add(root)

    def finish(self, others: Iterable[str] = ()) -> None:
        """Refuse unknown parameters; `others` are further names a caller may have meant."""
        left = self.rest()
        if not left:
            return
        known = sorted(self._known | set(others))
        errors = tuple(_unknown(pairs[0].name, root, known) for root, pairs in left.items())
        first = errors[0]
        more: dict[str, Any] = {"parameter": first.pointer}
        if first.did_you_mean:
            more["did_you_mean"] = first.did_you_mean
        raise Problem("unknown_parameter", first.detail, errors=errors, **more)

    def _take(self, name: str) -> list[Pair]:
        self._known.add(name)
        return self._by_root.get(name, [])


def parse(raw: bytes) -> list[Pair]:
    """Split a raw query string. A name or value that is not UTF-8 text is refused."""
    pairs: list[Pair] = []
    for piece in raw.split(b"&"):
        if not piece:
            continue
        name, _, value = piece.partition(b"=")
        pairs.append(_pair(_decode(name), _decode(value)))
    return pairs


def refused(
    name: str,
    detail: str,
    *,
    allowed: tuple[str, ...] = (),
    code: str = "wrong_type",
    value: str | None = None,
) -> Problem:
    """400 `parameter_invalid`: the value cannot be used."""
    near = nearest(value, allowed) if value else None
    error = FieldError(code, name, detail, allowed, near)
    return Problem("parameter_invalid", detail, errors=(error,), parameter=name)


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word the caller most likely meant, if one is near."""
    lower: Mapping[str, str] = {name.casefold(): name for name in known}
    close = get_close_matches(word.casefold(), lower, n=1, cutoff=0.6)
    return lower[close[0]] if close else None


def _unknown(name: str, root: str, known: list[str]) -> FieldError:
    near = nearest(root, known)
    hint = f" Did you mean {near}?" if near else ""
    return FieldError("unknown_field", name, f"{_shown(name)} is not a parameter here.{hint}", (), near)


def _pair(name: str, value: str) -> Pair:
    match = _NAME.fullmatch(name)
    if match is None:
        raise Problem("unknown_parameter", f"{_shown(name)} is not a parameter name.", parameter=name[:100])
    return Pair(match[1], tuple(_SEGMENT.findall(match[2])), value)


def _decode(piece: bytes) -> str:
    try:
        text = unquote_to_bytes(piece.replace(b"+", b" ")).decode("utf-8")
    except UnicodeDecodeError:
        raise refused(piece.decode("ascii", "replace")[:100], "The query string is not UTF-8.") from None
    if _CONTROL.search(text):
        raise refused(_CONTROL.sub("?", text)[:100], "The query string holds a control character.")
    return text


def _shown(value: str) -> str:
    return f"'{value[:100]}'"
