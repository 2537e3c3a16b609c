"""What a raw request may reach: its path and query checked before anything is built from them."""

import re
from collections.abc import AsyncIterator, Collection
from urllib.parse import parse_qsl, quote_plus, unquote_plus, unquote_to_bytes

from app.core.errors import Problem
from connectors.kit.connector import Native

_MOST_SEGMENTS = 64
_ORDINARY = re.compile(r"[A-Za-z0-9_-]+(?:/[A-Za-z0-9_-]+){0,63}\Z")
_SEGMENT = re.compile(r"(?:[A-Za-z0-9\-._~!$&'()*+,=:@]|%[0-9A-Fa-f]{2})+\Z")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_NEVER_ENCODED = frozenset(b"./\\?#;%")
"""Bytes whose encoded form another server might decode once more and read as structure."""


_LONGEST_DISPOSITION = 2048
_DISPOSITION = re.compile(rb"content-disposition\s*:((?:[^\r\n]|\r?\n[ \t]){0,1900})", re.IGNORECASE)
_PART_NAME = re.compile(
    rb"(?<![\w*-])name(?P<extended>\*[\d*]*)?\s*=\s*(?:\"(?P<quoted>(?:[^\"\\]|\\.)*)\"?|(?P<bare>[^;\s]*))",
    re.IGNORECASE | re.DOTALL,
)
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)


def native_path(raw: bytes) -> str:
    """`raw`, the undecoded path below the route, as a native path with its leading slash.

    A trailing slash is accepted and dropped. Problem invalid_proxy_path for everything that could mean
    another path to whoever reads it next: encoded separators, dot segments, control bytes, a scheme.
    """
    try:
        text = raw.decode("ascii")
    except UnicodeDecodeError:
        raise _refused("it has bytes that are not percent-encoded") from None
    text = text.strip("/")
    if _ORDINARY.match(text):  # nothing in it that anybody could read in two ways
        return "/" + text
    segments = text.split("/")
    if len(segments) > _MOST_SEGMENTS:
        raise _refused(f"it has more than {_MOST_SEGMENTS} segments")
    for segment in segments:
        if not _SEGMENT.match(segment):
            raise _refused("a segment is empty or has a character that must be percent-encoded")
        if unquote_to_bytes(segment) in (b".", b".."):
            raise _refused("it has dot segments")
        for escape in _ESCAPE.findall(segment):
            byte = int(escape, 16)
            if byte in _NEVER_ENCODED or byte < 0x20 or byte == 0x7F:
                raise _refused(f"it has the escape %{escape}")
    if ":" in segments[0]:
        raise _refused("its first segment looks like a scheme")
    return "/" + "/".join(segments)


def _refused(why: str) -> Problem:
    return Problem("invalid_proxy_path", f"The path cannot be forwarded: {why}.")


def native_query(raw: bytes, native: Native, organization_id: str, ours: Collection[str]) -> str:
    """The caller's raw query without our own parameters and without the organisation, otherwise untouched.

    Problem parameter_reserved when it names another organisation, or names one more than once.
    """
    kept: list[str] = []
    reserved: list[tuple[str, str]] = []
    for piece in raw.decode("latin-1").split("&"):
        name, _, value = piece.partition("=")
        plain = _plain(name)
        if plain in native.reserved_query:
            reserved.append((plain, unquote_plus(value)))
        elif ";" in piece and any(_plain(other) in native.reserved_query for other in _behind(piece)):
            raise _named(piece)  # there are servers that split at semicolons too
        elif plain not in ours and piece:
            kept.append(piece)
    check_reserved(reserved, native, organization_id)
    query = "&".join(kept)
    if not query.isascii() or any(character <= " " for character in query):
        raise Problem("parameter_invalid", "The query has bytes that are not percent-encoded.")
    return query


def parameter(raw: bytes, name: str) -> list[str]:
    """Every value a raw query gives `name`, spelled exactly so."""
    pairs = (piece.partition("=") for piece in raw.decode("latin-1").split("&"))
    return [unquote_plus(value) for given, _, value in pairs if given == name or unquote_plus(given) == name]


def _behind(piece: str) -> list[str]:
    """The names behind the semicolons of a query's piece."""
    return [other.partition("=")[0] for other in piece.split(";")[1:]]


def _plain(name: str) -> str:
    """A parameter's name as a lenient server might read it: without case, blanks and array brackets."""
    if name.isidentifier() and name.isascii():
        return name.lower()
    return unquote_plus(name).partition("[")[0].strip(" \t\r\n\v\f\0").casefold()


def _named(what: str) -> Problem:
    return Problem("parameter_reserved", f"{what[:100]} names the organisation; leave it out.")


def check_reserved(found: list[tuple[str, str]], native: Native, organization_id: str) -> None:
    """Reserved names may repeat what the gateway sends anyway, once; else Problem parameter_reserved."""
    if not found:
        return
    sent = {name.casefold(): value for name, value in native.organization(organization_id)}
    names = [name for name, _ in found]
    for name, value in found:
        if names.count(name) > 1 or value != sent.get(name, value if name not in sent else None):
            raise Problem(
                "parameter_reserved",
                f"{name} is set by the gateway: leave it out, or give the connected organisation's once.",
                parameter=name,
            )


def check_form(body: bytes, native: Native, organization_id: str) -> None:
    """The same for a form body, whose fields a provider may read like the query."""
    pairs = parse_qsl(body.decode("latin-1"), keep_blank_values=True)
    reserved = [(_plain(quote_plus(name)), value) for name, value in pairs]
    check_reserved([pair for pair in reserved if pair[0] in native.reserved_query], native, organization_id)


async def guarded(chunks: AsyncIterator[bytes], native: Native) -> AsyncIterator[bytes]:
    """A multipart body passed on as it comes; a part named like a reserved parameter breaks it off."""
    tail = b""
    async for chunk in chunks:
        window = tail + chunk
        for header in _DISPOSITION.finditer(window):
            _check_part(header[1], native)
        tail = window[-_LONGEST_DISPOSITION:]
        yield chunk


def _check_part(disposition: bytes, native: Native) -> None:
    """Problem parameter_reserved for a form part whose name is, or might be decoded to, a reserved one."""
    if b"form-data" not in disposition.lower():
        return
    for found in _PART_NAME.finditer(disposition):
        name = _ESCAPED.sub(rb"\1", found["quoted"] if found["quoted"] is not None else found["bare"])
        encoded = found["extended"] or b"=?" in name  # forms have no use for either
        if encoded or _plain(name.decode("latin-1")) in native.reserved_query:
            raise _named("A part of the body")
