"""``migrate``: brings the database's schema to this code's head, one process at a time."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import OperationalError

from app.logs import configure_logging
from app.settings import Database, read_migrate_settings
from app.store.engine import database_url
from app.store.schema import MIGRATIONS

log = logging.getLogger(__name__)

LOCK = 0x626F617264
"""The advisory lock that a migration holds: "board" in hexadecimal."""

LOCK_POLL = 0.2
"""Seconds between two tries to have it."""

LOCK_TIMEOUT = "5s"
"""How long a migration waits for a table that others use; then it fails rather than queue them up behind it."""

CONNECT_FOR = 30.0
"""Seconds to wait for the database to answer."""


def run(environ: Mapping[str, str]) -> int:
    """Migrate, and return the exit code: 0, or 1 with the reason in the log."""
    settings = read_migrate_settings(environ)
    configure_logging("migrate", settings.process.release, settings.process.log_level)
    try:
        _migrate(settings.database)
    except Exception as error:
        # Each only adds to what the release that serves knows, so that it goes on with those before the one that failed.
        log.exception(
            "the migration failed, the database is as the one before it left it: %s",
            str(error).partition("\n")[0],
        )
        return 1
    return 0


def _migrate(database: Database) -> None:
    engine = create_engine(database_url(database), connect_args={"application_name": "board-migrate"})
    with _connect(engine, time.monotonic() + CONNECT_FOR) as connection:
        _lock(connection)
        connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT}'"))
        before = _revision(connection)
        # Each migration begins and ends its own.
        connection.commit()
        command.upgrade(_config(connection), "head")
        connection.commit()
        after = _revision(connection)
    engine.dispose()
    log.info("migrated", extra={"before": before, "after": after})


def _connect(engine: Engine, deadline: float) -> Connection:
    while True:
        try:
            return engine.connect()
        except OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)


def _lock(connection: Connection) -> None:
    """Wait for whoever migrates now.

    Never within a statement: an index that is made beside others waits for all statements that began before it.
    """
    while not connection.scalar(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": LOCK}):
        connection.commit()
        time.sleep(LOCK_POLL)


def _revision(connection: Connection) -> str | None:
    if not connection.scalar(text("SELECT to_regclass('alembic_version')")):
        return None
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config
