"""fairlead.yaml as frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fairlead.composefile.names import COMPOSE_NAMES
from fairlead.errors import InputError
from fairlead.host.wire.names import HOLD_TIMEOUT, LOCK_TIMEOUT
from fairlead.nearest import did_you_mean
from fairlead.positions import Document
from fairlead.quick.records import dataclass, field
from fairlead.settings.images import BuildSettings, ImageSettings, ScanSettings

FILE_NAME = "fairlead.yaml"


@dataclass(frozen=True, kw_only=True)
class AcmeSettings:
    """The authority that certifies the names of the added proxy: its ACME directory, and the root of its own address."""

    directory: str
    root: Path | None = None


@dataclass(frozen=True, kw_only=True)
class ProxySettings:
    """Stock Caddy: the proxy that is added when the app brings none, and what carries calls between services."""

    image: str = "caddy:2.11.7"
    acme: AcmeSettings | None = None


@dataclass(frozen=True, kw_only=True)
class WatchSettings:
    """How a release is watched after the switch: ``window`` in seconds, ``errors`` and ``slow`` from 0 to 1.

    ``require_evidence``: a watch that could not tell is a failed one.
    """

    window: float = 15.0
    errors: float = 0.05
    slow: float = 0.5
    requests: int = 20
    require_evidence: bool = False


@dataclass(frozen=True, kw_only=True)
class DeploySettings:
    """How a release is rolled out; times in seconds, ``keep_size`` in bytes, 0 where it is not limited."""

    start_timeout: float = 120.0
    drain_timeout: float = 30.0
    keep: int = 5
    keep_size: int = 0
    standby: float = 120.0
    standby_memory: float = 0.25
    watch: WatchSettings = field(default_factory=WatchSettings)
    lock_timeout: float = LOCK_TIMEOUT
    hold_timeout: float = HOLD_TIMEOUT
    release_header: bool = True


@dataclass(frozen=True, kw_only=True)
class EventSettings:
    """A release board to tell; ``token`` names a secret, or is empty."""

    url: str
    token: str = ""


@dataclass(frozen=True, kw_only=True)
class Combination:
    """Compose files that are used together beside those that are deployed; paths absolute.

    ``development``: they serve development only.
    """

    name: str
    compose: tuple[Path, ...]
    profiles: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    development: bool = False


@dataclass(frozen=True, kw_only=True)
class ValidateSettings:
    """By which measure the compose files are judged.

    ``severity`` is by rule, ``capabilities`` by role. ``host_memory`` is in bytes; it and ``host_cpus`` are 0 where
    nothing is said. ``registries`` and ``compose`` are empty where the default holds. ``pin`` is ``file`` or ``deploy``.
    """

    severity: Mapping[str, str] = field(default_factory=dict)
    registries: tuple[str, ...] = ()
    capabilities: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    devices: tuple[str, ...] = ()
    host_memory: int = 0
    host_cpus: float = 0.0
    compose: tuple[int, ...] = ()
    pin: str = "file"
    combinations: Mapping[str, Combination] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Host:
    """A server as ssh knows it. ``user`` is empty where ssh decides."""

    user: str
    name: str
    port: int = 22

    def __str__(self) -> str:
        user = f"{self.user}@" if self.user else ""
        name = f"[{self.name}]" if ":" in self.name else self.name
        return f"{user}{name}" if self.port == 22 else f"{user}{name}:{self.port}"


@dataclass(frozen=True, kw_only=True)
class Probe:
    """A request that a new release must answer: a ``body`` and ``headers`` that contain these texts."""

    path: str = "/"
    status: int = 200
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """As release documents have it."""
        told = {"body": self.body, "headers": dict(self.headers)}
        return {
            "path": self.path,
            "status": self.status,
            **{key: value for key, value in told.items() if value},
        }


@dataclass(frozen=True, kw_only=True)
class Environment:
    """A place where the app runs. ``known_hosts`` is None where ssh's own file is meant.

    ``app``: what the app is called on its hosts, empty where that is the app's own name (ask ``Settings.name_of``);
    ``beside``: the other environments on one of its hosts; ``edge``: it stands behind the edge of its hosts. Further
    names lead to what ``url`` leads to (``hostnames``), to another service (``domains``), or are sent on to ``url``
    (``redirects``). ``trusted_proxies``: networks.
    """

    name: str
    hosts: tuple[Host, ...]
    url: str = ""
    known_hosts: Path | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()
    probes: tuple[Probe, ...] = ()
    app: str = ""
    beside: tuple[str, ...] = ()
    edge: bool = False
    hostnames: tuple[str, ...] = ()
    domains: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    redirects: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All names beside that of ``url``."""
        return (*self.hostnames, *(one for names in self.domains.values() for one in names), *self.redirects)


