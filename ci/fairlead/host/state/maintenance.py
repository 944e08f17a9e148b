"""Show everybody a page while an app is in maintenance, and end that: a folder that the app's proxy looks for.

``maintenance`` is a symlink to a folder with all that is shown (see ``notice``), so that it comes, changes and goes by one
rename. It asks for no lock but its own, and changes nothing of a release: it works while a deploy is under way, and
while the app is dead, and it stays over deploys and reboots. Who did it, and when, stands in a journal beside it.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Optional

from ..disk.atomic import SHOWN_FILE, SHOWN_FOLDER, make_folder, point_link, sync_folder, write_file
from ..disk.journal import Journal, read_journal
from ..disk.lock import Holder, hold_lock
from ..disk.paths import Paths
from ..disk.routes import read_before, read_live
from ..shape.bundle import Bundle, read_bundle
from ..wire.answer import render_answer
from ..wire.errors import InputFault
from ..wire.page import LOOK, RETRY_AFTER, WantedPage
from ..wire.plainjson import parse_json
from .drain import PATH

if TYPE_CHECKING:
    from ..wire.status import HistoryEntry, ShownPage

KIND = "maintenance"
_ABOUT = "about.json"
_LOCK_WAIT = 30.0
_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<meta name="color-scheme" content="light dark">
<title>Down for maintenance</title>
<style>
body { font: 1.125rem/1.6 system-ui, sans-serif; max-width: 36rem; margin: 15vh auto; padding: 0 1.5rem }
h1 { font-size: 1.75rem; line-height: 1.25 }
</style>
</head>
<body>
<main>
<h1>Down for maintenance</h1>
<p>This site is being worked on, and will be back soon. Please try again in a few minutes.</p>
</main>
</body>
</html>
"""


@dataclass(frozen=True)
class Maintenance:
    """What is shown: since when (epoch seconds), by whom, with which key; ``look`` opens the way past the page."""

    since: float
    by: str
    key: str
    retry_after: int
    own_page: bool
    look: str

    @property
    def shown(self) -> ShownPage:
        """As ``status`` shows it, which is not for everybody to look past the page."""
        from ..wire.status import ShownPage

        return ShownPage(self.since, self.by, self.key, self.retry_after, self.own_page)


def read_maintenance(paths: Paths) -> Optional[Maintenance]:
    """What users are shown instead of the app; None where they are served."""
    if not (paths.maintenance / "page.html").is_file():
        return None
    try:
        about = parse_json((paths.maintenance / _ABOUT).read_bytes())
        look = (paths.maintenance / "look").read_text()
        return Maintenance(
            since=float(about["since"]),
            by=str(about["by"]),
            key=str(about["key"]),
            retry_after=int(about["retry_after"]),
            own_page=about["own_page"] is True,
            look=look if LOOK.fullmatch(look) else "",
        )
    except (OSError, ValueError, KeyError, TypeError):
        # By hand, or damaged: the page is there, and that is what counts.
        return Maintenance(0.0, "", "", RETRY_AFTER, own_page=True, look="")


def start_maintenance(paths: Paths, wanted: WantedPage, by: str, key: str = "") -> Maintenance:
    """Show everybody the page from now on, or another one; who did it stands in the journal before it is seen.

    Raises:
        InputFault: nothing serves here.
    """
    live = read_bundle(paths, read_live(paths))
    if live is None:
        raise InputFault(
            f"no release of {paths.app} serves on this host", fix="there is nothing to take out of service"
        )
    with _journal(paths, by) as journal:
        before = read_maintenance(paths)
        look = (before.look if before is not None else "") or wanted.look or secrets.token_hex(16)
        since = before.since if before is not None and before.since else round(time.time(), 3)
        maintenance = Maintenance(since, by, key, wanted.retry_after, bool(wanted.page), look)
        folder = paths.maintenance_pages / secrets.token_hex(6)
        # In a watch both releases may serve yet.
        before_it = read_bundle(paths, read_before(paths))
        opened = (*plan_open(live), *(plan_open(before_it) if before_it is not None else ()))
        _write(folder, wanted.page or _PAGE, maintenance, opened)
        journal.append(KIND, on=True, by=by, key=key, retry_after=wanted.retry_after)
        point_link(paths.maintenance, f"{paths.maintenance_pages.name}/{folder.name}")
        _sweep(paths, folder.name)
    return maintenance


