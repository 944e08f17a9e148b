"""Indexes made beside everything that reads and writes: what a migration of a table in use does."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

import sqlalchemy as sa
from alembic import op

PATIENCE = "10min"
"""How long to wait for transactions that began before: nobody queues up behind this, as behind other locks."""


def create_index(name: str, table: str, columns: Sequence[str], *, where: str | None = None) -> None:
    """Make an index; what this migration did before is committed by it.

    One that was cut off leaves an index of that name that nobody uses: it goes first.
    """
    drop_index(name, table)
    with _patiently():
        op.create_index(
            name,
            table,
            list(columns),
            postgresql_concurrently=True,
            postgresql_where=sa.text(where) if where else None,
        )


def drop_index(name: str, table: str) -> None:
    """Drop an index if it is there; what this migration did before is committed by it."""
    with _patiently():
        op.drop_index(name, table, if_exists=True, postgresql_concurrently=True)


@contextlib.contextmanager
def _patiently() -> Iterator[None]:
    """Outside of a transaction, as Postgres asks for, and with a time to wait of its own."""
    with op.get_context().autocommit_block():
        before = op.get_bind().scalar(sa.text("SHOW lock_timeout"))
        op.execute(f"SET lock_timeout = '{PATIENCE}'")
        try:
            yield
        finally:
            op.execute(f"SET lock_timeout = '{before}'")
