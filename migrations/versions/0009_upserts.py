"""Accounts whose creates carry a mark of their own.

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("integrated_accounts", sa.Column("upserts", sa.JSON(none_as_null=True), nullable=True))


def downgrade() -> None:
    op.drop_column("integrated_accounts", "upserts")
