"""Which webhooks have been told of an event.

Only adds, with defaults: the release before goes on writing events while this one starts.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.add_column(
        "events", sa.Column("notify_after", moment, nullable=False, server_default=sa.text("now()"))
    )
    op.add_column("events", sa.Column("notified_at", moment))
    op.create_index(
        "events_unnotified_idx", "events", ["notify_after"], postgresql_where=sa.text("notified_at IS NULL")
    )
    op.create_table(
        "deliveries",
        sa.Column(
            "event_seq", sa.BigInteger, sa.ForeignKey("events.seq", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column("webhook", sa.Text, primary_key=True),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("attempts", sa.BigInteger, nullable=False),
        sa.Column("last_error", sa.Text, nullable=False),
        sa.Column("updated_at", moment, nullable=False, server_default=sa.text("now()")),
    )


def downgrade() -> None:
    op.drop_table("deliveries")
    op.drop_index("events_unnotified_idx", "events")
    op.drop_column("events", "notified_at")
    op.drop_column("events", "notify_after")
