"""Webhook messages are found by what is under way at an endpoint, and by age.

Revision ID: 0016
Revises: 0015
"""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_TABLE = "webhook_messages"


def upgrade() -> None:
    op.drop_index("ix_webhook_messages_due_at", _TABLE)
    op.create_index("ix_webhook_messages_webhook_id_lease_until", _TABLE, ["webhook_id", "lease_until"])
    op.create_index("ix_webhook_messages_created_at", _TABLE, ["created_at"])


def downgrade() -> None:
    op.drop_index("ix_webhook_messages_created_at", _TABLE)
    op.drop_index("ix_webhook_messages_webhook_id_lease_until", _TABLE)
    op.create_index("ix_webhook_messages_due_at", _TABLE, ["due_at"])
