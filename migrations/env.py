"""Alembic's entry: runs the revisions on the connection that `app.core.schema` hands over."""

from typing import Any

from alembic import context

from app.models import Base


def ours(_object: Any, name: str | None, kind: str, reflected: bool, compare_to: Any) -> bool:
    """Autogenerate leaves tables alone that this project's models do not declare."""
    return not (kind == "table" and reflected and compare_to is None and name not in Base.metadata.tables)


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    include_object=ours,
    compare_type=True,
    render_as_batch=connection.dialect.name == "sqlite",
    transactional_ddl=True,  # SQLite's are too, now that the driver does not begin by itself
)
with context.begin_transaction():
    context.run_migrations()
