"""Writes about the same record go one after the other.

Revision ID: 0023
Revises: 0022
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

_INDEX = "ix_writes_account_id_state"


def upgrade() -> None:
    op.add_column("writes", sa.Column("turn", sa.String(), nullable=True))
    op.create_index(_INDEX, "writes", ["account_id", "state"])


def downgrade() -> None:
    op.drop_index(_INDEX, "writes")
    op.drop_column("writes", "turn")
