"""Where the build cache is read from and written to, as buildx wants to be told.

Reference: https://docs.docker.com/build/cache/backends/
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fairlead.settings.values import Settings
from fairlead.tools.cache import cache_dir

# What the runner hands to actions, and not to steps that only run a command.
_GITHUB_VARIABLES = ("ACTIONS_RUNTIME_TOKEN",)


@dataclass(frozen=True, kw_only=True)
class CachePlan:
    """Buildx specifications to read from and to write to; ``notes``: what could not be used, and why."""

    sources: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def plan_cache(settings: Settings, image: str, environ: Mapping[str, str]) -> CachePlan:
    """The cache of one image.

    Where fairlead.yaml says nothing: the registry in CI, whose machines are thrown away; elsewhere the
    builder's own. A cache that can't be written never fails a build.
    """
    wanted = settings.build.cache
    if not wanted and environ.get("CI") == "true":
        wanted = ("registry",)
    plans = [_plan(entry, settings, image, environ) for entry in wanted]
    return CachePlan(
        sources=tuple(source for plan in plans for source in plan.sources),
        targets=tuple(target for plan in plans for target in plan.targets),
        notes=tuple(note for plan in plans for note in plan.notes),
    )


def local_cache(app: str, image: str) -> Path:
    """The folder of the local cache of an image."""
    return cache_dir() / "build" / app / image


def fresh_cache(folder: Path) -> Path:
    """Where a build writes the local cache anew; it takes the old one's place afterwards, which only grows."""
    return folder.with_name(f"{folder.name}.new")


def _plan(entry: str, settings: Settings, image: str, environ: Mapping[str, str]) -> CachePlan:
    if entry == "registry":
        reference = f"type=registry,ref={settings.repository_of(image)}:buildcache"
        # An image manifest, because not every registry takes the index of layers that is the default.
        written = f"{reference},mode=max,image-manifest=true,oci-mediatypes=true,ignore-error=true"
        return CachePlan(sources=(reference,), targets=(written,))
    if entry == "gha":
        if not all(environ.get(name) for name in _GITHUB_VARIABLES):
            note = "the cache `gha` is left out: GitHub hands its address to actions only (use the action `setup`)"
            return CachePlan(notes=(note,))
        scope = f"type=gha,scope={settings.app}-{image}"
        return CachePlan(sources=(scope,), targets=(f"{scope},mode=max,ignore-error=true",))
    if entry == "local":
        folder = local_cache(settings.app, image)
        written = f"type=local,dest={fresh_cache(folder)},mode=max"
        return CachePlan(sources=(f"type=local,src={folder}",), targets=(written,))
    return _plan_given(entry)


def _plan_given(specification: str) -> CachePlan:
    """A specification of the user's: read and written, unless it names one direction only."""
    keys = {field.partition("=")[0] for field in specification.split(",")}
    if "type=inline" in specification.split(",") or "dest" in keys:
        return CachePlan(targets=(specification,))
    if "src" in keys:
        return CachePlan(sources=(specification,))
    mode = "" if "mode" in keys else ",mode=max"
    ignore = "" if "ignore-error" in keys else ",ignore-error=true"
    return CachePlan(sources=(specification,), targets=(f"{specification}{mode}{ignore}",))
