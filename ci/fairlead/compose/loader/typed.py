"""The model as ``config`` prints it: each attribute with the type that Compose gives it, empty ones left out.

Source: the structs of the package ``types`` of compose-go. Where versions print one value in several forms, the form
that every supported version reads is taken; ``DIFFERENCES`` names them.
A value that is not of its type, and an attribute that is not known, stay as they are written.
"""

from __future__ import annotations

from fairlead.compose.loader.shell import split_words
from fairlead.compose.loader.tree import (
    child,
    each,
    grown,
    is_list,
    is_mapping,
    mapping,
    replaced,
    scalar,
    sequence,
)
from fairlead.compose.loader.values import (
    duration_text,
    float32,
    go_text,
    parse_boolean,
    parse_bytes,
    parse_duration,
    parse_integer,
    parse_number,
)
from fairlead.yaml_nodes import Entry, Node

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Kind = Callable[[Node], Node | None]
    """Gives the printed value; None where it is left out."""

_EMPTY: tuple[object, ...] = ({}, [], "", None, False, 0)


def _is_empty(value: object) -> bool:
    return not value


def typed(root: Node) -> Node:
    """The whole model in its printed form."""
    return _struct(_ROOT)(root) or root


def _struct(fields: dict[str, Kind], *, optional: bool = False) -> Kind:
    """A mapping of known attributes. One that holds nothing is left out where ``optional``."""

    def kind(node: Node) -> Node | None:
        if node.value is None:
            return None
        if not is_mapping(node):
            return node
        entries: dict[str | int, Entry] = {}
        changed = False
        for key, entry in node.entries.items():
            field = fields.get(str(key))
            if field is None:
                entries[key] = entry
                continue
            new = field(entry.node)
            if new is entry.node:
                entries[key] = entry
                continue
            changed = True
            if new is not None:
                entries[key] = Entry(entry.line, entry.column, new)
        if optional and not entries:
            return None
        return mapping(entries, node) if changed else node

    return kind


def _items(item: Kind) -> Kind:
    """A list; an empty one is left out."""

    def kind(node: Node) -> Node | None:
        if _is_empty(node.value):
            return None
        return each(node, item) if is_list(node) else node

    return kind


def _values(item: Kind, *, keep_null: bool = False) -> Kind:
    """A mapping by name; an empty one is left out."""

    def kept(node: Node) -> Node | None:
        return node if node.value is None else item(node)

    def kind(node: Node) -> Node | None:
        if _is_empty(node.value):
            return None
        return each(node, kept if keep_null else item) if is_mapping(node) else node

    return kind


def _string(node: Node) -> Node | None:
    value = node.value
    if type(value) is str:
        return node if value else None
    if value is None:
        return None
    return scalar(str(value), node) if type(value) is int else node


def _flag(node: Node) -> Node | None:
    """A boolean that is left out when false."""
    new = _choice(node)
    return None if new is None or new.value is False else new


def _choice(node: Node) -> Node | None:
    """A boolean that is printed either way."""
    if node.value is None:
        return None
    value = parse_boolean(node.value) if isinstance(node.value, str) else None
    return node if value is None else scalar(value, node)


def _integer(node: Node) -> Node | None:
    new = _count(node)
    return None if new is None or (new.value == 0 and not isinstance(new.value, str)) else new


def _count(node: Node) -> Node | None:
    """An integer that is printed when zero too."""
    if node.value is None:
        return None
    if isinstance(node.value, str):
        value = parse_integer(node.value)
        return node if value is None else scalar(value, node)
    if isinstance(node.value, float) and node.value.is_integer():
        return scalar(int(node.value), node)
    return node


def _float(node: Node) -> Node | None:
    value = node.value
    if isinstance(value, str):
        value = parse_number(value)
        if value is None:
            return node
    if value is None or value == 0:
        return None
    return scalar(float32(value), node) if isinstance(value, (int, float)) else node


def _bytes(node: Node) -> Node | None:
    value = node.value
    if isinstance(value, str):
        value = parse_bytes(value)
        if value is None:
            return node
    if value is None or value == 0:
        return None
    return scalar(str(value), node) if type(value) is int else node


def _duration(node: Node) -> Node | None:
    if node.value is None:
        return None
    nanoseconds = parse_duration(go_text(node.value))
    return node if nanoseconds is None else scalar(duration_text(nanoseconds), node)


def _duration_or_none(node: Node) -> Node | None:
    new = _duration(node)
    return None if new is None or new.value == "0s" else new


def _words(node: Node) -> Node | None:
    """A command: a text is split as a shell does."""
    if node.value is None:
        return None
    words = split_words(node.value) if isinstance(node.value, str) else None
    return node if words is None else grown(words, node)


