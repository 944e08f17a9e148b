"""How much of the host a service may take."""

from __future__ import annotations

from fairlead.judge.policy.fault import Fault
from fairlead.judge.policy.rule import app_rule, service_rule
from fairlead.judge.policy.subject import as_mapping, bytes_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from fairlead.judge.policy.subject import Subject, View

_LIMITS = ("deploy", "resources", "limits")
_OLD_KEYS = {"memory": "mem_limit", "cpus": "cpus", "pids": "pids_limit"}
_EXAMPLES = {"memory": "memory: 256M", "cpus": 'cpus: "0.5"', "pids": "pids: 128"}
_BOUNDS = {"max-size": "10m", "max-file": '"3"'}
_BOUNDED_LOG = '{driver: json-file, options: {max-size: 10m, max-file: "3"}}'


def _number(value: Any) -> float:
    try:
        return float(str(value))
    except ValueError:
        return 0.0


def _size(value: Any) -> float:
    return float(bytes_of(value) or 0)


_READ: dict[str, Callable[[Any], float]] = {"memory": _size, "cpus": _number, "pids": _number}


def _limit(view: View, kind: str) -> float:
    """What a service may take of memory (bytes), cpus or pids; 0 for no limit."""
    limits = as_mapping(view.get(*_LIMITS))
    value = limits.get(kind, view.get(_OLD_KEYS[kind]))
    return _READ[kind](value) if value is not None else 0.0


@service_rule("no-limits")
def no_limits(view: View) -> Iterator[Fault]:
    """A service that can take all of the host."""
    missing = [kind for kind in _READ if _limit(view, kind) <= 0]
    if not missing:
        return
    what = f"it may take all {' and '.join(missing)} of the host, and its neighbours starve"
    fix = f"write deploy: {{resources: {{limits: {{{', '.join(_EXAMPLES[kind] for kind in missing)}}}}}}}"
    limits = as_mapping(view.get(*_LIMITS))
    wrong = next((kind for kind in missing if kind in limits), "")
    if wrong:
        yield Fault(view.at(*_LIMITS, wrong), what, fix)
    elif view.is_written(*_LIMITS):
        yield Fault(view.at(*_LIMITS), what, fix, key=True)
    else:
        yield Fault(view.path, what, fix, key=True)


@service_rule("mixed-limits")
def mixed_limits(view: View) -> Iterator[Fault]:
    """Limits of the old kind beside those of the new."""
    if not view.is_written(*_LIMITS):
        return
    for kind, key in _OLD_KEYS.items():
        if key in view.definition and view.is_written(key):
            what = f"{key} beside deploy.resources.limits: Compose ends with an error where they differ"
            yield Fault(
                view.at(key), what, f"remove it, and write {_EXAMPLES[kind]} below the limits", key=True
            )


@service_rule("unbounded-logs")
def unbounded_logs(view: View) -> Iterator[Fault]:
    """Logs that grow until the disk is full."""
    logging = view.mapping("logging")
    driver = str(logging.get("driver") or "json-file")
    options = as_mapping(logging.get("options"))
    if driver != "json-file":
        return
    missing = [key for key in ("max-size", "max-file") if not _is_bound(options.get(key))]
    if not missing:
        return
    path = view.at("logging")
    fix = f"write logging: {_BOUNDED_LOG}"
    if "logging" not in view.definition:
        what = "its log grows until the disk of the host is full"
        yield Fault(view.path, what, fix, key=True, repair=(path, _BOUNDED_LOG))
        return
    # Driver and options that are there stay: each bound is added, or put right, for itself.
    for keys in [missing] if not options else [[key] for key in missing]:
        what = f"json-file without {' and '.join(keys)}: its log grows until the disk of the host is full"
        text = ", ".join(f"{key}: {_BOUNDS[key]}" for key in keys)
        repair = (
            ((*path, "options", keys[0]), _BOUNDS[keys[0]])
            if options
            else ((*path, "options"), f"{{{text}}}")
        )
        at = ("options", *(key for key in keys[:1] if key in options))
        yield Fault(path, what, f"add options: {{{text}}}, or {fix}", key=True, repair=repair, at=at)


def _is_bound(value: Any) -> bool:
    return value is not None and (bytes_of(value) or 0) > 0


@app_rule("limits-over-host")
def limits_over_host(subject: Subject) -> Iterator[Fault]:
    """Services that together may take more than the host has."""
    policy = subject.policy
    active = set(subject.profiles)
    views = [
        view
        for view in subject.views
        if not view.is_job and (not view.list("profiles") or active.intersection(view.list("profiles")))
    ]
    for kind, size, shown in (
        ("memory", float(policy.memory), _mebibytes),
        ("cpus", policy.cpus, _plain),
    ):
        limits = {view.name: _limit(view, kind) * _replicas(view) for view in views}
        total = sum(limits.values())
        if size and total > size:
            largest = max(views, key=lambda view: limits[view.name])
            what = f"all services together may take {shown(total)} of {kind}, and the host has {shown(size)}"
            fix = f"lower limits, {largest.name}'s first, or correct validate.host in fairlead.yaml"
            yield Fault(_limit_path(largest, kind), what, fix)


def _mebibytes(size: float) -> str:
    return f"{size / 2**20:.0f} MiB"


def _plain(number: float) -> str:
    return f"{number:g}"


def _limit_path(view: View, kind: str) -> tuple[str | int, ...]:
    return view.at(*_LIMITS, kind) if kind in as_mapping(view.get(*_LIMITS)) else view.at(_OLD_KEYS[kind])


def _replicas(view: View) -> int:
    count = view.get("deploy", "replicas")
    count = view.get("scale") if count is None else count
    return count if isinstance(count, int) else 1
