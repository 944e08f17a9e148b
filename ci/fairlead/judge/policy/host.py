"""What of the host a container gets: its namespaces, its engine, its devices, its files."""

from __future__ import annotations

from os.path import normpath

from fairlead.app.images.known import is_socket_proxy
from fairlead.host.wire.compose.spelling import volume_paths
from fairlead.judge.policy.fault import Fault
from fairlead.judge.policy.rule import service_rule
from fairlead.judge.policy.subject import as_mapping, unescaped
from fairlead.sources import real_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from fairlead.judge.policy.subject import View
    from fairlead.positions import ValuePath

_NAMESPACES = {
    "pid": "it sees and signals every process of the host",
    "ipc": "it reads the shared memory of the host's processes",
    "uts": "it can rename the host",
    "userns_mode": "root in it is root on the host, whatever the engine remaps",
    "cgroup": "it sees the resources of the whole host",
    "network_mode": "it listens on every interface, and reaches what listens on the host's loopback",
}
_SOCKETS = (
    "/run/docker.sock",
    "/var/run/docker.sock",
    "/run/containerd/containerd.sock",
    "/var/run/containerd/containerd.sock",
    "/run/podman/podman.sock",
    "/var/run/podman/podman.sock",
    "/run/crio/crio.sock",
    "/var/run/crio/crio.sock",
)
_SOCKET_NAMES = frozenset({"docker.sock", "docker-cli.sock", "containerd.sock", "podman.sock", "crio.sock"})
_SENSITIVE = (
    *("/etc", "/proc", "/sys", "/root", "/boot", "/dev", "/usr", "/lib", "/lib64", "/bin", "/sbin"),
    *("/var/lib/docker", "/var/lib/containerd", "/var/lib/containers", "/var/spool/cron"),
)
_HOME = "~"
_OF_A_USER = frozenset(
    (".ssh", ".aws", ".kube", ".docker", ".gnupg", ".azure", ".gcloud", "gcloud", ".netrc")
)
"""Where a user's programs keep the keys with which he reaches other machines."""
# Below them, by custom, lies what somebody made for an app.
_DATA_FOLDERS = frozenset({"srv", "opt", "mnt", "media", "data", "volume", "storage", "share", "home"})
_PROPAGATIONS = frozenset({"", "private", "rprivate", "slave", "rslave"})
# Every container has these anyhow.
_EVERYWHERE = frozenset({"/dev/null", "/dev/zero", "/dev/random", "/dev/urandom"})
# Read-only, these tell nothing that the image does not have already.
_HARMLESS = (
    *("/etc/localtime", "/etc/timezone", "/etc/ssl/certs", "/etc/ca-certificates", "/etc/pki/ca-trust"),
    *("/usr/share/zoneinfo", "/usr/share/ca-certificates", "/usr/local/share/ca-certificates"),
)


@service_rule("host-namespace")
def host_namespace(view: View) -> Iterator[Fault]:
    """A namespace of the host, or of a container that is none of this file's."""
    for kind, steps, said in view.grants:
        if kind != "namespace" or steps[0] == "cgroup_parent":
            continue
        key, mode = str(steps[0]), view.text(*steps)
        if key in _NAMESPACES and mode == "host":
            yield Fault(view.at(*steps), f"{key}: host: {_NAMESPACES[key]}", "remove it")
        elif mode.startswith("container:"):
            what = f"{key}: {mode} ties it to a container that this file does not know"
            yield Fault(view.at(*steps), what, "use service:NAME for one of this file, or share a network")
        else:
            yield Fault(view.at(*steps), said, "remove it")
    if view.text("build", "network") not in {"", "default", "none"}:
        what = "the build runs in a network of the host's, beside what others run"
        yield Fault(view.at("build", "network"), what, "remove it")
    networks = view.subject.model.value.get("networks")
    for name in view.mapping("networks"):
        how = as_mapping(as_mapping(networks).get(name))
        if how.get("external") and how.get("name") == "host":
            what = f"the network {name} is the host's own: {_NAMESPACES['network_mode']}"
            yield Fault(view.at("networks", name), what, "use a network of this file", key=True)


