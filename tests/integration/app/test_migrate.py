from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.store.schema import read_revisions
from tests.integration.app.board import Backends, run_role, wait_for


@pytest.fixture
def empty_database(backends: Backends) -> Iterator[str]:
    """A database without tables."""
    with backends.connect() as connection:
        connection.execute("CREATE DATABASE empty")
        yield "empty"
        connection.execute("DROP DATABASE empty WITH (FORCE)")


def test_migrations_that_start_together_run_one_after_the_other(
    backends: Backends, empty_database: str
) -> None:
    environ = backends.environ | {"BOARD_DATABASE_NAME": empty_database}
    together = [run_role("migrate", environ) for _ in range(3)]
    assert [role.wait() for role in together] == [0, 0, 0]
    with backends.connect(empty_database) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == (
            read_revisions()[0],
        )


def test_a_migration_that_fails_leaves_the_database_as_the_one_before_it_did(
    backends: Backends, empty_database: str
) -> None:
    """Here the second migration meets a table that is in its way; it goes on from there when that is gone."""
    environ = backends.environ | {"BOARD_DATABASE_NAME": empty_database}
    with backends.connect(empty_database) as connection:
        connection.execute("CREATE TABLE deliveries (in_the_way int)")
        assert run_role("migrate", environ).wait() == 1
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == ("0001",)
        connection.execute("DROP TABLE deliveries")
        assert run_role("migrate", environ).wait() == 0


def test_an_index_is_made_beside_those_who_write(backends: Backends, empty_database: str) -> None:
    """It waits for who is at it, and nobody waits for it; an index that was cut off is made anew."""
    environ = backends.environ | {"BOARD_DATABASE_NAME": empty_database}
    assert run_role("migrate", environ).wait() == 0
    with backends.connect(empty_database) as watcher, backends.connect(empty_database) as writer:
        watcher.execute("UPDATE alembic_version SET version_num = '0003'")
        watcher.execute("DROP INDEX events_environment_id_seq_idx")
        watcher.execute(
            "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'events_live_idx'::regclass"
        )
        writer.execute("BEGIN")
        writer.execute("DELETE FROM events")
        role = run_role("migrate", environ)
        waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%INDEX CONCURRENTLY%'"
        wait_for("the index to wait", lambda: watcher.execute(waits).fetchone() == (1,))
        watcher.execute("SET lock_timeout = '10s'")
        watcher.execute("DELETE FROM events")
        writer.execute("COMMIT")
        assert role.wait() == 0
        invalid = "SELECT count(*) FROM pg_index WHERE NOT indisvalid"
        assert watcher.execute(invalid).fetchone() == (0,)
        assert watcher.execute("SELECT to_regclass('events_environment_id_seq_idx')").fetchone() != (None,)


def test_tables_of_the_code_are_those_of_the_migrations(backends: Backends) -> None:
    """The schema that the migrations make is the one that the models describe."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext
    from sqlalchemy import create_engine

    from app.settings import Database, Secret
    from app.store.engine import database_url
    from app.store.tables import Base

    environ = backends.environ
    database = Database(
        "127.0.0.1", backends.postgres, "board", "board", Secret(environ["BOARD_DATABASE_PASSWORD"])
    )
    engine = create_engine(database_url(database))
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        differences = compare_metadata(context, Base.metadata)
    engine.dispose()
    assert differences == []
