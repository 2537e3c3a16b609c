"""Inflation that cannot be turned into a bomb."""

import zlib

from connectors.kit.faults import Fault, Kind

_STEP = 256 * 1024
_RATIO = 200
_RATIO_AFTER = 1024 * 1024


class Inflation:
    """Collects a body, inflating `encoding` ("", identity, gzip, x-gzip or deflate) under two caps.

    Fault TOO_LARGE past `limit` bytes, or past 200 : 1 once a megabyte came out; GARBLED for an encoding
    nobody asked for (also two in a row) and for damaged data.
    """

    def __init__(self, encoding: str, limit: int) -> None:
        name = encoding.strip().lower()
        if name not in ("", "identity", "gzip", "x-gzip", "deflate"):
            raise Fault(Kind.GARBLED, message=f"unasked content encoding {name[:40]!r}")
        self._gzip = name in ("gzip", "x-gzip")
        self._plain = name in ("", "identity")
        self._limit = limit
        self._parts: list[bytes] = []
        self._received = 0
        self._size = 0
        self._machine = zlib.decompressobj(31) if self._gzip else None

    def feed(self, data: bytes) -> None:
        """Take the next received bytes."""
        if not data:
            return
        self._received += len(data)
        if self._plain:
            self._keep(data)
            return
        if self._machine is None:  # deflate: with zlib's header as the standard says, or raw as some send it
            wrapped = data[0] & 0x0F == 8 and (len(data) < 2 or (data[0] * 256 + data[1]) % 31 == 0)
            self._machine = zlib.decompressobj(15 if wrapped else -15)
        try:
            self._inflate(data)
        except zlib.error as error:
            raise Fault(Kind.GARBLED, message="damaged compressed body") from error

    def _inflate(self, data: bytes) -> None:
        while data:
            assert self._machine is not None
            if self._machine.eof:
                if not self._gzip or not data.strip(b"\x00"):
                    return  # padding after the end
                self._machine = zlib.decompressobj(31)  # gzip may hold several members
            self._keep(self._machine.decompress(data, _STEP))
            data = self._machine.unused_data if self._machine.eof else self._machine.unconsumed_tail

    def _keep(self, part: bytes) -> None:
        self._size += len(part)
        if self._size > self._limit:
            raise Fault(Kind.TOO_LARGE, message=f"the body is larger than {self._limit} bytes")
        if self._size > _RATIO_AFTER and self._size > _RATIO * self._received:
            raise Fault(Kind.TOO_LARGE, message=f"the body inflates more than {_RATIO} : 1")
        self._parts.append(part)

    def finish(self) -> bytes:
        """The whole body. Fault GARBLED when compressed data stops before its end."""
        if self._machine is not None:
            if not self._machine.eof:
                raise Fault(Kind.GARBLED, message="the compressed body is cut short")
            self._keep(self._machine.flush())
        return b"".join(self._parts)
