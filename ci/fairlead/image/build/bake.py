"""The bake definition: what ``docker buildx bake`` is asked to build, made from settings and a commit alone.

Reference: https://docs.docker.com/build/bake/reference/
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fairlead.errors import InputError
from fairlead.identity import Identity
from fairlead.image.build.cache import CachePlan, plan_cache
from fairlead.image.build.given_cache import check_given_caches
from fairlead.image.build.staging import Source
from fairlead.image.build.target import Targets
from fairlead.image.build.trust import Trust
from fairlead.settings.values import Settings

# What buildx itself reads from its variables to reach a cache: https://docs.docker.com/build/cache/backends/
_BACKENDS = {
    "s3": ("AWS_*",),
    "azblob": ("BUILDX_AZURE_*", "AZURE_*"),
}


@dataclass(frozen=True, kw_only=True)
class BuildOptions:
    """How to build, apart from what fairlead.yaml says.

    Attributes:
        no_cache: run every step again.
        pull: look for newer base images, even if the builder has one of that name.
        sbom: attach an SBOM made by BuildKit's scanner image, which the builder must be able to pull.
        reproducible: give all files of the own layers one time, as ``build.reproducible``.
        trust: which caches it may read and write.
    """

    no_cache: bool = False
    pull: bool = False
    sbom: bool = False
    reproducible: bool = False
    trust: Trust = field(default_factory=Trust)


@dataclass(frozen=True, kw_only=True)
class BakePlan:
    """What will be built.

    Attributes:
        definition: the bake file.
        targets: the name of the bake target, by image.
        layouts: the folder that each image is exported to, by image.
        notes: what the user should know: a cache that can't be used here.
        variables: the names of those that the builder must see: of build secrets, and of the logins of caches.
    """

    definition: Mapping[str, Any]
    targets: Mapping[str, str]
    layouts: Mapping[str, Path]
    notes: tuple[str, ...] = field(default=())
    variables: tuple[str, ...] = field(default=())


def plan_bake(
    settings: Settings,
    identity: Identity,
    sources: Mapping[str, Source],
    *,
    work_dir: Path,
    environ: Mapping[str, str],
    options: BuildOptions | None = None,
) -> BakePlan:
    """Plan the build of every image for every platform.

    Args:
        settings: fairlead.yaml.
        identity: the commit; a dirty tree is named in the labels.
        sources: each image with its Dockerfile.
        work_dir: where layouts go (absolute).
        environ: variables; those of build secrets, of caches and ``FAIRLEAD_BUILD_CONTEXTS`` count.
        options: how to build.

    Raises:
        InputError: there is no image, no registry is known, a build secret is not there, or a cache is not allowed.
    """
    options = options or BuildOptions()
    if not settings.images:
        raise InputError(
            "there is no image to build",
            why=f"{settings.document.path} has no images:, and no service of the compose files has a build:",
            fix="add build: to a service, or images: {api: {dockerfile: Dockerfile}}",
        )
    check_given_caches(settings.build.cache)
    names = {name: target_name(name) for name in settings.images}
    layouts = {name: work_dir / "images" / name for name in settings.images}
    caches = {name: plan_cache(settings, name, environ, options.trust) for name in sources}
    targets = Targets(settings, identity, options, work_dir, environ)
    definitions = {
        names[name]: targets.define(name, source, caches[name], layouts[name])
        for name, source in sources.items()
    }
    definition = {"group": {"default": {"targets": list(names.values())}}, "target": definitions}
    notes = dict.fromkeys(note for cache in caches.values() for note in cache.notes)
    return BakePlan(
        definition=definition,
        targets=names,
        layouts=layouts,
        notes=tuple(notes),
        variables=plan_variables(settings, caches.values()),
    )


def plan_variables(settings: Settings, caches: Iterable[CachePlan]) -> tuple[str, ...]:
    """The names of the variables that a build asks for: its secrets, and the logins of its caches' backends."""
    own = (secret for image in settings.images.values() for secret in image.secrets)
    secrets = [secret.env for secret in (*settings.build.secrets, *own) if secret.env]
    words = {word for plan in caches for given in (*plan.sources, *plan.targets) for word in given.split(",")}
    return (
        *secrets,
        *(name for kind, names in _BACKENDS.items() if f"type={kind}" in words for name in names),
    )


def bake_argv(buildx: Path, definition: Path, *, builder: str = "") -> tuple[str, ...]:
    """The command that builds a definition. Plain progress: one line an event, told by ``progress.py``."""
    chosen = ("--builder", builder) if builder else ()
    return (str(buildx), "bake", *chosen, "--progress", "plain", "--file", str(definition))


def target_name(image: str) -> str:
    """The bake target of an image. Bake allows no dot, an image name no double underscore."""
    return image.replace(".", "__")
