"""The alarm of an integration: the provider refuses our OAuth client, whatever the grant. Accounts stay as they are.

Everything happens inside the caller's transaction.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import structlog
from prometheus_client import Gauge
from sqlalchemy import delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.json import instant
from app.core.metrics import REGISTRY
from app.core.settings import PREFIX
from app.keys.audit import Actor, record
from app.models.client_alarms import ClientAlarm
from app.webhooks import outbox
from app.webhooks.catalogue import Happening
from connectors.kit.connector import Connector

_log = structlog.get_logger("ledgerway.tokens")

PAUSE = timedelta(seconds=60)
"""Between two token calls with a client the provider refuses."""

_GATEWAY = Actor("system", "gateway")
_REFUSED = Gauge(
    "ledgerway_oauth_client_refused",
    "1 while the provider refuses an environment's OAuth client.",
    ("integration", "location", "environment"),
    registry=REGISTRY,
)


def remedy(connector: Connector) -> str:
    """What the operator is to do about it."""
    return (
        f"{connector.label} refuses the OAuth client of this integration. Check its id and secret: "
        f"{PREFIX}{connector.settings_prefix}_CLIENT_ID and _CLIENT_SECRET, or PATCH /environment-integration. "
        "The connections are kept and go on by themselves once it is right; customers need not do anything."
    )


def told(alarm: ClientAlarm, connector: Connector) -> dict[str, Any]:
    """The alarm as it is shown."""
    return {
        "location": alarm.location,
        "code": alarm.error,
        "message": remedy(connector),
        "since": instant(alarm.since),
        "refusals": alarm.refusals,
        "next_attempt_at": instant(alarm.next_attempt_at),
    }


async def standing(
    session: AsyncSession, environment_id: str, integration: str | None = None
) -> Sequence[ClientAlarm]:
    """The alarms of an environment."""
    query = select(ClientAlarm).where(ClientAlarm.environment_id == environment_id)
    if integration is not None:
        query = query.where(ClientAlarm.integration == integration)
    return (await session.scalars(query.order_by(ClientAlarm.integration, ClientAlarm.location))).all()


async def holding(
    session: AsyncSession, environment_id: str, integration: str, location: str, now: datetime
) -> ClientAlarm | None:
    """The alarm that forbids a token call now. None when there is none, or when the caller is the one to try."""
    alarm = await session.get(ClientAlarm, (environment_id, integration, location))
    if alarm is None:
        return None
    if alarm.next_attempt_at <= now:
        turn = await session.execute(
            update(ClientAlarm)
            .where(*_same(environment_id, integration, location), ClientAlarm.next_attempt_at <= now)
            .values(next_attempt_at=now + PAUSE)
            .returning(ClientAlarm.location)
            .execution_options(synchronize_session=False)
        )
        if turn.scalar_one_or_none() is not None:
            return None
        await session.refresh(alarm)
    return alarm


async def raise_alarm(
    session: AsyncSession, environment_id: str, connector: Connector, location: str, error: str, now: datetime
) -> None:
    """Note a refusal; the first of them is told."""
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    values = {"error": error[:200], "next_attempt_at": now + PAUSE}
    statement = insert(ClientAlarm).values(
        environment_id=environment_id, integration=connector.slug, location=location, since=now, refusals=1,
        **values,
    )  # fmt: skip
    statement = statement.on_conflict_do_update(
        index_elements=[ClientAlarm.environment_id, ClientAlarm.integration, ClientAlarm.location],
        set_={**values, "refusals": ClientAlarm.__table__.c.refusals + 1},
    )
    refusals = (await session.execute(statement.returning(ClientAlarm.refusals))).scalar_one()
    _REFUSED.labels(connector.slug, location, environment_id).set(1)
    if refusals == 1:
        _log.error(
            "oauth_client_refused", integration=connector.slug, location=location,
            environment=environment_id, error=error[:200], remedy=remedy(connector),
        )  # fmt: skip
        happened = Happening.INTEGRATION_AUTHENTICATION_ERROR
        await _tell(session, environment_id, connector.slug, location, now, happened, error[:200])


async def clear(
    session: AsyncSession, environment_id: str, integration: str, location: str, now: datetime
) -> None:
    """The provider took the client: an alarm there ends."""
    gone = await session.execute(
        delete(ClientAlarm)
        .where(*_same(environment_id, integration, location))
        .returning(ClientAlarm.location)
        .execution_options(synchronize_session=False)
    )
    if gone.scalar_one_or_none() is None:
        return
    _quiet(integration, location, environment_id)
    _log.info("oauth_client_accepted", integration=integration, location=location, environment=environment_id)
    happened = Happening.INTEGRATION_REACTIVATED
    await _tell(session, environment_id, integration, location, now, happened, None)


async def try_again(session: AsyncSession, environment_id: str, integration: str, now: datetime) -> None:
    """The client was changed: the next token call may find out at once."""
    await session.execute(
        update(ClientAlarm)
        .where(ClientAlarm.environment_id == environment_id, ClientAlarm.integration == integration)
        .values(next_attempt_at=now)
        .execution_options(synchronize_session=False)
    )


async def show(session: AsyncSession) -> None:
    """Make this process's gauge say what all processes found out."""
    rows = (await session.scalars(select(ClientAlarm))).all()
    _REFUSED.clear()
    for row in rows:
        _REFUSED.labels(row.integration, row.location, row.environment_id).set(1)


def _same(environment_id: str, integration: str, location: str) -> tuple[Any, ...]:
    return (
        ClientAlarm.environment_id == environment_id,
        ClientAlarm.integration == integration,
        ClientAlarm.location == location,
    )


def _quiet(integration: str, location: str, environment_id: str) -> None:
    with suppress(KeyError):  # another process had raised it
        _REFUSED.remove(integration, location, environment_id)


async def _tell(
    session: AsyncSession,
    environment_id: str,
    integration: str,
    location: str,
    now: datetime,
    happened: Happening,
    error: str | None,
) -> None:
    payload = {
        "environment_id": environment_id,
        "integration": integration,
        "location": location,
        "error": error,
    }
    action = "integration.client_refused" if error is not None else "integration.client_accepted"
    await record(session, now, environment_id, _GATEWAY, action, f"{integration}/{location}", detail=payload)
    await outbox.record(session, now, environment_id, None, happened, payload)
