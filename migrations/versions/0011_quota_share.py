"""How much of a provider's limits an account may use.

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("integrated_accounts", sa.Column("quota_share", sa.Double(), nullable=True))


def downgrade() -> None:
    op.drop_column("integrated_accounts", "quota_share")
