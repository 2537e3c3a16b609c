"""Webhooks: subscriptions, messages, attempts.

Revision ID: 0014
Revises: 0013
"""

import sqlalchemy as sa
from alembic import op

from app.core.schema import wall

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

TABLES = ("webhooks", "webhook_messages", "webhook_attempts")

_JSON = sa.JSON(none_as_null=True)
_AT = sa.DateTime(timezone=True)


def _environment(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["environment_id"], ["environments.id"], name=op.f(f"fk_{table}_environment_id")
    )


def upgrade() -> None:
    op.create_table(
        "webhooks",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("environment_id", sa.String(), nullable=False),
        sa.Column("target_url", sa.String(), nullable=False),
        sa.Column("event_types", _JSON, nullable=False),
        sa.Column("resources", _JSON, nullable=False),
        sa.Column("account_ids", _JSON, nullable=False),
        sa.Column("tenant_ids", _JSON, nullable=False),
        sa.Column("changed_fields", _JSON, nullable=False),
        sa.Column("secrets", _JSON, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("created_at", _AT, nullable=False),
        sa.Column("updated_at", _AT, nullable=False),
        sa.Column("payload", sa.String(), nullable=False),
        sa.Column("exclude_origin", sa.Boolean(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("health", sa.String(), nullable=False),
        sa.Column("health_detail", sa.String(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failing_since", _AT, nullable=True),
        sa.Column("succeeded_at", _AT, nullable=True),
        sa.Column("probe_at", _AT, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        _environment("webhooks"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhooks")),
    )
    op.create_index("ix_webhooks_environment_id_created_at", "webhooks", ["environment_id", "created_at"])
    op.create_index("ix_webhooks_is_active_position", "webhooks", ["is_active", "position"])
    op.create_table(
        "webhook_messages",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("environment_id", sa.String(), nullable=False),
        sa.Column("webhook_id", sa.String(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("created_at", _AT, nullable=False),
        sa.Column("account_id", sa.String(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("replays", sa.Integer(), nullable=False),
        sa.Column("due_at", _AT, nullable=True),
        sa.Column("lease", sa.String(), nullable=True),
        sa.Column("lease_until", _AT, nullable=True),
        sa.Column("last_attempt_at", _AT, nullable=True),
        sa.Column("last_status", sa.Integer(), nullable=True),
        sa.Column("last_error", sa.String(), nullable=True),
        sa.Column("delivered_at", _AT, nullable=True),
        _environment("webhook_messages"),
        sa.ForeignKeyConstraint(
            ["webhook_id"], ["webhooks.id"], name=op.f("fk_webhook_messages_webhook_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_messages")),
        sa.UniqueConstraint("webhook_id", "sequence", name="uq_webhook_messages_webhook_id_sequence"),
    )
    op.create_index("ix_webhook_messages_webhook_id_due_at", "webhook_messages", ["webhook_id", "due_at"])
    op.create_index(
        "ix_webhook_messages_environment_id_created_at", "webhook_messages", ["environment_id", "created_at"]
    )
    op.create_index("ix_webhook_messages_due_at", "webhook_messages", ["due_at"])
    op.create_table(
        "webhook_attempts",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("environment_id", sa.String(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("at", _AT, nullable=False),
        sa.Column("milliseconds", sa.Integer(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("answer", sa.String(), nullable=True),
        _environment("webhook_attempts"),
        sa.ForeignKeyConstraint(
            ["message_id"],
            ["webhook_messages.id"],
            name=op.f("fk_webhook_attempts_message_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_attempts")),
    )
    op.create_index("ix_webhook_attempts_message_id_at", "webhook_attempts", ["message_id", "at"])
    for table in TABLES:
        wall(table)


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