def host_paths(view: View) -> tuple[tuple[ValuePath, str, Mapping[str, Any]], ...]:
    """Each path of the host that is mounted: where that is said, the path as it comes out, and the mount."""
    if view.host_paths is None:
        # Links are followed: once for all rules.
        view.host_paths = (*_mounted_paths(view), *_source_paths(view))
    return view.host_paths


def _mounted_paths(view: View) -> Iterator[tuple[ValuePath, str, Mapping[str, Any]]]:
    volumes = view.subject.model.value.get("volumes")
    for index, mount in enumerate(view.list("volumes")):
        source = str(mount.get("source") or "")
        if mount.get("type") == "bind" and source:
            yield view.at("volumes", index), _real(view, source), mount
        elif mount.get("type") == "volume" and source:
            for device in dict.fromkeys(volume_paths(as_mapping(as_mapping(volumes).get(source)))):
                # The engine looks for it from the root.
                yield view.at("volumes", index), _real(view, f"/{device}"), mount


def _source_paths(view: View) -> Iterator[tuple[ValuePath, str, Mapping[str, Any]]]:
    """The secrets and configs that are no files of the repository: Compose binds them as any other path."""
    for kind in ("secrets", "configs"):
        used = (*view.list(kind), *view.list("build", kind))
        for name in dict.fromkeys(str(as_mapping(use).get("source") or use) for use in used):
            file = unescaped(str(as_mapping(view.subject.top(kind).get(name)).get("file") or ""))
            source = _real(view, file)
            if file and not _is_inside(view, source):
                yield (kind, name, "file"), source, {"type": "bind", "read_only": True}


def _real(view: View, path: str) -> str:
    """A path without `..`, and without links where they are the repository's: a server's are looked at there."""
    if not path.startswith("/"):
        return path
    whole = f"/{normpath(path).lstrip('/')}"
    if not _is_inside(view, whole):
        return whole
    return real_path(whole)


def _is_inside(view: View, path: str) -> bool:
    """Whether a path lies in the repository, by its text."""
    directory = view.subject.model.directory
    homes = (str(view.subject.root or directory), view.subject.repository)
    return any(home != "/" and _holds(home, path) for home in homes)


def _holds(folder: str, path: str) -> bool:
    """Whether ``path`` is ``folder`` or lies below it."""
    return path == folder or path.startswith(f"{folder.rstrip('/')}/")


def _reaches_engine(path: str) -> bool:
    """Whether a mount of a path holds a socket; ``/var`` does not: its ``run`` is a link, which ends in the container."""
    if path == "/var":
        return False
    return path.rpartition("/")[2] in _SOCKET_NAMES or any(_holds(path, socket) for socket in _SOCKETS)


@service_rule("engine-socket")
def engine_socket(view: View) -> Iterator[Fault]:
    """The engine's API in a container."""
    for path, source, _ in host_paths(view):
        if _reaches_engine(source):
            what = (
                f"{source} gives it the engine, and the engine is root on the host; read-only does not help"
            )
            fix = "remove it; let a job on the host do it, or put a filtering proxy before the socket"
            if is_socket_proxy(view.service.reference):
                fix = "it filters what others may ask: waive it with that reason, and keep it off every other network"
            yield Fault(path, what, fix)
    if view.get("use_api_socket") is True:
        what = "use_api_socket gives it the engine, and the engine is root on the host"
        yield Fault(view.at("use_api_socket"), what, "remove it")


