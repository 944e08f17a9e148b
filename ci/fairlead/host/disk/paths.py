"""Where everything of an app lies on the server. Nothing here touches a file but ``list_apps``."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..wire.caddy.snippet import CARRIED
from ..wire.errors import InputFault
from ..wire.names import APP_NAME

_PROJECT = re.compile(r"(.+)-(?:[0-9]{6}|proxy-[0-9a-f]{12})")
"""What Compose projects of an app are called beside the app itself: those of its releases and proxies."""
_DEFAULT_ROOT = "/srv/fairlead"
_RESERVED = ("agents", "edge", "fairlead")
"""Folders of the root that are no app's, and the edge's Compose project."""


@dataclass(frozen=True)
class Paths:
    """The folder of one app, ``<root>/<app>``, and what lies in it."""

    root: Path
    app: str

    @property
    def home(self) -> Path:
        """The app's own folder, mounted into the proxy as ``/fairlead``."""
        return self.root / self.app

    @property
    def live(self) -> Path:
        """The switch: a symlink to ``routes/<id>`` of the release that serves."""
        return self.home / "live"

    @property
    def dark(self) -> Path:
        """Like ``live``, for requests that carry the secret header."""
        return self.home / "dark"

    @property
    def inside(self) -> Path:
        """Like ``live``, for calls from service to service; points at ``live`` outside a deploy."""
        return self.home / "inside"

    @property
    def routes(self) -> Path:
        return self.home / "routes"

    @property
    def releases(self) -> Path:
        return self.home / "releases"

    @property
    def files(self) -> Path:
        return self.home / "files"

    @property
    def data(self) -> Path:
        """What containers write and the app keeps, a folder a name (``data``)."""
        return self.home / "data"

    @property
    def data_scratch(self) -> Path:
        """Where such a folder is made, before it is in its place."""
        return self.home / "data.new"

    @property
    def before(self) -> Path:
        """In a watch: the symlink to the routes of the release that served before."""
        return self.home / "before"

    @property
    def trial(self) -> Path:
        """Beside ``before``: there while requests are given to either release by chance."""
        return self.home / "trial"

    @property
    def secrets(self) -> Path:
        return self.home / "secrets"

    @property
    def marks(self) -> Path:
        """The keys by which values of secrets are named."""
        return self.secrets / ".marks"

    @property
    def tasks(self) -> Path:
        return self.home / "tasks"

    @property
    def drained(self) -> Path:
        """While the host is drained: a file for each path that answers 503."""
        return self.home / "drained"

    @property
    def maintenance(self) -> Path:
        """While everybody sees a page instead of the app: a symlink to what is shown."""
        return self.home / "maintenance"

    @property
    def maintenance_pages(self) -> Path:
        return self.home / "maintenance.d"

    @property
    def maintenance_journal(self) -> Path:
        return self.home / "maintenance.jsonl"

    @property
    def maintenance_lock(self) -> Path:
        """Held for a moment, and not by a deploy."""
        return self.home / "maintenance.lock"

    @property
    def journal(self) -> Path:
        return self.home / "journal.jsonl"

    @property
    def lock(self) -> Path:
        return self.home / "lock"

    @property
    def run(self) -> Path:
        """What the proxy may write to: its admin socket."""
        return self.home / "run"

    @property
    def admin_socket(self) -> Path:
        return self.run / "admin.sock"

    def proxy_socket(self, mark: str) -> Path:
        """The admin socket of a proxy behind the edge, by the hash of its definition: two may run at a time."""
        return self.run / f"admin-{mark[:12]}.sock"

    def inside_socket(self, carrier: str) -> Path:
        """The admin socket of a container that carries internal calls, by its service's name."""
        return self.run / f"admin-{carrier.removeprefix('fairlead-')}.sock"

    @property
    def carried(self) -> Path:
        """A Caddyfile for each service that others call, ``<service>.caddy``: what carries these calls reads it."""
        return self.home / CARRIED

    @property
    def inside_config(self) -> Path:
        """What an older agent's carriers of internal calls read."""
        return self.home / "inside.caddy"

    def proxy_file(self, mark: str) -> Path:
        """The project of a proxy behind the edge."""
        return self.home / f"proxy-{mark[:12]}.json"

    @property
    def dark_token(self) -> Path:
        return self.run / "dark-token"

    @property
    def switch(self) -> Path:
        """The Caddyfile snippet that an app's Caddyfile imports."""
        return self.home / "switch.caddy"

    @property
    def platform(self) -> Path:
        """The platform project as it was brought up last."""
        return self.home / "platform.json"

    @property
    def platform_before(self) -> Path:
        """The platform project as it was before the last transaction changed it."""
        return self.home / "platform.before.json"

    @property
    def origin(self) -> Path:
        """Where the app's releases come from, written by the first deploy."""
        return self.home / "origin"

    @property
    def removing(self) -> Path:
        """There while the app is being removed."""
        return self.home / "removing"

    @property
    def rotations(self) -> Path:
        """Which secrets were rotated, and to what: by the names of their values (``marks``)."""
        return self.home / "rotations.json"

    @property
    def launcher(self) -> Path:
        """The command for 3 a.m."""
        return self.home / "fairlead"

    def release(self, release: str) -> Path:
        return self.releases / release

    def route(self, release: str) -> Path:
        return self.routes / release

    def task(self, task: str) -> Path:
        return self.tasks / task

    def secret(self, name: str, mark: str) -> Path:
        """A value of a secret, by its name (``marks``)."""
        return self.secrets / name / mark

    def file(self, tree: str) -> Path:
        return self.files / tree


def fairlead_root(environ: Mapping[str, str]) -> Path:
    """The root of everything: ``FAIRLEAD_ROOT``, or ``/srv/fairlead``."""
    return Path(environ.get("FAIRLEAD_ROOT") or _DEFAULT_ROOT)


def app_paths(root: Path, app: str) -> Paths:
    """The paths of an app.

    Raises:
        InputFault: the name is not one that Fairlead gives.
    """
    if not APP_NAME.fullmatch(app) or app in _RESERVED:
        raise InputFault(
            f"{app[:60]!r} is not the name of an app",
            why="it is Fairlead's own" if app in _RESERVED else f"a name matches {APP_NAME.pattern}",
            fix="use the name that stands in fairlead.yaml as `app`",
        )
    return Paths(root, app)


def project_clashes(root: Path, app: str) -> list[str]:
    """The apps of this host whose Compose projects would be called as some of this app's: ``board`` and ``board-000042``.

    The folder of an app is made before anybody asks: of two that come at once, one sees the other at least.
    """
    own = _PROJECT.fullmatch(app)
    return sorted(
        entry.name
        for entry in (root.iterdir() if root.is_dir() else ())
        if APP_NAME.fullmatch(entry.name)
        and (
            (own and own[1] == entry.name) or ((found := _PROJECT.fullmatch(entry.name)) and found[1] == app)
        )
    )


def list_apps(root: Path) -> list[str]:
    """The apps that have been deployed on this host, by name; none where the folder is closed to this user."""
    if not root.is_dir() or not os.access(root, os.R_OK | os.X_OK):
        return []
    return sorted(
        entry.name
        for entry in root.iterdir()
        if APP_NAME.fullmatch(entry.name) and (entry / "journal.jsonl").is_file()
    )
