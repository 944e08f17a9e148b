"""commit: the release is stable; before this record it can go back by itself, from here on it cannot."""

from __future__ import annotations

from ...disk.atomic import write_file
from ...disk.journal import COMMIT
from ...shape.project import render_json
from ...state.ownership import read_record
from ...wire.owner import owner_of, parse_owner
from ...wire.release import Release
from ..context import Deploy, Host, Outcome


def run_commit(deploy: Deploy) -> Outcome:
    """Write the record that recovery and rollback go by."""
    commit_release(deploy.host, deploy.progress.number, deploy.target.id, deploy.target.release)
    return Outcome()


def commit_release(host: Host, number: int, release_id: str, release: Release) -> None:
    """Mark a release stable; used by recovery for a switch that was not committed."""
    host.journal.append(COMMIT, tx=number, release=release_id)
    if parse_owner(read_record(host.paths.origin)) != owner_of(release):
        try:
            write_file(host.paths.origin, render_json(owner_of(release).to_json()))
        except OSError as error:
            # The record is written: there is no way back from here.
            host.warn(f"whose app this is could not be written down: {error}")
