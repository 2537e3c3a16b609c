"""The call log says whether a retry is safe: only who wrote the entry knew.

Revision ID: 0021
Revises: 0020
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("call_log", sa.Column("retry_is_safe", sa.Boolean(), nullable=True))


def downgrade() -> None:
    op.drop_column("call_log", "retry_is_safe")
