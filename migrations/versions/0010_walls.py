"""An environment's rows are invisible to every other, whatever a query forgets.

Revision ID: 0010
Revises: 0009
"""

from app.core.schema import unwall, wall

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

TABLES = (
    "api_keys",
    "audit_heads",
    "audit_log",
    "call_log",
    "data_keys",
    "event_heads",
    "events",
    "field_mappings",
    "grants",
    "integrated_accounts",
    "link_tokens",
    "oauth_clients",
    "oauth_states",
    "writes",
)


def upgrade() -> None:
    wall("environments", "id")
    for table in TABLES:
        wall(table)


def downgrade() -> None:
    for table in ("environments", *TABLES):
        unwall(table)
