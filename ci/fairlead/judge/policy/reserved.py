"""The names, labels and folders by which Fairlead and Compose know their own: nobody's to give away, waived or not."""

from __future__ import annotations

from os.path import normpath

from fairlead.host.wire.compose.spelling import (
    as_items,
    is_reserved_name,
    read_mount,
    real_names,
    volume_paths,
)
from fairlead.judge.policy.fault import Fault
from fairlead.judge.policy.foreign import containers, shared_things
from fairlead.judge.policy.rule import app_rule
from fairlead.judge.policy.subject import as_mapping, unescaped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

    from fairlead.host.wire.compose.grants import Grant
    from fairlead.judge.policy.subject import Subject
    from fairlead.positions import ValuePath

_ROOT = "/srv/fairlead"
"""Where Fairlead keeps everything on a server, unless that says otherwise."""
_REMOVE = "remove it: no waiver changes that, and the host refuses it too"


@app_rule("reserved-name")
def reserved_name(subject: Subject) -> Iterator[Fault]:
    """A name, label or folder by which Fairlead or Compose knows its own."""
    for path, prefix, how, grants in shared_things(subject):
        given, external = real_names(how)
        own = f"{subject.model.value.get('name')}_{path[-1]}"
        if is_reserved_name(given) and (external or given != own):
            yield Fault((*path, "name"), f"{prefix}{given} is Fairlead's own", _REMOVE)
        yield from _labels(path, prefix, grants)
        yield from _devices((*path, "driver_opts"), prefix, how, subject)
    for path, name, file in _files(subject):
        yield from _folder(path, f"{name}: ", file, subject)
    for path, prefix, definition, gets in containers(subject):
        yield from _labels(path, prefix, gets)
        for steps, name in _names(definition):
            if is_reserved_name(name.removeprefix("container:")):
                yield Fault((*path, *steps), f"{prefix}{name} is Fairlead's own", _REMOVE)
        for index, raw in as_items(definition.get("volumes")):
            mount = read_mount(raw)
            if mount.get("type") == "bind":
                yield from _folder((*path, "volumes", index), prefix, str(mount.get("source") or ""), subject)


def _devices(path: ValuePath, prefix: str, how: Mapping[str, Any], subject: Subject) -> Iterator[Fault]:
    """The folders that a volume's options mount."""
    for device in dict.fromkeys(volume_paths(how)):
        options = as_mapping(how.get("driver_opts")).items()
        at = tuple(name for name, value in options if device in str(value))[:1]
        yield from _folder(path, prefix, device, subject, key=True, at=at)
        if "\\" in device:
            what = f"{prefix}{device}: a backslash hides which folder is mounted"
            yield Fault(path, what, _REMOVE, key=True, at=at)


def _files(subject: Subject) -> Iterator[tuple[ValuePath, str, str]]:
    """The files that secrets and configs are, which Compose mounts."""
    for kind in ("secrets", "configs"):
        for name, how in subject.top(kind).items():
            if how.get("file"):
                yield (kind, name, "file"), name, unescaped(str(how["file"]))


def _names(definition: Mapping[str, Any]) -> Iterator[tuple[ValuePath, str]]:
    """The networks and containers that a service names as such."""
    for key in ("container_name", "network_mode", "pid", "ipc"):
        yield (key,), str(definition.get(key) or "")
    for key in ("volumes_from", "external_links"):
        yield from (((key, index), str(item)) for index, item in as_items(definition.get(key)))


def _labels(path: ValuePath, prefix: str, grants: Iterable[Grant]) -> Iterator[Fault]:
    for kind, steps, what in grants:
        if kind == "label":
            yield Fault((*path, *steps), f"{prefix}{what}", _REMOVE, key=True)


def _folder(
    path: ValuePath, prefix: str, source: str, subject: Subject, *, key: bool = False, at: ValuePath = ()
) -> Iterator[Fault]:
    """A folder in which Fairlead keeps what it knows of every app; what holds it, where Fairlead deploys."""
    whole = f"/{normpath(f'/{source}').lstrip('/')}"
    process = whole.removeprefix("/proc/").split("/")[0] if whole.startswith("/proc/") else ""
    of_process = process.isdecimal() or process in {"self", "thread-self"}
    holds = subject.deployed and f"{_ROOT}/".startswith(f"{whole.rstrip('/')}/")
    if of_process or holds or f"{whole}/".startswith(f"{_ROOT}/"):
        why = (
            "is the world of a process of the host" if of_process else "holds what Fairlead keeps of all apps"
        )
        yield Fault(path, f"{prefix}{source} {why}", _REMOVE, key=key, at=at)
