"""Indexes by which a page reads the newest events of a place, however many there are.

Only adds, and without a lock against those who read or write: however long the history is, nobody waits for it.
The index that the first of these makes superfluous stays, for the release before.
"""

from __future__ import annotations

from app.store.indexes import create_index, drop_index

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TABLE = "events"
PLACE = "events_environment_id_host_finished_at_seq_idx"
ENVIRONMENT = "events_environment_id_seq_idx"
LIVE = "events_live_idx"


def upgrade() -> None:
    create_index(PLACE, TABLE, ["environment_id", "host", "finished_at", "seq"])
    create_index(ENVIRONMENT, TABLE, ["environment_id", "seq"])
    create_index(
        LIVE, TABLE, ["environment_id", "host", "release", "finished_at", "seq"], where="status = 'live'"
    )


def downgrade() -> None:
    for name in (LIVE, ENVIRONMENT, PLACE):
        drop_index(name, TABLE)
