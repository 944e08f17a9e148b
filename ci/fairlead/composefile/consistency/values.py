"""Values that are text in the file and something else to Compose: sizes, durations, numbers, names."""

from __future__ import annotations

from fairlead.composefile.consistency.ground import ANY, at, listed, matches, plain_text
from fairlead.composefile.consistency.words import is_capability, is_image, is_restart, is_signal
from fairlead.composefile.loader.values import (
    parse_boolean,
    parse_bytes,
    parse_duration,
    parse_integer,
    parse_number,
)
from fairlead.yaml_nodes import FILLED, ODD
from fairlead.yaml_scalars import resolve_scalar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from fairlead.composefile.consistency.ground import Container, Ground
    from fairlead.positions import ValuePath
    from fairlead.yaml_nodes import Node

    _Form = tuple[tuple[ValuePath, ...], Callable[[Any], bool], str, str]

_LIMITS = ("deploy", "resources")
_DEVICE_RATES = ("device_read_bps", "device_read_iops", "device_write_bps", "device_write_iops")
_SIZES: tuple[ValuePath, ...] = (
    ("mem_limit",),
    ("mem_reservation",),
    ("memswap_limit",),
    ("mem_swappiness",),
    ("shm_size",),
    ("build", "shm_size"),
    (*_LIMITS, "limits", "memory"),
    (*_LIMITS, "reservations", "memory"),
    ("volumes", ANY, "tmpfs", "size"),
    *(("blkio_config", device, ANY, "rate") for device in _DEVICE_RATES),
)
_UPDATES = ("update_config", "rollback_config")
_DURATIONS: tuple[ValuePath, ...] = (
    ("stop_grace_period",),
    *(("healthcheck", key) for key in ("interval", "timeout", "start_period", "start_interval")),
    *(("deploy", update, key) for update in _UPDATES for key in ("delay", "monitor")),
    ("deploy", "restart_policy", "delay"),
    ("deploy", "restart_policy", "window"),
)
_UNSIGNED: tuple[ValuePath, ...] = (
    ("healthcheck", "retries"),
    *(("deploy", update, "parallelism") for update in _UPDATES),
    ("deploy", "restart_policy", "max_attempts"),
    ("deploy", "placement", "max_replicas_per_node"),
    ("blkio_config", "weight"),
    ("blkio_config", "weight_device", ANY, "weight"),
    ("volumes", ANY, "tmpfs", "mode"),
)
_INTEGERS: tuple[ValuePath, ...] = (
    *(
        (key,)
        for key in ("cpu_count", "cpu_period", "cpu_quota", "cpu_rt_period", "cpu_rt_runtime", "cpu_shares")
    ),
    ("oom_score_adj",),
    ("pids_limit",),
    (*_LIMITS, "limits", "pids"),
    ("scale",),
    ("deploy", "replicas"),
    (*_LIMITS, "reservations", "generic_resources", ANY, "discrete_resource_spec", "value"),
    ("ulimits", ANY),
    ("ulimits", ANY, "soft"),
    ("ulimits", ANY, "hard"),
    ("build", "ulimits", ANY),
    ("build", "ulimits", ANY, "soft"),
    ("build", "ulimits", ANY, "hard"),
)
_NUMBERS: tuple[ValuePath, ...] = (
    ("cpus",),
    ("cpu_percent",),
    *(("deploy", update, "max_failure_ratio") for update in _UPDATES),
    (*_LIMITS, "limits", "cpus"),
    (*_LIMITS, "reservations", "cpus"),
)
_BOOLEANS: tuple[ValuePath, ...] = (
    *(
        (key,)
        for key in ("attach", "init", "oom_kill_disable", "privileged", "read_only", "stdin_open", "tty")
    ),
    ("use_api_socket",),
    *(("build", key) for key in ("no_cache", "privileged", "pull")),
    *((hook, ANY, "privileged") for hook in ("post_start", "pre_stop")),
    ("develop", "watch", ANY, "exec", "privileged"),
    ("healthcheck", "disable"),
    ("networks", ANY, "use_service_name_alias"),
    ("volumes", ANY, "read_only"),
    ("volumes", ANY, "bind", "create_host_path"),
    ("volumes", ANY, "volume", "nocopy"),
    ("depends_on", ANY, "restart"),
    ("depends_on", ANY, "required"),
)
_MODES: tuple[ValuePath, ...] = (
    ("configs", ANY, "mode"),
    ("secrets", ANY, "mode"),
    ("build", "secrets", ANY, "mode"),
)
_WRITTEN_AS_NUMBERS: tuple[ValuePath, ...] = (
    ("volumes", ANY, "tmpfs", "mode"),
    ("blkio_config", "weight"),
    ("blkio_config", "weight_device", ANY, "weight"),
)
_COMMANDS: tuple[ValuePath, ...] = (
    ("command",),
    ("entrypoint",),
    ("post_start", ANY, "command"),
    ("pre_stop", ANY, "command"),
    ("develop", "watch", ANY, "exec", "command"),
)
_CAPABILITIES: tuple[ValuePath, ...] = (("cap_add", ANY), ("cap_drop", ANY))
_ULIMITS: tuple[ValuePath, ...] = (("ulimits", ANY), ("build", "ulimits", ANY))
_CONTEXTS: ValuePath = ("build", "additional_contexts", ANY)
_STORAGE: ValuePath = ("storage_opt", ANY)
_TEXTS: tuple[ValuePath, ...] = (_STORAGE, _CONTEXTS)
_TEXT_TYPES: dict[ValuePath, tuple[type, ...]] = {_STORAGE: (str, int, type(None)), _CONTEXTS: (str,)}
_WORDS = frozenset({"restart", "stop_signal", "image", "cap_add", "cap_drop"})
"""What Compose hands on unread: with an unset variable in it, it is no more than unset."""


