"""What happens to accounts, recorded for whoever subscribed."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.models.integrated_accounts import IntegratedAccount
from app.webhooks import outbox
from app.webhooks.catalogue import Happening

_BECAME = {
    "needs_reauth": Happening.ACCOUNT_AUTHENTICATION_ERROR,
    "validation_error": Happening.ACCOUNT_VALIDATION_ERROR,
    "post_install_error": Happening.ACCOUNT_POST_INSTALL_ERROR,
}


def change_of(before: str, status: str) -> Happening:
    """What it is called when an account goes from one status to another, or stays."""
    if status in _BECAME:
        return _BECAME[status]
    if before in ("needs_reauth", "validation_error"):
        return Happening.ACCOUNT_REACTIVATED
    return Happening.ACCOUNT_ACTIVE if before == "connecting" else Happening.ACCOUNT_UPDATED


async def tell(session: AsyncSession, now: datetime, row: IntegratedAccount, event: Happening) -> None:
    """Records that `event` happened to the account, as it is now, in the caller's transaction."""
    payload = {
        "id": row.id,
        "tenant_id": row.tenant_id,
        "environment_id": row.environment_id,
        "integration": row.integration,
        "location": row.location,
        "organization_id": row.organization_id,
        "status": row.status,
        "last_error": row.last_error,
    }
    await outbox.record(session, now, row.environment_id, row.id, event, payload)
