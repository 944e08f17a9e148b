"""What the compose files decide of a release: what runs and what is rolled or stays, before any image has a digest.

It reads nothing but the repository files that services mount. The gate decides by it whether an app can be released,
and the release is made of the very same one (``split``): a command lays an app out once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any

from fairlead.app.definition import add_aliases, clean_definition
from fairlead.app.files.mounts import load_mounts
from fairlead.app.files.trees import Tree
from fairlead.app.model import GENERATED_PROXY, ComposeApp, Service
from fairlead.app.network.addresses import check_own_proxy, check_unserved, is_taken_over, plan_sites
from fairlead.app.network.carried import plan_reach
from fairlead.app.network.discovery import check_discovery
from fairlead.app.network.edge import plan_edge, unpublished
from fairlead.app.network.lookups import check_lookups
from fairlead.app.network.ports import parse_published
from fairlead.app.network.proxy import CADDYFILE, join_networks, load_acme_root, plan_proxy
from fairlead.app.network.sites import ACME_ROOT, Site
from fairlead.app.refusals import check_rolled
from fairlead.app.remarks import Remarks
from fairlead.app.together import check_together, plan_calls, plan_members, release_volumes
from fairlead.findings import Finding


@dataclass(frozen=True)
class Layout:
    """An app laid out for a release document, whose images have no digest yet: plain JSON values, and what they are of.

    Attributes:
        app: the app.
        sources: the services, one that was added among them.
        services: of each, its entry in the document, without what its image adds.
        networks: those that a service is in.
        volumes: those that a service has, and that outlive releases.
        proxy: which service answers users.
        routes: the port of each service that the proxy leads to.
        files: what services mount, by SHA-256.
        blobs: the contents of ``files`` by SHA-256; they travel beside the document.
        notes: what a user should know.
        edge: what the edge is told; None without one.
        data: the folders that services mount.
        release_volumes: the volumes that each release has of its own.
    """

    app: ComposeApp
    sources: Mapping[str, Service]
    services: Mapping[str, Mapping[str, Any]]
    networks: Mapping[str, Any]
    volumes: Mapping[str, Any]
    proxy: Mapping[str, Any]
    routes: Mapping[str, int]
    files: Mapping[str, Any]
    blobs: Mapping[str, bytes] = field(repr=False)
    notes: tuple[Finding, ...]
    edge: Mapping[str, Any] | None
    data: Mapping[str, Any]
    release_volumes: tuple[str, ...]


def lay_out(app: ComposeApp) -> Layout:
    """Lay an app out for a release document.

    Raises:
        ComposeInvalidError: a service can't be rolled or carried to a server: all faults, with places.
    """
    remarks = Remarks(app.files)
    planner = _Planner(app, remarks)
    for service in app.services.values():
        if service.is_rolled:
            check_rolled(app, service, planner.reach, remarks)
    check_together(app, remarks)
    check_discovery(app, remarks)
    check_lookups(app, remarks)
    if app.environment.edge:
        planner.stand_behind_edge()
    if app.proxy is None:
        planner.add_proxy()
    else:
        check_own_proxy(app, app.proxy, remarks)
    for service in app.services.values():
        planner.add(service)
        check_unserved(app, service, planner.services[service.name]["definition"], remarks)
    _check_host_ports(planner.services, remarks)
    remarks.raise_if_any()
    return planner.layout()


_ONE_HOLDER = "let one of them publish another port, or none where only services of the app call it"
_ONE_FRONT = (
    "the proxy that Fairlead adds holds it for the url, with the certificate: let {front} speak plain HTTP and publish no port that "
    "it ends TLS at; or, of a Caddy, let it be the proxy: `import /fairlead/switch.caddy` and `import switch SERVICE PORT` "
    "in its Caddyfile (docs/proxy.md)"
)


def _check_host_ports(services: Mapping[str, Any], remarks: Remarks) -> None:
    """Refuse what publishes a port of the host that is published already."""
    holders: dict[tuple[int, str], list[tuple[str, str]]] = {}
    for name, service in services.items():
        for port in parse_published(service["definition"]):
            if not port.published:
                continue
            before = holders.setdefault((port.published, port.protocol), [])
            holder = next((one for one, address in before if _do_meet(address, port.host_ip)), None)
            shown = f"the host port {port.published}/{port.protocol}"
            if holder is not None:
                what = f"{name} publishes {shown} twice" if holder == name else ""
                what = what or f"{name} and {holder} both publish {shown}"
                other = name if holder == GENERATED_PROXY else holder
                fix = _ONE_FRONT.format(front=other) if GENERATED_PROXY in (name, holder) else _ONE_HOLDER
                remarks.fault("port-clash", ("services", other, "ports"), what, fix)
            before.append((name, port.host_ip))


def _do_meet(one: str, other: str) -> bool:
    """Whether two addresses of the host listen on one, at the same port."""
    if one == other or not one or not other:
        return True
    kind = ip_address(one).version == ip_address(other).version
    return kind and (ip_address(one).is_unspecified or ip_address(other).is_unspecified)


class _Planner:
    """Collects the services, files and shared resources of one app."""

    def __init__(self, app: ComposeApp, remarks: Remarks) -> None:
        self.app = app
        self.remarks = remarks
        self.sources: dict[str, Service] = {}
        self.services: dict[str, dict[str, Any]] = {}
        self.trees: dict[str, Tree] = {}
        self.data: dict[str, Any] = {}
        self.sites: tuple[Site, ...] = ()
        self.proxy = app.proxy.name if app.proxy is not None else ""
        self.edge: Mapping[str, Any] | None = None
        self.own_volumes = release_volumes(app.model.get("volumes") or {})
        self.calls = plan_calls(app)
        self.reach = plan_reach(app, remarks)
        self.members = plan_members(app)

    def stand_behind_edge(self) -> None:
        """Say what the edge has to know, and which ports nobody reaches any more."""
        self.edge = plan_edge(self.app)
        for service, port in unpublished(self.app):
            what = (
                f"{service.name}: port {port} is not published behind the edge, which holds 80 and 443 only"
            )
            place = self.app.files.location(("services", service.name, "ports"))
            self.remarks.notes.append(Finding(what, place, rule="published-port"))

    def add_proxy(self) -> None:
        """Add stock Caddy, which takes over the host ports of HTTP services."""
        self.sites = plan_sites(self.app, self.remarks)
        service, definition, caddyfile = plan_proxy(self.app, self.sites)
        self.trees[caddyfile.digest] = caddyfile
        mounts: list[Mapping[str, Any]] = [{"file": caddyfile.digest, "target": CADDYFILE, "read_only": True}]
        root = load_acme_root(self.app, self.remarks)
        if root is not None:
            self.trees[root.digest] = root
            mounts.append({"file": root.digest, "target": ACME_ROOT, "read_only": True})
        self.proxy = service.name
        self._keep(service, definition, mounts)

    def add(self, service: Service) -> None:
        """Add a service of the compose files."""
        if not service.image and not service.reference:
            path = ("services", service.name)
            self.remarks.fault("model", path, f"{service.name} has neither an image nor one of fairlead.yaml")
        found = load_mounts(self.app, service, self.remarks)
        self.trees.update(found.trees)
        self.data.update(found.data)
        definition = clean_definition(service, found.volumes, self._own_ports(service))
        add_aliases(definition, self.reach.names.get(service.name, ()))
        if service.role == "proxy":
            definition["networks"] = join_networks(definition.get("networks"), self.app)
        self._keep(service, definition, list(found.mounts))

    def layout(self) -> Layout:
        blobs: dict[str, bytes] = {}
        for tree in self.trees.values():
            blobs.update(tree.blobs)
        h2c = sorted(site.published for site in self.sites if site.is_h2c and site.published)
        return Layout(
            app=self.app,
            sources=self.sources,
            services=self.services,
            networks=self._resources("networks", self._networks_in_use()),
            volumes=self._resources("volumes", self._volumes_in_use() - self.own_volumes),
            proxy={"service": self.proxy, **({"h2c": h2c} if h2c else {})},
            routes={name: entry["port"] for name, entry in self.services.items() if self._is_routed(name)},
            files={digest: tree.entry for digest, tree in sorted(self.trees.items())},
            blobs=blobs,
            notes=(*self.app.notes, *self.remarks.notes),
            edge=self.edge,
            data=dict(sorted(self.data.items())),
            release_volumes=tuple(sorted(self._volumes_in_use() & self.own_volumes)),
        )

    def _keep(self, service: Service, definition: dict[str, Any], mounts: list[Mapping[str, Any]]) -> None:
        self.sources[service.name] = service
        self.services[service.name] = {
            "role": service.role,
            "rollout": service.rollout,
            "port": service.port,
            "health": service.health.to_json() if service.health is not None else None,
            "gate": service.gate,
            "expect_release": self.app.revision if service.image and service.is_routed else None,
            "irreversible": service.irreversible,
            **({"start": service.start} if service.start != "before" else {}),
            **({"protocol": service.protocol} if service.protocol != "http" else {}),
            "why": service.why,
            "depends_on": self._depends_on(service),
            **({"together": True} if service.name in self.members else {}),
            **({"calls": list(self.calls[service.name])} if self.calls.get(service.name) else {}),
            **({"further": list(further)} if (further := self.reach.ports.get(service.name)) else {}),
            **({"callers": list(callers)} if (callers := self.reach.callers.get(service.name)) else {}),
            "mounts": mounts,
            "definition": definition,
        }

    def _depends_on(self, service: Service) -> dict[str, Any]:
        declared: Mapping[str, Any] = service.definition.get("depends_on") or {}
        return {
            name: {"condition": how.get("condition", "service_started")}
            for name, how in declared.items()
            if name in self.app.services
        }

    def _own_ports(self, service: Service) -> list[Mapping[str, Any]]:
        """The ports that a service publishes itself: none if it is rolled, a job, or a proxy behind the edge.

        What the added proxy takes over is left out, too.
        """
        behind = self.app.environment.edge and service.role == "proxy"
        if service.is_rolled or service.role == "job" or behind:
            return []
        ports: list[Mapping[str, Any]] = service.definition.get("ports") or []
        if self.app.proxy is not None:
            return ports
        published = parse_published(service.definition)
        taken = {(str(port.published), port.target) for port in published if is_taken_over(service, port)}
        return [port for port in ports if (str(port.get("published")), port.get("target")) not in taken]

    def _is_routed(self, name: str) -> bool:
        service = self.app.services.get(name)
        return service is not None and service.is_routed

    def _networks_in_use(self) -> set[str]:
        return {
            name for entry in self.services.values() for name in entry["definition"].get("networks") or {}
        }

    def _volumes_in_use(self) -> set[str]:
        return {
            volume["source"]
            for entry in self.services.values()
            for volume in entry["definition"].get("volumes", ())
            if volume.get("type") == "volume" and volume.get("source")
        }

    def _resources(self, kind: str, names: set[str]) -> dict[str, Any]:
        """Top-level networks or volumes; a name that Compose made from the project's is left to the server."""
        declared: Mapping[str, Any] = self.app.model.get(kind) or {}
        resources = {}
        for name in sorted(names):
            how = {key: value for key, value in (declared.get(name) or {}).items() if value not in (None, {})}
            if how.get("name") == f"{self.app.settings.name_of(self.app.environment)}_{name}":
                del how["name"]
            resources[name] = how
        return resources
