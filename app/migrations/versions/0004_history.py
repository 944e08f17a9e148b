"""Indexes by which a page reads the newest events of a place, however many there are.

Only adds, without a lock against readers: a worker holds an event for as long as a webhook takes to answer, and to
drop the index that the first of these makes superfluous would have to wait for it.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

LIVE = "events_live_idx"


def upgrade() -> None:
    op.create_index(None, "events", ["environment_id", "host", "finished_at", "seq"])
    op.create_index(None, "events", ["environment_id", "seq"])
    op.create_index(
        LIVE,
        "events",
        ["environment_id", "host", "release", "finished_at", "seq"],
        postgresql_where=sa.text("status = 'live'"),
    )


def downgrade() -> None:
    op.drop_index(LIVE, "events")
    op.drop_index("events_environment_id_seq_idx", "events")
    op.drop_index("events_environment_id_host_finished_at_seq_idx", "events")
