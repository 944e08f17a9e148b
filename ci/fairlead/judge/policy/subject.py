"""What the rules look at, and how they say what they found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

from fairlead.app.images.known import STATE_PORTS, is_state_image
from fairlead.app.network.ports import parse_published
from fairlead.composefile.loader.values import parse_bytes, parse_duration
from fairlead.host.wire.compose.grants import service_grants
from fairlead.quick.records import dataclass, field
from fairlead.sources import repository_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Any

    from fairlead.app.model import Role, Service
    from fairlead.composefile.loader import Model
    from fairlead.findings import Location
    from fairlead.host.wire.compose.grants import Grant
    from fairlead.judge.policy.fault import Fault
    from fairlead.judge.policy.signs import Sign
    from fairlead.positions import ValuePath
    from fairlead.settings.values import ValidateSettings
    from fairlead.yaml_nodes import Node

    ServiceCheck = Callable[["View"], Iterator["Fault"]]
    AppCheck = Callable[["Subject"], Iterator["Fault"]]

DEFAULT_REGISTRIES = (
    "docker.io",
    "ghcr.io",
    "quay.io",
    "gcr.io",
    "registry.k8s.io",
    "mcr.microsoft.com",
    "public.ecr.aws",
    "cgr.dev",
    "lscr.io",
    "docker.elastic.co",
)
"""Public registries that take care of who publishes under a name."""
DEFAULT_CAPABILITIES: Mapping[str, Sequence[str]] = {
    # To listen on 80 and 443 in an engine that keeps low ports for root.
    "proxy": ("NET_BIND_SERVICE",),
    # What the entrypoints of the official databases need to give the data away and step down from root.
    "state": ("CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"),
}
"""What may be added to a service of a role after all was dropped."""
DATABASE_PORTS = STATE_PORTS - {8123}
"""Container ports that tell of a database, cache or queue; 8123 is ClickHouse's, and Home Assistant's more often."""
OLDEST_COMPOSE = (2, 24)
"""The oldest Compose that Fairlead supports on a server."""


@dataclass(frozen=True, kw_only=True)
class Policy:
    """By which measure the rules judge: the section ``validate:`` of fairlead.yaml, or the defaults.

    Attributes:
        severities: by rule: error, warning, note or off.
        registries: registries, or registry and first parts of a name, that images may come from.
        own_registry: where this repository's images go; always allowed.
        capabilities: by role, what may be added.
        devices: host devices that may be handed in.
        memory: of the host, in bytes; 0 if it is not known.
        cpus: of the host; 0 if it is not known.
        compose: the oldest Compose on a host.
        pins_at_deploy: others' images are pinned by Fairlead when they are first deployed.
    """

    severities: Mapping[str, str] = field(default_factory=dict)
    registries: tuple[str, ...] = DEFAULT_REGISTRIES
    own_registry: str = ""
    capabilities: Mapping[str, Sequence[str]] = field(default_factory=lambda: DEFAULT_CAPABILITIES)
    devices: tuple[str, ...] = ()
    memory: int = 0
    cpus: float = 0.0
    compose: tuple[int, ...] = OLDEST_COMPOSE
    pins_at_deploy: bool = False


def make_policy(settings: ValidateSettings | None = None, *, registry: str = "") -> Policy:
    """The policy that fairlead.yaml asks for; the defaults without one.

    Args:
        settings: the section ``validate:``.
        registry: where this repository's images go.
    """
    if settings is None:
        return Policy(own_registry=registry)
    return Policy(
        severities=settings.severity,
        registries=settings.registries or DEFAULT_REGISTRIES,
        own_registry=registry,
        capabilities={**DEFAULT_CAPABILITIES, **settings.capabilities},
        devices=settings.devices,
        memory=settings.host_memory,
        cpus=settings.host_cpus,
        compose=settings.compose or OLDEST_COMPOSE,
        pins_at_deploy=settings.pin == "deploy",
    )


@dataclass(frozen=True)
class Subject:
    """An app as one combination of its files makes it.

    Attributes:
        model: the resolved model over all profiles.
        services: what each service is.
        policy: by which measure it is judged.
        development: the files serve development only.
        deployed: Fairlead deploys them: it builds and pins the images, adds a proxy where there is none,
            runs the migration, and gives a secret of new content a new name.
        profiles: the profiles that are active where it runs.
        root: the folder whose files travel with a release; None if none does.
        given: the variables that a deploy always sets.
        declared: the variables of fairlead.yaml for these files, each with where it stands there.
        images: the images of fairlead.yaml; None without one.
        strict: each finding is as bad as the letter of its rule says.
    """

    model: Model
    services: Mapping[str, Service]
    policy: Policy
    development: bool = False
    deployed: bool = False
    profiles: tuple[str, ...] = ()
    root: Path | None = None
    given: frozenset[str] = frozenset()
    declared: tuple[tuple[ValuePath, str, Location], ...] = ()
    images: tuple[str, ...] | None = None
    strict: bool = False

    def top(self, kind: str) -> Mapping[str, Mapping[str, Any]]:
        """The top-level networks, volumes, secrets or configs, those without options as empty mappings."""
        declared = as_mapping(self.model.value.get(kind))
        return {str(name): as_mapping(how) for name, how in declared.items()}

    @cached_property
    def has_proxy(self) -> bool:
        """Whether the app brings its proxy."""
        return any(service.role == "proxy" for service in self.services.values())

    @cached_property
    def awaited(self) -> frozenset[str]:
        """The services that another one depends on."""
        return frozenset(
            name
            for service in self.services.values()
            for name in service.definition.get("depends_on") or ()
            if name != service.name
        )

    @cached_property
    def views(self) -> list[View]:
        return [View(service, self) for service in self.services.values()]

    @cached_property
    def by_name(self) -> Mapping[str, View]:
        return {view.name: view for view in self.views}

    @cached_property
    def refusals(self) -> dict[tuple[ValuePath, str], str]:
        """Why paths that builds name are no sources, as they are found out: services share them."""
        return {}

    @cached_property
    def repository(self) -> str:
        """The root of the repository that the files lie in, its links resolved."""
        return repository_of(self.model.directory)


class View:
    """One service, as the rules look at it.

    ``role`` is what they take it for: as a release does, but that a volume alone makes no database of a service.
    """

    __slots__ = (
        *(
            "_grants",
            "_own",
            "definition",
            "host_paths",
            "name",
            "path",
            "role",
            "service",
            "signs",
            "subject",
        ),
    )

    def __init__(self, service: Service, subject: Subject) -> None:
        self.service = service
        self.subject = subject
        self.name = service.name
        self.definition = service.definition
        self.path: ValuePath = ("services", service.name)
        self.role: Role = "app" if service.role == "state" and not _is_database(service) else service.role
        self.host_paths: tuple[tuple[ValuePath, str, Mapping[str, Any]], ...] | None = None
        self.signs: tuple[Sign, ...] | None = None
        self._own: bool | None = None
        self._grants: tuple[Grant, ...] | None = None

    @property
    def is_job(self) -> bool:
        return self.service.role == "job"

    @property
    def reference(self) -> str:
        """Its image, or what its Dockerfile starts from where it is built here."""
        return self.service.dockerfile.base or self.service.reference

    @property
    def is_own(self) -> bool:
        """Whether its image is made from this repository."""
        if self._own is None:
            self._own = self._is_own()
        return self._own

    def _is_own(self) -> bool:
        own = self.subject.policy.own_registry
        reference = self.service.reference
        return bool(
            self.service.image
            or "build" in self.definition
            or "FAIRLEAD_" in self.written("image")
            or (own and (reference == own or reference.startswith((f"{own}/", f"{own}:", f"{own}@"))))
        )

    @property
    def grants(self) -> tuple[Grant, ...]:
        """What it gets of the host and of others."""
        if self._grants is None:
            self._grants = tuple(service_grants(self.definition))
        return self._grants

    def at(self, *steps: str | int) -> ValuePath:
        """The path of a value of this service in the model."""
        return (*self.path, *steps)

    def get(self, *steps: str | int) -> Any:
        """A value, or None where there is none."""
        value: Any = self.definition
        for step in steps:
            value = value.get(step) if isinstance(value, dict) else None
        return value

    def text(self, *steps: str | int) -> str:
        """A scalar as text; empty where there is none."""
        value = self.get(*steps)
        return "" if value is None or isinstance(value, (dict, list)) else str(value)

    def mapping(self, *steps: str | int) -> Mapping[str, Any]:
        return as_mapping(self.get(*steps))

    def list(self, *steps: str | int) -> list[Any]:
        value = self.get(*steps)
        return value if isinstance(value, list) else []

    def written(self, *steps: str | int) -> str:
        """The scalar as the file has it, with its variables; empty where the file has none."""
        node = self.subject.model.node(self.at(*steps))
        return node.text if node is not None else ""

    def is_written(self, *steps: str | int) -> bool:
        """Whether a file says this value: Compose adds some of its own, such as dependencies of links."""
        node = self.subject.model.root
        above: set[int] = set()
        for step in self.at(*steps):
            above.add(id(node.origin or node))
            entry = node.entries.get(step)
            if entry is None:
                return False
            node = entry.node
        # What nobody wrote stands where that stands which it was made from.
        return id(node.origin or node) not in above

    def depends_on(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """What a file says it depends on, and how; without what Compose concludes from links and shared namespaces."""
        declared = self.mapping("depends_on")
        if not declared:
            return
        written = self._names(self.subject.model.node(self.at("depends_on")))
        if not written.issuperset(declared):
            for document in self.subject.model.documents:
                written |= self._names(document.node(self.at("depends_on")))
        yield from ((name, how or {}) for name, how in declared.items() if name in written)

    @staticmethod
    def _names(node: Node | None) -> set[str]:
        """The names that a ``depends_on`` has, as a mapping or as a list."""
        if node is None:
            return set()
        return {str(key) if isinstance(key, str) else entry.node.text for key, entry in node.entries.items()}


def _is_database(service: Service) -> bool:
    """Whether it is said to keep state, is a well-known image that does, or has the port of a database."""
    declared = as_mapping(service.definition.get("x-fairlead")).get("role")
    if declared == "state" or is_state_image(service.reference):
        return True
    return any(port.target in DATABASE_PORTS for port in parse_published(service.definition))


def as_mapping(value: Any) -> Mapping[str, Any]:
    """A mapping as it is, anything else as an empty one."""
    return value if isinstance(value, dict) else {}


def unescaped(text: str) -> str:
    """A text of the resolved model, where Compose doubles each dollar, as the container gets it."""
    return text.replace("$$", "$")


def seconds_of(text: str) -> float | None:
    """Seconds of a duration as Compose prints it, such as ``1m30s``; None if it is none."""
    nanoseconds = parse_duration(text)
    return None if nanoseconds is None else nanoseconds / 1e9


def bytes_of(value: Any) -> int | None:
    """Bytes of a size as Compose prints or takes it: ``268435456``, ``256M``, ``1.5gb``; None if it is none."""
    return parse_bytes(str(value))