@service_rule("host-device")
def host_device(view: View) -> Iterator[Fault]:
    """A device that nobody allowed."""
    allowed = view.subject.policy.devices
    fix = "remove it, or allow it: validate: {{devices: [{0}]}} in fairlead.yaml"
    for index, device in enumerate(view.list("devices")):
        source = str(device.get("source") or "")
        if source and source not in allowed:
            yield Fault(view.at("devices", index), f"it gets the host's device {source}", fix.format(source))
    for index, rule in enumerate(view.list("device_cgroup_rules")):
        if rule not in allowed:
            what = f"the rule {rule} lets it use devices that appear later"
            yield Fault(view.at("device_cgroup_rules", index), what, fix.format(f'"{rule}"'))
    generic = view.at("deploy", "resources", "reservations", "generic_resources")
    for index, _ in enumerate(view.list("deploy", "resources", "reservations", "generic_resources")):
        yield Fault((*generic, index), "it reserves a resource of the host", "remove it")
    if view.list("gpus") and not {"gpus", "gpu"}.intersection(allowed):
        yield Fault(view.at("gpus"), "it gets the host's GPUs", fix.format("gpus"), key=True)
    reserved = view.list("deploy", "resources", "reservations", "devices")
    for index, device in enumerate(reserved):
        told = as_mapping(device).get("capabilities")
        words = {str(word) for word in told} if isinstance(told, list) else set()
        if not words.intersection(allowed) and not (words & {"gpu"} and "gpus" in allowed):
            path = view.at("deploy", "resources", "reservations", "devices", index)
            shown = ", ".join(sorted(words)) or "a device"
            yield Fault(path, f"it reserves {shown} of the host", fix.format(shown), at=("capabilities", 0))
    if view.text("cgroup_parent"):
        what = "cgroup_parent takes it out of the limits that the engine sets"
        yield Fault(view.at("cgroup_parent"), what, "remove it")


@service_rule("sensitive-host-path")
def sensitive_host_path(view: View) -> Iterator[Fault]:
    """A folder of the host that holds its configuration, its kernel's interfaces or other containers' data."""
    for path, source, mount in host_paths(view):
        folder = _sensitive(view, path, source)
        is_socket = _reaches_engine(source) and source != "/"
        if folder and not is_socket and not (mount.get("read_only") and _is_harmless(source)):
            what = f"{source} of the host is mounted: {_why(source, folder)}"
            yield Fault(path, what, "mount the one file that is needed, from a folder of the app, read-only")
        propagation = str(as_mapping(mount.get("bind")).get("propagation") or "")
        if propagation not in _PROPAGATIONS:
            what = f"propagation {propagation}: what it mounts appears on the host"
            yield Fault((*path, "bind", "propagation"), what, "use rslave or rprivate")


def _sensitive(view: View, path: ValuePath, source: str) -> str:
    """The sensitive folder that a mount gives; empty if it gives none."""
    found = "" if _is_of_clone(view, path, source) else _sensitive_part(source)
    if found or path[0] != "services" or _is_inside(view, source):
        return found
    # A secret of Compose is one file, and given by name: there is no better way to give it.
    parts = source.rstrip("/").split("/")
    if len(parts) < 4 and parts[:2] in (["", "home"], ["", "Users"]):
        return _HOME
    return next((f"/{part}" for part in parts if part in _OF_A_USER), "")


def _sensitive_part(source: str) -> str:
    """The sensitive folder in which a path lies, or that lies in it; empty if there is none."""
    if source in _EVERYWHERE:
        return ""
    return next((one for one in _SENSITIVE if _holds(one, source) or _holds(source, one)), "")


def _is_of_clone(view: View, path: ValuePath, source: str) -> bool:
    """Whether a source is written relative and stays in the repository: where a clone lies says nothing of the server."""
    written = _written(view, path)
    return written.startswith("~") or (written.startswith(".") and _is_inside(view, source))


def _written(view: View, path: ValuePath) -> str:
    """A mount's source as the file has it, in the short form with what follows it."""
    node = view.subject.model.node((*path, "source")) or view.subject.model.node(path)
    return node.text if node is not None else ""


def _is_harmless(source: str) -> bool:
    return any(_holds(one, source) for one in _HARMLESS)


def _why(source: str, folder: str) -> str:
    if _holds(source, folder) and source != folder:
        return f"it holds {folder} too"
    meanings = {
        "/etc": "passwords and keys of the host",
        "/proc": "the host's processes and kernel settings",
        "/sys": "the host's devices and kernel settings",
        "/root": "the keys of the host's administrator",
        "/boot": "the kernel that the host starts next",
        "/dev": "every device of the host",
        "/var/lib/docker": "the files of all containers",
        "/var/lib/containerd": "the files of all containers",
        "/var/lib/containers": "the files of all containers",
        "/var/spool/cron": "what the host runs as root",
        _HOME: "the keys of a user of the host",
        **dict.fromkeys(
            (f"/{name}" for name in _OF_A_USER), "keys with which a user of the host reaches other machines"
        ),
    }
    return meanings.get(folder, "the programs that the host runs")


