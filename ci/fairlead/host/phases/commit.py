"""commit: the release is stable; from here on nothing goes back by itself."""

from __future__ import annotations

from ..atomic import write_file
from ..context import Context, Host, Outcome
from ..journal import COMMIT
from ..project import render_json
from ..refusals import origin_of
from ..release import Release
from ..state import read_origin


def run_commit(context: Context) -> Outcome:
    """Write the record that recovery and rollback go by."""
    commit_release(context.host, context.number, context.target.id, context.target.release)
    return Outcome()


def commit_release(host: Host, number: int, release_id: str, release: Release) -> None:
    """Mark a release stable; used by recovery for a switch that was not committed."""
    host.journal.append(COMMIT, tx=number, release=release_id)
    if read_origin(host.paths) != origin_of(release):
        write_file(host.paths.origin, render_json(origin_of(release)))
