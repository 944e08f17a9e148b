"""What belongs to others: networks, volumes and containers of somebody else, plugins and runtimes of the host.

What is known to stay inside the app is let through; everything else is told. ``fairlead.host.wire.compose.grants`` knows which is
which, and the host looks through the same eyes.
"""

from __future__ import annotations

from fairlead.host.wire.compose.grants import service_grants
from fairlead.host.wire.compose.resources import resource_grants
from fairlead.judge.policy.fault import Fault
from fairlead.judge.policy.rule import app_rule
from fairlead.judge.policy.subject import as_mapping

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from fairlead.host.wire.compose.grants import Grant
    from fairlead.judge.policy.subject import Subject
    from fairlead.positions import ValuePath

_ASK = "make it part of this file, or waive it with the reason"
_OF_OTHERS = {("network", "network_mode"), ("network", "external_links"), ("volume", "volumes_from")}
_DRIVERS = frozenset(("driver", "driver_opts", "ipam"))


def containers(
    subject: Subject,
) -> Iterator[tuple[ValuePath, str, Mapping[str, Any], Sequence[Grant]]]:
    """Everything that becomes a container: where it stands, how it is called, its definition, and what it gets."""
    for view in subject.views:
        yield view.path, f"{view.name}: ", view.definition, view.grants
    for name, job in as_mapping(subject.model.value.get("jobs")).items():
        definition = as_mapping(job)
        yield ("jobs", str(name)), f"{name}: ", definition, tuple(service_grants(definition))


def shared_things(subject: Subject) -> Iterator[tuple[ValuePath, str, Mapping[str, Any], list[Grant]]]:
    """The networks and volumes, and what each is beside the app's own."""
    app = str(subject.model.value.get("name") or "")
    for kind in ("networks", "volumes"):
        for name, how in subject.top(kind).items():
            yield (kind, name), f"the {kind[:-1]} {name}: ", how, list(resource_grants(kind, name, app, how))


@app_rule("foreign-resource")
def foreign_resource(subject: Subject) -> Iterator[Fault]:
    """A network, volume or container that somebody else made, or can have under the same name."""
    for path, prefix, _, grants in shared_things(subject):
        for kind, steps, what in grants:
            if kind in {"network", "volume"} and steps[0] not in _DRIVERS:
                yield Fault((*path, *steps), f"{prefix}{what}", _ASK, key=True)
    for path, prefix, _, given in containers(subject):
        for kind, steps, what in given:
            if steps[0] in {"network_mode", "volumes_from", "external_links"} and kind in {
                "network",
                "volume",
            }:
                yield Fault((*path, *steps), f"{prefix}{what}", "share a network or volume of this file")


@app_rule("host-driver")
def host_driver(subject: Subject) -> Iterator[Fault]:
    """A driver, plugin, runtime or program of the host that works for the container."""
    fix = "remove it, or waive it with the reason"
    for path, prefix, how, grants in shared_things(subject):
        for kind, steps, what in grants:
            if kind in {"network", "volume"} and steps[0] in _DRIVERS:
                at = _culprit(steps, how)
                yield Fault((*path, *steps), f"{prefix}{what}", fix, key=True, at=at)
    for path, prefix, _, given in containers(subject):
        for kind, steps, what in given:
            if _is_of_driver(kind, str(steps[0])) or _is_told_nowhere_else(path, kind, str(steps[0])):
                at = ("type",) if kind == "volume" else ()
                yield Fault((*path, *steps), f"{prefix}{what}", fix, key=True, at=at)
    for kind in ("secrets", "configs"):
        for name, how in subject.top(kind).items():
            for key in {"driver", "template_driver"} & how.keys():
                what = f"{kind}.{name}: {how[key]} is a plugin on the host"
                yield Fault((kind, name, key), what, "give the value by file: or environment:", key=True)


def _culprit(steps: ValuePath, how: Mapping[str, Any]) -> ValuePath:
    """What of a driver's options leads elsewhere, where the grant is of all of them."""
    options = as_mapping(how.get(str(steps[0])))
    if len(steps) > 1:
        return ("subnet",) if steps[1] == "config" else ()
    is_memory = options.get("type") == "tmpfs" and options.get("device", "") in {"tmpfs", "none", ""}
    wanted = ("o",) if is_memory else ("device", "driver", "type", "options")
    return next(((name,) for name in wanted if name in options), ())


def _is_of_driver(kind: str, key: str) -> bool:
    return kind in {"runtime", "provider"} or (kind, key) in {("network", "networks"), ("volume", "volumes")}


def _is_told_nowhere_else(path: ValuePath, kind: str, key: str) -> bool:
    """Whether it is of a job, or of a hook that is a container of its own: no other rule looks into these."""
    return kind != "label" and (path[0] == "jobs" or key == "pre_start")
