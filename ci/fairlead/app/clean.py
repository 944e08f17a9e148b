"""A service without the values whose type can't be right, so that what reads it need not ask. Pure.

The schema tells such values; everything else goes on with the rest of the file.
"""

from __future__ import annotations

from collections.abc import Mapping

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_MAPPINGS = frozenset(
    {"build", "deploy", "environment", "healthcheck", "labels", "logging", "sysctls", "x-fairlead"}
)
_NAMED = frozenset({"depends_on", "networks"})
_LISTS_OF_MAPPINGS = frozenset(
    {"configs", "devices", "gpus", "ports", "post_start", "pre_start", "pre_stop", "secrets", "volumes"}
)
_LISTS_OF_TEXTS = frozenset(
    {
        "cap_add",
        "cap_drop",
        "command",
        "device_cgroup_rules",
        "entrypoint",
        "expose",
        "external_links",
        "links",
        "profiles",
        "security_opt",
        "tmpfs",
        "volumes_from",
    }
)


_TEXTS = ("type", "source", "target", "published", "host_ip", "protocol")
# Of an entry of a list: what is text there, or a number.


def clean_service(definition: Mapping[str, Any]) -> dict[str, Any]:
    """A resolved service whose known keys have the type that Compose gives them; indexes of lists stay."""
    cleaned: dict[str, Any] = {}
    for key, value in definition.items():
        if key in _LISTS_OF_MAPPINGS:
            if isinstance(value, list):
                cleaned[key] = [_entry(_mapping(entry)) for entry in value]
        elif key in _LISTS_OF_TEXTS:
            if isinstance(value, list):
                cleaned[key] = ["" if isinstance(word, (dict, list)) else str(word) for word in value]
        elif key in _MAPPINGS:
            if isinstance(value, Mapping):
                cleaned[key] = value
        elif key in _NAMED:
            if isinstance(value, Mapping):
                # None stays: a network without options is written so, and a release's hash shows it.
                cleaned[key] = {name: how if how is None else _mapping(how) for name, how in value.items()}
        else:
            cleaned[key] = value
    return cleaned


def _entry(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """An entry without a name or path that is none."""
    if all(not isinstance(entry.get(key), (dict, list)) for key in _TEXTS):
        return entry
    return {
        key: value for key, value in entry.items() if key not in _TEXTS or not isinstance(value, (dict, list))
    }


def _mapping(value: Any) -> Mapping[str, Any]:
    """A mapping as it is; what stands in its place as an empty one."""
    return value if isinstance(value, Mapping) else {}
