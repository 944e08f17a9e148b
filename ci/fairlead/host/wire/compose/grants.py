"""What a compose service, network or volume asks for beyond a container of its own. Pure.

Known harmless things are listed; everything else counts, also a key that a newer Compose may know. A definition may be
in any spelling that Compose takes: nobody vouches for it. The validator looks through the same eyes, so that what a
reviewer is shown and what the host counts is one thing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .resources import label_grants
from .spelling import as_items, as_mapping, is_nothing, label_names, read_mount, read_security_option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Tuple, Union

    Steps = Tuple[Union[str, int], ...]
    Grant = Tuple[str, Steps, str]
    """A kind of ``reach.KINDS``, the path of the value in its service, network or volume, and what it gives."""

_HARMLESS_KEYS = frozenset(
    [
        "attach",
        "cap_drop",
        "command",
        "cpu_count",
        "cpu_percent",
        "cpu_period",
        "cpu_quota",
        "cpu_rt_period",
        "cpu_rt_runtime",
        "cpu_shares",
        "cpus",
        "cpuset",
        "depends_on",
        "develop",
        "dns",
        "dns_opt",
        "dns_search",
        "domainname",
        "entrypoint",
        "environment",
        "expose",
        "extra_hosts",
        "group_add",
        "healthcheck",
        "hostname",
        "image",
        "init",
        "mac_address",
        "mem_limit",
        "mem_reservation",
        "mem_swappiness",
        "memswap_limit",
        "oom_kill_disable",
        "oom_score_adj",
        "pids_limit",
        "platform",
        "ports",
        "profiles",
        "pull_policy",
        "pull_refresh_after",
        "read_only",
        "restart",
        "scale",
        "shm_size",
        "stdin_open",
        "stop_grace_period",
        "stop_signal",
        "storage_opt",
        "tmpfs",
        "tty",
        "ulimits",
        "umask",
        "user",
        "working_dir",
        "blkio_config",
        "links",
    ]
)
"""Keys of a service with which it gets nothing of the host's and nothing of another app's."""
READ_BY_COMPOSE = ("build", "configs", "env_file", "extends", "label_file", "secrets")
"""Keys that Compose reads files for, on the machine where it runs: the caller judges them."""
DEFAULT_CAPABILITIES = frozenset(
    [
        "AUDIT_WRITE",
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "FSETID",
        "KILL",
        "MKNOD",
        "NET_BIND_SERVICE",
        "NET_RAW",
        "SETFCAP",
        "SETGID",
        "SETPCAP",
        "SETUID",
        "SYS_CHROOT",
    ]
)
"""What Docker gives to every container that drops nothing."""
_HARMLESS_OPTIONS = {
    "no-new-privileges": ("", "true"),
    "seccomp": (),
    "apparmor": ("docker-default",),
    "label": ("type:container_t", "type:container_init_t", "type:svirt_lxc_net_t"),
    "systempaths": (),
}
_LOG_DRIVERS = frozenset(("json-file", "local", "none", "journald"))
_ATTACHMENT_OPTIONS = frozenset(("com.docker.network.endpoint.sysctls", "com.docker.network.endpoint.ifname"))
_DEVICE_FILES = frozenset(("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty"))
_NAMESPACED_SYSCTLS = ("net.", "kernel.msg", "kernel.sem", "kernel.shm", "fs.mqueue.")


def service_grants(definition: Mapping[str, Any]) -> Iterator[Grant]:
    """What a service asks for, its networks and volumes aside (``resources``)."""
    for key, value in definition.items():
        look = _LOOKS.get(str(key))
        if look is not None:
            yield from look(str(key), value)
        elif str(key).startswith("x-") or key in _HARMLESS_KEYS or key in READ_BY_COMPOSE:
            continue
        elif not is_nothing(value):
            yield "runtime", (str(key),), f"{key} is no key that is known to stay inside the container"


def _privileged(key: str, value: object) -> Iterator[Grant]:
    if not is_nothing(value):
        yield "privileged", (key,), "it is root on the host"


def _hooks(key: str, value: object) -> Iterator[Grant]:
    for index, hook in as_items(value):
        inner = {name: one for name, one in as_mapping(hook).items() if name != "per_replica"}
        for name in READ_BY_COMPOSE:
            if inner.get(name):
                yield "bind", (key, index, name), f"the hook {key}: Compose reads {name} from files"
        for kind, steps, what in service_grants(inner):
            yield kind, (key, index, *steps), f"the hook {key}: {what}"


def _volumes(key: str, value: object) -> Iterator[Grant]:
    for index, raw in as_items(value):
        mount = read_mount(raw)
        kind, source = str(mount.get("type") or "volume"), str(mount.get("source") or "")
        if kind == "bind":
            yield "bind", (key, index), f"{source} of the host is mounted"
        elif kind not in ("volume", "tmpfs"):
            yield "volume", (key, index), f"a mount of the type {kind} is not of this app: {source}"
        for grant, steps, what in label_grants("labels", as_mapping(mount.get("volume")).get("labels")):
            yield grant, (key, index, "volume", *steps), what


def _volumes_from(key: str, value: object) -> Iterator[Grant]:
    for index, item in as_items(value):
        if str(item).strip().startswith("container:"):
            yield (
                "volume",
                (key, index),
                f"{item} takes the volumes of a container that this app does not know",
            )


def _namespace(key: str, value: object) -> Iterator[Grant]:
    mode = str(value or "").strip()
    own = {"ipc": ("private", "none", "shareable"), "cgroup": ("private",)}.get(key, ())
    if mode and mode not in own and not (key in ("ipc", "pid") and mode.startswith("service:")):
        yield "namespace", (key,), f"{key}: {mode} is a namespace of the host or of another container"


def _network_mode(key: str, value: object) -> Iterator[Grant]:
    mode = str(value or "").strip()
    if mode == "host" or mode.startswith("container:"):
        yield "namespace", (key,), f"{mode} is the network of the host or of another container"
    elif mode not in ("", "none") and not mode.startswith("service:"):
        yield "network", (key,), f"{mode} is a network that containers of others are on"


def _networks(key: str, value: object) -> Iterator[Grant]:
    for name, how in as_mapping(value).items():
        options = as_mapping(as_mapping(how).get("driver_opts"))
        for option in options:
            if str(option) not in _ATTACHMENT_OPTIONS:
                yield "network", (key, str(name), "driver_opts", str(option)), f"the driver is told {option}"


def _capabilities(key: str, value: object) -> Iterator[Grant]:
    for index, word in as_items(value):
        name = str(word).strip().upper()
        name = name.removeprefix("CAP_")
        if name not in DEFAULT_CAPABILITIES:
            yield "capability", (key, index), f"the capability {name}"


def is_harmless_option(text: object) -> bool:
    """Whether a security option leaves what the engine does by itself, or makes it stricter."""
    name, value = read_security_option(text)
    return value.lower() in _HARMLESS_OPTIONS.get(name, ())


def _security(key: str, value: object) -> Iterator[Grant]:
    for index, option in as_items(value):
        if not is_harmless_option(option):
            yield "security", (key, index), f"{option} is no profile of the engine's own"


def _devices(key: str, value: object) -> Iterator[Grant]:
    if isinstance(value, Mapping) or is_nothing(value):
        return
    for index, device in as_items(value):
        given = (
            as_mapping(device).get("source") if isinstance(device, Mapping) else str(device).partition(":")[0]
        )
        if key != "devices" or str(given or "") not in _DEVICE_FILES:
            yield "device", (key, index), f"{device if given is None else given} of the host"


def _runtime(key: str, value: object) -> Iterator[Grant]:
    if not is_nothing(value) and value not in ("runc", "default"):
        yield "runtime", (key,), f"{key} chooses what runs it on the host"


def _provider(key: str, value: object) -> Iterator[Grant]:
    if not is_nothing(value):
        yield "provider", (key,), f"{key} runs a program of the machine where Compose runs"


def _engine(key: str, value: object) -> Iterator[Grant]:
    if not is_nothing(value):
        yield "bind", (key,), "it gets the engine's socket, and the engine is root on the host"


def _external_links(key: str, value: object) -> Iterator[Grant]:
    for index, link in as_items(value):
        yield "network", (key, index), f"{link} is a container that this app does not know"


def _sysctls(key: str, value: object) -> Iterator[Grant]:
    for step, name in label_names(value):
        if not name.strip().replace("/", ".").startswith(_NAMESPACED_SYSCTLS):
            yield "namespace", (key, step), f"the kernel setting {name} is the whole host's"


def _deploy(key: str, value: object) -> Iterator[Grant]:
    deploy = as_mapping(value)
    for kind, steps, what in label_grants("labels", deploy.get("labels")):
        yield kind, (key, *steps), what
    reserved = as_mapping(as_mapping(deploy.get("resources")).get("reservations"))
    for name in ("devices", "generic_resources"):
        for index, device in as_items(reserved.get(name)):
            words = as_mapping(device).get("capabilities")
            shown = ", ".join(map(str, words)) if isinstance(words, list) else "a device"
            yield (
                "device",
                (key, "resources", "reservations", name, index),
                f"{shown} of the host is reserved",
            )


def _logging(key: str, value: object) -> Iterator[Grant]:
    driver = str(as_mapping(value).get("driver") or "").strip()
    if driver and driver not in _LOG_DRIVERS:
        yield "runtime", (key, "driver"), f"the log driver {driver} writes from the host to somewhere else"


_LOOKS = {
    "annotations": _runtime,
    "cap_add": _capabilities,
    "cgroup": _namespace,
    "cgroup_parent": _namespace,
    "container_name": lambda _key, _value: iter(()),
    "credential_spec": _runtime,
    "deploy": _deploy,
    "device_cgroup_rules": _devices,
    "devices": _devices,
    "external_links": _external_links,
    "gpus": _devices,
    "ipc": _namespace,
    "isolation": _runtime,
    "labels": label_grants,
    "logging": _logging,
    "models": _provider,
    "network_mode": _network_mode,
    "networks": _networks,
    "pid": _namespace,
    "post_start": _hooks,
    "pre_start": _hooks,
    "pre_stop": _hooks,
    "privileged": _privileged,
    "provider": _provider,
    "runtime": _runtime,
    "security_opt": _security,
    "sysctls": _sysctls,
    "use_api_socket": _engine,
    "userns_mode": _namespace,
    "uts": _namespace,
    "volumes": _volumes,
    "volumes_from": _volumes_from,
}
