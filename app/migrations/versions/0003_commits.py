"""What is told of an event's commit: subject, author, where to look.

Only adds, and may be empty: the release before goes on writing events while this one starts.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("events", sa.Column("commit", postgresql.JSONB))


def downgrade() -> None:
    op.drop_column("events", "commit")
