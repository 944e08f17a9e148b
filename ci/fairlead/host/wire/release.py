"""A release as the agent works with it; ``document`` reads it from what a client sent."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Optional

RESOURCES = "fairlead-resources"
"""The service of the platform project that names every network and volume, and never runs."""
APART = "fairlead-front"
"""What the proxy is called in the project that it has to itself behind the edge."""
H2C = "h2c"
"""HTTP/2 without TLS, which gRPC speaks."""
PROTOCOLS = ("http", H2C)
_MAKING = ("created_by", "tool", "verdict", "commit")
"""What a document says of its making: by whom, with what, judged when, by which job."""


def content_of(document: Mapping[str, Any]) -> dict[str, Any]:
    """What a release document says of the release itself: two that agree in it are the same release."""
    return {key: value for key, value in document.items() if key not in _MAKING}


def content_hash(document: Mapping[str, Any]) -> str:
    """The sha256 of ``content_of``: hosts that serve the same release give the same."""
    return hashlib.sha256(json.dumps(content_of(document), sort_keys=True).encode()).hexdigest()


def tree_digest(tree: FileTree) -> str:
    """What a config file or folder is called: the sha256 of its kind, names, modes and contents, and of nothing else."""
    entries = {
        path: {"sha256": sha256, "mode": f"{mode:04o}"} for path, (sha256, mode) in tree.entries.items()
    }
    entry = {"kind": "dir", "entries": entries} if tree.is_folder else {"kind": "file", **entries[""]}
    return hashlib.sha256(json.dumps(entry, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def service_hash(
    definition: Mapping[str, Any], mounts: Sequence[Mapping[str, Any]], secrets: Mapping[str, str]
) -> str:
    """The identity of what runs: equal hashes need no restart. The contents of secrets count, by their marks."""
    contents = [
        {**mount, "sha256": secrets.get(mount["secret"], "")} if "secret" in mount else mount
        for mount in mounts
    ]
    text = json.dumps({"definition": definition, "mounts": contents}, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def local_image(pinned: str, platforms: Mapping[str, str], own: str) -> str:
    """An image as a host of the platform ``own`` pulls it: the manifest that was scanned for it, by its digest.

    Of an index, an engine chooses; where none of its platforms is the host's, the choice stays with it.
    """
    manifest = platforms.get(own)
    return f"{pinned.partition('@')[0]}@{manifest}" if manifest else pinned


@dataclass(frozen=True)
class Health:
    """The HTTP probe of a service: path, and the status it must answer; None is anything below 500 but 400 and 421.

    ``host`` is the Host that is asked for: by default that of the release's url; empty where it has none, then the
    service's own name.
    """

    path: str
    status: Optional[int]
    host: str = ""


@dataclass(frozen=True)
class Mount:
    """What a service sees at ``target``: a secret, a config file (or folder), or a folder of the app on the host.

    Exactly one of the three is set; ``data`` is the name of the folder.
    A secret with a ``variable`` is no file: its value is that variable of the container, and ``target`` is empty.
    """

    target: str
    secret: Optional[str]
    file: Optional[str]
    read_only: bool
    data: Optional[str] = None
    variable: str = ""


@dataclass(frozen=True)
class Service:
    """One service of a release; the document's fields under the same names.

    ``image`` is what this host pulls and runs: of an image of ours the manifest of its own platform, so that nothing is
    left to choose; ``pinned`` is the image as the release names it, on all hosts.
    ``revision`` is the commit that it is of, empty where that is the release's own.
    ``protocol`` is what it speaks on ``port``: ``http``, or ``h2c``.
    ``together``: it is started whenever another one that says so is, since they share what is the release's own;
    ``calls`` are the services that it reaches by their own names within the release; ``further`` are the ports beside
    ``port`` at which others may call it, and ``callers`` those of others that keep data and do.
    """

    name: str
    role: str
    rollout: str
    port: Optional[int]
    health: Optional[Health]
    gate: str
    expect_release: Optional[str]
    image: str
    pinned: str
    platforms: Mapping[str, str]
    why: str
    depends_on: Mapping[str, Mapping[str, Any]]
    mounts: tuple[Mount, ...]
    definition: Mapping[str, Any]
    hash: str
    irreversible: bool
    revision: str = ""
    start: str = "before"
    protocol: str = "http"
    together: bool = False
    calls: tuple[str, ...] = ()
    further: tuple[int, ...] = ()
    callers: tuple[str, ...] = ()

    @property
    def starts_late(self) -> bool:
        """Whether it is started when the release serves, rather than before it may."""
        return self.is_rolled and self.start == "after"

    @property
    def digest(self) -> Optional[str]:
        """The digest (of the index) by which the image is pinned; None for somebody else's image without one."""
        return self.pinned.partition("@")[2] or None

    @property
    def digests(self) -> frozenset[str]:
        """The digests by which an engine may know the image that is to run here: of the manifest, or of its index."""
        return frozenset({self.image.partition("@")[2], self.pinned.partition("@")[2]} - {""})

    @property
    def is_rolled(self) -> bool:
        """Whether each release has containers of its own for it."""
        return self.role in ("app", "worker") and self.rollout == "switch"

    @property
    def is_job(self) -> bool:
        return self.role == "job"

    @property
    def is_platform(self) -> bool:
        """Whether it lives in the platform project, over all releases."""
        return not self.is_rolled and not self.is_job

    @property
    def replicas(self) -> int:
        """How many containers it is to have."""
        deploy = self.definition.get("deploy")
        replicas = deploy.get("replicas") if isinstance(deploy, Mapping) else None
        replicas = self.definition.get("scale") if replicas is None else replicas
        return replicas if isinstance(replicas, int) and 0 <= replicas <= 1000 else 1


