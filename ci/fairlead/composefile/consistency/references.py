"""Names that must be declared, and who waits for whom."""

from __future__ import annotations

from fairlead.composefile.consistency.ground import ANY, at, listed, mapping, matches, plain_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairlead.composefile.consistency.ground import Container, Ground

_SERVICE = "service:"
_NAMESPACES = ("network_mode", "ipc", "pid", "uts", "cgroup")


def check_references(ground: Ground, container: Container) -> None:
    """Names in a container that nothing declares."""
    _check_resources(ground, container)
    _check_depends_on(ground, container)
    _check_services(ground, container)
    _check_contexts(ground, container)


def _check_resources(ground: Ground, container: Container) -> None:
    value, path, name = container.value, container.path, container.name
    for network in mapping(value.get("networks")):
        if network != "default" and network not in ground.declared("networks"):
            what = f"{name} joins the network {network}, which is not declared"
            ground.undefined((*path, "networks", network), what, network, ground.declared("networks"))
    for model in mapping(value.get("models")):
        if model not in ground.declared("models"):
            what = f"{name} uses the model {model}, which is not declared"
            ground.undefined((*path, "models", model), what, model, ground.declared("models"))
    for mounts in (value, mapping(value.get("build"))):
        below = path if mounts is value else (*path, "build")
        for kind in ("secrets", "configs"):
            for index, mount in enumerate(listed(mounts.get(kind))):
                source = plain_text(mapping(mount).get("source")) or (mount if isinstance(mount, str) else "")
                if source not in ground.declared(kind):
                    what = f"{name} uses the {kind[:-1]} {source}, which is not declared"
                    place = (*below, kind, index, *(("source",) if "source" in mapping(mount) else ()))
                    _undefined_value(ground, place, what, source, kind)


def _undefined_value(ground: Ground, path: tuple[str | int, ...], what: str, name: str, kind: str) -> None:
    from fairlead.nearest import did_you_mean

    ground.fault(path, what, did_you_mean(name, ground.declared(kind)))


def _check_depends_on(ground: Ground, container: Container) -> None:
    known = ground.services
    if container.path[0] == "jobs":
        known = {**known, **ground.jobs}
    for dependency in mapping(container.value.get("depends_on")):
        if dependency in known:
            continue
        if any(dependency == other for other, _path in implied(container)):
            # Told where the name stands: the model has it in depends_on because something else names it.
            continue
        path = (*container.path, "depends_on", dependency)
        if dependency in ground.jobs:
            what = f"{container.name} depends on the job {dependency}: services depend on services only"
            ground.fault(path, what, key=True)
            continue
        what = f"{container.name} depends on {dependency}, which is not declared"
        ground.undefined(path, what, dependency, known)


def _check_services(ground: Ground, container: Container) -> None:
    """Services that are named elsewhere than in ``depends_on``."""
    from fairlead.nearest import did_you_mean

    for name, path in implied(container):
        if name not in ground.services:
            what = f"{container.name} names the service {name}, which is not declared"
            ground.fault(path, what, did_you_mean(name, ground.services))


def implied(container: Container) -> list[tuple[str, tuple[str | int, ...]]]:
    """The services that a container waits for without saying ``depends_on``, and where it names them."""
    value, path = container.value, container.path
    named: list[tuple[str, tuple[str | int, ...]]] = []
    for index, link in enumerate(listed(value.get("links"))):
        if not isinstance(link, str):
            continue
        parts = plain_text(link).split(":")
        named.append((parts[0] if len(parts) == 2 else plain_text(link), (*path, "links", index)))
    for key in _NAMESPACES:
        shared = plain_text(value.get(key))
        if shared.startswith(_SERVICE):
            named.append((shared.removeprefix(_SERVICE), (*path, key)))
    for index, source in enumerate(listed(value.get("volumes_from"))):
        text = plain_text(source)
        if isinstance(source, str) and not text.startswith("container:"):
            named.append((text.split(":")[0], (*path, "volumes_from", index)))
    return named


def _check_contexts(ground: Ground, container: Container) -> None:
    contexts = at(container.value, "build", "additional_contexts")
    for path, context in matches(contexts, (ANY,), (*container.path, "build", "additional_contexts")):
        target = plain_text(context)
        if not target.startswith(_SERVICE):
            continue
        name = target.removeprefix(_SERVICE)
        if name not in ground.services:
            from fairlead.nearest import did_you_mean

            what = f"{container.name} builds from the service {name}, which is not declared"
            ground.fault(path, what, did_you_mean(name, ground.services))
        elif not at(ground.services, name, "build"):
            ground.fault(path, f"{container.name} builds from the service {name}, which has no build")


def check_cycles(ground: Ground) -> None:
    """Services that wait for each other: one finding a cycle, at the dependency that closes it."""
    edges = {
        container.name: _waits_for(container)
        for container in ground.containers
        if container.path[0] == "services"
    }
    done: set[str] = set()
    for start in edges:
        if start not in done:
            _walk(ground, start, edges, done)


def _waits_for(container: Container) -> dict[str, tuple[str | int, ...]]:
    edges: dict[str, tuple[str | int, ...]] = {
        name: (*container.path, "depends_on", name) for name in mapping(container.value.get("depends_on"))
    }
    edges.update(implied(container))
    return edges


def _walk(
    ground: Ground, start: str, edges: dict[str, dict[str, tuple[str | int, ...]]], done: set[str]
) -> None:
    """Depth first without recursion, so that a chain of a thousand services is as good as one of ten."""
    trail: list[str] = [start]
    on_trail = {start}
    rest = [iter(edges[start].items())]
    while rest:
        step = next(rest[-1], None)
        if step is None:
            rest.pop()
            finished = trail.pop()
            on_trail.discard(finished)
            done.add(finished)
            continue
        name, path = step
        if name in on_trail:
            around = " -> ".join([*trail[trail.index(name) :], name])
            what = f"these services wait for each other: {around}"
            ground.fault(path, what, "leave one of the dependencies out", key="depends_on" in path)
        elif name in edges and name not in done:
            trail.append(name)
            on_trail.add(name)
            rest.append(iter(edges[name].items()))
