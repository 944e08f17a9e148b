"""After the result: remove images that no release needs any more. Nobody waits for it: it takes a second an image."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Set as AbstractSet
from concurrent.futures import ThreadPoolExecutor

from ..disk.fold import fold_records
from ..disk.journal import PRUNED, Journal
from ..disk.lock import Holder, hold_lock
from ..disk.paths import Paths, list_apps
from ..engine.containers import read_app_containers
from ..engine.engine import Engine
from ..shape.bundle import read_bundle
from ..wire.errors import AgentError
from ..wire.names import RELEASE_ID

_AT_ONCE = 8


def tidy_images(paths: Paths, engine: Engine) -> None:
    """Remove the images that Fairlead has pulled and nothing kept needs; what was there before is not ours.

    Left to the next command when another one has begun already, or when it fails: the journal still knows them.
    """
    holder = Holder("tidying up", "", "", os.getpid(), round(time.time(), 3), brief=True)
    with (
        contextlib.suppress(AgentError, OSError),
        hold_lock(paths.lock, holder, wait=0, on_wait=lambda _: None),
        Journal(paths.journal) as journal,
    ):
        unneeded = fold_records(journal.records).pulled - _needed(paths, engine)
        doomed = sorted(without_others(paths, unneeded))
        if doomed:
            with ThreadPoolExecutor(_AT_ONCE) as pool:
                gone = [image for image, done in zip(doomed, pool.map(engine.drop_image, doomed)) if done]
            journal.append(PRUNED, releases=[], images=gone)


def without_others(paths: Paths, images: AbstractSet[str]) -> set[str]:
    """The images that no kept release of another app of this host needs: two environments run the same digests.

    Whichever of them pulled one, the other goes back to it with the registry down.
    """
    if not images:
        return set()
    others = (Paths(paths.root, name) for name in list_apps(paths.root) if name != paths.app)
    return set(images) - {image for other in others for image in _of_releases(other)}


def _needed(paths: Paths, engine: Engine) -> set[str]:
    """The images of every release that is kept, and of every container that is there."""
    return _of_releases(paths) | {container.image for container in read_app_containers(engine, paths)}


def _of_releases(paths: Paths) -> set[str]:
    try:
        names = [entry.name for entry in paths.releases.iterdir()]
    except OSError:
        return set()
    bundles = (read_bundle(paths, name) for name in names if RELEASE_ID.fullmatch(name))
    return {image for one in bundles if one for image in one.release.images}