def _health_test(node: Node) -> Node | None:
    if isinstance(node.value, str):
        return grown(["CMD-SHELL", node.value], node)
    return None if _is_empty(node.value) else node


def _strings(node: Node) -> Node | None:
    if isinstance(node.value, str):
        return sequence((Entry(node.line, node.column, node),), node)
    return None if _is_empty(node.value) else node


def _texts(node: Node) -> Node | None:
    """A list of texts or numbers as texts."""
    if isinstance(node.value, str):
        return sequence((Entry(node.line, node.column, node),), node)
    return _items(_printed)(node)


def _printed(node: Node) -> Node:
    return node if isinstance(node.value, str) else scalar(go_text(node.value), node)


def _empty_text(node: Node) -> Node:
    return scalar("", node) if node.value is None else _printed(node)


def _null_or_printed(node: Node) -> Node:
    return node if node.value is None else _printed(node)


def _mapped(value: Kind, *, bare: str | None) -> Kind:
    """A mapping of texts, or a list of ``key=value``; ``bare`` is the value of a key that has none."""

    def kind(node: Node) -> Node | None:
        if is_list(node):
            return _pairs(node, bare)
        return None if _is_empty(node.value) else (each(node, value) if is_mapping(node) else node)

    return kind


def _pairs(node: Node, bare: str | None) -> Node | None:
    entries: dict[str | int, Entry] = {}
    for entry in node.entries.values():
        key, equals, value = go_text(entry.node.value).partition("=")
        entries[key] = Entry(entry.line, entry.column, scalar(value if equals else bare, entry.node))
    return mapping(entries, node) if entries else None


def _hosts(node: Node) -> Node | None:
    """Extra hosts as a sorted list of ``host=address``."""
    if _is_empty(node.value):
        return None
    pairs: list[tuple[str, Entry]] = []
    for key, entry in node.entries.items():
        for text, place in _host_texts(key, entry.node):
            host, separator, addresses = text.partition("=") if "=" in text else text.partition(":")
            if not separator:
                return node
            for address in addresses.split(",") if is_list(node) else (addresses,):
                bare = (
                    address[1:-1]
                    if len(address) > 2 and address[0] == "[" and address[-1] == "]"
                    else address
                )
                line = f"{host}={bare}"
                pairs.append((line, Entry(entry.line, entry.column, scalar(line, place))))
    return sequence((entry for _, entry in sorted(pairs, key=lambda pair: pair[0])), node)


def _host_texts(key: str | int, node: Node) -> list[tuple[str, Node]]:
    if isinstance(key, int):
        return [(go_text(node.value), node)]
    values = [entry.node for entry in node.entries.values()] if is_list(node) else [node]
    return [(f"{key}={'' if one.value is None else go_text(one.value)}", one) for one in values]


def _keys(node: Node) -> Node | None:
    """SSH keys: ``id`` or ``id: path``."""
    if _is_empty(node.value):
        return None
    if not is_mapping(node):
        return node
    lines = []
    for key, entry in node.entries.items():
        path = entry.node.value
        shown = str(key) if path is None or path == "" else f"{key}: {go_text(path)}"
        lines.append(Entry(entry.line, entry.column, scalar(shown, entry.node)))
    return sequence(lines, node)


def _ulimit(node: Node) -> Node | None:
    if node.value == 0 and node.value is not False:
        return grown({"soft": 0, "hard": 0}, node)
    if not is_mapping(node):
        return _count(node)
    soft, hard = child(node, "soft"), child(node, "hard")
    zero = scalar(0, node)
    return mapping(
        {
            name: Entry(one.line, one.column, one)
            for name, one in (("soft", soft or zero), ("hard", hard or zero))
        },
        node,
    )


def _mode(node: Node) -> Node | None:
    """A file mode: a text is octal."""
    if isinstance(node.value, str):
        try:
            return scalar(int(node.value, 8), node)
        except ValueError:
            return node
    return None if node.value is None else node


def _device_count(node: Node) -> Node | None:
    if isinstance(node.value, str) and node.value.lower() == "all":
        return scalar(-1, node)
    return _integer(node)


def _repeated(node: Node) -> Node:
    return each(node, _printed) if is_list(node) else grown([go_text(node.value)], node)


def _dropped(node: Node) -> None:
    """What has done its work when the model is printed."""


