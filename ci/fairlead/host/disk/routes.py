"""The switch itself: who serves which name, as files that the proxy reads on every request.

``routes/<id>/<service>`` holds one DNS name, ``live`` is a symlink to such a folder, and a switch is one rename.
``dark`` is for requests that carry the secret header, ``inside`` for calls from service to service:
it follows ``live``, but while a release that brings *new* services is verified it knows those too,
since otherwise a service that needs a new neighbour to become ready could never be verified.
``before`` is there in a watch only, and leads to the release that served before; ``trial`` beside it while requests with
effects are given to either of the two.
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Optional

from ..wire.names import RELEASE_ID
from .atomic import SHOWN_FILE, SHOWN_FOLDER, make_folder, point_link, write_file
from .paths import Paths

_LIVE = "live"
_INSIDE_SUFFIX = ".inside"
QUIET = ".quiet"
"""A file beside the routes, no service's name: the proxy drops ``X-Release`` while it is there (see ``snippet``)."""


def service_name(service: str, release: str) -> str:
    """The DNS name of a service's containers in a release."""
    return f"{service}-{release}"


def read_live(paths: Paths) -> Optional[str]:
    """The release that serves by the symlink, which is the truth; None when nothing does."""
    return _read_link(paths, paths.live)


def read_before(paths: Paths) -> Optional[str]:
    """In a watch: the release that served before, and is asked again what fails."""
    return _read_link(paths, paths.before)


def _read_link(paths: Paths, link: Path) -> Optional[str]:
    try:
        target = link.readlink()
    except OSError:
        return None
    return target.name if RELEASE_ID.fullmatch(target.name) and paths.route(target.name).is_dir() else None


def read_routes(paths: Paths, release: str) -> dict[str, str]:
    """The DNS name of each service, as the release's routes say."""
    folder = paths.route(release)
    if not folder.is_dir():
        return {}
    return {
        entry.name: entry.read_text().strip() for entry in folder.iterdir() if not entry.name.startswith(".")
    }


def write_routes(paths: Paths, release: str, names: Mapping[str, str], *, quiet: bool = False) -> None:
    """Write the routes of a release, whole or not at all; of a ``quiet`` one the public is not told which it is."""
    _write_folder(paths.route(release), {**names, **({QUIET: "quiet"} if quiet else {})})


def remove_routes(paths: Paths, release: str) -> None:
    """Remove the routes of a release that does not serve."""
    shutil.rmtree(paths.route(release), ignore_errors=True)
    shutil.rmtree(_inside_folder(paths, release), ignore_errors=True)


def switch_to(paths: Paths, release: str) -> None:
    """The switch: from now on every request goes to this release."""
    point_link(paths.live, f"routes/{release}")


def switch_back(paths: Paths, previous: Optional[str]) -> None:
    """The switch to what served before; where nothing did, nothing serves."""
    if previous is None:
        paths.live.unlink(missing_ok=True)
    else:
        switch_to(paths, previous)


def open_before(paths: Paths, previous: str) -> None:
    """Let the proxy ask what served before, too: what fails on the release that is switched to is asked there again."""
    point_link(paths.before, f"routes/{previous}")


def open_trial(paths: Paths, previous: str) -> None:
    """Let chance decide, for each request with effects, which of the two releases is sent it."""
    point_link(paths.trial, f"routes/{previous}")


def close_before(paths: Paths) -> None:
    """What fails, fails, and each request goes where ``live`` leads."""
    paths.trial.unlink(missing_ok=True)
    paths.before.unlink(missing_ok=True)


def open_dark(paths: Paths, release: str) -> str:
    """Let requests with the returned token reach a release that does not serve yet."""
    token = secrets.token_hex(32)
    point_link(paths.dark, f"routes/{release}")
    _write_token(paths, token)
    return token


def close_dark(paths: Paths) -> str:
    """End the dark route: there is no way but ``live``; the token is another one, by which our own probes are known."""
    point_link(paths.dark, _LIVE)
    make_folder(paths.run, SHOWN_FOLDER)
    token = secrets.token_hex(32)
    try:
        _write_token(paths, token)
    except OSError:
        # On a full disk the old token stays: since the rename above it opens what everybody is served.
        if not paths.dark_token.is_file():
            raise
        return paths.dark_token.read_text()
    return token


def open_inside(paths: Paths, release: str, names: Mapping[str, str]) -> bool:
    """Let services find the new neighbours that a release brings; False when it brings none."""
    live = read_live(paths)
    serving = read_routes(paths, live) if live else {}
    if set(names) <= set(serving):
        return False
    folder = _inside_folder(paths, release)
    _write_folder(folder, {**names, **serving})
    point_link(paths.inside, f"routes/{folder.name}")
    return True


def close_inside(paths: Paths) -> None:
    """Calls from service to service follow ``live`` again."""
    point_link(paths.inside, _LIVE)
    for folder in paths.routes.glob(f"*{_INSIDE_SUFFIX}"):
        shutil.rmtree(folder, ignore_errors=True)


def _write_token(paths: Paths, token: str) -> None:
    """Put the token into the folder that is the proxy's to write, whatever the proxy has put in its place."""
    try:
        write_file(paths.dark_token, token.encode(), SHOWN_FILE)
    except IsADirectoryError:
        # It may be full, and of another user, but the folder that it lies in is ours.
        paths.dark_token.rename(paths.run / f".{paths.dark_token.name}.{secrets.token_hex(6)}")
        write_file(paths.dark_token, token.encode(), SHOWN_FILE)


def _inside_folder(paths: Paths, release: str) -> Path:
    return paths.routes / f"{release}{_INSIDE_SUFFIX}"


def _write_folder(folder: Path, names: Mapping[str, str]) -> None:
    make_folder(folder.parent, SHOWN_FOLDER)
    scratch = folder.with_name(f".{folder.name}.{secrets.token_hex(6)}")
    make_folder(scratch, SHOWN_FOLDER)
    for service, name in names.items():
        # No newline: the proxy takes the content as it is.
        write_file(scratch / service, name.encode(), SHOWN_FILE)
    shutil.rmtree(folder, ignore_errors=True)
    scratch.rename(folder)
