"""Apps, environments and events."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "apps",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("name", sa.Text, nullable=False, unique=True),
    )
    op.create_table(
        "environments",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("app_id", sa.BigInteger, sa.ForeignKey("apps.id"), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("url", sa.Text),
        sa.UniqueConstraint("app_id", "name"),
    )
    op.create_table(
        "events",
        sa.Column("seq", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("id", postgresql.UUID(as_uuid=True), nullable=False, unique=True),
        sa.Column("environment_id", sa.BigInteger, sa.ForeignKey("environments.id"), nullable=False),
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("release", sa.Text),
        sa.Column("previous", sa.Text),
        sa.Column("serving", sa.Text),
        sa.Column("revision", sa.Text, nullable=False),
        sa.Column("revision_time", moment, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("started_at", moment, nullable=False),
        sa.Column("finished_at", moment, nullable=False),
        sa.Column("images", postgresql.JSONB, nullable=False),
        sa.Column("phases", postgresql.JSONB, nullable=False),
        sa.Column("error", postgresql.JSONB),
        sa.Column("received_at", moment, nullable=False, server_default=sa.text("now()")),
    )
    op.create_index(None, "events", ["environment_id", "host", "finished_at"])


def downgrade() -> None:
    for table in ("events", "environments", "apps"):
        op.drop_table(table)
