"""A row that could not be read is kept once, however often it is met.

Revision ID: 0024
Revises: 0023
"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

TABLE = "quarantined_records"


def upgrade() -> None:
    op.execute(sa.text(f"DELETE FROM {TABLE}"))  # noqa: S608 — a row for every pass, which nobody could read
    op.drop_index("ix_quarantined_records_account_id", TABLE)
    with op.batch_alter_table(TABLE) as table:
        # a process of the release before, which names none of these, may still write rows
        table.add_column(sa.Column("mark", sa.String(), nullable=True))
        table.add_column(sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=True))
        table.add_column(sa.Column("seen", sa.Integer(), nullable=False, server_default="1"))
    op.create_index("uq_quarantined_records_mark", TABLE, ["account_id", "unit", "mark"], unique=True)
    op.create_index("ix_quarantined_records_last_seen_at", TABLE, ["last_seen_at"])


def downgrade() -> None:
    op.drop_index("ix_quarantined_records_last_seen_at", TABLE)
    op.drop_index("uq_quarantined_records_mark", TABLE)
    with op.batch_alter_table(TABLE) as table:
        table.drop_column("seen")
        table.drop_column("last_seen_at")
        table.drop_column("mark")
    op.create_index("ix_quarantined_records_account_id", TABLE, ["account_id", "created_at"])
