"""The tables. What serves is not stored: it follows from the events, so it cannot disagree with them."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    MetaData,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, UUID
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    """Names every constraint, so that migrations can."""

    metadata = MetaData(
        naming_convention={
            "ix": "%(table_name)s_%(column_0_N_name)s_idx",
            "uq": "%(table_name)s_%(column_0_N_name)s_key",
            "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
            "pk": "%(table_name)s_pkey",
        }
    )
    type_annotation_map = {  # noqa: RUF012  SQLAlchemy's own interface
        str: Text,
        datetime: DateTime(timezone=True),
        uuid.UUID: UUID(as_uuid=True),
        dict[str, Any]: JSONB(none_as_null=True),
        list[dict[str, Any]]: JSONB,
    }


class AppRow(Base):
    """An app that has been deployed at least once."""

    __tablename__ = "apps"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)


class EnvironmentRow(Base):
    """An environment of an app; ``url`` as the newest event told it."""

    __tablename__ = "environments"
    __table_args__ = (UniqueConstraint("app_id", "name"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    app_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("apps.id"))
    name: Mapped[str]
    url: Mapped[str | None]

    app: Mapped[AppRow] = relationship(lazy="joined", innerjoin=True)


class EventRow(Base):
    """One event; ``seq`` is the order in which the board heard of them.

    ``notify_after`` is when it is handed to a worker (again), ``notified_at`` when no webhook is left to be told.
    """

    __tablename__ = "events"
    __table_args__ = (
        Index(None, "environment_id", "host", "finished_at"),
        Index(None, "environment_id", "host", "finished_at", "seq"),
        Index(None, "environment_id", "seq"),
        Index(
            "events_live_idx",
            "environment_id",
            "host",
            "release",
            "finished_at",
            "seq",
            postgresql_where=text("status = 'live'"),
        ),
        Index("events_unnotified_idx", "notify_after", postgresql_where=text("notified_at IS NULL")),
    )

    seq: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    id: Mapped[uuid.UUID] = mapped_column(unique=True)
    environment_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("environments.id"))
    host: Mapped[str]
    kind: Mapped[str]
    status: Mapped[str]
    release: Mapped[str | None]
    previous: Mapped[str | None]
    serving: Mapped[str | None]
    revision: Mapped[str]
    revision_time: Mapped[datetime]
    by: Mapped[str]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime]
    images: Mapped[dict[str, Any]]
    phases: Mapped[list[dict[str, Any]]]
    error: Mapped[dict[str, Any] | None]
    commit: Mapped[dict[str, Any] | None]
    received_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    notify_after: Mapped[datetime] = mapped_column(server_default=text("now()"))
    notified_at: Mapped[datetime | None]

    environment: Mapped[EnvironmentRow] = relationship(lazy="joined", innerjoin=True)


class DeliveryRow(Base):
    """How far one webhook has been told of one event: ``retry``, ``delivered``, ``rejected`` or ``abandoned``."""

    __tablename__ = "deliveries"

    event_seq: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("events.seq", ondelete="CASCADE"), primary_key=True
    )
    webhook: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[str]
    attempts: Mapped[int] = mapped_column(BigInteger)
    last_error: Mapped[str]
    updated_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
