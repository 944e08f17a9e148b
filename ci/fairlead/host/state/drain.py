"""Take a host out of a load balancer, and let it in again: its health path answers 503 while all else is served.

The proxy looks on each request whether a file of the request's path lies in ``drained``: nothing is reloaded, the
mark survives deploys and reboots, and removing the folder ends it.
"""

from __future__ import annotations

import re
import secrets
import shutil
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Optional

from ..disk.atomic import SHOWN_FILE, SHOWN_FOLDER, make_folder, sync_folder
from ..disk.paths import Paths
from ..disk.routes import read_live
from ..engine.containers import read_app_containers
from ..engine.engine import Engine
from ..shape.bundle import Bundle, read_bundle
from ..watch.inflight import count_in_flight, find_admin_sockets
from ..watch.traffic import TrafficRecorder, sum_traffic
from ..wire.errors import InputFault
from ..wire.events import QuietEvent

PATH = re.compile(r"(/(?!\.{1,2}(/|\Z))[A-Za-z0-9_~.-]+)+")
"""Each is a file in a folder that the proxy looks into, so that none leads out of it."""
_MAX_PATHS = 20
_MAX_CHARS = 200
QUIET_SECONDS = 3.0
"""Without an answer for so long, nobody sends anything any more."""
_POLL = 0.1


def read_drained(paths: Paths) -> Optional[list[str]]:
    """The paths that answer 503; None where the host is not drained."""
    if not paths.drained.is_dir():
        return None
    files = (entry for entry in paths.drained.rglob("*") if entry.is_file())
    return sorted(f"/{entry.relative_to(paths.drained)}" for entry in files)


def parse_paths(raw: object) -> tuple[str, ...]:
    """The paths that a client names.

    Raises:
        InputFault: one is none that a file can stand for.
    """
    if not isinstance(raw, (list, tuple)) or len(raw) > _MAX_PATHS:
        raise InputFault(f"`paths` must list at most {_MAX_PATHS} paths")
    for path in raw:
        if not (isinstance(path, str) and len(path) <= _MAX_CHARS and PATH.fullmatch(path)):
            raise InputFault(
                f"{str(path)[:60]!r} is no path to drain by",
                why="letters, digits, `-`, `_`, `.` and `~` between slashes, and no slash at its end",
                fix="name the path that the load balancer asks, such as /health",
            )
    return tuple(dict.fromkeys(raw))


def plan_paths(live: Bundle) -> tuple[str, ...]:
    """The paths that a load balancer is likely to ask: those of the release's health checks and probes. Pure."""
    services = live.release.services
    health = (services[name].health for name in live.release.routes)
    found = [one.path for one in health if one is not None]
    found += [probe.path for probe in live.release.probes]
    plain = (path.partition("?")[0] for path in found)
    return tuple(dict.fromkeys(path for path in plain if PATH.fullmatch(path)))


def start_drain(paths: Paths, given: Sequence[str]) -> tuple[str, ...]:
    """Answer 503 at the given paths, or at those that the release makes known; returns them.

    Raises:
        InputFault: nothing serves here, or no path is known.
    """
    live = read_bundle(paths, read_live(paths))
    if live is None:
        raise InputFault(f"no release of {paths.app} serves on this host", fix="there is nothing to drain")
    chosen = tuple(given) or plan_paths(live)
    if not chosen:
        raise InputFault(
            "no health path is known that a load balancer could ask",
            why="neither `x-fairlead: {health: {path: …}}` nor the probes name one beside /",
            fix="name it with --path",
        )
    scratch = paths.home / f".drained.{secrets.token_hex(6)}"
    try:
        _mark(scratch, chosen)
        end_drain(paths)
        scratch.rename(paths.drained)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    sync_folder(paths.home)
    return chosen


def end_drain(paths: Paths) -> bool:
    """Let users in again; False when the host was not drained."""
    if not paths.drained.is_dir():
        return False
    away = paths.home / f".drained.{secrets.token_hex(6)}"
    paths.drained.rename(away)
    shutil.rmtree(away)
    sync_folder(paths.home)
    return True


def wait_until_quiet(paths: Paths, engine: Engine, bound: float) -> QuietEvent:
    """Wait until users' requests have ceased, at most ``bound`` seconds; whether they have, and what is open still.

    Streams are not waited for: nobody but their own ends ends them.
    """
    addresses = {address for one in read_app_containers(engine, paths) for address in one.addresses}
    began = last = time.monotonic()
    recorder = TrafficRecorder(paths)
    with recorder.recording():
        while True:
            now = time.monotonic()
            in_flight = count_in_flight(find_admin_sockets(paths), addresses)
            answers = sum_traffic(recorder.samples, addresses, last).answers
            requests = in_flight.requests if in_flight is not None else None
            if requests or answers:
                last = now
            quiet = requests == 0 and now - last >= QUIET_SECONDS
            if quiet or now - began >= bound:
                streams = in_flight.streams if in_flight is not None else None
                return QuietEvent(quiet, requests, streams)
            time.sleep(_POLL)


def _mark(folder: Path, chosen: Iterable[str]) -> None:
    make_folder(folder, SHOWN_FOLDER)
    for path in chosen:
        try:
            make_folder((folder / path[1:]).parent, SHOWN_FOLDER)
            (folder / path[1:]).touch(SHOWN_FILE)
        except OSError as error:
            raise InputFault(
                f"{path} cannot be drained together with a path that it begins with, or that begins with it",
                fix="name one of them with --path",
            ) from error
