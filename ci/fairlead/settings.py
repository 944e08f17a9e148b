"""fairlead.yaml as frozen values.

The shape is told by ``schemas/fairlead.schema.json``; what a schema can't tell is checked in
``settings_checks``. A file with faults raises one error that names them all, each with its place.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fairlead.errors import InputError
from fairlead.nearest import did_you_mean
from fairlead.positions import Document, load_yaml
from fairlead.records import dataclass, field

FILE_NAME = "fairlead.yaml"
DEFAULT_COMPOSE_NAMES = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d)")


@dataclass(frozen=True, kw_only=True)
class ImageSettings:
    """An image that the repository builds. Paths are absolute."""

    name: str
    dockerfile: Path
    context: Path
    target: str = ""
    args: Mapping[str, str] = field(default_factory=dict)
    services: tuple[str, ...] = ()
    repository: str = ""


@dataclass(frozen=True, kw_only=True)
class BuildSecret:
    """A secret of the build: the value of a file (absolute path) or of an environment variable."""

    name: str
    file: Path | None = None
    env: str = ""
    optional: bool = False


@dataclass(frozen=True, kw_only=True)
class BuildSettings:
    """How images are built. ``cache`` holds ``registry``, ``gha``, ``local`` or buildx specifications.

    ``reproducible``: give all files one date, whatever the Dockerfile does.
    """

    cache: tuple[str, ...] = ()
    secrets: tuple[BuildSecret, ...] = ()
    reproducible: bool = False


@dataclass(frozen=True, kw_only=True)
class ScanIgnore:
    """A vulnerability that is accepted up to and including the day ``until`` (ISO 8601)."""

    id: str
    reason: str
    until: str
    image: str = ""


@dataclass(frozen=True, kw_only=True)
class ScanSettings:
    """What the scan refuses. ``severity`` and worse fail; ``database_max_age`` is in seconds.

    ``allow_no_os`` names images in which no operating system is expected (``FROM scratch``).
    """

    severity: str = "HIGH"
    unfixed: str = "ignore"
    end_of_life: str = "fail"
    database_max_age: float = 48 * 3600.0
    ignore: tuple[ScanIgnore, ...] = ()
    allow_no_os: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ProxySettings:
    """The proxy that is added when the app brings none."""

    image: str = "caddy:2.11.7"


@dataclass(frozen=True, kw_only=True)
class WatchSettings:
    """How a release is watched after the switch: ``window`` in seconds, ``errors`` and ``slow`` from 0 to 1."""

    window: float = 5.0
    errors: float = 0.05
    slow: float = 0.5
    requests: int = 20


@dataclass(frozen=True, kw_only=True)
class DeploySettings:
    """How a release is rolled out; times in seconds, ``keep_size`` in bytes, 0 where it is not limited."""

    start_timeout: float = 120.0
    drain_timeout: float = 30.0
    keep: int = 5
    keep_size: int = 0
    watch: WatchSettings = field(default_factory=WatchSettings)
    lock_timeout: float = 600.0
    hold_timeout: float = 60.0


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

    ``edge``: it stands behind the edge of its hosts, which serves the host of ``url`` and ``hostnames``.
    """

    name: str
    hosts: tuple[Host, ...]
    url: str = ""
    known_hosts: Path | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()
    probes: tuple[Probe, ...] = ()
    edge: bool = False
    hostnames: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Settings:
    """A fairlead.yaml that holds. All paths are absolute; ``root`` is the folder of the file.

    ``registry`` is empty where neither the file nor the repository tells it: ask ``repository_of``.
    ``compose`` is empty where the file names none and no default is there.
    """

    path: Path
    root: Path
    app: str
    registry: str = ""
    images: Mapping[str, ImageSettings] = field(default_factory=dict)
    platforms: tuple[str, ...] = ("linux/amd64", "linux/arm64")
    build: BuildSettings = field(default_factory=BuildSettings)
    compose: tuple[Path, ...] = ()
    validate: ValidateSettings = field(default_factory=ValidateSettings)
    scan: ScanSettings = field(default_factory=ScanSettings)
    proxy: ProxySettings = field(default_factory=ProxySettings)
    deploy: DeploySettings = field(default_factory=DeploySettings)
    events: EventSettings | None = None
    environments: Mapping[str, Environment] = field(default_factory=dict)
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
            fix = did_you_mean(name, self.environments)
            raise InputError(f"there is no environment {name}", why=f"there are: {names}", fix=fix)
        return self.environments[name]

    def repository_of(self, image: str) -> str:
        """The repository of an image of ours, without tag: ``ghcr.io/acme/board/api``.

        Raises:
            InputError: no registry is known.
        """
        own = self.images[image].repository
        if own:
            return own
        if not self.registry:
            raise InputError(
                f"no registry is known for the image {image}",
                why="fairlead.yaml names none, and there is no git remote `origin` to infer it from",
                fix="add `registry: ghcr.io/<owner>/<repository>` to fairlead.yaml, or set FAIRLEAD_REGISTRY",
            )
        return f"{self.registry}/{image}"


