"""Where the build cache is read from and written to, as buildx wants to be told.

A step is found in a cache by what it is made of and not by what came out of it, so who may write a cache decides what
others get in their images. The one of the registry is that of the default branch: others read it (``trust``).

Reference: https://docs.docker.com/build/cache/backends/
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fairlead.image.build.trust import Trust
from fairlead.settings.values import Settings
from fairlead.tools.cache import cache_dir

CACHE_TAG = "buildcache"
NONE = "none"


@dataclass(frozen=True, kw_only=True)
class CachePlan:
    """Buildx specifications to read from and to write to; ``notes``: what could not be used, and why."""

    sources: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def plan_cache(settings: Settings, image: str, environ: Mapping[str, str], trust: Trust) -> CachePlan:
    """The cache of one image, as far as its build is trusted with one.

    Where fairlead.yaml says nothing: the registry in CI, whose machines are thrown away; elsewhere the
    builder's own. A cache that can't be written never fails a build.
    """
    if is_uncached(settings, trust):
        return CachePlan()
    wanted = settings.build.cache
    if not wanted and environ.get("CI") == "true":
        wanted = ("registry",)
    plans = [_plan(entry, settings, image, environ, trust) for entry in wanted]
    return CachePlan(
        sources=tuple(source for plan in plans for source in plan.sources if trust.reads),
        targets=tuple(target for plan in plans for target in plan.targets),
        notes=tuple(note for plan in plans for note in plan.notes),
    )


def is_uncached(settings: Settings, trust: Trust) -> bool:
    """Whether nothing that was built before may be taken, not even what the builder itself remembers."""
    return NONE in settings.build.cache or (trust.is_tag and settings.build.tag_cache == NONE)


def local_cache(app: str, image: str) -> Path:
    """The folder of the local cache of an image."""
    return cache_dir() / "build" / app / image


def fresh_cache(folder: Path) -> Path:
    """Where a build writes the local cache anew; it takes the old one's place afterwards, which only grows."""
    return folder.with_name(f"{folder.name}.new")


def _plan(entry: str, settings: Settings, image: str, environ: Mapping[str, str], trust: Trust) -> CachePlan:
    if entry == "registry":
        reference = f"type=registry,ref={settings.repository_of(image)}:{CACHE_TAG}"
        # An image manifest, because not every registry takes the index of layers that is the default.
        written = f"{reference},mode=max,image-manifest=true,oci-mediatypes=true,ignore-error=true"
        return CachePlan(sources=(reference,), targets=(written,) if trust.writes else ())
    own = trust.writes or environ.get("CI") != "true"
    if entry == "local":
        folder = local_cache(settings.app, image)
        written = f"type=local,dest={fresh_cache(folder)},mode=max"
        return CachePlan(sources=(f"type=local,src={folder}",), targets=(written,) if own else ())
    plan = _plan_given(entry)
    is_local = "type=local" in entry.split(",")
    if not plan.targets or trust.writes or (is_local and own):
        return plan
    note = f"the cache {entry} is not written: only builds of the default branch in CI may (or with FAIRLEAD_CACHE_WRITE)"
    return CachePlan(sources=plan.sources, notes=(note,))


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
