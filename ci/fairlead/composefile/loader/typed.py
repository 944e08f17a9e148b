"""The model as ``config`` prints it: each attribute with the type that Compose gives it, empty ones left out.

Source: the structs of the package ``types`` of compose-go. Where versions print one value in several forms, the form
that every supported version reads is taken; ``DIFFERENCES`` names them.
A value that is not of its type, and an attribute that is not known, stay as they are written.
"""

from __future__ import annotations

from fairlead.composefile.loader.kinds import (
    choice,
    count,
    device_count,
    dropped,
    duration,
    duration_or_none,
    empty_text,
    flag,
    health_test,
    hosts,
    integer,
    items,
    keys,
    mapped,
    mode,
    null_or_printed,
    number,
    repeated,
    size,
    string,
    strings,
    struct,
    texts,
    ulimit,
    values,
    words,
)
from fairlead.composefile.loader.tree import child, each, is_list, is_mapping, replaced
from fairlead.yaml_nodes import Node

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairlead.composefile.loader.kinds import Kind


def typed(root: Node) -> Node:
    """The whole model in its printed form."""
    return struct(_ROOT)(root) or root


_LABELS = mapped(empty_text, bare="")
_MAPPING = mapped(empty_text, bare="")
_VARIABLES = mapped(null_or_printed, bare=None)
_OPTIONS = values(empty_text)
_HOOKS = items(
    struct(
        {
            "command": words,
            "user": string,
            "privileged": flag,
            "working_dir": string,
            "environment": _VARIABLES,
        }
    )
)
_FILE = items(struct({**dict.fromkeys(("source", "target", "uid", "gid"), string), "mode": mode}))
_ULIMITS = values(ulimit)
_DEVICE_REQUESTS = items(
    struct(
        {
            "capabilities": strings,
            "driver": string,
            "count": device_count,
            "device_ids": strings,
            "options": _MAPPING,
        }
    )
)
_RESOURCE = struct(
    {
        "cpus": number,
        "memory": size,
        "pids": integer,
        "devices": _DEVICE_REQUESTS,
        "generic_resources": items(
            struct({"discrete_resource_spec": struct({"kind": string, "value": integer})})
        ),
    }
)
_UPDATE = struct(
    {
        "parallelism": count,
        "delay": duration_or_none,
        "failure_action": string,
        "monitor": duration_or_none,
        "max_failure_ratio": number,
        "order": string,
    }
)
_DEPLOY = struct(
    {
        "mode": string,
        "replicas": count,
        "labels": _LABELS,
        "update_config": _UPDATE,
        "rollback_config": _UPDATE,
        "resources": struct({"limits": _RESOURCE, "reservations": _RESOURCE}, optional=True),
        "restart_policy": struct(
            {"condition": string, "delay": duration, "max_attempts": count, "window": duration}
        ),
        "placement": struct(
            {
                "constraints": strings,
                "preferences": items(struct({"spread": string})),
                "max_replicas_per_node": integer,
            },
            optional=True,
        ),
        "endpoint_mode": string,
    }
)
_BUILD = struct(
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
            string,
        ),
        **dict.fromkeys(("entitlements", "cache_from", "cache_to", "tags", "platforms"), strings),
        **dict.fromkeys(("no_cache", "pull", "privileged"), flag),
        "args": _VARIABLES,
        "ssh": keys,
        "labels": _LABELS,
        "additional_contexts": _MAPPING,
        "extra_hosts": hosts,
        "secrets": _FILE,
        "shm_size": size,
        "ulimits": _ULIMITS,
    }
)
_RATE = items(struct({"path": string, "rate": size}))
_BLOCK_IO = struct(
    {
        "weight": integer,
        "weight_device": items(struct({"path": string, "weight": integer})),
        **dict.fromkeys(
            ("device_read_bps", "device_read_iops", "device_write_bps", "device_write_iops"), _RATE
        ),
    }
)
_HEALTH = struct(
    {
        "test": health_test,
        **dict.fromkeys(("timeout", "interval", "start_period", "start_interval"), duration),
        "retries": count,
        "disable": flag,
    }
)
_WATCH = struct(
    {
        "watch": items(
            struct(
                {
                    "target": string,
                    "exec": struct({"command": words, "environment": _VARIABLES}, optional=True),
                    "include": strings,
                    "ignore": strings,
                    "initial_sync": flag,
                }
            )
        )
    }
)
_SERVICE_NETWORK = struct(
    {
        "aliases": strings,
        "driver_opts": _OPTIONS,
        "gw_priority": integer,
        **dict.fromkeys(("interface_name", "ipv4_address", "ipv6_address", "mac_address"), string),
        "link_local_ips": strings,
        "priority": integer,
    }
)
_PORTS = items(
    struct(
        {
            **dict.fromkeys(("name", "mode", "host_ip", "published", "protocol", "app_protocol"), string),
            "target": integer,
        }
    )
)
_MOUNTS = items(
    struct(
        {
            **dict.fromkeys(("type", "source", "target", "consistency"), string),
            "read_only": flag,
            "bind": struct(
                {
                    **dict.fromkeys(("selinux", "propagation", "recursive"), string),
                    "create_host_path": flag,
                }
            ),
            "volume": struct({"labels": _MAPPING, "nocopy": flag, "subpath": string}),
            "tmpfs": struct({"size": size, "mode": integer}),
            "image": struct({"subpath": string}),
        }
    )
)
_MODEL_USE = struct({"endpoint_var": string, "model_var": string})
_SERVICE = struct(
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
            string,
        ),
        **dict.fromkeys(
            (
                *("profiles", "cap_add", "cap_drop", "device_cgroup_rules", "dns", "dns_opt", "dns_search"),
                *("external_links", "links", "security_opt", "tmpfs", "volumes_from"),
            ),
            strings,
        ),
        **dict.fromkeys(
            ("oom_kill_disable", "privileged", "read_only", "stdin_open", "tty", "use_api_socket"), flag
        ),
        **dict.fromkeys(("attach", "init"), choice),
        **dict.fromkeys(
            (
                *("cpu_count", "cpu_period", "cpu_quota", "cpu_rt_period", "cpu_rt_runtime", "cpu_shares"),
                *("oom_score_adj", "pids_limit"),
            ),
            integer,
        ),
        **dict.fromkeys(("cpu_percent", "cpus"), number),
        **dict.fromkeys(
            ("mem_limit", "mem_reservation", "memswap_limit", "mem_swappiness", "shm_size"), size
        ),
        **dict.fromkeys(("command", "entrypoint"), words),
        **dict.fromkeys(("secrets", "configs"), _FILE),
        **dict.fromkeys(("annotations", "sysctls"), _MAPPING),
        **dict.fromkeys(("env_file", "label_file", "extends"), dropped),
        **dict.fromkeys(("post_start", "pre_stop"), _HOOKS),
        "blkio_config": _BLOCK_IO,
        "build": _BUILD,
        "credential_spec": struct(dict.fromkeys(("config", "file", "registry"), string)),
        "depends_on": values(struct({"condition": string, "restart": flag})),
        "deploy": _DEPLOY,
        "develop": _WATCH,
        "devices": items(struct(dict.fromkeys(("source", "target", "permissions"), string))),
        "environment": _VARIABLES,
        "expose": texts,
        "extra_hosts": hosts,
        "gpus": _DEVICE_REQUESTS,
        "group_add": texts,
        "healthcheck": _HEALTH,
        "labels": _LABELS,
        "logging": struct({"driver": string, "options": _OPTIONS}),
        "models": values(_MODEL_USE, keep_null=True),
        "networks": values(_SERVICE_NETWORK, keep_null=True),
        "ports": _PORTS,
        "provider": struct({"type": string, "options": values(repeated)}),
        "scale": count,
        "stop_grace_period": duration,
        "storage_opt": _OPTIONS,
        "ulimits": _ULIMITS,
        "volumes": _MOUNTS,
    }
)
_NETWORK = struct(
    {
        **dict.fromkeys(("name", "driver"), string),
        "driver_opts": _OPTIONS,
        "ipam": struct(
            {
                "driver": string,
                "config": items(
                    struct(
                        {
                            **dict.fromkeys(("subnet", "gateway", "ip_range"), string),
                            "aux_addresses": _MAPPING,
                        }
                    )
                ),
            },
            optional=True,
        ),
        **dict.fromkeys(("external", "internal", "attachable"), flag),
        **dict.fromkeys(("enable_ipv4", "enable_ipv6"), choice),
        "labels": _LABELS,
    }
)
_VOLUME = struct(
    {
        **dict.fromkeys(("name", "driver"), string),
        "driver_opts": _OPTIONS,
        "external": flag,
        "labels": _LABELS,
    }
)
_SOURCE = struct(
    {
        **dict.fromkeys(("name", "file", "environment", "content", "driver", "template_driver"), string),
        "external": flag,
        "labels": _LABELS,
        "driver_opts": _OPTIONS,
    }
)
_MODEL = struct(
    {**dict.fromkeys(("name", "model"), string), "context_size": integer, "runtime_flags": strings}
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
    **dict.fromkeys(("version", "include"), dropped),
    **dict.fromkeys(("services", "jobs"), _services),
    "networks": values(_NETWORK),
    "volumes": values(_VOLUME),
    "secrets": values(_SOURCE),
    "configs": values(_SOURCE),
    "models": values(_MODEL),
}
