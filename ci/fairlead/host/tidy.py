"""After the result: remove images that no release needs any more. Nobody waits for it: it takes a second an image."""

from __future__ import annotations

import contextlib
import os
import time
from concurrent.futures import ThreadPoolExecutor

from .bundle import read_bundle
from .containers import read_app_containers
from .engine import Engine
from .errors import AgentError
from .fold import fold_records
from .journal import PRUNED, Journal
from .lock import Holder, hold_lock
from .paths import RELEASE_ID, Paths

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
        doomed = sorted(fold_records(journal.records).pulled - _needed(paths, engine))
        if doomed:
            with ThreadPoolExecutor(_AT_ONCE) as pool:
                gone = [image for image, done in zip(doomed, pool.map(engine.drop_image, doomed)) if done]
            journal.append(PRUNED, releases=[], images=gone)


def _needed(paths: Paths, engine: Engine) -> set[str]:
    """The images of every release that is kept, and of every container that is there."""
    names = (entry.name for entry in paths.releases.iterdir()) if paths.releases.is_dir() else ()
    bundles = (read_bundle(paths, name) for name in names if RELEASE_ID.fullmatch(name))
    needed = {image for one in bundles if one for image in one.release.images}
    return needed | {container.image for container in read_app_containers(engine, paths)}