@dataclass(frozen=True, kw_only=True)
class SecretCommand:
    """A program that prints values of secrets, and which variables it sees on top of those that everyone gets."""

    argv: tuple[str, ...]
    env: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class SecretSettings:
    """The programs that values come from: one for many, and one each for some of them."""

    command: SecretCommand | None = None
    each: Mapping[str, SecretCommand] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """A fairlead.yaml that holds. All paths are absolute; ``root`` is the folder of the file.

    ``registry`` is empty where neither the file nor the repository tells it: ask ``repository_of``.
    ``compose`` is empty where the file names none and no default is there.
    ``platforms`` is empty where the file names none: images are then for the machine that builds them, and
    whoever comes after the build takes what was built.
    """

    path: Path
    root: Path
    app: str
    registry: str = ""
    images: Mapping[str, ImageSettings] = field(default_factory=dict)
    platforms: tuple[str, ...] = ()
    build: BuildSettings = field(default_factory=BuildSettings)
    compose: tuple[Path, ...] = ()
    validate: ValidateSettings = field(default_factory=ValidateSettings)
    scan: ScanSettings = field(default_factory=ScanSettings)
    proxy: ProxySettings = field(default_factory=ProxySettings)
    deploy: DeploySettings = field(default_factory=DeploySettings)
    events: EventSettings | None = None
    environments: Mapping[str, Environment] = field(default_factory=dict)
    secrets: SecretSettings = field(default_factory=SecretSettings)
    document: Document = field(default_factory=lambda: Document(FILE_NAME), repr=False, compare=False)

    def environment(self, name: str | None = None) -> Environment:
        """The environment of that name; without a name the sole one.

        Raises:
            InputError: there is none of that name, or none or several to choose from.
        """
        names = ", ".join(self.environments)
        if not self.environments:
            raise InputError(
                "no environment is declared",
                why=f"{self.document.path} has no environments:",
                fix="add environments: {production: {hosts: [deploy@app.example.com]}}",
            )
        if name is None:
            if len(self.environments) > 1:
                raise InputError(
                    "which environment is meant?", why=f"there are {names}", fix="say --environment NAME"
                )
            return next(iter(self.environments.values()))
        if name not in self.environments:
            fix = f"{did_you_mean(name, self.environments)} (--environment)"
            raise InputError(f"there is no environment {name}", why=f"there are: {names}", fix=fix)
        return self.environments[name]

    @property
    def every_environment(self) -> tuple[Environment, ...]:
        """Every environment; without any, one that sets no variable."""
        return tuple(self.environments.values()) or (Environment(name="", hosts=()),)

    def compose_files(self) -> tuple[Path, ...]:
        """The compose files.

        Raises:
            InputError: there is none.
        """
        if not self.compose:
            raise InputError(
                "there is no compose file",
                why=f"{self.root} holds none of {', '.join(COMPOSE_NAMES)}",
                fix="name it in fairlead.yaml: compose: [path/to/compose.yaml]",
            )
        return self.compose

    def name_of(self, environment: Environment) -> str:
        """What the app is called on the hosts of an environment."""
        return environment.app or self.app

    def repository_of(self, image: str) -> str:
        """The repository of an image of ours, without tag: ``ghcr.io/acme/board/api``.

        Raises:
            InputError: no registry is known.
        """
        known = self.images.get(image)
        if known is not None and known.repository:
            return known.repository
        if not self.registry:
            raise InputError(
                f"no registry is known for the image {image}",
                why="fairlead.yaml names none, and there is no git remote `origin` to infer it from",
                fix="add `registry: ghcr.io/<owner>/<repository>` to fairlead.yaml, or set FAIRLEAD_REGISTRY",
            )
        return f"{self.registry}/{image}"