_UNLIMITED = "-1"
_BY_KEY: dict[str, list[tuple[ValuePath, _Form]]] = {}


def check_values(ground: Ground, container: Container) -> None:
    """Values that can't be read as what they mean."""
    forms = _forms_by_key()
    for key in container.value:
        for pattern, form in forms.get(key, ()):
            for path, value in matches(container.value, pattern, container.path):
                if value is not None and not form[1](value):
                    _tell(ground, container, form, path, value)
                elif value == _UNLIMITED and form[0] is _SIZES:
                    _check_unlimited(ground, container, path)
    _check_texts(ground, container)
    _check_groups(ground, container)
    _check_devices(ground, container)
    _check_ulimits(ground, container)
    _check_environment(ground, container)


def _forms_by_key() -> dict[str, list[tuple[ValuePath, _Form]]]:
    """The patterns of all forms by the key that they begin with: a service says few of the keys that there are."""
    if not _BY_KEY:
        for form in _FORMS:
            for pattern in form[0]:
                _BY_KEY.setdefault(str(pattern[0]), []).append((pattern, form))
    return _BY_KEY


def _tell(ground: Ground, container: Container, form: _Form, path: ValuePath, value: Any) -> None:
    paths, _is_good, expected, fix = form
    is_word = len(path) > 2 and str(path[2]) in _WORDS
    # The model leaves the commands of jobs as they are written.
    if (is_word and ground.is_open(path)) or (paths is _COMMANDS and path[0] == "jobs"):
        return
    what = f"{container.name}: {'.'.join(map(str, path[2:]))} must be {expected}, not {_shown(value)}"
    ground.fault(path, what, fix)


def _is_size(value: Any) -> bool:
    return not isinstance(value, str) or value == _UNLIMITED or parse_bytes(value) is not None


def _is_duration(value: Any) -> bool:
    return not isinstance(value, str) or parse_duration(value) is not None


def _is_unsigned(value: Any) -> bool:
    number = parse_integer(value) if isinstance(value, str) else value
    return number is not None and (not isinstance(number, (int, float)) or number >= 0)


def _is_integer(value: Any) -> bool:
    return parse_integer(value) is not None if isinstance(value, str) else True


def _is_number(value: Any) -> bool:
    return parse_number(value) is not None if isinstance(value, str) else True


def _is_boolean(value: Any) -> bool:
    return parse_boolean(value) is not None if isinstance(value, str) else True


def _is_mode(value: Any) -> bool:
    return not isinstance(value, str) or (value != "" and all(digit in "01234567" for digit in value))


def _is_umask(value: Any) -> bool:
    """Whether a text is a number as YAML writes one, and fits."""
    number = resolve_scalar(value) if isinstance(value, str) else 0
    return isinstance(number, int) and 0 <= number < 2**32


def _is_no_text(value: Any) -> bool:
    return not isinstance(value, str)


_FORMS: tuple[_Form, ...] = (
    (_SIZES, _is_size, "a size", "write 512m or 2g"),
    (_DURATIONS, _is_duration, "a duration", "write 10s or 1m30s"),
    (_UNSIGNED, _is_unsigned, "a whole number, 0 or more", ""),
    (_INTEGERS, _is_integer, "a whole number", ""),
    (_NUMBERS, _is_number, "a number", ""),
    (_BOOLEANS, _is_boolean, "true or false", ""),
    ((("umask",),), _is_umask, "a number", "write 0022"),
    (_MODES, _is_mode, "an octal number", "write 0440"),
    # The model holds the words of a command: text is one whose quotes do not close.
    (_COMMANDS, _is_no_text, "words whose quotes close", "write a list: [word, word]"),
    ((("restart",),), is_restart, "a restart policy", "write no, always, unless-stopped or on-failure:3"),
    (_CAPABILITIES, is_capability, "a capability of Linux", "see capabilities(7)"),
    ((("stop_signal",),), is_signal, "a signal", "write SIGTERM"),
    ((("image",),), is_image, "an image reference", "write registry/name:tag, in lower case"),
)