def load_settings(path: Path, environ: Mapping[str, str]) -> Settings:
    """Read fairlead.yaml.

    Args:
        path: the file, or a folder: then the file is looked for there and in the folders above.
        environ: variables; ``FAIRLEAD_REGISTRY`` and ``GITHUB_REPOSITORY`` count.

    Raises:
        InputError: there is no such file, or it has faults: all of them as findings.
    """
    from fairlead.schemas import load_schema
    from fairlead.schemas.check import schema_findings
    from fairlead.settings_build import build_settings
    from fairlead.settings_checks import check_settings, read_registry

    file = _find(path)
    document = load_yaml(file, shown_path(file))
    findings = list(document.faults)
    if document.value is None and not findings:
        raise InputError(f"{document.path} is empty", fix="`fairlead init --force` writes a good one")
    is_read = not any(finding.rule == "yaml" for finding in findings)
    if is_read:
        findings += schema_findings(document, load_schema("fairlead"), rule="settings")
        findings += check_settings(document, file.parent)
    registry, registry_findings = read_registry(document, file.parent, environ)
    findings += registry_findings
    if findings:
        count = len(findings)
        raise InputError(
            f"{document.path} has {'a fault' if count == 1 else f'{count} faults'}",
            fix="every key is described in docs/configuration.md",
            findings=tuple(
                sorted(findings, key=lambda finding: (str(finding.location is None), finding.location))
            ),
        )
    return build_settings(document, file, registry)


def parse_duration(text: str) -> float:
    """Seconds of a duration such as ``90s``, ``1h30m`` or ``500ms``.

    Raises:
        ValueError: it is none.
    """
    if not re.fullmatch(rf"({_DURATION_PART.pattern})+", text):
        raise ValueError(text)
    return sum(float(number) * _UNITS[unit] for number, unit in _DURATION_PART.findall(text))


def parse_size(text: str) -> int:
    """Bytes of a size such as ``4G`` or ``512M``; units are powers of 1024.

    Raises:
        ValueError: it is none.
    """
    if not re.fullmatch(r"[0-9]+(?:\.[0-9]+)?[KMGT]?", text):
        raise ValueError(text)
    factor = 1024 ** (" KMGT".index(text[-1]) if text[-1] in "KMGT" else 0)
    return int(float(text.rstrip("KMGT")) * factor)


def parse_share(text: str) -> float:
    """A share such as ``5%``, from 0 to 1; a checked text is expected."""
    return float(text.rstrip("%")) / 100


def parse_host(text: str) -> Host:
    """The parts of ``user@host:port``; a checked text is expected."""
    from urllib.parse import urlsplit

    user, _, rest = text.rpartition("@")
    parts = urlsplit(f"//{rest}")
    return Host(user=user, name=parts.hostname or rest, port=parts.port or 22)


def shown_path(path: Path) -> str:
    """A path as the user would write it: relative to the working directory where it lies below."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def _find(path: Path) -> Path:
    start = path.absolute()
    if start.is_file():
        return start.parent.resolve() / start.name
    if start.is_dir():
        for folder in (start.resolve(), *start.resolve().parents):
            if (folder / FILE_NAME).is_file():
                return folder / FILE_NAME
            if (folder / ".git").exists():
                break
    where = f"in {start}" if start.is_dir() else f"at {start}"
    raise InputError(
        f"there is no {FILE_NAME} {where}", fix="`fairlead init` writes one by looking at the repository"
    )
