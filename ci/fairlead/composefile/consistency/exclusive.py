"""What a container may not say together, and what it must say."""

from __future__ import annotations

from fairlead.composefile.consistency.ground import at, is_set, listed, mapping, plain_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fairlead.composefile.consistency.ground import Container, Ground

_TEST_STARTS = ("CMD", "CMD-SHELL", "NONE")
_OLD_LIMITS = (
    ("cpus", "limits", "cpus"),
    ("mem_limit", "limits", "memory"),
    ("mem_reservation", "reservations", "memory"),
    ("pids_limit", "limits", "pids"),
)
_NO_TARGET = frozenset({"rebuild", "restart"})


def check_exclusive(ground: Ground, container: Container) -> None:
    """Keys of a container that contradict each other, or that it lacks."""
    value, path, name = container.value, container.path, container.name
    # Of jobs Compose does not ask for an image before they run.
    is_service = path[0] == "services"
    runs = plain_text(value.get("image")) or is_set(value, "build") or is_set(value, "provider")
    if is_service and not runs:
        _tell_no_image(ground, container)
    if plain_text(value.get("network_mode")) and mapping(value.get("networks")):
        what = f"{name} has network_mode and networks, which exclude each other"
        ground.fault((*path, "network_mode"), what, "leave one of them out", key=True)
    _check_build(ground, container)
    _check_health_test(ground, container)
    _check_scale(ground, container)
    _check_limits(ground, container)
    _check_watch(ground, container)


def _tell_no_image(ground: Ground, container: Container) -> None:
    path = (*container.path, "image")
    written = next((document for document in ground.model.read if document.has(path)), None)
    if written is not None:
        # The model leaves an empty one out.
        fix = "give the variable in it a value" if ground.is_open(path) else ""
        ground.fault_in(written, path, f"the image of {container.name} is empty", fix)
    else:
        ground.fault(container.path, f"{container.name} has neither an image nor a build", key=True)


def _check_build(ground: Ground, container: Container) -> None:
    build = mapping(container.value.get("build"))
    path = (*container.path, "build")
    if plain_text(build.get("dockerfile_inline")) and plain_text(build.get("dockerfile")):
        what = f"the build of {container.name} has dockerfile and dockerfile_inline, which exclude each other"
        ground.fault((*path, "dockerfile_inline"), what, "leave one of them out", key=True)
    platform = plain_text(container.value.get("platform"))
    platforms = listed(build.get("platforms"))
    if platform and platforms and platform not in platforms:
        what = f"{container.name} runs on {platform}, but is not built for it"
        ground.fault((*path, "platforms"), what, f"add {platform} to build.platforms", key=True)


def _check_health_test(ground: Ground, container: Container) -> None:
    test = listed(at(container.value, "healthcheck", "test"))
    if test and test[0] not in _TEST_STARTS:
        what = f"the health check of {container.name} must start with CMD, CMD-SHELL or NONE"
        ground.fault((*container.path, "healthcheck", "test"), what, 'write ["CMD", …]')


def _check_scale(ground: Ground, container: Container) -> None:
    value, path, name = container.value, container.path, container.name
    scale, replicas = _count(value.get("scale")), _count(at(value, "deploy", "replicas"))
    if scale is not None and replicas is not None and scale != replicas:
        what = f"{name} has scale {scale} and deploy.replicas {replicas}, which must be the same"
        ground.fault((*path, "scale"), what, "leave one of them out")
    for count, below in ((scale, ("scale",)), (replicas, ("deploy", "replicas"))):
        if count is not None and count < 0:
            ground.fault((*path, *below), f"{name}: {'.'.join(below)} must be 0 or more, not {count}")
    wanted = scale if scale is not None else replicas
    if plain_text(value.get("container_name")) and wanted is not None and wanted > 1:
        what = f"{name} has container_name and {wanted} replicas, but a container's name is unique"
        ground.fault((*path, "container_name"), what, "leave container_name out", key=True)


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _check_limits(ground: Ground, container: Container) -> None:
    """A limit of the old kind beside ``deploy``: one that is not said there counts as none, and differs too."""
    from fairlead.composefile.loader.values import parse_bytes

    resources = at(container.value, "deploy", "resources")
    for key, kind, new in _OLD_LIMITS:
        old, beside = container.value.get(key), at(resources, kind)
        if not old or not isinstance(beside, dict):
            continue
        amounts: list[Any] = [old, beside.get(new) or 0]
        if new == "memory":
            amounts = [parse_bytes(str(amount)) for amount in amounts]
        if all(isinstance(amount, (int, float)) for amount in amounts) and amounts[0] not in {0, amounts[1]}:
            what = f"{container.name} has {key} beside deploy.resources.{kind} with another {new}"
            ground.fault((*container.path, key), what, "keep the one in deploy", key=True)


def _check_watch(ground: Ground, container: Container) -> None:
    for index, watch in enumerate(listed(at(container.value, "develop", "watch"))):
        path = (*container.path, "develop", "watch", index)
        if not isinstance(watch, dict):
            continue
        if watch.get("path") == "":
            ground.fault((*path, "path"), f"{container.name}: the path to watch is empty")
        action = plain_text(watch.get("action"))
        if not plain_text(watch.get("target")) and action not in _NO_TARGET:
            what = f"{container.name}: the action {action} needs a target"
            ground.fault((*path, "action"), what, "add target: with the path in the container")


def check_container_names(ground: Ground) -> None:
    """One name for several containers."""
    first: dict[str, str] = {}
    for container in ground.containers:
        name = plain_text(container.value.get("container_name"))
        if not name:
            continue
        if name in first:
            what = f"the container_name {name} of {container.name} is that of {first[name]} too"
            ground.fault((*container.path, "container_name"), what, "leave container_name out")
        first.setdefault(name, container.name)
