"""Providers keep a number of grants of one user and silently end the oldest: who comes near is warned."""

from datetime import datetime
from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts import store
from app.models.grants import Grant
from app.webhooks import outbox
from app.webhooks.catalogue import Happening
from connectors.kit.connector import Connector

_log = structlog.get_logger("ledgerway.connect")


async def figures(session: AsyncSession, grant: Grant, connector: Connector) -> dict[str, Any] | None:
    """How many grants of the same user this gateway knows, and how many the provider keeps. None: user unknown."""
    if grant.provider_user is None:
        return None
    known = await store.known_grants(session, grant.integration, grant.location, grant.provider_user)
    near = known >= connector.auth.grants_warned
    return {
        "known": known,
        "limit": connector.auth.grants_per_user,
        "message": advice(connector, known) if near else None,
    }


async def watch(session: AsyncSession, grant: Grant, connector: Connector, now: datetime) -> None:
    """After a new grant, in its transaction: tell when its user comes near the limit."""
    found = await figures(session, grant, connector)
    if found is None or found["message"] is None:
        return
    about = {"integration": grant.integration, "location": grant.location}
    _log.warning("grants_near_limit", **about, known=found["known"], limit=found["limit"])
    payload = {"environment_id": grant.environment_id, **about, **found}
    await outbox.record(session, now, grant.environment_id, None, Happening.GRANTS_WARNING, payload)


def advice(connector: Connector, known: int) -> str:
    """What to do about it."""
    return (
        f"{known} grants of this user are known here; {connector.label} keeps {connector.auth.grants_per_user} "
        "and ends the oldest without a word. Delete accounts nobody uses, connect further organisations of the user "
        "with same_grant_as, and test with another user and OAuth client."
    )
