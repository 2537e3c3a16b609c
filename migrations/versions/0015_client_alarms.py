"""OAuth clients a provider refuses; token calls under way and sign-ins are counted.

Revision ID: 0015
Revises: 0014
"""

import sqlalchemy as sa
from alembic import op

from app.core.schema import unwall, wall

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "client_alarms",
        sa.Column("environment_id", sa.String(), nullable=False),
        sa.Column("integration", sa.String(), nullable=False),
        sa.Column("location", sa.String(), nullable=False),
        sa.Column("error", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("refusals", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["environment_id"], ["environments.id"], name=op.f("fk_client_alarms_environment_id")
        ),
        sa.PrimaryKeyConstraint("environment_id", "integration", "location", name=op.f("pk_client_alarms")),
    )
    wall("client_alarms")
    op.add_column(
        "link_tokens",
        sa.Column(
            "recent_starts", sa.JSON(none_as_null=True), nullable=False, server_default=sa.text("'[]'")
        ),
    )
    op.create_index("ix_grants_lease_until", "grants", ["lease_until"])
    op.create_index("ix_grants_provider_user", "grants", ["provider_user"])


def downgrade() -> None:
    op.drop_index("ix_grants_provider_user", "grants")
    op.drop_index("ix_grants_lease_until", "grants")
    op.drop_column("link_tokens", "recent_starts")
    unwall("client_alarms")
    op.drop_table("client_alarms")
