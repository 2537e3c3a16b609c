"""Grants are found by their refresh token.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("grants", sa.Column("refresh_print", sa.LargeBinary(), nullable=True))
    op.create_index(
        "uq_grants_refresh_print",
        "grants",
        ["refresh_print", "environment_id", "integration", "location"],
        unique=True,
    )


def downgrade() -> None:
    op.drop_index("uq_grants_refresh_print", "grants")
    op.drop_column("grants", "refresh_print")
