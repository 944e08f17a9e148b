"""All services of a resolved model, understood: the facts of each from its neighbours, its image and its Dockerfile."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from functools import cache, cached_property
from pathlib import Path

from fairlead.app.clean import clean_service
from fairlead.app.files.binds import sort_binds
from fairlead.app.files.mentions import Mention, find_mentions, find_passed, read_mentions, read_small
from fairlead.app.images.dockerfile import DockerfileFacts, parse_dockerfile, read_dockerfile
from fairlead.app.images.known import is_ops_image, is_proxy_image
from fairlead.app.images.own import own_image
from fairlead.app.model import Service
from fairlead.app.roles import ServiceFacts, as_front, infer_service, needs_mention, runs_once
from fairlead.checkout import find_repository
from fairlead.quick.records import dataclass, replace
from fairlead.sources import is_below

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fairlead.app.files.binds import Bind
    from fairlead.app.network.ports import FoundPort
    from fairlead.settings.images import ImageSettings

_PROXY_FILE_BYTES = 256 * 1024
_NO_DATA = ("/dev", "/etc", "/lib", "/proc", "/run", "/sys", "/tmp", "/usr", "/var/log", "/var/run")  # noqa: S108 - of a server
"""Folders of a server that hold what is the system's, not an app's."""


def infer_services(
    definitions: Any,
    *,
    root: Path,
    images: Mapping[str, ImageSettings] | None = None,
    registry: str = "",
    deployed: bool = True,
    volumes: Any = None,
) -> dict[str, Service]:
    """What each service is. Parts of the wrong type are passed over: the schema tells them.

    Args:
        definitions: the services of a resolved model: a mapping, if the file holds.
        root: the folder below which files may be looked into.
        images: the images of fairlead.yaml.
        registry: where they are published.
        deployed: Fairlead deploys them, so a proxy is one that Fairlead can switch; otherwise one is
            whatever well-known proxy publishes ports.
        volumes: the volumes of the model.
    """
    images = images or {}
    cleaned = {
        str(name): clean_service(definition)
        for name, definition in (definitions.items() if isinstance(definitions, Mapping) else ())
        if isinstance(definition, Mapping)
    }
    owns = {name: own_image(name, one, images, registry) for name, one in cleaned.items()}
    dockerfiles = {name: _dockerfile(one, images.get(owns[name]), root) for name, one in cleaned.items()}
    beside = _Beside.look(cleaned, root, volumes, deployed=deployed)
    mentions = _Mentions(cleaned, root)
    # Only a web server calls by FastCGI and its like.
    fronts = (
        is_proxy_image(dockerfiles[name].base or str(one.get("image", ""))) for name, one in cleaned.items()
    )
    passed = find_passed(mentions.read if any(fronts) else ())
    # Services share configuration: each file is read once.
    read = cache(lambda file: read_small(file, root, _PROXY_FILE_BYTES))
    services = {}
    for name, definition in cleaned.items():
        facts = ServiceFacts(
            name=name,
            definition=definition,
            image=owns[name],
            dockerfile=dockerfiles[name],
            awaited_end=beside.awaited.get(name, ""),
            shared_volumes=beside.shared,
            host_folders=beside.folders,
            binds=beside.binds.get(name, {}),
            imports_switch=_imports_switch(definition, root, read),
            passed=name in passed,
        )
        if needs_mention(facts):
            facts = replace(facts, mentioned=mentions.ports.get(name))
        service = infer_service(facts)
        services[name] = service if deployed else as_front(service)
    return services


class _Mentions:
    """What files of the repository call services: read last and once, as it means looking into them."""

    def __init__(self, cleaned: Mapping[str, Any], root: Path) -> None:
        self._cleaned, self._root = cleaned, root

    @cached_property
    def read(self) -> tuple[Mention, ...]:
        return read_mentions(self._cleaned, self._root)

    @cached_property
    def ports(self) -> Mapping[str, FoundPort]:
        return find_mentions(self.read)


@dataclass(frozen=True)
class _Beside:
    """What each service shares with the others: who waits for its end, volumes and folders, files of the repository."""

    awaited: Mapping[str, str]
    shared: frozenset[str]
    folders: frozenset[str]
    binds: Mapping[str, Mapping[str, Bind]]

    @classmethod
    def look(cls, cleaned: Mapping[str, Any], root: Path, volumes: Any, *, deployed: bool) -> _Beside:
        """``volumes`` are those of the model."""
        awaited = _awaited_ends(cleaned)
        # What is new with each release is nobody's data.
        binds = sort_binds(cleaned, str(find_repository(root))) if deployed else {}
        lasting = {name: one for name, one in cleaned.items() if name not in awaited and not _is_helper(one)}
        shared = _shared_volumes(lasting, binds) | _release_volumes(volumes)
        return cls(
            awaited, shared, frozenset(_host_folders(cleaned, binds)) if deployed else frozenset(), binds
        )


def _dockerfile(definition: Mapping[str, Any], image: ImageSettings | None, root: Path) -> DockerfileFacts:
    """The facts of the Dockerfile that a service's image is built from, if it is one of this repository."""
    if image is not None and image.inline:
        return parse_dockerfile(image.inline, image.target, image.args)
    if image is not None:
        return read_dockerfile(image.dockerfile, image.target, root, image.args)
    build: Mapping[str, Any] = definition.get("build") or {}
    context, target = str(build.get("context", "")), str(build.get("target", ""))
    if "dockerfile_inline" in build:
        return parse_dockerfile(str(build["dockerfile_inline"]), target)
    if not context or "://" in context:
        return DockerfileFacts()
    return read_dockerfile(Path(context, str(build.get("dockerfile", "Dockerfile"))), target, root)


