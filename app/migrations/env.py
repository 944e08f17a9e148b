"""Alembic's entry: migrations run on the connection that ``app.migrate`` holds, each in a transaction of its own.

An index is made beside those who use the table, which no transaction may do (``app.store.indexes``).
"""

from __future__ import annotations

from alembic import context

from app.store.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
