"""Files: one per batch and resource, in a folder the operator chose or an object store it opened.

`<path>/<account>/<resource>/<after>-<last>.<format>` holds changes whose sequences lie in that range. A batch that is
written again overwrites itself, or overlaps: of a record the row with the highest sequence counts. One that was
overtaken cannot take anything away, since records only ever leave a range.
"""

import asyncio
import importlib
import os
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any, Protocol

from app.core.ids import new_id
from app.core.json import encode
from app.models.synced_records import SyncedRecord
from app.sync.destinations.columns import ACCOUNT, DELETED, OBSERVED, SEQUENCE, Column, Models, columns_of
from app.sync.destinations.parquet import parquet
from app.sync.destinations.unusable import Unusable

BATCH = 2_000
_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")
_MOST_PARTS = 10
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW

Format = Callable[[Sequence[SyncedRecord], Sequence[Column]], bytes]


def ndjson(rows: Sequence[SyncedRecord], columns: Sequence[Column]) -> bytes:
    """A line for each, the record as the API shows it."""
    return b"".join(
        encode(
            {
                ACCOUNT.name: row.account_id,
                "resource": row.resource,
                "id": row.id,
                SEQUENCE.name: row.sequence,
                OBSERVED.name: row.observed_at,
                DELETED.name: row.deleted_at,
                "record": row.record,
            }
        )
        + b"\n"
        for row in rows
    )


FORMATS: dict[str, Format] = {"ndjson": ndjson, "parquet": parquet}


class Sink(Protocol):
    """Where files are put. It blocks."""

    def put(self, parts: Sequence[str], content: bytes) -> None:
        """The whole file or none of it, in place of one of the same name. OSError, Unusable."""
        ...

    def remove(self, parts: Sequence[str]) -> None: ...


class Files:
    """Batches as files of one format."""

    batch = BATCH

    def __init__(self, sink: Sink, format: str, models: Models) -> None:
        self._sink = sink
        self._format = format
        self._models = models

    async def write(self, rows: Sequence[SyncedRecord], after: int) -> None:
        """Each file is whole or not there. Unusable."""
        name = f"{after:012d}-{rows[-1].sequence:012d}.{self._format}"
        by_resource = groupby(
            sorted(rows, key=lambda row: (row.resource, row.sequence)), lambda row: row.resource
        )
        for resource, group in by_resource:
            some = list(group)
            if resource in self._models:
                columns = columns_of(self._models[resource])
                await _told(partial(self._put, (some[0].account_id, resource, name), some, columns))

    async def try_out(self) -> None:
        """Writes a file, and removes it. Unusable."""
        probe = (f"probe-{new_id('tmp')}",)

        def work() -> None:
            FORMATS[self._format]((), ())
            self._sink.put(probe, b"")
            self._sink.remove(probe)

        await _told(work)

    def _put(self, parts: Sequence[str], rows: Sequence[SyncedRecord], columns: Sequence[Column]) -> None:
        self._sink.put(parts, FORMATS[self._format](rows, columns))


def parts_of(path: str) -> tuple[str, ...]:
    """The folders of a path below the operator's. Unusable when it is absolute, leads up, or is oddly written."""
    parts = tuple(path.strip("/").split("/")) if not path.startswith("/") else ()
    if not 0 < len(parts) <= _MOST_PARTS or not all(_PART.fullmatch(part) for part in parts):
        raise Unusable(
            "invalid",
            "A path is relative, such as acme/books: letters, digits, dot, dash and underscore, no folder above.",
            "path",
        )
    return parts


class Folder:
    """Files below a folder of this machine. No step of the way may be a symbolic link."""

    def __init__(self, root: Path, path: str) -> None:
        self._root = root
        self._parts = parts_of(path)

    def put(self, parts: Sequence[str], content: bytes) -> None:
        folder = self._enter(parts[:-1])
        hidden = f".{parts[-1]}.{new_id('tmp')}"
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
            with open(os.open(hidden, flags, 0o644, dir_fd=folder), "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(hidden, parts[-1], src_dir_fd=folder, dst_dir_fd=folder)
            os.fsync(folder)
        except BaseException:
            with suppress(OSError):
                os.unlink(hidden, dir_fd=folder)
            raise
        finally:
            os.close(folder)

    def remove(self, parts: Sequence[str]) -> None:
        folder = self._enter(parts[:-1])
        try:
            os.unlink(parts[-1], dir_fd=folder)
        finally:
            os.close(folder)

    def _enter(self, parts: Sequence[str]) -> int:
        """The folder, made on the way, as a descriptor: nobody can turn it into another one meanwhile."""
        here = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY)
        for part in (*self._parts, *parts):
            try:
                with suppress(FileExistsError):
                    os.mkdir(part, 0o755, dir_fd=here)
                there = os.open(part, _FOLDER, dir_fd=here)
            finally:
                os.close(here)
            here = there
        return here


class Store:
    """Objects below a URL, with the operator's own credentials for that store."""

    def __init__(self, url: str, prefixes: Sequence[str]) -> None:
        prefix = next((one for one in prefixes if url.startswith(f"{one}/")), None)
        if prefix is None:
            listed = ", ".join(prefixes) or "none"
            raise Unusable(
                "forbidden", f"This gateway puts objects only below what it was told: {listed}.", "path"
            )
        parts_of(url.removeprefix(f"{prefix}/"))
        self._system, self._root = _fsspec().core.url_to_fs(url)

    def put(self, parts: Sequence[str], content: bytes) -> None:
        self._system.pipe_file("/".join((self._root, *parts)), content)

    def remove(self, parts: Sequence[str]) -> None:
        self._system.rm_file("/".join((self._root, *parts)))


def _fsspec() -> Any:
    try:
        return importlib.import_module("fsspec")
    except ImportError:
        raise Unusable(
            "missing_extra", "Object stores need an extra: pip install 'ledgerway[object-store]'.", "path"
        ) from None


async def _told(work: Callable[[], None]) -> None:
    """`work` in a thread; what a file system or store raises, as Unusable."""
    try:
        await asyncio.to_thread(work)
    except Unusable:
        raise
    except OSError as error:
        raise Unusable("failed", f"The files cannot be written: {_phrase(error)}.", "path") from None
    except Exception as error:  # each kind of store has errors of its own
        raise Unusable("failed", f"The store refused ({type(error).__name__}).", "path") from None


def _phrase(error: OSError) -> str:
    return os.strerror(error.errno).lower() if error.errno else type(error).__name__