def _awaited_ends(definitions: Mapping[str, Any]) -> dict[str, str]:
    """Services that another one waits to complete, with the first that does."""
    awaited: dict[str, str] = {}
    for name, definition in definitions.items():
        for dependency, how in definition.get("depends_on", {}).items():
            if how and how.get("condition") == "service_completed_successfully":
                awaited.setdefault(dependency, name)
    return awaited


def _is_helper(definition: Mapping[str, Any]) -> bool:
    """Whether it runs once, or backs up and watches others: beside it, whoever writes to a volume is alone with it."""
    declared = definition.get("x-fairlead")
    said = declared.get("role") if isinstance(declared, Mapping) else None
    return (
        runs_once(definition) or is_ops_image(str(definition.get("image", "")))
        if said is None
        else said in {"job", "ops"}
    )


def _shared_volumes(
    definitions: Mapping[str, Any], binds: Mapping[str, Mapping[str, Bind]]
) -> frozenset[str]:
    """The volumes, and the folders of data, that several of these services mount."""
    users: dict[str, set[str]] = {}
    for name, definition in definitions.items():
        for mount in definition.get("volumes", ()):
            bind = binds.get(name, {}).get(str(mount.get("target", "")))
            if mount.get("type") == "volume" and mount.get("source"):
                users.setdefault(mount["source"], set()).add(name)
            elif bind is None or bind.kind == "data":
                users.setdefault(str(mount.get("source")) if bind is None else bind.source, set()).add(name)
    return frozenset(volume for volume, names in users.items() if len(names) > 1)


def _host_folders(definitions: Mapping[str, Any], binds: Mapping[str, Mapping[str, Bind]]) -> Iterator[str]:
    """The folders of the server, outside the repository, in which somebody may keep data."""
    for name, definition in definitions.items():
        for mount in definition.get("volumes", ()):
            source = str(mount.get("source") or "")
            is_host = mount.get("type") == "bind" and str(mount.get("target", "")) not in binds.get(name, {})
            if (
                is_host
                and not source.endswith(".sock")
                and not any(is_below(source, one) for one in _NO_DATA)
            ):
                yield source


def _release_volumes(volumes: Any) -> frozenset[str]:
    if not isinstance(volumes, Mapping) or "release" not in str(volumes):
        return frozenset()
    from fairlead.app.together import release_volumes

    return release_volumes(volumes)


def _imports_switch(definition: Mapping[str, Any], root: Path, read: Callable[[Path], str]) -> bool:
    """Whether a file of the repository that the service mounts says ``import switch``."""
    return any(
        line.split()[:2] in (["import", "switch"], ["import", "switch-h2c"])
        for text in _mounted_texts(definition, root, read)
        if "import" in text
        for line in text.splitlines()
    )


def _mounted_texts(definition: Mapping[str, Any], root: Path, read: Callable[[Path], str]) -> Iterator[str]:
    """The small files of the repository that the service mounts."""
    for mount in definition.get("volumes", ()):
        source = str(mount.get("source") or "")
        # What lies elsewhere is the server's, and is not looked for here.
        if mount.get("type") != "bind" or not is_below(source, str(root)):
            continue
        is_folder = os.path.isdir(source)  # noqa: PTH112 - never raises
        yield read(Path(source, "Caddyfile") if is_folder else Path(source))