def _check_unlimited(ground: Ground, container: Container, path: ValuePath) -> None:
    """Unlimited is -1 as a number. As text, which the model makes of both, Compose refuses it before 5.2."""
    node = ground.model.node(path)
    if node is not None and isinstance(node.value, str):
        what = f'{container.name}: {".".join(map(str, path[2:]))} must be a number, not "-1"'
        ground.fault(path, what, "write -1 without quotes")


def _check_texts(ground: Ground, container: Container) -> None:
    """Options that must be text as they are written, or must not be: the model has made both of them."""
    for pattern in _TEXTS:
        for path, _text in matches(container.value, pattern, container.path):
            node = ground.model.node(path)
            value = node.value if node is not None else ""
            if isinstance(value, bool) or not isinstance(value, _TEXT_TYPES[pattern]) or _is_date(node):
                what = f"{container.name}: {'.'.join(map(str, path[2:]))} must be text, not {_shown(value)}"
                ground.fault(path, what, "put it in quotes")
    for pattern in _WRITTEN_AS_NUMBERS:
        for path, _number in matches(container.value, pattern, container.path):
            node = ground.model.node(path)
            if node is not None and isinstance(node.value, str):
                what = f"{container.name}: {'.'.join(map(str, path[2:]))} must be a number, not {_shown(node.value)}"
                ground.fault(path, what, "write it without quotes")


def _is_date(node: Node | None) -> bool:
    return node is not None and bool(node.flags & ODD)


def _check_groups(ground: Ground, container: Container) -> None:
    """Groups are names and whole numbers; the model has made text of them."""
    for index in range(len(listed(container.value.get("group_add")))):
        path = (*container.path, "group_add", index)
        node = ground.model.node(path)
        if node is not None and (isinstance(node.value, float) or node.flags & ODD):
            what = f"{container.name}: group_add.{index} must be a name or a whole number, not {node.text}"
            ground.fault(path, what, "put it in quotes")


def check_pairs(ground: Ground) -> None:
    """Items of a build that must be pairs: of what has none the model keeps a name alone."""
    for document in ground.model.read:
        for key, wanted in (("ssh", "name=socket"), ("additional_contexts", "name=context")):
            for path, item in matches(document.value, ("services", ANY, "build", key, ANY), ()):
                is_pair = not isinstance(item, str) or "=" in item or (key == "ssh" and item == "default")
                if isinstance(path[-1], int) and not is_pair:
                    ground.fault_in(document, path, f"{path[1]}: {_shown(item)} is no {wanted}")
        for path, pid in matches(document.value, ("services", ANY, "pid"), ()):
            node = document.node(path)
            if pid is None and node is not None and not node.flags & FILLED:
                ground.fault_in(document, path, f"{path[1]}: pid is empty", "leave it out, or write host")


def _check_devices(ground: Ground, container: Container) -> None:
    for pattern in ((*_LIMITS, "reservations", "devices", ANY), ("gpus", ANY)):
        for path, request in matches(container.value, pattern, container.path):
            count = at(request, "count")
            if count is not None and at(request, "device_ids"):
                what = f"{container.name}: count and device_ids exclude each other"
                ground.fault((*path, "count"), what, "leave one of them out", key=True)
            node = ground.model.node((*path, "count"))
            if node is not None and isinstance(node.value, float):
                what = f"{container.name}: the count of devices must be a whole number, not {node.text}"
                ground.fault((*path, "count"), what)
            if isinstance(count, str) and count.lower() != "all" and parse_integer(count) is None:
                what = f"{container.name}: the count of devices must be a number or all, not {_shown(count)}"
                ground.fault((*path, "count"), what)


def _check_ulimits(ground: Ground, container: Container) -> None:
    for pattern in _ULIMITS:
        for path, limit in matches(container.value, pattern, container.path):
            for one in (path, (*path, "soft"), (*path, "hard")):
                # The model writes 1.0 as 1 and "1" as 1: Compose refuses the one, and in a build the other.
                node = ground.model.node(one)
                value = node.value if node is not None else None
                if isinstance(value, float) or (isinstance(value, str) and pattern[0] == "build"):
                    what = f"{container.name}: the limit {path[-1]} must be a whole number"
                    ground.fault(one, what, "write it without quotes" if isinstance(value, str) else "")
            soft, hard = at(limit, "soft"), at(limit, "hard")
            if isinstance(soft, int) and isinstance(hard, int) and hard >= 0 and not 0 <= soft <= hard:
                what = f"{container.name}: the soft limit of {path[-1]} is above the hard one"
                ground.fault((*path, "soft"), what)


def _check_environment(ground: Ground, container: Container) -> None:
    environment = container.value.get("environment")
    if isinstance(environment, dict):
        for name in environment:
            if name and name[-1].isspace():
                what = f'{container.name}: the name of the variable "{name}" ends in a space'
                ground.fault((*container.path, "environment", name), what, key=True)


def _shown(value: Any) -> str:
    return f'"{plain_text(value)[:60]}"' if isinstance(value, str) else str(value)
