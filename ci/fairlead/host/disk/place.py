"""Where the edge lies on the server, and what the engine calls its parts. Nothing here touches a file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..wire.setup import ROOT_FILE

FOLDER = "edge"
PROJECT = "fairlead"
SERVICE = "edge"
ROLE = "edge"
NETWORK = "fairlead-edge"
"""The edge's own network: to the public, and to the authority that signs its certificates. No app is in it."""
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
    def acme_root(self) -> Path:
        """What vouches for the address of the authority that the host's owner names."""
        return self.home / ROOT_FILE

    @property
    def tokens(self) -> Path:
        """``tokens/<app>``: what nobody can guess of the names of an app's ``Meeting``; the edge cannot read it."""
        return self.home / "tokens"

    @property
    def project(self) -> Path:
        """The edge's Compose file, as it was brought up last."""
        return self.home / "compose.json"

    @property
    def lock(self) -> Path:
        """Held while the edge or a claim is changed. Whoever takes it holds the lock of an app already."""
        return self.home / "lock"


@dataclass(frozen=True)
class Meeting:
    """Where the edge meets the proxy of one app, and nobody else: a network, and the proxy's name in it.

    The edge looks a name up in all its networks at once, so whoever knew the name of another app's proxy could give
    it to a container of his own: the name has a part of the token that the network's name has not.
    """

    app: str
    token: str

    @property
    def network(self) -> str:
        return f"{NETWORK}-{self.app}-{self.token[:_PUBLIC]}"

    def proxy(self, mark: str) -> str:
        """The DNS name of the app's proxy, by the hash of its definition.

        Below ``.internal``, which no public DNS serves: while the proxy is down, the engine asks there.
        """
        return f"{mark[:12]}-{self.token[_PUBLIC:]}.{self.app}.internal"


TOKEN_BYTES = 20
_PUBLIC = 8