_LABELS = _mapped(_empty_text, bare="")
_MAPPING = _mapped(_empty_text, bare="")
_VARIABLES = _mapped(_null_or_printed, bare=None)
_OPTIONS = _values(_empty_text)
_HOOKS = _items(
    _struct(
        {
            "command": _words,
            "user": _string,
            "privileged": _flag,
            "working_dir": _string,
            "environment": _VARIABLES,
        }
    )
)
_FILE = _items(_struct({**dict.fromkeys(("source", "target", "uid", "gid"), _string), "mode": _mode}))
_ULIMITS = _values(_ulimit)
_DEVICE_REQUESTS = _items(
    _struct(
        {
            "capabilities": _strings,
            "driver": _string,
            "count": _device_count,
            "device_ids": _strings,
            "options": _MAPPING,
        }
    )
)
_RESOURCE = _struct(
    {
        "cpus": _float,
        "memory": _bytes,
        "pids": _integer,
        "devices": _DEVICE_REQUESTS,
        "generic_resources": _items(
            _struct({"discrete_resource_spec": _struct({"kind": _string, "value": _integer})})
        ),
    }
)
_UPDATE = _struct(
    {
        "parallelism": _count,
        "delay": _duration_or_none,
        "failure_action": _string,
        "monitor": _duration_or_none,
        "max_failure_ratio": _float,
        "order": _string,
    }
)
_DEPLOY = _struct(
    {
        "mode": _string,
        "replicas": _count,
        "labels": _LABELS,
        "update_config": _UPDATE,
        "rollback_config": _UPDATE,
        "resources": _struct({"limits": _RESOURCE, "reservations": _RESOURCE}, optional=True),
        "restart_policy": _struct(
            {"condition": _string, "delay": _duration, "max_attempts": _count, "window": _duration}
        ),
        "placement": _struct(
            {
                "constraints": _strings,
                "preferences": _items(_struct({"spread": _string})),
                "max_replicas_per_node": _integer,
            },
            optional=True,
        ),
        "endpoint_mode": _string,
    }
)
_BUILD = _struct(
    {
        **dict.fromkeys(
            (
                "context",
                "dockerfile",
                "dockerfile_inline",
                "provenance",
                "sbom",
                "isolation",
                "network",
                "target",
            ),
            _string,
        ),
        **dict.fromkeys(("entitlements", "cache_from", "cache_to", "tags", "platforms"), _strings),
        **dict.fromkeys(("no_cache", "pull", "privileged"), _flag),
        "args": _VARIABLES,
        "ssh": _keys,
        "labels": _LABELS,
        "additional_contexts": _MAPPING,
        "extra_hosts": _hosts,
        "secrets": _FILE,
        "shm_size": _bytes,
        "ulimits": _ULIMITS,
    }
)
_RATE = _items(_struct({"path": _string, "rate": _bytes}))
_BLOCK_IO = _struct(
    {
        "weight": _integer,
        "weight_device": _items(_struct({"path": _string, "weight": _integer})),
        **dict.fromkeys(
            ("device_read_bps", "device_read_iops", "device_write_bps", "device_write_iops"), _RATE
        ),
    }
)
_HEALTH = _struct(
    {
        "test": _health_test,
        **dict.fromkeys(("timeout", "interval", "start_period", "start_interval"), _duration),
        "retries": _count,
        "disable": _flag,
    }
)
_WATCH = _struct(
    {
        "watch": _items(
            _struct(
                {
                    "target": _string,
                    "exec": _struct({"command": _words, "environment": _VARIABLES}, optional=True),
                    "include": _strings,
                    "ignore": _strings,
                    "initial_sync": _flag,
                }
            )
        )
    }
)
_SERVICE_NETWORK = _struct(
    {
        "aliases": _strings,
        "driver_opts": _OPTIONS,
        "gw_priority": _integer,
        **dict.fromkeys(("interface_name", "ipv4_address", "ipv6_address", "mac_address"), _string),
        "link_local_ips": _strings,
        "priority": _integer,
    }
)
_PORTS = _items(
    _struct(
        {
            **dict.fromkeys(("name", "mode", "host_ip", "published", "protocol", "app_protocol"), _string),
            "target": _integer,
        }
    )
)
_MOUNTS = _items(
    _struct(
        {
            **dict.fromkeys(("type", "source", "target", "consistency"), _string),
            "read_only": _flag,
            "bind": _struct(
                {
                    **dict.fromkeys(("selinux", "propagation", "recursive"), _string),
                    "create_host_path": _flag,
                }
            ),
            "volume": _struct({"labels": _MAPPING, "nocopy": _flag, "subpath": _string}),
            "tmpfs": _struct({"size": _bytes, "mode": _integer}),
            "image": _struct({"subpath": _string}),
        }
    )
)
_MODEL_USE = _struct({"endpoint_var": _string, "model_var": _string})
_SERVICE = _struct(
    {
        **dict.fromkeys(
            (
                *(
                    "cgroup_parent",
                    "cgroup",
                    "cpuset",
                    "container_name",
                    "domainname",
                    "hostname",
                    "image",
                    "ipc",
                ),
                *(
                    "isolation",
                    "mac_address",
                    "network_mode",
                    "pid",
                    "platform",
                    "pull_policy",
                    "restart",
                    "runtime",
                ),
                *("stop_signal", "user", "userns_mode", "uts", "volume_driver", "working_dir"),
            ),
            _string,
        ),
        **dict.fromkeys(
            (
                *("profiles", "cap_add", "cap_drop", "device_cgroup_rules", "dns", "dns_opt", "dns_search"),
                *("external_links", "links", "security_opt", "tmpfs", "volumes_from"),
            ),
            _strings,
        ),
        **dict.fromkeys(
            ("oom_kill_disable", "privileged", "read_only", "stdin_open", "tty", "use_api_socket"), _flag
        ),
        **dict.fromkeys(("attach", "init"), _choice),
        **dict.fromkeys(
            (
                *("cpu_count", "cpu_period", "cpu_quota", "cpu_rt_period", "cpu_rt_runtime", "cpu_shares"),
                *("oom_score_adj", "pids_limit"),
            ),
            _integer,
        ),
        **dict.fromkeys(("cpu_percent", "cpus"), _float),
        **dict.fromkeys(
            ("mem_limit", "mem_reservation", "memswap_limit", "mem_swappiness", "shm_size"), _bytes
        ),
        **dict.fromkeys(("command", "entrypoint"), _words),
        **dict.fromkeys(("secrets", "configs"), _FILE),
        **dict.fromkeys(("annotations", "sysctls"), _MAPPING),
        **dict.fromkeys(("env_file", "label_file", "extends"), _dropped),
        **dict.fromkeys(("post_start", "pre_stop"), _HOOKS),
        "blkio_config": _BLOCK_IO,
        "build": _BUILD,
        "credential_spec": _struct(dict.fromkeys(("config", "file", "registry"), _string)),
        "depends_on": _values(_struct({"condition": _string, "restart": _flag})),
        "deploy": _DEPLOY,
        "develop": _WATCH,
        "devices": _items(_struct(dict.fromkeys(("source", "target", "permissions"), _string))),
        "environment": _VARIABLES,
        "expose": _texts,
        "extra_hosts": _hosts,
        "gpus": _DEVICE_REQUESTS,
        "group_add": _texts,
        "healthcheck": _HEALTH,
        "labels": _LABELS,
        "logging": _struct({"driver": _string, "options": _OPTIONS}),
        "models": _values(_MODEL_USE, keep_null=True),
        "networks": _values(_SERVICE_NETWORK, keep_null=True),
        "ports": _PORTS,
        "provider": _struct({"type": _string, "options": _values(_repeated)}),
        "scale": _count,
        "stop_grace_period": _duration,
        "storage_opt": _OPTIONS,
        "ulimits": _ULIMITS,
        "volumes": _MOUNTS,
    }
)
_NETWORK = _struct(
    {
        **dict.fromkeys(("name", "driver"), _string),
        "driver_opts": _OPTIONS,
        "ipam": _struct(
            {
                "driver": _string,
                "config": _items(
                    _struct(
                        {
                            **dict.fromkeys(("subnet", "gateway", "ip_range"), _string),
                            "aux_addresses": _MAPPING,
                        }
                    )
                ),
            },
            optional=True,
        ),
        **dict.fromkeys(("external", "internal", "attachable"), _flag),
        **dict.fromkeys(("enable_ipv4", "enable_ipv6"), _choice),
        "labels": _LABELS,
    }
)
_VOLUME = _struct(
    {
        **dict.fromkeys(("name", "driver"), _string),
        "driver_opts": _OPTIONS,
        "external": _flag,
        "labels": _LABELS,
    }
)
_SOURCE = _struct(
    {
        **dict.fromkeys(("name", "file", "environment", "content", "driver", "template_driver"), _string),
        "external": _flag,
        "labels": _LABELS,
        "driver_opts": _OPTIONS,
    }
)
_MODEL = _struct(
    {**dict.fromkeys(("name", "model"), _string), "context_size": _integer, "runtime_flags": _strings}
)


def _service(node: Node) -> Node:
    node = _SERVICE(node) or node
    hooks = child(node, "pre_start") if is_mapping(node) else None
    return (
        node if hooks is None or not is_list(hooks) else replaced(node, {"pre_start": each(hooks, _service)})
    )


def _services(node: Node) -> Node:
    return each(node, _service) if is_mapping(node) else node


_ROOT: dict[str, Kind] = {
    **dict.fromkeys(("version", "include"), _dropped),
    **dict.fromkeys(("services", "jobs"), _services),
    "networks": _values(_NETWORK),
    "volumes": _values(_VOLUME),
    "secrets": _values(_SOURCE),
    "configs": _values(_SOURCE),
    "models": _values(_MODEL),
}
