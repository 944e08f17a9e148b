"""Compose files made wrong: seeded changes of parsed values and of texts. Equal seeds give equal files."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator
from typing import Any

Value = Any

WORDS = (
    "", "x", "yes", "1", "-1", "0", "10s", "5 parsecs", "1.5", "99999", "70000:80", "80:80:80:80", "a:b:c:d", "::",
    "service:nope", "${UNSET}", "${X:-1}", "${", "$$", "all", "on-failure:3", "sometimes", "512m", "12zz", "true",
    "a=b", "=", "web", "/x", "./x", "../y", "NET_ADMIN", "127.0.0.1", "300.1.1.1", "10.0.0.0/24", "a b", "sh -c 'x",
    "8080-8082:80-82", "80-81:80", "53:53/udp", "80/xyz", "[::1]:80:80", "d:/x:/y", "db:/data:ro", "default", "host",
    "none", "SIGTERM", "2001-01-01", "0x10", "1e3", "every_2d", "1m30s", "-5s", "10", "é", "a\nb", "container:x",
)  # fmt: skip
VALUES: tuple[Value, ...] = (
    None, True, False, 0, 1, -1, 3, 70000, 2**40, 1.5, 0.0, [], {}, [None], [1], ["a"], ["a", "a"], {"a": 1},
    {"a": None}, [{"a": 1}], [[]], {"name": "x"}, {"external": True}, {"driver": "local"},
    {"condition": "service_healthy"}, {"source": "x", "target": "/y"}, {"target": 80}, {"soft": 1, "hard": 2},
    {"soft": "a"}, {"file": "./f"}, {"environment": "X"},
)  # fmt: skip
KEYS = (
    "image", "build", "ports", "volumes", "networks", "depends_on", "environment", "deploy",
    "healthcheck", "restart", "command", "entrypoint", "secrets", "configs", "external", "name",
    "driver", "labels", "links", "extends", "container_name", "network_mode", "cap_add", "ulimits",
    "devices", "scale", "replicas", "mem_limit", "cpus", "platform", "profiles", "tmpfs", "x-foo",
    "foo", "target", "source", "type", "mode", "condition", "required", "context", "dockerfile",
    "args", "test", "interval", "timeout", "retries", "options", "ipam", "config", "subnet",
    "internal", "limits", "reservations", "memory", "dns", "expose", "extra_hosts", "env_file",
    "logging", "stop_grace_period", "stop_signal", "user", "sysctls", "init", "privileged",
    "read_only", "pid", "ipc", "volumes_from", "external_links", "annotations", "attach", "develop",
    "watch", "gpus", "models", "provider", "post_start", "pull_policy", "label_file", "mac_address",
    "blkio_config", "security_opt", "shm_size", "hostname", "runtime", "storage_opt", "cgroup",
    "cpuset", "oom_score_adj", "pids_limit", "group_add", "dns_opt", "dns_search", "domainname",
    "credential_spec", "isolation", "device_cgroup_rules", "include", "jobs",
)  # fmt: skip


def mutated(value: Value, chance: random.Random, changes: int = 0) -> Value:
    """A copy with one to three changes: keys gone, doubled or misspelt, other types, broken references, bad words."""
    made = copy.deepcopy(value)
    for _ in range(changes or chance.choice((1, 1, 1, 2, 3))):
        paths = [path for path in _paths(made) if path]
        if not paths:
            return made
        path = chance.choice(paths)
        parent = _at(made, path[:-1])
        chance.choice(_CHANGES)(chance, made, parent, path[-1], paths)
    return made


def part_of(value: Value, chance: random.Random) -> Value:
    """Some services of a file, and some keys of each: what an override says."""
    made = copy.deepcopy(value)
    services = made.get("services")
    for name, service in list(services.items()) if isinstance(services, dict) else ():
        if chance.random() < 0.3:
            del services[name]
        elif isinstance(service, dict):
            for key in [key for key in service if chance.random() < 0.6]:
                del service[key]
    for key in [key for key in made if key != "services" and chance.random() < 0.5]:
        del made[key]
    return made


def mutated_text(text: str, chance: random.Random) -> str:
    """A text with some of its characters, words or lines changed."""
    for _ in range(chance.choice((1, 1, 2, 4))):
        lines = text.split("\n")
        number = chance.randrange(len(lines))
        line = lines[number]
        how = chance.randrange(8)
        if how == 0:
            del lines[number]
        elif how == 1:
            lines.insert(chance.randrange(len(lines) + 1), line)
        elif how == 2:
            lines[number] = " " * chance.randrange(9) + line.lstrip()
        elif how == 3:
            lines[number] = line.replace(line.strip(), chance.choice(WORDS)) if line.strip() else "- x"
        elif how == 4:
            cut = chance.randrange(len(line) + 1)
            lines[number] = line[:cut] + chance.choice(":-{}[]&*!|>'\"%@`#,?$\t\\\x00~<=é\u2028") + line[cut:]
        elif how == 5:
            cut = chance.randrange(len(line) + 1)
            lines[number] = line[:cut] + line[cut + 1 :]
        elif how == 6:
            lines[number] = line.replace(
                ":", chance.choice((": &a", ": *a", ": !reset", ": !override", ": !!int")), 1
            )
        else:
            other = chance.choice(lines)
            lines[number] = line + other.strip()
        text = "\n".join(lines)
    return text


def _paths(value: Value, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    entries: Any = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, item in entries:
        yield from _paths(item, (*path, key))


def _at(value: Value, path: tuple[Any, ...]) -> Value:
    for step in path:
        value = value[step]
    return value


def _misspelt(chance: random.Random, word: str) -> str:
    if len(word) < 2:
        return f"{word}x"
    at = chance.randrange(len(word) - 1)
    return chance.choice(
        (
            word[:at] + word[at + 1 :],
            word[:at] + word[at + 1] + word[at] + word[at + 2 :],
            word + word[-1],
            word.upper(),
            f"{word} ",
        )
    )


def _drop(_chance: random.Random, _all: Value, parent: Value, key: Any, _paths: Any) -> None:
    del parent[key]


def _rename_or_double(chance: random.Random, _all: Value, parent: Value, key: Any, _paths: Any) -> None:
    if isinstance(parent, list):
        parent.insert(key, copy.deepcopy(parent[key]))
        return
    entries = list(parent.items())
    parent.clear()
    parent.update({_misspelt(chance, str(name)) if name == key else name: item for name, item in entries})


def _say_a_word(chance: random.Random, _all: Value, parent: Value, key: Any, _paths: Any) -> None:
    parent[key] = chance.choice(WORDS)


def _say_a_value(chance: random.Random, _all: Value, parent: Value, key: Any, _paths: Any) -> None:
    parent[key] = copy.deepcopy(chance.choice(VALUES))


def _add(chance: random.Random, _all: Value, parent: Value, key: Any, _paths: Any) -> None:
    current = parent[key]
    new = copy.deepcopy(chance.choice((*VALUES, *WORDS)))
    if isinstance(current, dict):
        current[chance.choice(KEYS)] = new
    elif isinstance(current, list):
        current.append(new)
    elif isinstance(current, str):
        parent[key] = _misspelt(chance, current)
    else:
        parent[key] = str(current)


def _move(chance: random.Random, whole: Value, parent: Value, key: Any, paths: Any) -> None:
    parent[key] = copy.deepcopy(_at(whole, chance.choice(paths)))


def _change_form(chance: random.Random, _all: Value, parent: Value, key: Any, _paths: Any) -> None:
    current = parent[key]
    if isinstance(current, str):
        parent[key] = [current]
    elif isinstance(current, list):
        named = {str(item): None for item in current if isinstance(item, (str, int))}
        parent[key] = named if chance.random() < 0.5 else (current[0] if current else None)
    elif isinstance(current, dict):
        pairs = [f"{name}={item}" for name, item in current.items()]
        parent[key] = pairs if chance.random() < 0.5 else list(current)
    else:
        parent[key] = str(current)


def _break_scalar(chance: random.Random, _all: Value, parent: Value, key: Any, _paths: Any) -> None:
    current = parent[key]
    if isinstance(current, str) and current:
        first, second = chance.randrange(len(current)), chance.randrange(len(current))
        parent[key] = current[:first] + chance.choice(":/=$-x ,9") + current[second:]
    elif isinstance(current, bool):
        parent[key] = str(current).lower()
    elif isinstance(current, (int, float)):
        parent[key] = -current
    else:
        parent[key] = None


def _copy_beside(chance: random.Random, _all: Value, parent: Value, key: Any, _paths: Any) -> None:
    if isinstance(parent, dict):
        parent[chance.choice(KEYS)] = copy.deepcopy(parent[key])
    else:
        parent.append(copy.deepcopy(chance.choice(parent)))


_CHANGES: tuple[Callable[[random.Random, Value, Value, Any, Any], None], ...] = (
    _drop, _rename_or_double, _say_a_word, _say_a_value, _add, _move, _change_form, _break_scalar, _copy_beside,
)  # fmt: skip
