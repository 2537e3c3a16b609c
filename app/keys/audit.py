"""The audit log: entries written in the transaction of the change, chained so that none can be altered unseen."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request

from app.core.auth import Principal
from app.core.json import instant
from app.core.log import noted
from app.models.audit_log import AuditEntry, AuditHead, AuditSeal

SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it. `type` is api_key, account_token, link_token, cli or system."""

    type: str
    id: str
    ip: str | None = None
    user_agent: str | None = None


def actor_of(request: Request, principal: Principal) -> Actor:
    """The caller of a request."""
    return Actor(
        "account_token" if principal.token else "api_key",
        principal.key_id,
        request.client.host if request.client else None,
        request.headers.get("user-agent", "")[:200] or None,
    )


def request_id_of(request: Request) -> str | None:
    """The id under which this request is logged."""
    return (request.scope.get("state") or {}).get("request_id")


async def record(
    session: AsyncSession,
    now: datetime,
    environment_id: str,
    actor: Actor,
    action: str,
    target: str,
    *,
    outcome: str = "ok",
    request_id: str | None = None,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Appends an entry within the caller's transaction; other appends to the same chain wait for its end.

    `detail` is plain JSON without secrets. `environment_id` is SYSTEM for what belongs to no environment;
    `request_id` that of the request being answered unless another is named.
    """
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    head = (
        await session.execute(
            insert(AuditHead)
            .values(environment_id=environment_id, seq=1, hash=b"")
            .on_conflict_do_update(
                index_elements=[AuditHead.environment_id], set_={"seq": AuditHead.__table__.c.seq + 1}
            )
            .returning(AuditHead.seq, AuditHead.hash)
        )
    ).one()
    entry = AuditEntry(
        environment_id=environment_id,
        seq=head.seq,
        created_at=now,
        actor={name: value for name, value in asdict(actor).items() if value is not None},
        action=action,
        target=target,
        outcome=outcome,
        request_id=request_id or noted().get("request_id"),
        detail=json.loads(canonical(detail or {})),
        prev_hash=head.hash,
        hash=b"",
    )
    entry.hash = hash_of(entry)
    session.add(entry)
    await session.execute(
        update(AuditHead).where(AuditHead.environment_id == environment_id).values(hash=entry.hash)
    )


async def chains(session: AsyncSession) -> list[str]:
    """The environments that have a chain, or had one that was signed."""
    ends, signed = select(AuditHead.environment_id), select(AuditSeal.environment_id)
    return sorted(await session.scalars(ends.union(signed)))


async def page(
    session: AsyncSession,
    environment_id: str,
    limit: int,
    before: int | None = None,
    *,
    action: str | None = None,
    target: str | None = None,
) -> list[AuditEntry]:
    """Entries of an environment, newest first, below the sequence number `before`."""
    query = select(AuditEntry).where(AuditEntry.environment_id == environment_id)
    if before is not None:
        query = query.where(AuditEntry.seq < before)
    if action is not None:
        query = query.where(AuditEntry.action == action)
    if target is not None:
        query = query.where(AuditEntry.target == target)
    return list(await session.scalars(query.order_by(AuditEntry.seq.desc()).limit(limit)))


def hash_of(entry: AuditEntry) -> bytes:
    """What the entry's hash has to be."""
    row = {
        "environment_id": entry.environment_id,
        "seq": entry.seq,
        "created_at": instant(entry.created_at),
        "actor": entry.actor,
        "action": entry.action,
        "target": entry.target,
        "outcome": entry.outcome,
        "request_id": entry.request_id,
        "detail": entry.detail,
    }
    return hashlib.sha256(entry.prev_hash + canonical(row)).digest()


def canonical(value: Any) -> bytes:
    """JSON of which there is one spelling."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
    ).encode()
