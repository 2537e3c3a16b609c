"""Kinds of destinations: what a request chooses, whether it can be used, and the way in."""

import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from app.core.http.egress import Egress
from app.core.secrets import Context, Secret
from app.models.base import Document
from app.models.sync_destinations import SyncDestination
from app.models.synced_records import SyncedRecord
from app.sync.destinations import addresses, postgresql
from app.sync.destinations.addresses import Address
from app.sync.destinations.columns import Models
from app.sync.destinations.files import Files, Folder, Sink, Store
from app.sync.destinations.schemas import DestinationRequest
from app.sync.destinations.unusable import Unusable

_SCHEMA = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_USUAL_SCHEMA = "ledgerway"
_MEMBERS = {"postgresql": ("url", "schema"), "files": ("path", "format")}


class Place(Protocol):
    """An open destination. `batch`: how many records it likes at once."""

    batch: int

    async def write(self, rows: Sequence[SyncedRecord], after: int) -> None:
        """All of what follows `after`, so that doing it twice is doing it once. Unusable."""
        ...

    async def try_out(self) -> None:
        """Does what `write` needs to be able to do, and takes it back. Unusable."""
        ...


@dataclass(frozen=True, slots=True)
class Chosen:
    """A destination as a request names it: what may be shown, and what may not."""

    type: str
    settings: Document
    secret: Secret

    @property
    def same_place(self) -> Document:
        """What tells it from others: not who goes there, nor how."""
        return {name: value for name, value in self.settings.items() if name not in ("user", "tls")}


def chosen(wanted: DestinationRequest) -> Chosen:
    """Unusable when members are missing, superfluous or badly written."""
    given = {_named(name) for name in wanted.model_fields_set} - {"type"}
    for name in sorted(given - set(_MEMBERS[wanted.type])):
        raise Unusable("invalid", f"A destination of type {wanted.type} has no {name}.", name)
    if wanted.type == "files":
        if not wanted.path:
            raise Unusable("invalid", "Files need a path.", "path")
        return Chosen("files", {"path": wanted.path, "format": wanted.format or "ndjson"}, Secret(""))
    if wanted.url is None:
        raise Unusable("invalid", "A database needs a URL.", "url")
    schema = wanted.schema_name or _USUAL_SCHEMA
    if not _SCHEMA.fullmatch(schema) or schema.startswith("pg_") or schema == "information_schema":
        raise Unusable("invalid", "A schema is named by small letters, digits and underscores.", "schema")
    address = addresses.read(wanted.url.get_secret_value())
    return Chosen("postgresql", {**address.settings(), "schema": schema}, address.password)


class Places:
    """Opens destinations, within what the operator allows."""

    def __init__(self, egress: Egress, folder: Path | None, stores: Sequence[str]) -> None:
        self._egress = egress
        self._folder = folder
        self._stores = stores

    @asynccontextmanager
    async def opened(
        self, type: str, settings: Document, secret: Secret, models: Models
    ) -> AsyncGenerator[Place]:
        """Unusable when it cannot be had."""
        if type == "files":
            yield Files(self._sink(settings["path"]), settings["format"], models)
            return
        named = {name: settings[name] for name in ("host", "port", "database", "user", "tls")}
        address = Address(**named, password=secret)
        async with postgresql.opened(address, settings["schema"], models, self._egress) as tables:
            yield tables

    def _sink(self, path: str) -> Sink:
        if "://" in path:
            return Store(path, self._stores)
        if self._folder is None:
            detail = "This gateway writes no files: its operator has not set LEDGERWAY_EXPORT_FOLDER."
            raise Unusable("forbidden", detail, "path")
        return Folder(self._folder, path)


def sealed_as(row: SyncDestination) -> Context:
    """What a destination's password is bound to."""
    return Context(
        row.environment_id, owner_of(row.account_id), f"destination:{row.id}", "sync_destinations.sealed"
    )


def owner_of(account_id: str) -> str:
    """Under which name the data key of its destinations' passwords is kept."""
    return f"account:{account_id}"


def _named(member: str) -> str:
    return "schema" if member == "schema_name" else member
