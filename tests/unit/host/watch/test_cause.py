"""Of what a failed program printed, the line that tells why is told. The outputs have the form of the real tools'."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.host.watch.cause import find_cause

ALEMBIC = """\
INFO  [alembic.runtime.migration] Context impl PostgresqlImpl.
INFO  [alembic.runtime.migration] Running upgrade 1a2b -> 3c4d, add owner
Traceback (most recent call last):
  File "/usr/lib/python3.13/site-packages/sqlalchemy/engine/base.py", line 1967, in _exec_single_context
    self.dialect.do_execute(
psycopg.errors.UndefinedTable: relation "release" does not exist

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/usr/bin/alembic", line 8, in <module>
    sys.exit(main())
sqlalchemy.exc.ProgrammingError: (psycopg.errors.UndefinedTable) relation "release" does not exist
[SQL: ALTER TABLE release ADD COLUMN owner TEXT]
(Background on this error at: https://sqlalche.me/e/20/f405)
"""
LOST_REVISION = """\
INFO  [alembic.runtime.migration] Context impl PostgresqlImpl.
ERROR [alembic.util.messaging] Can't locate revision identified by '3c4d'
FAILED: Can't locate revision identified by '3c4d'
"""
DJANGO = """\
Operations to perform:
  Apply all migrations: admin, auth, shop
Traceback (most recent call last):
  File "/app/manage.py", line 22, in <module>
    main()
django.db.utils.OperationalError: connection failed: connection to server at "10.0.0.2", port 5432 failed: Connection refused
	Is the server running on that host and accepting TCP/IP connections?
"""
OWN_EXCEPTION = """\
Traceback (most recent call last):
  File "/app/migrate.py", line 3, in <module>
    raise Boom
shop.Boom
"""
RAILS = """\
== 20260101000000 AddOwner: migrating ======
-- add_column(:releases, :owner, :string)
bin/rails aborted!
StandardError: An error has occurred, this and all later migrations canceled: (StandardError)

PG::UndefinedTable: ERROR:  relation "releases" does not exist
/app/db/migrate/20260101000000_add_owner.rb:3:in `change'

Caused by:
ActiveRecord::StatementInvalid: PG::UndefinedTable: ERROR:  relation "releases" does not exist (ActiveRecord::StatementInvalid)
/app/db/migrate/20260101000000_add_owner.rb:3:in `change'

Tasks: TOP => db:migrate
(See full trace by running task with --trace)
"""
PRISMA = """\
Prisma schema loaded from prisma/schema.prisma
Error: P3018

A migration failed to apply. New migrations cannot be applied before the error is recovered from.

Migration name: 20260101000000_owner

Database error code: 42P01

Database error:
ERROR: relation "Release" does not exist

DbError { severity: "ERROR", parsed_severity: Some(Error), code: SqlState(E42P01) }

npm ERR! code 1
"""
PRISMA_ALONE = """\
Error: P1001: Can't reach database server at `db:5432`

Please make sure your database server is running at `db:5432`.
"""
FLYWAY = """\
ERROR: Migration of schema "public" to version "2 - owner" failed! Changes successfully rolled back.
ERROR: Failed to execute script V2__owner.sql
---------------------------------------------
SQL State  : 42P01
Error Code : 0
Message    : ERROR: relation "release" does not exist
  Position: 13
Location   : /flyway/sql/V2__owner.sql (/flyway/sql/V2__owner.sql)
Line       : 1
Statement  : ALTER TABLE release ADD COLUMN owner TEXT
"""
JAVA = """\
Exception in thread "main" org.flywaydb.core.api.FlywayException: Unable to obtain connection
	at org.flywaydb.core.Flyway.migrate(Flyway.java:164)
Caused by: java.net.ConnectException: Connection refused
	at java.base/sun.nio.ch.Net.pollConnect(Native Method)
	... 24 more
"""
KNEX = """\
migration file "20260101_owner.js" failed
migration failed with error: alter table "release" add column "owner" text - relation "release" does not exist
error: alter table "release" add column "owner" text - relation "release" does not exist
    at Parser.parseErrorMessage (/app/node_modules/pg-protocol/dist/parser.js:283:98)
{
  severity: 'ERROR',
  code: '42P01',
}

Node.js v22.11.0
npm error Lifecycle script `migrate` failed with error:
"""
NODE = """\
node:internal/modules/cjs/loader:1228
  throw err;
  ^

Error: Cannot find module '/app/migrate.js'
    at Module._resolveFilename (node:internal/modules/cjs/loader:1225:15) {
  code: 'MODULE_NOT_FOUND',
  requireStack: []
}

Node.js v22.11.0
"""
PSQL = """\
CREATE TABLE
psql:/sql/2.sql:3: ERROR:  relation "release" does not exist
LINE 1: ALTER TABLE release ADD COLUMN owner TEXT
                    ^
"""
LARAVEL = """\
   INFO  Running migrations.

  2026_01_01_000000_add_owner ................ 12.09ms FAIL

   Illuminate\\Database\\QueryException

  SQLSTATE[42S02]: Base table or view not found: 1146 Table 'shop.release' doesn't exist

  at vendor/laravel/framework/src/Illuminate/Database/Connection.php:829
    825▕                     $this->getName(), $query, $e
"""
GO = """\
goroutine 1 was fine
panic: dial tcp 10.0.0.2:5432: connect: connection refused

goroutine 1 [running]:
main.main()
	/src/main.go:12 +0x1d
exit status 2
"""


@pytest.mark.parametrize(
    ("output", "cause"),
    [
        (ALEMBIC, 'sqlalchemy.exc.ProgrammingError: (psycopg.errors.UndefinedTable) relation "release" does'),
        (LOST_REVISION, "FAILED: Can't locate revision identified by '3c4d'"),
        (DJANGO, "django.db.utils.OperationalError: connection failed"),
        (OWN_EXCEPTION, "shop.Boom"),
        (RAILS, 'ActiveRecord::StatementInvalid: PG::UndefinedTable: ERROR:  relation "releases" does not'),
        (PRISMA, 'ERROR: relation "Release" does not exist'),
        (PRISMA_ALONE, "Error: P1001: Can't reach database server at `db:5432`"),
        (FLYWAY, 'Message    : ERROR: relation "release" does not exist'),
        (JAVA, "Caused by: java.net.ConnectException: Connection refused"),
        (KNEX, 'error: alter table "release" add column "owner" text - relation "release" does not exist'),
        (NODE, "Error: Cannot find module '/app/migrate.js'"),
        (PSQL, 'psql:/sql/2.sql:3: ERROR:  relation "release" does not exist'),
        (LARAVEL, "SQLSTATE[42S02]: Base table or view not found: 1146 Table 'shop.release' doesn't exist"),
        (GO, "panic: dial tcp 10.0.0.2:5432: connect: connection refused"),
        ("sh: 1: alembic: not found\n", "sh: 1: alembic: not found"),
        ("one\n\ntwo\n\n", "two"),
        ("INFO ready\n", "INFO ready"),
        ("", ""),
    ],
)
def test_the_cause_is_told(output: str, cause: str) -> None:
    assert find_cause(output.splitlines()).startswith(cause)


def test_stderr_comes_first_and_a_line_that_names_a_cause_before_one_that_does_not() -> None:
    printed = ["ERROR: nothing to do, going on", "a failure", "done with 12 of 40"]
    assert find_cause(printed, ["a failure"]) == printed[0]
    assert find_cause(["12 of 40", "cannot go on", "bye"], ["cannot go on"]) == "cannot go on"
    assert find_cause([*RAILS.splitlines(), "bye"], PSQL.splitlines()).startswith("psql:")


LINES = st.lists(st.one_of(st.text(max_size=30), st.sampled_from((ALEMBIC + RAILS + FLYWAY).splitlines())))


@given(LINES, LINES)
def test_it_is_always_a_line_of_what_was_printed(lines: list[str], loud: list[str]) -> None:
    found = find_cause(lines, loud)
    assert found in {line.strip() for line in (*lines, *loud, "")}
    assert bool(found) == any(line.strip() for line in (*lines, *loud))