def _shown(source: str, here: str) -> str:
    """A folder beside the files as one writes it there."""
    if source == here:
        return "."
    return f"./{source.removeprefix(f'{here}/')}" if source.startswith(f"{here}/") else source


@service_rule("bind-mount")
def bind_mount(view: View) -> Iterator[Fault]:
    """A folder of the host where nobody put it, or one that changes behind a release."""
    for path, source, mount in host_paths(view):
        if mount.get("type") != "bind" or _reaches_engine(source):
            continue
        if _sensitive(view, path, source):
            continue
        bind = view.service.binds.get(str(mount.get("target") or ""))
        if bind is not None and bind.kind == "data":
            continue  # It is kept; who copies it is what `no-backup` asks.
        if bind is not None and bind.kind == "refused":
            yield Fault(path, f"{bind.source} can't be kept: {bind.why}", bind.fix)
            continue
        is_inside = _is_inside(view, source)
        is_read_only = mount.get("read_only") is True
        # What is deployed from the repository travels with the release, by its content.
        if is_inside and is_read_only and (view.subject.deployed or _must_exist(view, path)):
            continue
        shown = _shown(source, str(view.subject.model.directory))
        words = _bind_words(shown, is_read_only=is_read_only) if is_inside else _host_words(shown)
        if bind is not None and not is_read_only:
            words = _release_words(shown, is_mounted=bind.kind == "repository")
        yield Fault(path, *words, rank=0 if is_inside or _is_for_data(view, path, source) else 2)


def _is_for_data(view: View, path: ValuePath, source: str) -> bool:
    """Whether a folder of the host is one that somebody made for an app's data: not all of them, and no hidden one."""
    written = _written(view, path)
    # Whose home it is depends on who asks.
    whole = f"/home/anybody{written[1:]}" if written.startswith("~/") else source
    first, *below = whole.removeprefix("/").split("/")
    is_deep = len(below) > (first == "home")
    is_known = first.rstrip("0123456789") in _DATA_FOLDERS
    return is_deep and is_known and not any(part.startswith(".") for part in below)


def _must_exist(view: View, path: ValuePath) -> bool:
    """Whether a mount says ``create_host_path: false``: Compose leaves a false out when it prints the model."""
    written = view.subject.model.node(path)
    bind = written.entries.get("bind") if written is not None else None
    told = bind.node.entries.get("create_host_path") if bind is not None else None
    return told is not None and str(told.node.value).lower() == "false"


def _bind_words(source: str, *, is_read_only: bool) -> tuple[str, str]:
    if not is_read_only:
        return (
            f"{source} of the host is mounted to be written: it has no backup, and two releases share it",
            "use a named volume for data; for configuration say read_only: true and bind: {create_host_path: false}",
        )
    return (
        f"if {source} is not on the server, Docker makes an empty folder of that name and goes on",
        "use the long form with bind: {create_host_path: false}, or configs:",
    )


def _release_words(source: str, *, is_mounted: bool) -> tuple[str, str]:
    """What becomes of a folder that a release of Fairlead brings, or its image has."""
    if is_mounted:
        return (
            f"{source} is part of the release and mounted read-only: what it writes there fails",
            "say :ro; what is written needs a named volume, or a folder that the repository has nothing in",
        )
    return (
        f"{source} is not mounted, since the image is built from it and has to bring it: what it writes there is gone with the next release",
        "remove the mount, or say :ro; what is written needs a named volume, or a folder of its own",
    )


def _host_words(source: str) -> tuple[str, str]:
    return (
        f"{source} is a path of the server: what is there, and who else uses it, this file does not say",
        "mount what it needs from the repository, read-only, or use a named volume; else waive it with the reason",
    )