def end_maintenance(paths: Paths, by: str, key: str = "") -> Optional[Maintenance]:
    """Let users in again; what they were shown, None where they were served."""
    with _journal(paths, by) as journal:
        before = read_maintenance(paths)
        if before is not None:
            journal.append(KIND, on=False, by=by, key=key)
        if paths.maintenance.is_symlink() or paths.maintenance.exists():
            _take_away(paths)
        _sweep(paths)
    return before


def open_for(paths: Paths, release: Bundle) -> None:
    """Answer the health checks of a release that is about to serve as well, should a page be shown.

    Said right before the switch and right after it: between the two somebody may show another page.
    """
    folder = paths.maintenance.resolve()
    if (folder / "page.html").is_file():
        _open(folder, plan_open(release))


def plan_open(live: Bundle) -> tuple[str, ...]:
    """The paths that are answered as ever: a load balancer that gets 503 there shows a page of its own. Pure."""
    services = live.release.services
    found = (services[name].health for name in live.release.routes)
    plain = (one.path.partition("?")[0] for one in found if one is not None)
    return tuple(dict.fromkeys(path for path in plain if PATH.fullmatch(path)))


def maintenance_history(paths: Paths) -> list[HistoryEntry]:
    """Each time that it was begun or ended, newest first."""
    from ..wire.status import HistoryEntry

    return [
        HistoryEntry(
            kind=KIND,
            by=str(one.data.get("by", "")),
            key=str(one.data.get("key") or ""),
            began_at=one.at,
            ended_at=one.at,
            status="on" if one.data.get("on") is True else "off",
        )
        for one in reversed(read_journal(paths.maintenance_journal))
        if one.type == KIND
    ]


@contextlib.contextmanager
def _journal(paths: Paths, by: str) -> Iterator[Journal]:
    holder = Holder(KIND, by, "", os.getpid(), round(time.time(), 3), brief=True)
    with (
        hold_lock(paths.maintenance_lock, holder, wait=_LOCK_WAIT, on_wait=lambda _: None),
        Journal(paths.maintenance_journal) as journal,
    ):
        yield journal


def _write(folder: Path, page: str, maintenance: Maintenance, opened: Sequence[str]) -> None:
    make_folder(folder, SHOWN_FOLDER)
    _open(folder, opened)
    # No newline: the proxy takes the content as it is.
    write_file(folder / "look", maintenance.look.encode(), SHOWN_FILE)
    write_file(folder / "retry-after", str(maintenance.retry_after).encode(), SHOWN_FILE)
    write_file(folder / _ABOUT, json.dumps(render_answer(maintenance.shown)).encode())
    write_file(folder / "page.html", page.encode(), SHOWN_FILE)
    for parent, _, _ in os.walk(folder):
        sync_folder(Path(parent))


def _open(folder: Path, opened: Sequence[str]) -> None:
    for path in opened:
        # One path may begin another: then that one alone is answered.
        with contextlib.suppress(OSError):
            make_folder((folder / "open" / path[1:]).parent, SHOWN_FOLDER)
            (folder / "open" / path[1:]).touch(SHOWN_FILE)


def _take_away(paths: Paths) -> None:
    """By one rename, whatever somebody has put there by hand."""
    if paths.maintenance.is_symlink():
        paths.maintenance.unlink()
    else:
        make_folder(paths.maintenance_pages, SHOWN_FOLDER)
        paths.maintenance.rename(paths.maintenance_pages / secrets.token_hex(6))
    sync_folder(paths.home)


def _sweep(paths: Paths, kept: str = "") -> None:
    for entry in paths.maintenance_pages.iterdir() if paths.maintenance_pages.is_dir() else ():
        if entry.name != kept:
            shutil.rmtree(entry, ignore_errors=True)
