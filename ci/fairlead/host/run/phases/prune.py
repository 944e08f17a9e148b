"""prune: keep the last releases startable, and let go of what nothing points to any more; images go later (tidy)."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ...disk.atomic import remove_path
from ...disk.fold import fold_records
from ...disk.journal import PRUNED
from ...disk.ledger import GONE, STABLE, Ledger
from ...disk.routes import remove_routes
from ...engine.api import ApiFault
from ...engine.containers import Container, platform_project
from ...shape.bundle import Bundle, read_bundle, remove_bundle, rewrite_projects
from ...shape.project import real_name
from ...shape.rotation import write_rotations
from ...wire import labels
from ...wire.names import RELEASE_ID
from ..context import Deploy, Host, Outcome

_AT_ONCE = 8
_YOUNG = 3600.0
"""Seconds for which files and secrets are spared: another deploy may have sent them and wait for the lock."""


def run_prune(deploy: Deploy) -> Outcome:
    """Prune by the number of releases that the one which serves wants kept."""
    return prune_old(deploy.host, deploy.target)


def prune_old(host: Host, live: Bundle) -> Outcome:
    """Remove releases that are neither kept nor pointed to by a kept one; used by recovery too."""
    ledger = fold_records(host.journal.records)
    # Before a bundle is read: from here on, none names a value that was rotated away.
    write_rotations(host.paths, ledger.rotations)
    kept = plan_kept(ledger, live.id, live.release.keep)
    if live.release.keep_size:
        kept = _within_budget(host, ledger, live, kept)
    bundles = [bundle for bundle in (read_bundle(host.paths, one) for one in kept) if bundle is not None]
    homes = kept | {home for bundle in bundles for home in bundle.homes.values()}
    bundles = [bundle for bundle in (read_bundle(host.paths, one) for one in homes) if bundle is not None]
    revoked = {
        str(host.paths.secret(name, value)) for name, one in ledger.rotations.items() for value in one.revoked
    }
    containers = host.refresh_containers()
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        doomed = [one for one in containers if _is_doomed(one, homes, live, revoked)]
        list(pool.map(lambda one: host.engine.remove(one.id), doomed))
    left = [one for one in containers if one not in doomed]
    gone = _remove_releases(host, ledger, homes)
    if revoked:
        for bundle in bundles:
            rewrite_projects(host.paths, bundle)
    _remove_volumes(host, homes)
    _remove_content(host, bundles, left, revoked)
    _remove_networks(host, bundles, left)
    if not gone:
        return Outcome("nothing to remove", skipped=True)
    host.journal.append(PRUNED, releases=gone, images=[])
    return Outcome(f"releases {', '.join(gone)}")


def _is_doomed(container: Container, homes: set[str], live: Bundle, revoked: set[str]) -> bool:
    """Whether nothing that is kept needs it, or it could only be started with a secret that was rotated away."""
    if not container.release:
        return False
    serves = live.homes.get(container.service) == container.release
    return container.release not in homes or (not serves and not revoked.isdisjoint(container.sources))


def plan_kept(ledger: Ledger, live: str, keep: int) -> set[str]:
    """The releases to keep: the one that serves, the one before it, and the last ``keep`` that have served."""
    served = [one for one in ledger.releases.values() if one.state == STABLE]
    newest = sorted(served, key=lambda one: one.committed_at or 0.0, reverse=True)[:keep]
    previous = ledger.previous(live)
    return {live, *(one.id for one in newest), *([previous] if previous else [])}


def plan_within(
    newest_first: Sequence[str],
    always: Collection[str],
    images: Mapping[str, Collection[str]],
    sizes: Mapping[str, int],
    budget: int,
) -> set[str]:
    """Of these releases, those whose images fit into the budget: the oldest go first, an image counts once. Pure.

    Args:
        newest_first: the releases that may stay.
        always: those that stay whatever they take.
        images: the images of each release.
        sizes: bytes by image.
        budget: bytes.
    """
    counted = {image for release in always for image in images.get(release, ())}
    kept = set(always)
    for release in newest_first:
        wanted = counted | set(images.get(release, ()))
        if release not in kept and sum(sizes.get(image, 0) for image in wanted) > budget:
            break
        counted = wanted
        kept.add(release)
    return kept


def _within_budget(host: Host, ledger: Ledger, live: Bundle, kept: set[str]) -> set[str]:
    bundles = {one: read_bundle(host.paths, one) for one in kept}
    images = {
        one: {service.image for service in bundle.release.services.values()}
        for one, bundle in bundles.items()
        if bundle is not None
    }
    names = sorted({image for some in images.values() for image in some})
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = list(pool.map(host.engine.image, names))
    sizes = {name: int((one or {}).get("Size") or 0) for name, one in zip(names, found)}
    previous = ledger.previous(live.id)
    newest = sorted(kept, key=lambda one: ledger.releases[one].committed_at or 0.0, reverse=True)
    return plan_within(
        newest, {live.id, *([previous] if previous else [])}, images, sizes, live.release.keep_size
    )


def _remove_releases(host: Host, ledger: Ledger, homes: Iterable[str]) -> list[str]:
    """Remove bundles and routes; the ids that had served."""
    found: set[str] = set()
    for folder in (host.paths.releases, host.paths.routes):
        found |= {entry.name for entry in folder.iterdir()} if folder.is_dir() else set()
    doomed = sorted(
        name for name in found - set(homes) if RELEASE_ID.fullmatch(name.partition(".")[0]) or name[:1] == "."
    )
    for name in doomed:
        if RELEASE_ID.fullmatch(name):
            remove_bundle(host.paths, name)
            remove_routes(host.paths, name)
        else:
            # Left by a crash in the middle of writing.
            shutil.rmtree(host.paths.releases / name, ignore_errors=True)
            shutil.rmtree(host.paths.routes / name, ignore_errors=True)
    stable = {one.id for one in ledger.releases.values() if one.state != GONE}
    return [name for name in doomed if name in stable]


def _remove_volumes(host: Host, homes: Collection[str]) -> None:
    """Remove the volumes that releases had of their own and that are gone: files of their images, no data."""
    marks = json.dumps({"label": [f"{labels.APP}={host.paths.app}", labels.RELEASE]})
    for volume in host.engine.get("/volumes", filters=marks).get("Volumes") or ():
        if (volume.get("Labels") or {}).get(labels.RELEASE) not in homes:
            try:
                host.engine.delete(f"/volumes/{volume['Name']}")
            except ApiFault as fault:
                host.warn(
                    f"the volume {volume['Name']} of a release that is gone stays: {fault.why or fault.what}"
                )


def _remove_content(host: Host, bundles: list[Bundle], left: list[Container], revoked: set[str]) -> None:
    """Remove config files and secrets that no kept release names and no container has mounted.

    What nobody needs stays for an hour, but for a secret that was rotated away.
    """
    paths = host.paths
    needed = {str(paths.file(tree)) for bundle in bundles for tree in bundle.release.files}
    needed |= {
        str(paths.secret(name, sha256))
        for bundle in bundles
        for name, sha256 in bundle.release.secrets.items()
    }
    needed |= {source for container in left for source in container.sources}
    stored = list(paths.files.glob("*")) if paths.files.is_dir() else []
    stored += list(paths.secrets.glob("*/*")) if paths.secrets.is_dir() else []
    for entry in stored:
        if str(entry) not in needed and (str(entry) in revoked or _is_old(entry)):
            remove_path(entry)


def _remove_networks(host: Host, bundles: Sequence[Bundle], left: Sequence[Container]) -> None:
    """Remove the app's networks that no kept release names and no container is in: a host has room for thirty."""
    needed = {real_name(host.paths.app, *pair) for one in bundles for pair in one.release.networks.items()}
    needed |= {name for one in left for name in one.networks}
    mark = f"{labels.PROJECT}={platform_project(host.paths.app)}"
    for network in host.engine.get("/networks", filters=json.dumps({"label": [mark]})):
        if network["Name"] not in needed:
            try:
                host.engine.delete(f"/networks/{network['Id']}")
            except ApiFault as fault:
                host.warn(f"the network {network['Name']} stays: {fault.why or fault.what}")


def _is_old(entry: Path) -> bool:
    try:
        return time.time() - entry.lstat().st_mtime > _YOUNG
    except OSError:
        return False
