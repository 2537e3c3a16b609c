"""Files are whole or not there, and lie below the operator's folder whatever it holds."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from app.models.base import Exact
from app.models.synced_records import SyncedRecord
from app.sync.destinations.files import Files, Folder, Store, parts_of
from app.sync.destinations.unusable import Unusable
from unified_models.invoices import Invoice

pytestmark = pytest.mark.anyio
NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
MODELS = {"invoices": Invoice}


def row(sequence: int, id: str = "inv_1", gone: bool = False, **record: Any) -> SyncedRecord:
    return SyncedRecord(
        account_id="acc_1",
        resource="invoices",
        id=id,
        environment_id="env_1",
        unit="accounting/invoices",
        record=Exact({"id": id, "number": "INV-1", **record}),
        observed_at=NOON,
        sequence=sequence,
        deleted_at=NOON if gone else None,
    )


def files(root: Path, format: str = "ndjson", path: str = "acme") -> Files:
    return Files(Folder(root, path), format, MODELS)


async def test_a_batch_written_again_overwrites_itself(tmp_path: Path) -> None:
    rows = [row(3, total_amount=Decimal("10.10")), row(7, "inv_2", gone=True)]
    for _ in range(2):
        await files(tmp_path).write(rows, 2)
    [file] = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert file == tmp_path / "acme" / "acc_1" / "invoices" / "000000000002-000000000007.ndjson"
    first, second = file.read_text().splitlines()
    assert '"total_amount":10.10' in first, "figures keep their digits"
    assert json.loads(first)["sequence"] == 3 and json.loads(first)["deleted_at"] is None
    assert json.loads(second)["deleted_at"] == "2026-03-01T12:00:00Z"


async def test_a_link_is_not_followed(tmp_path: Path) -> None:
    root, elsewhere = tmp_path / "root", tmp_path / "elsewhere"
    root.mkdir()
    elsewhere.mkdir()
    (root / "acme").symlink_to(elsewhere)
    with pytest.raises(Unusable):
        await files(root).write([row(1)], 0)
    with pytest.raises(Unusable):
        await files(root).try_out()
    (root / "acme").unlink()
    await files(root).try_out()
    (root / "acme" / "acc_1").symlink_to(elsewhere)
    with pytest.raises(Unusable):
        await files(root).write([row(1)], 0)
    assert list(elsewhere.iterdir()) == []


async def test_what_fails_leaves_nothing_half_written(tmp_path: Path) -> None:
    (tmp_path / "acme" / "acc_1" / "invoices" / "000000000000-000000000001.ndjson").mkdir(parents=True)
    with pytest.raises(Unusable) as refused:
        await files(tmp_path).write([row(1)], 0)
    assert refused.value.code == "failed" and str(tmp_path) not in str(refused.value)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    with pytest.raises(Unusable):
        await files(tmp_path / "missing").try_out()


@pytest.mark.parametrize(
    "path",
    ["", "/", "/etc", "..", "a/../b", "a//b", ".a", "a/.b", "a\\b", "a\0b", "~x", "a" * 101, "a/" * 11 + "b"],
)
def test_paths_that_are_none(path: str) -> None:
    with pytest.raises(Unusable):
        parts_of(path)


@pytest.mark.parametrize(
    "url",
    [
        "s3://other/x",
        "s3://bucket",
        "s3://bucket/acme-2/x",
        "s3://bucket/acme/../x",
        "s3://bucket/acme/x::file://etc",
    ],
)
def test_stores_that_were_not_opened(url: str) -> None:
    with pytest.raises(Unusable):
        Store(url, ["s3://bucket/acme"])


async def test_objects_lie_below_what_was_opened() -> None:
    fsspec = pytest.importorskip("fsspec", reason="the extra object-store is not installed")
    store = Files(Store("memory://exports/acme/books", ["memory://exports/acme"]), "ndjson", MODELS)
    await store.try_out()
    await store.write([row(1)], 0)
    held = fsspec.filesystem("memory").find("/")
    assert held == ["/exports/acme/books/acc_1/invoices/000000000000-000000000001.ndjson"]


async def test_without_its_library_parquet_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.sync.destinations import parquet

    parquet._arrow.cache_clear()  # pyright: ignore[reportPrivateUsage]
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(Unusable) as refused:
        await files(tmp_path, "parquet").try_out()
    assert refused.value.code == "missing_extra" and "ledgerway[parquet]" in str(refused.value)
    assert list(tmp_path.iterdir()) == []


async def test_parquet_keeps_types_and_every_digit(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="the extra parquet is not installed")
    told: dict[str, Any] = {
        "total_amount": Decimal("123456789012345678.123456"),
        "exchange_rate": 2,
        "issue_date": "2026-02-28",
        "updated_at": "2026-03-01T09:30:00Z",
        "is_overdue": False,
        "line_items": [{"unit_price": Decimal("0.10")}],
    }
    await files(tmp_path, "parquet").write([row(1, **told), row(2, "inv_2", gone=True)], 0)
    [file] = tmp_path.rglob("*.parquet")
    first, second = parquet.read_table(file).to_pylist()
    assert first["total_amount"] == told["total_amount"] and first["exchange_rate"] == Decimal(2)
    assert first["issue_date"] == date(2026, 2, 28) and first["is_overdue"] is False
    assert first["updated_at"] == datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
    assert first["line_items"] == '[{"unit_price":0.10}]' and first["balance"] is None
    assert second["deleted_at"] == NOON and second["sequence"] == 2
    with pytest.raises(Unusable) as refused:
        await files(tmp_path, "parquet").write([row(3, total_amount=Decimal("0." + "1" * 19))], 2)
    assert refused.value.code == "data"
