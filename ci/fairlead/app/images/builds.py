"""What a service's `build:` says is what is built: the images of an app, from its compose files and fairlead.yaml.

fairlead.yaml only adds: a name for the image, where it is published, arguments that the compose file does not give.
Where both name the same thing, and differently, neither can be meant: a fault that names both places.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from fairlead.app.clean import clean_service
from fairlead.app.images.known import repository_of
from fairlead.app.images.own import own_image
from fairlead.findings import Finding
from fairlead.positions import shown_path
from fairlead.quick.records import replace
from fairlead.settings.images import BuildSecret, ImageSettings
from fairlead.settings.values import Settings
from fairlead.sources import (
    LAYOUT,
    SourceRefusedError,
    context_paths,
    is_elsewhere,
    is_withheld,
    resolve_source,
)
from fairlead.sources import repository_of as repository_root

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fairlead.composefile.loader import Model
    from fairlead.positions import ValuePath

_CARRIED = frozenset(
    {
        *("context", "dockerfile", "dockerfile_inline", "target", "args", "additional_contexts"),
        *("secrets", "ssh", "labels", "network", "extra_hosts", "shm_size"),
        # Whether to look for newer base images is said by who builds: --pull, --no-cache.
        *("pull", "no_cache"),
        # Fairlead's own: platforms, caches, tags and attestations of all images.
        *("platforms", "cache_from", "cache_to", "tags", "provenance", "sbom"),
    }
)
_NAME = re.compile(r"[a-z0-9]+([._-][a-z0-9]+)*")
_REMOTE = re.compile(r"[a-z+]+://|git@|[\w.-]+\.[a-z]+/", re.IGNORECASE)
_INLINE = "dockerfile_inline"
_BOTH = ("dockerfile", "context", "target")


def settle_images(
    settings: Settings, model: Model, services: Collection[str] | None = None
) -> tuple[Settings, tuple[Finding, ...]]:
    """The settings with the images that the services' ``build:`` make, and what can't be meant. Pure.

    Args:
        settings: fairlead.yaml.
        model: the compose files, loaded. Parts of the wrong type are passed over: the schema tells them.
        services: those that count; all, if nothing is said.
    """
    settler = _Settler(settings, model)
    for name, definition in _services(model):
        if isinstance(definition.get("build"), Mapping) and (services is None or name in services):
            settler.add(name, definition)
    return replace(settings, images=settler.images), tuple(settler.faults)


def foreign_sources(settings: Settings, model: Model) -> tuple[Finding, ...]:
    """What a ``build:`` names that is not the repository's, or a variable that is somebody else's secret."""
    homes = [repository_root(str(settings.root))]
    found: list[Finding] = []
    for image in settings.images.values():
        service = image.services[0] if image.services else image.name
        place = model.location(("services", service, "build"), key=True)
        for path in _paths(image):
            try:
                resolve_source(path, homes)
            except SourceRefusedError as error:
                what = f"the build of {service} takes {path}, which is no source: {error}"
                found.append(Finding(what, place, "name what is in the repository", "foreign-source"))
        for secret in image.secrets:
            if secret.env and is_withheld(secret.env):
                what = f"the build of {service}: {secret.env} is Fairlead's, the CI's or a tool's own, not the repository's to give away"
                fix = "hand the value over under a name of its own"
                found.append(Finding(what, place, fix, "foreign-source"))
    return tuple(found)


def missing_dockerfiles(settings: Settings, model: Model) -> Iterator[Finding]:
    """Images of a ``build:`` whose Dockerfile is not there: found before anything is built or judged by it."""
    homes = [repository_root(str(settings.root))]
    built = {name for name, definition in _services(model) if isinstance(definition.get("build"), Mapping)}
    for image in settings.images.values():
        service = next((name for name in (*image.services, image.name) if name in built), "")
        if service and not image.inline and _is_missing(image.dockerfile, homes):
            place = model.location(("services", service, "build"), key=True)
            what = f"{service}: the Dockerfile {shown_path(image.dockerfile)} is not there"
            yield Finding(what, place, "write it, or name another one: build: {dockerfile: …}", "model")


def _is_missing(path: Path, homes: Collection[str]) -> bool:
    """Whether it should be in the repository, and is not; who may look elsewhere is not asked here."""
    try:
        return not Path(resolve_source(str(path), homes)).exists()
    except SourceRefusedError:
        return False


def _paths(image: ImageSettings) -> Iterator[str]:
    yield str(image.context)
    if not image.inline:
        yield str(image.dockerfile)
    for context in image.contexts.values():
        yield from context_paths(context)
    yield from (path for key in image.ssh for path in key.partition("=")[2].split(",") if path)
    yield from (str(secret.file) for secret in image.secrets if secret.file is not None)


def _services(model: Model) -> Iterator[tuple[str, Mapping[str, Any]]]:
    services = model.value.get("services")
    for name, definition in services.items() if isinstance(services, Mapping) else ():
        if isinstance(definition, Mapping):
            yield str(name), clean_service(definition)


class _Settler:
    """Collects images, one for all services that share a build."""

    def __init__(self, settings: Settings, model: Model) -> None:
        self.settings = settings
        self.model = model
        self.images: dict[str, ImageSettings] = dict(settings.images)
        self.faults: list[Finding] = []
        self.built: dict[str, tuple[str, ImageSettings]] = {}
        """By image: the service that said how it is built, and how."""

    def add(self, service: str, definition: Mapping[str, Any]) -> None:
        """Take the ``build:`` of a service."""
        build: Mapping[str, Any] = definition["build"]
        self._refuse(service, build)
        registry = self.settings.registry
        found = own_image(service, definition, self.settings.images, registry)
        alike = self._alike(build)
        name = found or alike or self._new_name(service, definition)
        image = self._image(name, build)
        first = self.built.setdefault(name, (service, image))
        if first[1] != image:
            what = f"{service} and {first[0]} are both the image {name}, and are built differently"
            place = self.model.location(("services", first[0], "build"), key=True)
            fix = f"the other one stands at {place}; give one of them an image: of another name"
            self._fault((service, "build"), what, fix)
            return
        declared = self.settings.images.get(name)
        if declared is not None:
            self.images[name] = self._merge(service, declared, image)
        else:
            services = (*self.images[name].services, service) if name in self.images else (service,)
            self.images[name] = replace(image, services=services)

    def _alike(self, build: Mapping[str, Any]) -> str:
        """The image of an earlier service that is built in the very same way, and has no name in fairlead.yaml."""
        return next(
            (
                name
                for name, (_, image) in self.built.items()
                if name not in self.settings.images and self._image(name, build) == image
            ),
            "",
        )

    def _new_name(self, service: str, definition: Mapping[str, Any]) -> str:
        """What an image is called that fairlead.yaml does not name: by its ``image:`` below our registry, else by its service."""
        repository = repository_of(str(definition.get("image", "")))
        start = f"{self.settings.registry}/"
        own = (
            repository.removeprefix(start) if self.settings.registry and repository.startswith(start) else ""
        )
        name = (
            own if _NAME.fullmatch(own) else re.sub(r"[^a-z0-9]+", "-", service.lower()).strip("-") or "app"
        )
        while name in self.images and not own:
            name += "-image"
        return name

    def _image(self, name: str, build: Mapping[str, Any]) -> ImageSettings:
        context = Path(self._path(_text(build, "context") or "."))
        inline = _text(build, _INLINE)
        contexts = _texts(build.get("additional_contexts"))
        return ImageSettings(
            name=name,
            dockerfile=context / (_INLINE if inline else _text(build, "dockerfile") or "Dockerfile"),
            context=context,
            target=_text(build, "target"),
            args=_texts(build.get("args")),
            inline=inline,
            contexts={key: self._context(value) for key, value in contexts.items()},
            secrets=tuple(self._secrets(build)),
            ssh=tuple(self._ssh(_plain(key).replace(": ", "=", 1)) for key in _items(build, "ssh")),
            labels=_texts(build.get("labels")),
            network=_text(build, "network"),
            extra_hosts=tuple(map(_plain, _items(build, "extra_hosts"))),
            shm_size=_text(build, "shm_size"),
        )

    def _path(self, path: str) -> str:
        """A path as the builder finds it, which runs in the folder of fairlead.yaml: what is checked is what it opens."""
        return os.path.join(os.path.abspath(self.settings.root), path)  # noqa: PTH100, PTH118 - no import for it

    def _context(self, context: str) -> str:
        if context.startswith(LAYOUT):
            return LAYOUT + self._path(context.removeprefix(LAYOUT))
        return context if is_elsewhere(context) else self._path(context)

    def _ssh(self, key: str) -> str:
        name, found, paths = key.partition("=")
        return f"{name}{found}" + ",".join(self._path(path) if path else "" for path in paths.split(","))

    def _secrets(self, build: Mapping[str, Any]) -> Iterator[BuildSecret]:
        declared = self.model.declared.get("secrets")
        for secret in _items(build, "secrets"):
            if not isinstance(secret, Mapping):
                continue
            source = str(secret.get("source", ""))
            how = declared.get(source) if isinstance(declared, Mapping) else None
            how = how if isinstance(how, Mapping) else {}
            file, variable = _text(how, "file"), _text(how, "environment")
            name = str(secret.get("target") or source)
            path = Path(self._path(file)) if file and not variable else None
            yield BuildSecret(name=name, file=path, env=variable)

    def _merge(self, service: str, declared: ImageSettings, image: ImageSettings) -> ImageSettings:
        """What fairlead.yaml adds to a build; what it says otherwise is a fault."""
        raw = self.settings.document.value
        images = raw.get("images") if isinstance(raw, dict) else None
        given = (images.get(declared.name) if isinstance(images, dict) else None) or {}
        for key in _BOTH:
            ours, theirs = getattr(declared, key), getattr(image, key)
            if key in given and os.path.normpath(str(ours)) != os.path.normpath(str(theirs)):
                self._both(service, declared.name, key, str(ours), str(theirs))
        for name, value in declared.args.items():
            if name in image.args and image.args[name] != value:
                self._both(service, declared.name, f"args.{name}", value, image.args[name])
        for secret in self.settings.build.secrets:
            for other in image.secrets:
                if secret.name == other.name and (secret.file, secret.env) != (other.file, other.env):
                    what = f"{service}: the build secret {other.name} is one thing here, and another in fairlead.yaml"
                    place = self.settings.document.location(("build", "secrets", secret.name), key=True)
                    self._fault((service, "build", "secrets"), what, f"it stands at {place}, too: keep one")
        return replace(
            image,
            args={**declared.args, **image.args},
            services=declared.services,
            repository=declared.repository,
        )

    def _both(self, service: str, image: str, key: str, ours: str, theirs: str) -> None:
        document = self.settings.document
        path = ("images", image, *key.split(".", 1))
        place = document.location(path, key=True)
        if key in ("dockerfile", "context"):
            ours, theirs = shown_path(Path(ours)), shown_path(Path(theirs))
        what = f"{service}: build.{key} is {theirs or '(nothing)'} here, and {ours or '(nothing)'} at {place}"
        self._fault(
            (service, "build", *key.split(".", 1)),
            what,
            "remove one: the build: of a service is what is built",
        )

    def _refuse(self, service: str, build: Mapping[str, Any]) -> None:
        for key in build:
            if key not in _CARRIED and not str(key).startswith("x-"):
                what = f"{service}: build.{key} is not carried over to where images are built for a release"
                self._fault(
                    (service, "build", key),
                    what,
                    "remove it, or build that image yourself and name it by image:",
                )
        if _REMOTE.match(_text(build, "context")):
            what = f"{service}: the build context {_text(build, 'context')} is no folder of the repository"
            self._fault(
                (service, "build", "context"), what, "name a folder, or an image: that is built there"
            )
        for name, context in _texts(build.get("additional_contexts")).items():
            if context.startswith(("service:", "target:")):
                what = f"{service}: build.additional_contexts.{name} is another build ({context}), which is not carried over"
                fix = "copy from a stage of the same Dockerfile"
                self._fault((service, "build", "additional_contexts", name), what, fix)
        if _text(build, "network") not in ("", "default", "none"):
            what = f"{service}: the build runs in the network {_text(build, 'network')} of the machine that builds"
            self._fault((service, "build", "network"), what, "remove it, or say none")

    def _fault(self, path: ValuePath, what: str, fix: str) -> None:
        place = self.model.location(("services", *path), key=True)
        self.faults.append(Finding(what, place, fix, "model"))


def _text(values: Mapping[str, Any], key: str) -> str:
    value = values.get(key)
    return "" if value is None or isinstance(value, (dict, list)) else _plain(value)


def _texts(values: object) -> dict[str, str]:
    """Names with their values; one without a value is the builder's own default, as with Compose."""
    if not isinstance(values, Mapping):
        return {}
    return {str(name): _plain(value) for name, value in values.items() if value is not None}


def _items(values: Mapping[str, Any], key: str) -> list[Any]:
    value = values.get(key)
    return value if isinstance(value, list) else []


def _plain(value: object) -> str:
    """A resolved value as a program gets it: Compose escapes each ``$`` by another one."""
    return str(value).replace("$$", "$")
