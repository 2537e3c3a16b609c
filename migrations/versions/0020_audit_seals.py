"""Ends of audit chains are signed, and what is past its retention goes behind a signed mark.

Revision ID: 0020
Revises: 0018
"""

import sqlalchemy as sa
from alembic import op

from app.core.schema import unwall, wall

revision = "0020"
down_revision = "0018"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "audit_seals",
        sa.Column("environment_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("signed_at", INSTANT, nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("environment_id", "kind", "seq", name=op.f("pk_audit_seals")),
    )
    wall("audit_seals")
    op.create_table(
        "audit_signers",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("kek_id", sa.String(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_signers")),
    )


def downgrade() -> None:
    op.drop_table("audit_signers")
    unwall("audit_seals")
    op.drop_table("audit_seals")
