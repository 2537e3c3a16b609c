"""Bodies are inflated under two caps, or refused."""

import gzip
import random
import zlib

import pytest

from app.core.http.inflate import Inflation
from connectors.kit.faults import Fault, Kind

LIMIT = 32 * 1024 * 1024


def inflate(encoding: str, data: bytes, step: int = 1000, limit: int = LIMIT) -> bytes:
    inflation = Inflation(encoding, limit)
    for start in range(0, len(data), step):
        inflation.feed(data[start : start + step])
    return inflation.finish()


def raw_deflate(data: bytes) -> bytes:
    machine = zlib.compressobj(wbits=-15)
    return machine.compress(data) + machine.flush()


TEXT = random.Random(7).randbytes(5000) * 30


@pytest.mark.parametrize("step", [1, 7, 1000, 10**9])
@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        ("", TEXT),
        ("identity", TEXT),
        ("gzip", gzip.compress(TEXT, mtime=0)),
        (" X-GZIP ", gzip.compress(TEXT, mtime=0)),
        ("gzip", gzip.compress(TEXT[:777], mtime=0) + gzip.compress(TEXT[777:], mtime=0)),
        ("gzip", gzip.compress(TEXT, mtime=0) + b"\x00" * 100),
        ("deflate", zlib.compress(TEXT)),
        ("deflate", raw_deflate(TEXT)),
    ],
)
def test_round_trip(encoding: str, packed: bytes, step: int) -> None:
    if encoding == "deflate" and step == 1 and packed == raw_deflate(TEXT):
        pytest.skip("one byte does not tell raw deflate from zlib's")
    assert inflate(encoding, packed, step) == TEXT


def test_a_bomb_is_refused_long_before_it_is_out() -> None:
    bomb = gzip.compress(b"\x00" * (64 * 1024 * 1024))
    inflation = Inflation("gzip", LIMIT)
    with pytest.raises(Fault) as caught:
        inflation.feed(bomb)
    assert caught.value.kind is Kind.TOO_LARGE


def test_a_page_that_packs_well_is_not_a_bomb() -> None:
    row = b'{"invoice_id":"460000000012345","status":"paid","total":100.0,"custom_fields":[]},'
    page = row * 10_000
    assert inflate("gzip", gzip.compress(page, mtime=0), 4096) == page


@pytest.mark.parametrize("encoding", ["", "gzip"])
def test_the_size_cap_holds(encoding: str) -> None:
    data = random.Random(3).randbytes(3000)
    packed = gzip.compress(data, mtime=0) if encoding else data
    assert inflate(encoding, packed, limit=3000) == data
    with pytest.raises(Fault) as caught:
        inflate(encoding, packed, limit=2999)
    assert caught.value.kind is Kind.TOO_LARGE


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "gzip,deflate"])
def test_unasked_encodings_are_garbled(encoding: str) -> None:
    with pytest.raises(Fault) as caught:
        Inflation(encoding, LIMIT)
    assert caught.value.kind is Kind.GARBLED


@pytest.mark.parametrize(
    "packed", [gzip.compress(TEXT, mtime=0)[:-20], b"plain text", gzip.compress(TEXT, mtime=0)[:10] + b"!!!!"]
)
def test_damaged_data_is_garbled(packed: bytes) -> None:
    with pytest.raises(Fault) as caught:
        inflate("gzip", packed)
    assert caught.value.kind is Kind.GARBLED
