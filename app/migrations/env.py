"""Alembic's entry: migrations run on the connection that ``app.migrate`` holds, all in one transaction."""

from __future__ import annotations

from alembic import context

from app.store.tables import Base

context.configure(connection=context.config.attributes["connection"], target_metadata=Base.metadata)
with context.begin_transaction():
    context.run_migrations()
