"""What an engine would grant to the containers of a release: written from Docker's documentation, not from the rules.

Every key that a compose service, network or volume may have is named here, with what it may hold without a container
getting anything of the host's or of another app's. A key that nobody knows counts.
"""

from __future__ import annotations

import ipaddress
import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Any

ROOT = "/srv/fairlead"
LINKS = {"/data": ROOT, "/opt/sock": "/run", "/var/run": "/run", "/opt/jump": "/data/shop"}
"""Links of the pretended host, from where to where."""
OWNERS = {
    "shop_data": "shop",
    "shop_default": "shop",
    "shop-db-1": "shop",
    "jewels": "shop",
    "fairlead-edge": "fairlead",
    "fairlead_data": "fairlead",
    "fairlead-edge-1": "fairlead",
}
"""Networks, volumes and containers of the pretended host that are somebody else's."""
_INERT = [
    "attach",
    "blkio_config",
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
    "links",
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
    "container_name",
]
_PLAIN_PATHS = (
    "/etc/localtime",
    "/etc/timezone",
    "/etc/ssl/certs",
    "/usr/share/zoneinfo",
    "/usr/share/ca-certificates",
)
_USUAL = [
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


def granted(document: Mapping[str, Any]) -> list[str]:
    """Everything beyond containers, networks and volumes of its own."""
    found = [
        f"{name}: {one}"
        for name, service in document["services"].items()
        for one in _service(service["definition"])
    ]
    for name, how in document["networks"].items():
        found += [f"network {name}: {one}" for one in _network(document["app"], name, how or {})]
    for name, how in document["volumes"].items():
        found += [f"volume {name}: {one}" for one in _volume(document["app"], name, how or {})]
    return found


def taken(document: Mapping[str, Any]) -> list[str]:
    """What of it belongs to another app or to Fairlead."""
    found: list[str] = []
    for name, service in document["services"].items():
        definition = service["definition"]
        found += [f"{name}: {one}" for one in _taken(definition)]
        for key in ("pre_start", "post_start", "pre_stop"):
            for hook in definition.get(key) or ():
                found += [f"{name} {key}: {one}" for one in _taken(hook)]
        found += [f"{name}: variable" for text in _texts(definition) if _is_open(text)]
    for kind in ("networks", "volumes"):
        for name, how in document[kind].items():
            external = (how or {}).get("external")
            given = (how or {}).get("name") or (
                external.get("name") if isinstance(external, Mapping) else None
            )
            real = given or (name if _is_true(external) else "")
            if _owner(str(real)):
                found.append(f"{kind} {name}: {real}")
            found += [
                f"{kind} {name}: {label}" for label in _names((how or {}).get("labels")) if _is_ours(label)
            ]
            found += [f"{kind} {name}: variable" for text in _texts(how) if _is_open(text)]
    for name, how in document["volumes"].items():
        options = (how or {}).get("driver_opts") or {}
        for path in re.split(r"[,=:]", ",".join(str(value) for value in options.values())):
            if path.startswith("/") and _is_taken_path(path):
                found.append(f"volumes {name}: {path}")
    return found


def _taken(definition: Mapping[str, Any]) -> Iterator[str]:
    for kind, source in _mounts(definition):
        if kind == "bind" and (not source.startswith("/") or _is_taken_path(source)):
            yield source
    for key in ("network_mode", "pid", "ipc"):
        mode = str(definition.get(key) or "")
        names = mode.startswith("container:") or (key == "network_mode" and not mode.startswith("service:"))
        if names and _owner(mode.removeprefix("container:")):
            yield f"{key} {mode}"
    for item in definition.get("volumes_from") or ():
        if str(item).startswith("container:") and _owner(str(item).split(":")[1]):
            yield f"volumes_from {item}"
    for item in definition.get("external_links") or ():
        if _owner(str(item).split(":")[0]):
            yield f"external_links {item}"
    if _owner(str(definition.get("container_name") or "")):
        yield str(definition["container_name"])
    marks = [*_names(definition.get("labels")), *_names(_of(definition.get("deploy")).get("labels"))]
    yield from (label for label in marks if _is_ours(label))
    yield from (
        key
        for key in ("env_file", "label_file", "extends", "build", "secrets", "configs")
        if definition.get(key)
    )


def _service(definition: Mapping[str, Any]) -> Iterator[str]:  # noqa: C901, PLR0912 - a case a key
    for key, value in definition.items():
        if key in _INERT or key.startswith("x-") or value in (None, "", [], {}, False):
            continue
        if key == "volumes":
            yield from (
                f"{kind} {source}"
                for kind, source in _mounts(definition)
                if not _is_plain(kind, source, value)
            )
        elif key == "networks":
            options = [
                _of(how).get("driver_opts") for how in (value.values() if isinstance(value, Mapping) else ())
            ]
            yield from (f"networks {one}" for one in options if one)
        elif key == "network_mode":
            if value != "none" and not value.startswith("service:"):
                yield f"network_mode {value}"
        elif key in ("pid", "ipc"):
            if not value.startswith("service:") and value not in ("private", "shareable", "none"):
                yield f"{key} {value}"
        elif key == "cgroup":
            if value != "private":
                yield f"cgroup {value}"
        elif key == "cap_add":
            caps = [str(cap).upper().removeprefix("CAP_") for cap in value]
            yield from (f"cap {cap}" for cap in caps if cap not in _USUAL)
        elif key == "security_opt":
            yield from (f"security_opt {one}" for one in value if not _is_strict(str(one)))
        elif key == "devices":
            for device in value:
                source = device.get("source") if isinstance(device, Mapping) else str(device).split(":")[0]
                if source not in (
                    "/dev/null",
                    "/dev/zero",
                    "/dev/full",
                    "/dev/random",
                    "/dev/urandom",
                    "/dev/tty",
                ):
                    yield f"device {device}"
        elif key in ("labels", "deploy"):
            labels = _of(value).get("labels") if key == "deploy" else value
            yield from (f"label {label}" for label in _names(labels) if _is_ours(label))
            reserved = _of(_of(_of(value).get("resources")).get("reservations")) if key == "deploy" else {}
            yield from (f"{kind} reserved" for kind in ("devices", "generic_resources") if reserved.get(kind))
        elif key == "logging":
            if _of(value).get("driver") not in (None, "", "json-file", "local", "none", "journald"):
                yield f"logging {value}"
        elif key == "sysctls":
            own = ("net.", "kernel.msg", "kernel.sem", "kernel.shm", "fs.mqueue.")
            yield from (
                f"sysctl {name}" for name in _names(value) if not name.replace("/", ".").startswith(own)
            )
        elif key == "volumes_from":
            yield from (f"volumes_from {one}" for one in value if str(one).startswith("container:"))
        elif key in ("runtime", "isolation") and value in ("runc", "default"):
            continue
        elif key in ("post_start", "pre_stop"):
            yield from (f"{key} privileged" for hook in value if _is_true(hook.get("privileged")))
        elif key == "pre_start":
            hooks = [{name: one for name, one in hook.items() if name != "per_replica"} for hook in value]
            yield from (f"{key} {one}" for hook in hooks for one in _service(hook))
        elif key == "privileged" and not _is_true(value):
            continue
        else:
            yield f"{key} {value}"


def _network(app: str, name: str, how: Mapping[str, Any]) -> Iterator[str]:
    if _is_true(how.get("external")) or how.get("name") not in (None, "", f"{app}_{name}"):
        yield "another's"
    if how.get("driver") not in (None, "", "bridge", "overlay", "default"):
        yield f"driver {how['driver']}"
    own = [
        *("com.docker.network.driver.mtu", "mtu", "com.docker.network.container_iface_prefix"),
        *("com.docker.network.bridge.enable_icc", "com.docker.network.bridge.enable_ip_masquerade"),
    ]
    yield from (f"option {key}" for key in how.get("driver_opts") or () if key not in own)
    ipam = _of(how.get("ipam"))
    if ipam.get("driver") not in (None, "", "default") or ipam.get("options"):
        yield "ipam plugin"
    for block in ipam.get("config") or ():
        try:
            net = ipaddress.ip_network(str(block.get("subnet") or "10.0.0.0/24"), strict=False)
        except ValueError:
            yield "subnet"
            continue
        if net.version == 4 and not any(
            net.subnet_of(ipaddress.IPv4Network(home))
            for home in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
        ):
            yield f"subnet {net}"
    yield from (f"label {label}" for label in _names(how.get("labels")) if _is_ours(label))


def _volume(app: str, name: str, how: Mapping[str, Any]) -> Iterator[str]:
    if _is_true(how.get("external")) or how.get("name") not in (None, "", f"{app}_{name}"):
        yield "another's"
    if how.get("driver") not in (None, "", "local", "default"):
        yield f"driver {how['driver']}"
    options = how.get("driver_opts") or {}
    words = re.split(r"[,=]", str(options.get("o", "")))
    if options and (options.get("type") != "tmpfs" or {"bind", "rbind", "move", "remount"} & set(words)):
        yield f"driver_opts {options}"
    yield from (f"label {label}" for label in _names(how.get("labels")) if _is_ours(label))


def _mounts(definition: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for raw in definition.get("volumes") or ():
        if isinstance(raw, Mapping):
            yield str(raw.get("type") or "volume"), str(raw.get("source") or "")
            continue
        source, colon, _ = str(raw).partition(":")
        if colon:
            is_path = source[:1] in ("/", ".", "~", "\\") or (len(source) == 1 and str(raw).count(":") > 1)
            yield ("bind" if is_path else "volume"), source


def _is_plain(kind: str, source: str, mounts: Any) -> bool:
    if kind in ("volume", "tmpfs"):
        return True
    path = posixpath.normpath(source)
    read_only = any(
        isinstance(one, Mapping) and one.get("source") == source and one.get("read_only") is True
        for one in mounts
    )
    return kind == "bind" and read_only and any(f"{path}/".startswith(f"{plain}/") for plain in _PLAIN_PATHS)


def _is_taken_path(path: str) -> bool:
    real = resolve(path)
    inside = f"{real}/".startswith(f"{ROOT}/")
    holds = ROOT.startswith(f"{real.rstrip('/')}/")
    return inside or holds or re.match(r"/proc/(\d+|self|thread-self)(/|\Z)", real) is not None


def resolve(path: str) -> str:
    """A path of the pretended host, as its kernel follows it."""
    real = "/"
    for _ in range(20):
        parts, real = [part for part in path.split("/") if part not in ("", ".")], ""
        for number, part in enumerate(parts):
            real = real.rpartition("/")[0] if part == ".." else f"{real}/{part}"
            if real in LINKS:
                path = "/".join((LINKS[real], *parts[number + 1 :]))
                break
        else:
            return real or "/"
    return real or "/"


def _is_strict(option: str) -> bool:
    name, value = option.split("=", 1) if "=" in option else (*option.split(":", 1), "")[:2]
    name, value = name.strip().lower(), value.strip().lower()
    if name == "label":
        return value in ("type:container_t", "type:container_init_t", "type:svirt_lxc_net_t")
    allowed = {"no-new-privileges": ("", "true"), "seccomp": (), "apparmor": ("docker-default",)}
    return value in allowed.get(name, ())


def _owner(name: str) -> str:
    if name.startswith(("fairlead-", "fairlead_")) or name == "fairlead":
        return "fairlead"
    return OWNERS.get(name, "shop" if name.startswith("shop_") else "")


def _is_ours(label: str) -> bool:
    return label.lower().startswith(("dev.fairlead.", "com.docker.compose."))


def _is_open(text: str) -> bool:
    return "$" in text.replace("$$", "")


def _is_true(value: object) -> bool:
    return value not in (None, False, "", 0) and str(value).lower() not in ("false", "no", "off", "n", "0")


def _names(value: object) -> list[str]:
    if isinstance(value, Mapping):
        return [str(key) for key in value]
    return [str(item).split("=")[0].strip() for item in value] if isinstance(value, list) else []


def _of(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
