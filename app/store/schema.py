"""The database's schema against the one this code was written for."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

MIGRATIONS = Path(__file__).parent.parent / "migrations"


class SchemaBehindError(Exception):
    """The database lacks a migration that this code needs."""


def read_revisions(versions: Path = MIGRATIONS / "versions") -> tuple[str, ...]:
    """The ids of all migrations that this code brings, the newest first.

    Read from the files' text: to import alembic for it would cost every start of the api a third of a second.
    """
    older = dict(_read_migration(path) for path in versions.glob("*.py"))
    revision = next(iter(older.keys() - older.values()))
    revisions = [revision]
    while found := older[revision]:
        revision = found
        revisions.append(revision)
    return tuple(revisions)


def _read_migration(path: Path) -> tuple[str, str | None]:
    """A migration's id, and that of the one before it."""
    values = {
        node.targets[0].id: ast.literal_eval(node.value)
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    return values["revision"], values["down_revision"]


def judge_schema(found: str | None, known: Sequence[str]) -> str:
    """What to say of a database at revision ``found``; ``known`` has the newest first.

    A revision that this code does not know is ahead of it, and good:
    migrations first expand, then contract, so the release before still runs on it (it may be needed again).

    Raises:
        SchemaBehindError: the database is behind.
    """
    if found is None:
        raise SchemaBehindError("the database has no schema: run migrate")
    if found not in known:
        return f"at {found}, ahead of {known[0]}"
    if found != known[0]:
        raise SchemaBehindError(f"the database is at {found}, behind {known[0]}: run migrate")
    return f"at {found}"


async def probe_schema(engine: AsyncEngine, known: Sequence[str]) -> str:
    """Ask the database for its revision and judge it."""
    async with engine.connect() as connection:
        exists = await connection.scalar(text("SELECT to_regclass('alembic_version')"))
        found = await connection.scalar(text("SELECT version_num FROM alembic_version")) if exists else None
    return judge_schema(found, known)
