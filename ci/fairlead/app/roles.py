"""What each service is: declared in ``x-fairlead``, else inferred, with the reason in words. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

from fairlead.app.images import known as known_images
from fairlead.app.images.dockerfile import DockerfileFacts
from fairlead.app.model import ROLES, Health, Service
from fairlead.app.network.ports import (
    OTHER_PROTOCOLS,
    FoundPort,
    find_health_request,
    find_port,
    healthcheck_command,
    parse_published,
)
from fairlead.host.wire.compose.forgotten import find_forgotten, is_rebuilt
from fairlead.host.wire.names import HEALTH_PATH
from fairlead.quick.patterns import compile_late
from fairlead.quick.records import dataclass, field, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fairlead.app.files.binds import Bind
    from fairlead.app.model import Gate, Role, Rollout

_OK = 200
_FPM = compile_late(r":(.*[-.])?fpm([-.]|\Z)")
"""A tag such as those of nextcloud:29-fpm and wordpress:php8.3-fpm-alpine."""
_BETWEEN_WORDS = compile_late(r"[\s\"',=\[\]]+")
_UWSGI_SOCKET = frozenset(("-s", "--socket", "--uwsgi-socket"))


@dataclass(frozen=True)
class ServiceFacts:
    """What is known of one service when its role is inferred.

    Attributes:
        definition: its part of the resolved model.
        image: the image of ours that it runs, or empty.
        dockerfile: what the Dockerfile of that image says.
        awaited_end: the service that waits for this one to complete, or empty.
        shared_volumes: named volumes, and folders of data, that other services mount too; one that runs once, or backs
            them up, does not count.
        host_folders: folders of the server, by absolute path, in which somebody may keep data.
        binds: its bind mounts of the repository, by target.
        imports_switch: it mounts a file that says ``import switch``.
        mentioned: the port under which another service knows it.
        passed: a web server calls it by FastCGI, uwsgi or SCGI.
    """

    name: str
    definition: Mapping[str, Any]
    image: str = ""
    dockerfile: DockerfileFacts = field(default_factory=DockerfileFacts)
    awaited_end: str = ""
    shared_volumes: frozenset[str] = frozenset()
    host_folders: frozenset[str] = frozenset()
    binds: Mapping[str, Bind] = field(default_factory=dict)
    imports_switch: bool = False
    mentioned: FoundPort | None = None
    passed: bool = False

    @property
    def reference(self) -> str:
        return str(self.definition.get("image", ""))

    @property
    def declared(self) -> Mapping[str, Any]:
        value = self.definition.get("x-fairlead")
        return value if isinstance(value, Mapping) else {}

    def own_volume(self) -> str:
        """The volume or folder of data that this service alone writes to, in words; empty if there is none."""
        for mount in self.definition.get("volumes", ()):
            bind = self.binds.get(str(mount.get("target", "")))
            if bind is not None and bind.kind == "data" and not mount.get("read_only"):
                if bind.source not in self.shared_volumes:
                    return bind.source
                continue
            source = mount.get("source", "")
            is_named = (mount.get("type") == "volume" and source) or source in self.host_folders
            is_shared = source in self.shared_volumes or is_rebuilt(str(mount.get("target", "")))
            if is_named and not mount.get("read_only") and not is_shared:
                return str(source)
        return ""

    def nameless_volume(self) -> str:
        """Where it writes to a volume without a name, which only the same container made anew gets again.

        One that its own Dockerfile declares is one, too. Of others' images nobody knows before they are on a server.
        """
        return next(iter(find_forgotten(self.definition, self.dockerfile.volumes)), "")


def infer_service(facts: ServiceFacts) -> Service:
    """Decide what a service is, how it is rolled out, and what proves it healthy."""
    within = _is_within(facts)
    found = _own_port(facts) or facts.mentioned
    role, why = infer_role(facts, None if within else found)
    why = f"{why}: what it speaks is not HTTP" if within and role == "worker" else why
    rollout, why = _rollout(facts, role, why)
    has_port = role in {"app", "proxy"} or "port" in facts.declared
    port = found.port if found is not None and has_port else None
    health, gate = _health(facts, role, port, rollout)
    is_within = within and role == "worker"
    return Service(
        name=facts.name,
        role=role,
        why=why,
        rollout=rollout,
        port=port,
        protocol="h2c" if facts.declared.get("protocol") == "h2c" else "http",
        health=health,
        gate=gate,
        image=facts.image,
        reference=facts.reference,
        irreversible=bool(facts.declared.get("irreversible", False)),
        start="after" if facts.declared.get("start") == "after" else "before",
        dockerfile=facts.dockerfile,
        definition=facts.definition,
        is_within=is_within,
        binds=facts.binds,
    )


def infer_role(facts: ServiceFacts, found: FoundPort | None) -> tuple[Role, str]:
    """The role of a service and how it is known, the plainest sign first."""
    declared = _declared_role(facts)
    if declared is not None:
        return declared, "declared in x-fairlead"
    for role, why in (_by_task(facts), _by_image(facts)):
        if role is not None:
            return role, f"inferred: {why}"
    volume = facts.own_volume()
    state_port = next(
        (
            port.target
            for port in parse_published(facts.definition)
            if port.target in known_images.STATE_PORTS
        ),
        0,
    )
    if not facts.image and (state_port or (found is None and volume)):
        sign = (
            f"its port {state_port} is that of a database or queue"
            if state_port
            else f"it keeps data in {volume}"
        )
        return "state", f"inferred: {sign}"
    if found is not None:
        return "app", f"inferred: {found.why}" + ("" if volume else " and it keeps no data of its own")
    return "worker", "inferred: it has no port"


def _is_within(facts: ServiceFacts) -> bool:
    """Whether it is called otherwise than by HTTP: it or its caller says so, or it is PHP-FPM, alone or with a program in it."""
    if "together" in facts.declared:
        return facts.declared["together"] is True
    if _speaks_uwsgi(facts) or (facts.passed and not parse_published(facts.definition)):
        return True
    reference = facts.reference if not facts.dockerfile.base else facts.dockerfile.base
    name = reference.partition("@")[0].rpartition("/")[2]
    return _FPM.search(name) is not None or (name.startswith("php") and "fpm" in name)


def _speaks_uwsgi(facts: ServiceFacts) -> bool:
    """Whether its command line says so, of gunicorn or of uWSGI itself; one that is asked by HTTP as well does not count."""
    image = facts.dockerfile
    said = (
        facts.definition.get("entrypoint") or image.entrypoint,
        facts.definition.get("command") or image.command,
    )
    words = [word for part in said for word in _BETWEEN_WORDS.split(str(part)) if word]
    if any(pair == ("--protocol", "uwsgi") for pair in itertools.pairwise(words)):
        return True
    programs = {word.rpartition("/")[2] for word in words}
    return (
        "uwsgi" in programs
        and bool(_UWSGI_SOCKET & programs)
        and not any(word.startswith("--http") for word in words)
    )


def needs_mention(facts: ServiceFacts) -> bool:
    """Whether only what the other services call it can tell its port."""
    role = _declared_role(facts) or _by_task(facts)[0] or _by_image(facts)[0]
    return role in {None, "app", "proxy"} and _own_port(facts) is None


def as_front(service: Service) -> Service:
    """A service of an app that Fairlead does not deploy: its proxy is the well-known one that publishes ports."""
    base = service.reference if not service.dockerfile.base else service.dockerfile.base
    if service.role != "app" or not service.definition.get("ports") or service.why.startswith("declared"):
        return service
    if not known_images.is_proxy_image(base):
        return service
    why = f"inferred: {known_images.short_name(base)} publishes ports"
    return replace(service, role="proxy", rollout="recreate", why=why)


def _declared_role(facts: ServiceFacts) -> Role | None:
    declared = facts.declared.get("role")
    return next((role for role in ROLES if role == declared), None)


def _own_port(facts: ServiceFacts) -> FoundPort | None:
    declared = facts.declared.get("port")
    return find_port(declared if isinstance(declared, int) else None, facts.definition, facts.dockerfile)


def _by_task(facts: ServiceFacts) -> tuple[Role | None, str]:
    """The role that the other services and the restart policy give away."""
    if facts.imports_switch:
        return "proxy", "its Caddyfile says `import switch`"
    if facts.awaited_end:
        return "job", f"{facts.awaited_end} waits for it to complete"
    if runs_once(facts.definition):
        return "job", 'it says restart: "no"'
    return None, ""


def runs_once(definition: Mapping[str, Any]) -> bool:
    """Whether the restart policy says that it is a one-shot."""
    return definition.get("restart") == "no" and not (
        definition.get("ports") or definition.get("healthcheck")
    )


def _by_image(facts: ServiceFacts) -> tuple[Role | None, str]:
    name = known_images.short_name(facts.reference)
    if facts.image or not name:
        return None, ""
    if known_images.is_ops_image(facts.reference):
        return "ops", f"{name} watches or backs up"
    if known_images.is_state_image(facts.reference):
        return "state", f"{name} keeps data"
    return None, ""


def _rollout(facts: ServiceFacts, role: Role, why: str) -> tuple[Rollout, str]:
    declared = facts.declared.get("rollout")
    if declared == "switch" or declared == "recreate":  # noqa: PLR1714 - so that a type checker sees which
        return declared, why
    if role in {"state", "ops", "proxy"}:
        return "recreate", why
    volume = facts.own_volume() or facts.nameless_volume()
    if declared == "shared":
        return "switch", f"{why}; rolled, for two may share the volume {volume}" if volume else why
    if role in {"app", "worker"} and volume:
        what = "folder" if volume.startswith((".", "/")) else "volume"
        return "recreate", f"{why}; recreated, because it alone writes to the {what} {volume}"
    return "switch", why


def _health(
    facts: ServiceFacts, role: Role, port: int | None, rollout: Rollout
) -> tuple[Health | None, Gate]:
    """The HTTP probe and the proof of health."""
    declared = facts.declared.get("health")
    if role == "job" or declared == "none":
        return None, "running"
    command = healthcheck_command(facts.definition, facts.dockerfile)
    asked, asked_port = find_health_request(command)
    speaks_http = rollout == "switch" or port not in OTHER_PROTOCOLS | known_images.STATE_PORTS
    is_probed = port is not None and (
        (role == "app" and speaks_http)
        or (role in {"worker", "state", "ops"} and isinstance(declared, Mapping))
    )
    health: Health | None = None
    if is_probed:
        inferred = asked if asked is not None and asked_port == port else Health()
        if facts.declared.get("protocol") == "h2c":
            # What a server of gRPC answers to whether it has the check or not; nothing else is known to be answered.
            inferred = Health(HEALTH_PATH)
        health = _declared_health(declared, inferred) if isinstance(declared, Mapping) else inferred
    if command:
        return health, "healthcheck"
    return health, "http" if health is not None else "running"


def _declared_health(declared: Mapping[str, Any], inferred: Health) -> Health:
    """The probe as x-fairlead says it. What it leaves out is ``/``, or with gRPC the check that gRPC defines."""
    default = inferred.path if inferred.path == HEALTH_PATH else "/"
    path, status = str(declared.get("path", default)), declared.get("status")
    if declared.get("path") == HEALTH_PATH and status is None:
        # Said to be there, so that it has to be.
        status = _OK
    return Health(path, status, str(declared.get("host", "")))
