"""The values between loading a compose app and splitting it: one model for the whole product."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from fairlead.app.images.dockerfile import DockerfileFacts
from fairlead.app.images.known import short_name
from fairlead.findings import Finding
from fairlead.quick.records import dataclass, field

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Literal

    from fairlead.app.files.binds import Bind
    from fairlead.composefile.loader import Model
    from fairlead.settings.values import Environment, Settings

    Role = Literal["app", "worker", "job", "state", "ops", "proxy"]
    Gate = Literal["healthcheck", "http", "running"]
    Rollout = Literal["switch", "recreate"]
    Start = Literal["before", "after"]
    Protocol = Literal["http", "h2c"]
else:
    Role = Gate = Rollout = Start = Protocol = str

ROLES: tuple[Role, ...] = ("app", "worker", "job", "state", "ops", "proxy")
GENERATED_PROXY = "fairlead-proxy"
"""The service that is added when the app brings no proxy."""


@dataclass(frozen=True)
class Health:
    """An HTTP request that a healthy container answers; without a status, anything below 500 will do but 400 and 421.

    ``host`` is the Host to ask for, where it is another than that of the environment's url.
    """

    path: str = "/"
    status: int | None = None
    host: str = ""

    def to_json(self) -> dict[str, Any]:
        return {"path": self.path, "status": self.status, **({"host": self.host} if self.host else {})}


@dataclass(frozen=True, kw_only=True)
class Service:
    """A service and what Fairlead makes of it.

    Attributes:
        role: what it is; ``why`` says in words how that is known.
        rollout: ``switch``: a new one beside the old one; ``recreate``: stopped, then started.
        port: the container port that answers HTTP, or None.
        protocol: what it speaks there.
        start: whether a worker of a new release is started before the switch to it, or after.
        health: an HTTP probe, or None.
        gate: what proves it healthy.
        image: the image of fairlead.yaml that it runs, or empty.
        reference: its ``image:`` as resolved, or empty where it only has a ``build:``.
        dockerfile: what the Dockerfile of its image says, where that is one of this repository.
        definition: its part of the resolved model, as Compose prints it (``$`` is escaped as ``$$``).
        is_within: it is called otherwise than by HTTP, by services of its own release.
        binds: its bind mounts of files and folders of the repository, by target.
    """

    name: str
    role: Role
    why: str
    rollout: Rollout = "switch"
    port: int | None = None
    protocol: Protocol = "http"
    health: Health | None = None
    gate: Gate = "running"
    image: str = ""
    reference: str = ""
    irreversible: bool = False
    start: Start = "before"
    dockerfile: DockerfileFacts = field(default_factory=DockerfileFacts, repr=False)
    is_within: bool = False
    definition: Mapping[str, Any] = field(default_factory=dict, repr=False)
    binds: Mapping[str, Bind] = field(default_factory=dict, repr=False)

    @property
    def secret_environment(self) -> Mapping[str, str]:
        """Its variables whose values are secrets, each with the name of the secret; what can't be meant is left out."""
        declared = self.definition.get("x-fairlead")
        named = declared.get("secret_environment") if isinstance(declared, Mapping) else None
        if not isinstance(named, Mapping):
            return {}
        return {str(name): secret for name, secret in named.items() if isinstance(secret, str)}

    @property
    def is_rolled(self) -> bool:
        """Whether it is part of each release, rather than of the platform beneath."""
        return self.role in {"app", "worker"} and self.rollout == "switch"

    @property
    def is_routed(self) -> bool:
        """Whether it is reached through the switch."""
        return self.is_rolled and self.port is not None


@dataclass(frozen=True, kw_only=True)
class ComposeApp:
    """An app as it will run in one environment, before its images are pinned.

    Attributes:
        directory: the project directory: where relative paths of the compose files start.
        files: the compose files, loaded: the source of every position.
        model: the resolved model, without services that are left out by their profile.
        services: by name, in the order of the files.
        notes: what a user should know, none of it an error.
    """

    settings: Settings
    environment: Environment
    revision: str
    directory: Path
    files: Model
    model: Mapping[str, Any]
    services: Mapping[str, Service]
    notes: tuple[Finding, ...] = ()

    @property
    def proxy(self) -> Service | None:
        """The proxy that the app brings, or None: then one is added."""
        return next((service for service in self.services.values() if service.role == "proxy"), None)

    @property
    def inside_reference(self) -> str:
        """The image of what carries calls between services: stock Caddy, the very one that the app brings if it does."""
        own = self.proxy
        if own is not None and not own.image and short_name(own.reference) == "caddy":
            return own.reference
        return self.settings.proxy.image

    def own_images(self) -> tuple[str, ...]:
        """The images of fairlead.yaml that services run."""
        return tuple(sorted({service.image for service in self.services.values() if service.image}))

    def foreign_references(self) -> tuple[str, ...]:
        """The images of others, as they are written, to be pinned by digest; those of what is added too."""
        references = {service.reference for service in self.services.values() if not service.image}
        if self.proxy is None or any(service.is_routed for service in self.services.values()):
            references.add(self.inside_reference)
        if self.environment.edge:
            references.add(self.settings.proxy.image)
        return tuple(sorted(reference for reference in references if reference))
