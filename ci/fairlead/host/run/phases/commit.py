"""commit: the release is stable; before this record it can go back by itself, from here on it cannot."""

from __future__ import annotations

from ...disk.atomic import write_file
from ...disk.journal import COMMIT
from ...disk.ledger import DEPLOY
from ...shape.project import render_json
from ...state.ownership import owner_after, read_record
from ...wire.owner import parse_owner
from ...wire.release import Release
from ..context import Deploy, Host, Outcome


def run_commit(deploy: Deploy) -> Outcome:
    """Write the record that recovery and rollback go by."""
    is_new = deploy.plan.kind == DEPLOY and not deploy.plan.rotations
    target = deploy.target
    commit_release(deploy.host, deploy.progress.number, target.id, target.release, is_new=is_new)
    return Outcome()


def commit_release(host: Host, number: int, release_id: str, release: Release, *, is_new: bool) -> None:
    """Mark a release stable; used by recovery for a switch that was not committed.

    ``is_new``: it has not served before, and is not one that served with new values of secrets.
    """
    host.journal.append(COMMIT, tx=number, release=release_id)
    known = parse_owner(read_record(host.paths.origin))
    owner = owner_after(known, release, is_new=is_new)
    if known != owner:
        try:
            write_file(host.paths.origin, render_json(owner.to_json()))
        except OSError as error:
            # The record is written: there is no way back from here.
            host.warn(f"whose app this is could not be written down: {error}")
