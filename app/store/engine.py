"""Connections to Postgres."""

from __future__ import annotations

from sqlalchemy import URL
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from app.settings import Database

SessionMaker = async_sessionmaker[AsyncSession]
"""Makes one session for each unit of work."""


_SESSION = {
    "statement_timeout": 10000,
    "idle_in_transaction_session_timeout": 60000,
    "plan_cache_mode": "force_custom_plan",
    "jit": "off",
}


def database_url(database: Database) -> URL:
    """The address for SQLAlchemy; it hides the password when shown."""
    return URL.create(
        "postgresql+psycopg",
        username=database.user,
        password=database.password.value,
        host=database.host,
        port=database.port,
        database=database.name,
    )


def make_sessions(engine: AsyncEngine) -> SessionMaker:
    """Sessions whose rows stay readable after a commit."""
    return async_sessionmaker(engine, expire_on_commit=False)


def make_engine(database: Database, *, service: str, size: int) -> AsyncEngine:
    """A pool of ``size`` connections; one that the server has closed is replaced before it is used.

    A statement that runs longer than ten seconds is ended by the server, whoever waits for it; nobody waits longer
    than two for a connection. Each statement is planned for what it asks, and for the tables as they are: a plan that was
    kept since they were small would read all of them. Compiling a plan takes longer than any of ours runs.
    """
    return create_async_engine(
        database_url(database),
        pool_size=size,
        max_overflow=0,
        pool_timeout=2,
        pool_pre_ping=True,
        connect_args={
            "application_name": f"board-{service}",
            "connect_timeout": 5,
            "options": " ".join(f"-c {name}={value}" for name, value in _SESSION.items()),
        },
    )
