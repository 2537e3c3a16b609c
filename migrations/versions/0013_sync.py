"""Sync: jobs, runs, what was seen; and the events of records.

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op

from app.core.schema import wall

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

TABLES = ("sync_jobs", "sync_runs", "sync_cursors", "synced_records", "quarantined_records")

_JSON = sa.JSON(none_as_null=True)
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
        "sync_jobs",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("environment_id", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("resources", _JSON, nullable=False),
        sa.Column("hydrate", _JSON, nullable=False),
        sa.Column("created_at", _AT, nullable=False),
        sa.Column("updated_at", _AT, nullable=False),
        sa.Column("cadence", _JSON, nullable=True),
        sa.Column("sweep_cadence", _JSON, nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("next_run_at", _AT, nullable=True),
        sa.Column("next_sweep_at", _AT, nullable=True),
        sa.Column("due_at", _AT, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        _environment("sync_jobs"),
        _account("sync_jobs"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sync_jobs")),
    )
    op.create_index("ix_sync_jobs_environment_id_created_at", "sync_jobs", ["environment_id", "created_at"])
    op.create_index("ix_sync_jobs_account_id", "sync_jobs", ["account_id"])
    op.create_index("ix_sync_jobs_due_at", "sync_jobs", ["due_at"])
    op.create_table(
        "sync_runs",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("environment_id", sa.String(), nullable=False),
        sa.Column("job_id", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("plan", _JSON, nullable=False),
        sa.Column("created_at", _AT, nullable=False),
        sa.Column("touched_at", _AT, nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("slice", sa.Integer(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.Column("position", _JSON, nullable=True),
        sa.Column("stats", _JSON, nullable=False),
        sa.Column("percent", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("lease", sa.String(), nullable=True),
        sa.Column("error", _JSON, nullable=True),
        sa.Column("resume_at", _AT, nullable=True),
        sa.Column("started_at", _AT, nullable=True),
        sa.Column("ended_at", _AT, nullable=True),
        _environment("sync_runs"),
        sa.ForeignKeyConstraint(
            ["job_id"], ["sync_jobs.id"], name=op.f("fk_sync_runs_job_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sync_runs")),
    )
    op.create_index("ix_sync_runs_environment_id_created_at", "sync_runs", ["environment_id", "created_at"])
    op.create_index("ix_sync_runs_job_id_created_at", "sync_runs", ["job_id", "created_at"])
    op.create_index("ix_sync_runs_account_id_state", "sync_runs", ["account_id", "state"])
    op.create_index("ix_sync_runs_state_touched_at", "sync_runs", ["state", "touched_at"])
    op.create_table(
        "sync_cursors",
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("environment_id", sa.String(), nullable=False),
        sa.Column("since", _AT, nullable=True),
        sa.Column("swept_at", _AT, nullable=True),
        _environment("sync_cursors"),
        _account("sync_cursors"),
        sa.PrimaryKeyConstraint("account_id", "unit", name=op.f("pk_sync_cursors")),
    )
    op.create_table(
        "synced_records",
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("resource", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("environment_id", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("observed_at", _AT, nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("print", sa.String(), nullable=True),
        sa.Column("modified_at", _AT, nullable=True),
        sa.Column("sweep", sa.String(), nullable=True),
        sa.Column("missed", sa.Integer(), nullable=False),
        sa.Column("deleted_at", _AT, nullable=True),
        _environment("synced_records"),
        _account("synced_records"),
        sa.PrimaryKeyConstraint("account_id", "resource", "id", name=op.f("pk_synced_records")),
    )
    op.create_index("ix_synced_records_unit_sweep", "synced_records", ["account_id", "unit", "sweep"])
    op.create_index(
        "ix_synced_records_resource_modified_at", "synced_records", ["account_id", "resource", "modified_at"]
    )
    op.create_table(
        "quarantined_records",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("environment_id", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("native", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", _AT, nullable=False),
        _environment("quarantined_records"),
        _account("quarantined_records"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quarantined_records")),
    )
    op.create_index("ix_quarantined_records_account_id", "quarantined_records", ["account_id", "created_at"])
    with op.batch_alter_table("events") as events:
        events.alter_column(
            "payload",
            existing_type=_JSON,
            type_=sa.Text(),
            existing_nullable=False,
            postgresql_using="payload::text",
        )
        events.add_column(sa.Column("resource", sa.String(), nullable=True))
        events.add_column(sa.Column("record_id", sa.String(), nullable=True))
    op.create_index("ix_events_account_id_sequence", "events", ["account_id", "sequence"])
    for table in TABLES:
        wall(table)


def downgrade() -> None:
    op.drop_index("ix_events_account_id_sequence", "events")
    with op.batch_alter_table("events") as events:
        events.drop_column("record_id")
        events.drop_column("resource")
        events.alter_column(
            "payload",
            existing_type=sa.Text(),
            type_=_JSON,
            existing_nullable=False,
            postgresql_using="payload::json",
        )
    for table in reversed(TABLES):
        op.drop_table(table)
