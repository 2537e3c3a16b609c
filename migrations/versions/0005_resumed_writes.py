"""Writes that are resumed and looked for.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
COLUMNS = ("document", "next_check_at", "resends", "checks", "journal", "sent_at", "owner")


def upgrade() -> None:
    op.add_column("writes", sa.Column("owner", sa.String(), nullable=True))
    op.add_column("writes", sa.Column("sent_at", INSTANT, nullable=True))
    op.add_column("writes", sa.Column("journal", sa.LargeBinary(), nullable=True))
    op.add_column("writes", sa.Column("checks", sa.Integer(), server_default="0", nullable=False))
    op.add_column("writes", sa.Column("resends", sa.Integer(), server_default="0", nullable=False))
    op.add_column("writes", sa.Column("next_check_at", INSTANT, nullable=True))
    op.add_column("writes", sa.Column("document", sa.String(), nullable=True))
    # what an older release left executing may have been sent
    op.execute("UPDATE writes SET sent_at = created_at WHERE state = 'executing'")
    op.create_index("ix_writes_account_id_document", "writes", ["account_id", "document"])
    op.create_index("ix_writes_state_next_check_at", "writes", ["state", "next_check_at"])
    op.create_index("ix_writes_created_at", "writes", ["created_at"])


def downgrade() -> None:
    for name in ("created_at", "state_next_check_at", "account_id_document"):
        op.drop_index(f"ix_writes_{name}", "writes")
    for name in COLUMNS:
        op.drop_column("writes", name)
