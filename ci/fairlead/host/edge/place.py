"""Where the edge lies on the server, and what the engine calls its parts. Nothing here touches a file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

FOLDER = "edge"
PROJECT = "fairlead"
SERVICE = "edge"
ROLE = "edge"
NETWORK = "fairlead-edge"
PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True)
class Place:
    """The folder ``<root>/edge``, mounted into the edge as ``/fairlead``."""

    root: Path

    @property
    def home(self) -> Path:
        return self.root / FOLDER

    @property
    def hosts(self) -> Path:
        """``hosts/<hostname>``, a symlink to the app's folder: the hostname is served."""
        return self.home / "hosts"

    @property
    def apps(self) -> Path:
        """``apps/<app>/<upstream>``, one empty file: where the app's proxy is."""
        return self.home / "apps"

    @property
    def run(self) -> Path:
        """What the edge may write to: its admin socket."""
        return self.home / "run"

    @property
    def admin_socket(self) -> Path:
        return self.run / "admin.sock"

    @property
    def caddyfile(self) -> Path:
        return self.home / "Caddyfile"

    @property
    def project(self) -> Path:
        """The edge's Compose file, as it was brought up last."""
        return self.home / "compose.json"

    @property
    def lock(self) -> Path:
        """Held while the edge or a claim is changed. Whoever takes it holds the lock of an app already."""
        return self.home / "lock"
