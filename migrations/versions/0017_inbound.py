"""Providers' webhooks in, and the records they ask to be read again.

Revision ID: 0017
Revises: 0016
"""

import sqlalchemy as sa
from alembic import op

from app.core.schema import wall

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

TABLES = ("inbound_endpoints", "inbound_hooks", "inbound_deliveries", "hints", "rereads")

_AT = sa.DateTime(timezone=True)


def _environment(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["environment_id"], ["environments.id"], name=op.f(f"fk_{table}_environment_id")
    )


def _account(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["account_id"], ["integrated_accounts.id"], name=op.f(f"fk_{table}_account_id"), ondelete="CASCADE"
    )


def upgrade() -> None:
    op.create_table(
        "inbound_endpoints",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("environment_id", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("token_blob", sa.LargeBinary(), nullable=False),
        sa.Column("secret_blob", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", _AT, nullable=False),
        sa.Column("secret_shown", sa.Boolean(), nullable=False),
        sa.Column("received", sa.Integer(), nullable=False),
        sa.Column("repeated", sa.Integer(), nullable=False),
        sa.Column("ignored", sa.Integer(), nullable=False),
        sa.Column("last_delivery_at", _AT, nullable=True),
        _environment("inbound_endpoints"),
        _account("inbound_endpoints"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbound_endpoints")),
        sa.UniqueConstraint("account_id", name="uq_inbound_endpoints_account_id"),
        sa.UniqueConstraint("token_hash", name="uq_inbound_endpoints_token_hash"),
    )
    op.create_table(
        "inbound_hooks",
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("environment_id", sa.String(), nullable=False),
        sa.Column("arranged_at", _AT, nullable=False),
        sa.Column("refused", sa.String(), nullable=True),
        sa.Column("verified_at", _AT, nullable=True),
        sa.Column("last_delivery_at", _AT, nullable=True),
        _environment("inbound_hooks"),
        _account("inbound_hooks"),
        sa.PrimaryKeyConstraint("account_id", "unit", name=op.f("pk_inbound_hooks")),
    )
    op.create_table(
        "inbound_deliveries",
        sa.Column("endpoint_id", sa.String(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("environment_id", sa.String(), nullable=False),
        sa.Column("at", _AT, nullable=False),
        _environment("inbound_deliveries"),
        sa.ForeignKeyConstraint(
            ["endpoint_id"],
            ["inbound_endpoints.id"],
            name=op.f("fk_inbound_deliveries_endpoint_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("endpoint_id", "digest", name=op.f("pk_inbound_deliveries")),
    )
    op.create_index("ix_inbound_deliveries_at", "inbound_deliveries", ["at"])
    op.create_table(
        "hints",
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("record_id", sa.String(), nullable=False),
        sa.Column("environment_id", sa.String(), nullable=False),
        sa.Column("said_at", _AT, nullable=False),
        sa.Column("asked", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        _environment("hints"),
        _account("hints"),
        sa.PrimaryKeyConstraint("account_id", "unit", "record_id", name=op.f("pk_hints")),
    )
    op.create_index("ix_hints_account_id_said_at", "hints", ["account_id", "said_at"])
    op.create_table(
        "rereads",
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("environment_id", sa.String(), nullable=False),
        sa.Column("due_at", _AT, nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        _environment("rereads"),
        _account("rereads"),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_rereads")),
    )
    op.create_index("ix_rereads_state_due_at", "rereads", ["state", "due_at"])
    for table in TABLES:
        wall(table)


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
