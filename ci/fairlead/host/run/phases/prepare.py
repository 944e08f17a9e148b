"""prepare: whether the host can take the release, and everything that it needs in its place. Nothing runs yet."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ...disk.journal import MENDED
from ...disk.ledger import DEPLOY
from ...disk.vault import find_difference, has_secret, store_tree
from ...plan.preflight import check_host
from ...shape.bundle import mend_projects, read_bundle, write_bundle
from ...wire.errors import InputFault, ReleaseFault
from ...wire.value import as_variable
from ..context import Deploy, Outcome


def run_prepare(deploy: Deploy) -> Outcome:
    """Check the host, then unpack files and bundle, every hash verified.

    Raises:
        AgentError: what is missing.
    """
    release = deploy.target.release
    if deploy.plan.kind == DEPLOY or deploy.plan.pull:
        # Who goes back to what lies here needs no room and no registry: least of all may a full disk be in the way.
        for warning in check_host(deploy.engine, deploy.paths, release, deploy.plan.pull, deploy.state):
            deploy.host.warn(warning)
    missing = list(_missing_secrets(deploy))
    if missing:
        raise InputFault(
            f"secrets are missing on the host: {', '.join(missing)}",
            why="neither this deploy nor an earlier one brought their values",
            fix="deploy with the values of all secrets",
        )
    _check_variables(deploy)
    if deploy.request.blobs is not None:
        _store_files(deploy, deploy.request.blobs)
    else:
        _check_files(deploy)
    if deploy.plan.kind == DEPLOY:
        write_bundle(deploy.paths, deploy.target)
    else:
        _mend_bundles(deploy)
    return Outcome(f"release {deploy.target.id}")


def _store_files(deploy: Deploy, blobs: Path) -> None:
    for tree, spec in deploy.target.release.files.items():
        wrong = store_tree(deploy.paths, tree, spec, blobs)
        if wrong:
            deploy.host.warn(f"the config file or folder {tree[:12]} on this host was replaced: {wrong}")
            deploy.host.journal.append(MENDED, file=tree, why=wrong)


def _mend_bundles(deploy: Deploy) -> None:
    """What is gone back to was written long ago, its own project and those of the releases that it shares services with."""
    for release in sorted({deploy.target.id, *deploy.target.homes.values()}):
        bundle = read_bundle(deploy.paths, release)
        if bundle is not None and mend_projects(deploy.paths, bundle):
            wrong = "its project was damaged on this host, and was made again from its document"
            deploy.host.warn(f"release {release}: {wrong}")
            deploy.host.journal.append(MENDED, release=release, why=wrong)


def _check_files(deploy: Deploy) -> None:
    """A rotation and a rollback bring no files: they have those that lie here, if these are what they were.

    Raises:
        ReleaseFault: one is not.
    """
    for tree, spec in deploy.target.release.files.items():
        wrong = find_difference(deploy.paths.file(tree), spec)
        if wrong:
            raise ReleaseFault(
                f"the config file or folder {tree[:12]} on this host is damaged: {wrong}",
                why="what is started would read something else than the release has",
                fix="`fairlead deploy` of that commit (with --allow-older, to go back) brings it again",
            )


def _check_variables(deploy: Deploy) -> None:
    """Whatever is to be a variable can be one, before anything is started for it.

    Raises:
        InputFault: a value cannot.
    """
    release = deploy.target.release
    names = {mount.secret for one in release.services.values() for mount in one.mounts if mount.variable}
    for name in sorted(name for name in names if name is not None):
        as_variable(name, deploy.paths.secret(name, release.secrets[name]).read_bytes())


def _missing_secrets(deploy: Deploy) -> Iterator[str]:
    release = deploy.target.release
    for name, sha256 in sorted(release.secrets.items()):
        if not has_secret(deploy.paths, name, sha256):
            yield name
