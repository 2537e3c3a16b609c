"""Everything the gateway stores.

Revision ID: 0001
Revises:
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
DOCUMENT = sa.JSON(none_as_null=True)

# The audit log only grows; what is past its retention of 400 days may be removed.
GUARDS = {
    "sqlite": (
        """CREATE TRIGGER audit_log_no_update BEFORE UPDATE ON audit_log
        BEGIN SELECT RAISE(ABORT, 'audit_log is append-only'); END""",
        """CREATE TRIGGER audit_log_no_delete BEFORE DELETE ON audit_log
        WHEN OLD.created_at > datetime('now', '-400 days')
        BEGIN SELECT RAISE(ABORT, 'audit_log is append-only'); END""",
    ),
    "postgresql": (
        """CREATE FUNCTION audit_log_guard() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'DELETE' AND OLD.created_at <= now() - interval '400 days' THEN RETURN OLD; END IF;
            RAISE EXCEPTION 'audit_log is append-only';
        END $$""",
        """CREATE TRIGGER audit_log_guard BEFORE UPDATE OR DELETE ON audit_log
        FOR EACH ROW EXECUTE FUNCTION audit_log_guard()""",
    ),
}


def upgrade() -> None:
    op.create_table(
        "audit_heads",
        sa.Column("environment_id", sa.String(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("environment_id", name=op.f("pk_audit_heads")),
    )
    op.create_table(
        "audit_log",
        sa.Column("environment_id", sa.String(), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("actor", DOCUMENT, nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("request_id", sa.String(), nullable=True),
        sa.Column("detail", DOCUMENT, nullable=False),
        sa.Column("prev_hash", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("environment_id", "seq", name=op.f("pk_audit_log")),
    )
    op.create_index(
        "ix_audit_log_environment_id_created_at", "audit_log", ["environment_id", "created_at"], unique=False
    )
    op.create_table(
        "call_log",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("environment_id", sa.String(), nullable=False),
        sa.Column("request_id", sa.String(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("account_id", sa.String(), nullable=True),
        sa.Column("tenant_id", sa.String(), nullable=True),
        sa.Column("key_id", sa.String(), nullable=True),
        sa.Column("route", sa.String(), nullable=False),
        sa.Column("resource", sa.String(), nullable=False),
        sa.Column("operation", sa.String(), nullable=False),
        sa.Column("record_id", sa.String(), nullable=True),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("native_path", sa.String(), nullable=True),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("provider_status", sa.Integer(), nullable=True),
        sa.Column("provider_code", sa.String(), nullable=True),
        sa.Column("duration_ms", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error_code", sa.String(), nullable=True),
        sa.Column("error_detail", sa.String(), nullable=True),
        sa.Column("result_count", sa.Integer(), nullable=True),
        sa.Column("executed", sa.String(), nullable=True),
        sa.Column("retryable", sa.Boolean(), nullable=True),
        sa.Column("source_event", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_log")),
    )
    op.create_index(
        "ix_call_log_account_id_created_at", "call_log", ["account_id", "created_at"], unique=False
    )
    op.create_index(
        "ix_call_log_environment_id_created_at_id",
        "call_log",
        ["environment_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        "ix_call_log_environment_id_request_id", "call_log", ["environment_id", "request_id"], unique=False
    )
    op.create_table(
        "environments",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("mode", sa.String(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.CheckConstraint("mode IN ('test', 'live')", name=op.f("ck_environments_mode")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_environments")),
        sa.UniqueConstraint("name", "mode", name=op.f("uq_environments_name_mode")),
    )
    op.create_table(
        "keyring_checks",
        sa.Column("key_id", sa.String(), nullable=False),
        sa.Column("check_value", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_keyring_checks")),
    )
    op.create_table(
        "quotas",
        sa.Column("organization", sa.String(), nullable=False),
        sa.Column("state", DOCUMENT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("organization", name=op.f("pk_quotas")),
    )
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("environment_id", sa.String(), nullable=False),
        sa.Column("kid", sa.String(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("pepper_id", sa.String(), nullable=False),
        sa.Column("last4", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("scopes", DOCUMENT, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("account_ids", DOCUMENT, nullable=True),
        sa.Column("tenant_ids", DOCUMENT, nullable=True),
        sa.Column("networks", DOCUMENT, nullable=True),
        sa.Column("created_by", sa.String(), nullable=True),
        sa.Column("expires_at", INSTANT, nullable=True),
        sa.Column("revoked_at", INSTANT, nullable=True),
        sa.Column("last_used_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(
            ["environment_id"], ["environments.id"], name=op.f("fk_api_keys_environment_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("kid", name=op.f("uq_api_keys_kid")),
    )
    op.create_index(
        "ix_api_keys_environment_id_created_at", "api_keys", ["environment_id", "created_at"], unique=False
    )
    op.create_table(
        "data_keys",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("environment_id", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=True),
        sa.Column("kek_id", sa.String(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("rewrapped_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(
            ["environment_id"], ["environments.id"], name=op.f("fk_data_keys_environment_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_data_keys")),
    )
    op.create_index("ix_data_keys_kek_id_state", "data_keys", ["kek_id", "state"], unique=False)
    op.create_index(
        "uq_data_keys_active_owner",
        "data_keys",
        ["environment_id", "owner"],
        unique=True,
        sqlite_where=sa.text("state = 'active'"),
        postgresql_where=sa.text("state = 'active'"),
    )
    op.create_table(
        "grants",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("environment_id", sa.String(), nullable=False),
        sa.Column("integration", sa.String(), nullable=False),
        sa.Column("location", sa.String(), nullable=False),
        sa.Column("scopes", DOCUMENT, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("provider_user", sa.String(), nullable=True),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("access_blob", sa.LargeBinary(), nullable=True),
        sa.Column("access_expires_at", INSTANT, nullable=True),
        sa.Column("refresh_blob", sa.LargeBinary(), nullable=True),
        sa.Column("lease_owner", sa.String(), nullable=True),
        sa.Column("lease_until", INSTANT, nullable=True),
        sa.Column("next_attempt_at", INSTANT, nullable=True),
        sa.Column("fail_class", sa.String(), nullable=True),
        sa.Column("last_error", sa.String(), nullable=True),
        sa.Column("attempts", DOCUMENT, nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["environment_id"], ["environments.id"], name=op.f("fk_grants_environment_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grants")),
    )
    op.create_index(
        "ix_grants_environment_id_integration_provider_user",
        "grants",
        ["environment_id", "integration", "provider_user"],
        unique=False,
    )
    op.create_index(
        "ix_grants_status_access_expires_at", "grants", ["status", "access_expires_at"], unique=False
    )
    op.create_table(
        "link_tokens",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("environment_id", sa.String(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("integration", sa.String(), nullable=True),
        sa.Column("scopes", DOCUMENT, nullable=True),
        sa.Column("models", DOCUMENT, nullable=False),
        sa.Column("context", DOCUMENT, nullable=False),
        sa.Column("redirect_uri", sa.String(), nullable=True),
        sa.Column("companies", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("starts", sa.Integer(), nullable=False),
        sa.Column("cookie_hash", sa.LargeBinary(), nullable=True),
        sa.Column("grant_id", sa.String(), nullable=True),
        sa.Column("organizations", DOCUMENT, nullable=False),
        sa.Column("account_ids", DOCUMENT, nullable=False),
        sa.Column("options", DOCUMENT, nullable=False),
        sa.Column("last_error", sa.String(), nullable=True),
        sa.Column("created_by", sa.String(), nullable=True),
        sa.Column("consumed_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(
            ["environment_id"], ["environments.id"], name=op.f("fk_link_tokens_environment_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link_tokens")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_link_tokens_token_hash")),
    )
    op.create_index(
        "ix_link_tokens_environment_id_created_at",
        "link_tokens",
        ["environment_id", "created_at"],
        unique=False,
    )
    op.create_table(
        "oauth_clients",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("environment_id", sa.String(), nullable=False),
        sa.Column("integration", sa.String(), nullable=False),
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("secret_blob", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("location", sa.String(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["environment_id"], ["environments.id"], name=op.f("fk_oauth_clients_environment_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_oauth_clients")),
        sa.UniqueConstraint(
            "environment_id",
            "integration",
            "location",
            name=op.f("uq_oauth_clients_environment_id_integration_location"),
        ),
    )
    op.create_table(
        "integrated_accounts",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("environment_id", sa.String(), nullable=False),
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("integration", sa.String(), nullable=False),
        sa.Column("location", sa.String(), nullable=False),
        sa.Column("organization_id", sa.String(), nullable=False),
        sa.Column("organization", DOCUMENT, nullable=False),
        sa.Column("grant_id", sa.String(), nullable=False),
        sa.Column("scopes", DOCUMENT, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("plan", sa.String(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("last_error", DOCUMENT, nullable=True),
        sa.Column("context", DOCUMENT, nullable=False),
        sa.Column("last_used_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(
            ["environment_id"], ["environments.id"], name=op.f("fk_integrated_accounts_environment_id")
        ),
        sa.ForeignKeyConstraint(["grant_id"], ["grants.id"], name=op.f("fk_integrated_accounts_grant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_integrated_accounts")),
        sa.UniqueConstraint(
            "environment_id",
            "integration",
            "location",
            "organization_id",
            "tenant_id",
            name="uq_integrated_accounts_organization",
        ),
    )
    op.create_index(
        "ix_integrated_accounts_environment_id_created_at",
        "integrated_accounts",
        ["environment_id", "created_at"],
        unique=False,
    )
    op.create_index(
        "ix_integrated_accounts_environment_id_tenant_id",
        "integrated_accounts",
        ["environment_id", "tenant_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_integrated_accounts_grant_id"), "integrated_accounts", ["grant_id"], unique=False
    )
    op.create_table(
        "oauth_states",
        sa.Column("state_hash", sa.LargeBinary(), nullable=False),
        sa.Column("environment_id", sa.String(), nullable=False),
        sa.Column("link_id", sa.String(), nullable=False),
        sa.Column("integration", sa.String(), nullable=False),
        sa.Column("location", sa.String(), nullable=False),
        sa.Column("cookie_hash", sa.LargeBinary(), nullable=False),
        sa.Column("verifier_blob", sa.LargeBinary(), nullable=False),
        sa.Column("redirect_uri", sa.String(), nullable=False),
        sa.Column("scopes", DOCUMENT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["environment_id"], ["environments.id"], name=op.f("fk_oauth_states_environment_id")
        ),
        sa.ForeignKeyConstraint(
            ["link_id"], ["link_tokens.id"], name=op.f("fk_oauth_states_link_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("state_hash", name=op.f("pk_oauth_states")),
    )
    op.create_index(op.f("ix_oauth_states_expires_at"), "oauth_states", ["expires_at"], unique=False)
    op.create_index(op.f("ix_oauth_states_link_id"), "oauth_states", ["link_id"], unique=False)
    for statement in GUARDS[op.get_bind().dialect.name]:
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("oauth_states")
    op.drop_table("integrated_accounts")
    op.drop_table("oauth_clients")
    op.drop_table("link_tokens")
    op.drop_table("grants")
    op.drop_table("data_keys")
    op.drop_table("api_keys")
    op.drop_table("quotas")
    op.drop_table("keyring_checks")
    op.drop_table("environments")
    op.drop_table("call_log")
    op.drop_table("audit_log")
    op.drop_table("audit_heads")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION audit_log_guard()")
