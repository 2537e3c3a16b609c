"""Field mappings: kept per environment and per account, laid over the account's connector."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import json
from app.core.clock import Clock
from app.core.database import Database
from app.core.errors import Problem
from app.keys.audit import Actor, record
from app.models.field_mappings import FieldMapping
from connectors.kit.connector import Connector
from connectors.kit.overlay import overlaid
from connectors.kit.placing import Mapped

_REMEMBERED = 1_000

Rows = Mapping[str, tuple[Mapped, ...]]


@dataclass(frozen=True, slots=True)
class Stored:
    """What one owner mapped. Version 0: nothing yet."""

    rows: Rows = field(default_factory=dict[str, tuple[Mapped, ...]])
    version: int = 0


def of_rows(found: Sequence[FieldMapping], account_id: str) -> tuple[Stored, Stored]:
    """(the environment's, the account's own) of the rows that concern an account."""
    stored = {row.account_id: Stored(_parsed(row.rows), row.version) for row in found}
    return stored.get("", Stored()), stored.get(account_id, Stored())


def effective(default: Rows, own: Rows) -> Rows:
    """The account's rows, then the environment's whose fields the account does not map itself."""
    merged: dict[str, tuple[Mapped, ...]] = {}
    for resource in dict.fromkeys((*own, *default)):
        mine = own.get(resource, ())
        taken = {row.field for row in mine}
        merged[resource] = (*mine, *(row for row in default.get(resource, ()) if row.field not in taken))
    return merged


class Overlays:
    """Connectors with mappings laid over them, each made once. Rows that do not fit any more are left out."""

    def __init__(self) -> None:
        self._made: dict[str, Connector] = {}

    def laid(self, connector: Connector, rows: Rows) -> Connector:
        if not any(rows.values()):
            return connector
        key = f"{connector.slug} {json.encode(plain(rows)).decode()}"
        made = self._made.get(key)
        if made is None:
            if len(self._made) >= _REMEMBERED:
                self._made.clear()
            made = self._made[key] = overlaid(connector, rows)[0]
        return made


class FieldMappings:
    """Reads and replaces what is mapped."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def of(self, environment_id: str, integration: str, account_id: str = "") -> tuple[Stored, Stored]:
        """(the environment's, the account's own)."""
        async with self._database.read() as session:
            return of_rows(await concerning(session, environment_id, integration, account_id), account_id)

    async def replace(
        self,
        environment_id: str,
        integration: str,
        account_id: str,
        rows: Rows,
        expected: int,
        actor: Actor,
        request_id: str | None,
    ) -> int:
        """Stores the rows of one owner in place of version `expected`; the new version. Audited.

        Problem version_conflict when they were changed meanwhile.
        """
        values, now = plain(rows), self._clock.now()
        try:
            async with self._database.write() as session:
                row = await session.get(
                    FieldMapping, (environment_id, integration, account_id), with_for_update=True
                )
                if (row.version if row is not None else 0) != expected:
                    raise changed_meanwhile(row.version if row is not None else 0)
                if row is None:
                    row = FieldMapping(
                        environment_id=environment_id,
                        integration=integration,
                        account_id=account_id,
                        rows=values,
                        version=1,
                        updated_at=now,
                    )
                    session.add(row)
                else:
                    row.rows, row.version, row.updated_at = values, row.version + 1, now
                version = row.version
                await record(
                    session, now, environment_id, actor, "field_mapping.updated", account_id or environment_id,
                    request_id=request_id,
                    detail={"integration": integration, "version": version, "mapping": values},
                )  # fmt: skip
        except IntegrityError:
            raise changed_meanwhile(expected + 1) from None
        return version


async def concerning(
    session: AsyncSession, environment_id: str, integration: str, account_id: str
) -> Sequence[FieldMapping]:
    """The rows of an account and of its environment."""
    return (
        await session.scalars(
            select(FieldMapping).where(
                FieldMapping.environment_id == environment_id,
                FieldMapping.integration == integration,
                FieldMapping.account_id.in_(("", account_id)),
            )
        )
    ).all()


def changed_meanwhile(version: int) -> Problem:
    detail = "The mapping changed since this version was read; read it again."
    return Problem("version_conflict", detail, headers={"ETag": f'"{version}"'}, current_etag=str(version))


def plain(rows: Rows) -> dict[str, Any]:
    """As it is stored and told: what a row does not say is left out."""
    return {
        resource: [
            {name: value for name in Mapped.__slots__ if (value := getattr(row, name)) is not None}
            for row in some
        ]
        for resource, some in rows.items()
        if some
    }


def _parsed(stored: Mapping[str, Any]) -> Rows:
    return {resource: tuple(Mapped(**row) for row in rows) for resource, rows in stored.items()}
