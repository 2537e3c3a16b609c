"""Where synced records go besides the change feed; records are found in the order of their changes.

Revision ID: 0018
Revises: 0017
"""

import sqlalchemy as sa
from alembic import op

from app.core.schema import unwall, wall

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_TABLE = "sync_destinations"
_AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        _TABLE,
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("job_id", sa.String(), nullable=False),
        sa.Column("environment_id", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("settings", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("created_at", _AT, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("delivered", sa.Integer(), nullable=False),
        sa.Column("delivered_at", _AT, nullable=True),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("lease", sa.String(), nullable=True),
        sa.Column("due_at", _AT, nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("error", sa.JSON(none_as_null=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["environment_id"], ["environments.id"], name=op.f("fk_sync_destinations_environment_id")
        ),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["integrated_accounts.id"],
            name=op.f("fk_sync_destinations_account_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["job_id"], ["sync_jobs.id"], name=op.f("fk_sync_destinations_job_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sync_destinations")),
        sa.UniqueConstraint("job_id", name=op.f("uq_sync_destinations_job_id")),
    )
    op.create_index("ix_sync_destinations_account_id", _TABLE, ["account_id"])
    op.create_index("ix_sync_destinations_due_at", _TABLE, ["due_at"])
    op.create_index("ix_synced_records_account_id_sequence", "synced_records", ["account_id", "sequence"])
    wall(_TABLE)


def downgrade() -> None:
    op.drop_index("ix_synced_records_account_id_sequence", "synced_records")
    unwall(_TABLE)
    op.drop_table(_TABLE)
