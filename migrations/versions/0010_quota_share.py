"""How much of a provider's limits an account may use.

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("integrated_accounts", sa.Column("quota_share", sa.Double(), nullable=True))


def downgrade() -> None:
    op.drop_column("integrated_accounts", "quota_share")