@dataclass(frozen=True)
class Probe:
    """A public probe; ``status`` None is anything below 500 but 400 and 421.

    ``body`` is a text that the answer must contain, ``headers`` name -> a text that this header must contain.
    """

    path: str
    status: Optional[int]
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Watch:
    """How a release is watched after the switch, for ``window`` seconds; 0 is not at all.

    ``errors`` and ``slow`` (0 to 1): how much larger than with the old release their share of the answers may be;
    ``requests``: how many answers a service must have given before anything is concluded from them.
    """

    window: float = 5.0
    errors: float = 0.05
    slow: float = 0.5
    requests: int = 20


@dataclass(frozen=True)
class FileTree:
    """Content-addressed config: path below the tree -> (sha256, mode). A single file has the path ``""``."""

    is_folder: bool
    entries: Mapping[str, tuple[str, int]]


@dataclass(frozen=True)
class Events:
    """The board to tell, and the secret that holds its token."""

    url: str
    token_secret: str


@dataclass(frozen=True)
class Commit:
    """What the board is told of a release's commit: its subject, its author's name, the job that deployed it."""

    subject: str = ""
    author: str = ""
    run: str = ""


@dataclass(frozen=True)
class Edge:
    """How an app stands behind the edge of its host: ``scheme`` is what the public uses for the ``hostnames``.

    The proxy answers plain HTTP on its container's ``port``; ``image`` is what the edge is made of where there is none.
    """

    hostnames: frozenset[str]
    scheme: str
    port: int
    image: str


@dataclass(frozen=True)
class Release:
    """A checked release document; ``document`` is what arrived.

    ``app``: what it is called on its hosts; ``configured_app``: what fairlead.yaml calls it;
    ``directory``: the folder of fairlead.yaml in the repository ``source``, as ``Owner`` has it;
    ``inside_image``: what carries calls between services is made of it;
    ``h2c_ports``: the ports of the host at which the added proxy leads to what speaks HTTP/2 without TLS;
    ``keep_size``: bytes that the images of the releases which stay may take, 0 where it does not matter;
    ``standby``: for how many seconds the release before runs on when this one is committed;
    ``standby_memory``: how much of the memory that the host has left it may take for that, from 0 to 1;
    ``release_header``: whether the public is told ``X-Release``;
    ``data``: the folders of the app on the host, each with the tree that it begins with, or None;
    ``release_volumes``: the volumes that each release has of its own.
    """

    app: str
    environment: str
    revision: str
    revision_time: int
    created_by: str
    tool: str
    source: str
    directory: str
    url: Optional[str]
    start_timeout: float
    drain_timeout: float
    keep: int
    keep_size: int
    standby: float
    standby_memory: float
    watch: Watch
    release_header: bool
    data: Mapping[str, Optional[str]]
    release_volumes: frozenset[str]
    networks: Mapping[str, Mapping[str, Any]]
    volumes: Mapping[str, Mapping[str, Any]]
    proxy: str
    inside_image: str
    h2c_ports: frozenset[int]
    services: Mapping[str, Service]
    routes: Mapping[str, int]
    probes: tuple[Probe, ...]
    files: Mapping[str, FileTree]
    secrets: Mapping[str, str]
    events: Optional[Events]
    edge: Optional[Edge]
    document: Mapping[str, Any]
    configured_app: str = ""
    commit: Commit = Commit()

    @property
    def rolled(self) -> dict[str, Service]:
        return {name: service for name, service in self.services.items() if service.is_rolled}

    @property
    def called(self) -> dict[str, tuple[int, ...]]:
        """The rolled services that others may call, each with its ports: the routed one first, if it has one."""
        found = {
            name: (*([self.routes[name]] if name in self.routes else []), *one.further)
            for name, one in self.services.items()
        }
        return {name: ports for name, ports in found.items() if ports}

    @property
    def platform(self) -> dict[str, Service]:
        return {name: service for name, service in self.services.items() if service.is_platform}

    @property
    def has_h2c(self) -> bool:
        """Whether a service speaks HTTP/2 without TLS."""
        return bool(self.h2c_ports) or any(service.protocol == H2C for service in self.services.values())

    @property
    def images(self) -> set[str]:
        """Every image that the host needs for it."""
        own = {service.image for service in self.services.values()}
        return own | {self.edge.image} if self.edge is not None else own

    @property
    def jobs(self) -> dict[str, Service]:
        return {name: service for name, service in self.services.items() if service.is_job}
