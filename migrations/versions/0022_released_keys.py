"""A write keeps the key it gave back, so that it is still found by it.

Revision ID: 0022
Revises: 0021
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("writes", sa.Column("released_key", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("writes", "released_key")
