"""prepare: whether the host can take the release, and everything that it needs in its place. Nothing runs yet."""

from __future__ import annotations

from collections.abc import Iterator

from ..bundle import write_bundle
from ..context import Context, Outcome
from ..errors import InputFault
from ..ledger import DEPLOY
from ..preflight import check_host
from ..vault import has_secret, store_tree


def run_prepare(context: Context) -> Outcome:
    """Check the host, then unpack files and bundle, every hash verified.

    Raises:
        AgentError: what is missing.
    """
    release = context.target.release
    if context.plan.kind == DEPLOY or context.plan.pull:
        # Who goes back to what lies here needs no room and no registry: least of all may a full disk be in the way.
        for warning in check_host(context.engine, context.paths, release, context.plan.pull, context.state):
            context.host.warn(warning)
    missing = list(_missing_secrets(context))
    if missing:
        raise InputFault(
            f"secrets are missing on the host: {', '.join(missing)}",
            why="neither this deploy nor an earlier one brought their values",
            fix="deploy with the values of all secrets",
        )
    if context.plan.kind == DEPLOY:
        # A rotation brings no files: it has those of the release that serves.
        if context.blobs is not None:
            for tree, spec in release.files.items():
                store_tree(context.paths, tree, spec, context.blobs)
        write_bundle(context.paths, context.target)
    return Outcome(f"release {context.target.id}")


def _missing_secrets(context: Context) -> Iterator[str]:
    release = context.target.release
    for name, sha256 in sorted(release.secrets.items()):
        if not has_secret(context.paths, name, sha256):
            yield name
