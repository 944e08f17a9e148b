"""What is published for a commit already is taken as it is, and not built once more.

A second build of a commit is seldom the same to the byte, and the tag of a commit never moves: a job that runs again,
after a key was mended or for a git tag, would fail once all is built. What is taken is scanned anew like what is built.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from fairlead.errors import FairleadError
from fairlead.identity import Identity
from fairlead.image.build.bake import BuildOptions
from fairlead.image.build.cache import is_uncached
from fairlead.image.build.tags import REVISION_LABEL, commit_tag
from fairlead.image.oci.layout import (
    Layout,
    drop_other_blobs,
    prepare_layout,
    read_json_blob,
    read_layout,
    read_manifest,
    verify_blobs,
)
from fairlead.image.oci.manifests import UnfitError
from fairlead.image.registry.client import Registry, Resolved, open_registry
from fairlead.image.registry.credentials import registry_host
from fairlead.image.registry.transfer import pull_layout
from fairlead.parallel import each
from fairlead.report import Reporter
from fairlead.settings.values import Settings

_SIDE_BY_SIDE = 4


def is_taken_from_registry(settings: Settings, identity: Identity, options: BuildOptions) -> bool:
    """Whether a build may take what is published. Pure.

    Not in place of files that differ from the commit, nor where it is to be built anew. Who must not trust the writers
    of his registry takes no cache of theirs, and no image either.
    """
    is_fresh = options.no_cache or options.pull or is_uncached(settings, options.trust)
    return bool(settings.registry) and not identity.dirty_files and not is_fresh


def take_published(
    settings: Settings,
    identity: Identity,
    folders: Mapping[str, Path],
    *,
    environ: Mapping[str, str],
    options: BuildOptions,
    reporter: Reporter,
) -> dict[str, Layout]:
    """Fetch the images that the registry has for the commit; those that it has not, or of another kind, are to be built.

    A registry that cannot be asked is told in a line: who only builds needs none.

    Args:
        settings: of the app, with its images.
        identity: the commit.
        folders: where the layout of each image is to lie, by image.
        environ: variables; the registry's login is among them.
        options: how it would be built; for whom, too.
        reporter: hears what was taken, and why something was not.
    """
    tag = commit_tag(identity.revision, options.trust.pull_request)
    repositories = {name: settings.repository_of(name) for name in settings.images}
    host = registry_host(next(iter(repositories.values())))
    registry = open_registry(host, environ)
    try:
        found = each(
            lambda name: (name, registry.read(f"{repositories[name]}:{tag}")),
            repositories,
            at_once=_SIDE_BY_SIDE,
        )
    except FairleadError as error:
        reporter.line(f"what is published is not known: {error.what}")
        return {}
    taken = {}
    for name, present in found:
        if present is None:
            continue
        fault = unfit(present, settings.platforms)
        layout = None if fault else _fetch(registry, repositories[name], present, folders[name])
        if layout is not None:
            fault = other_commit(layout, identity.revision)
        if layout is None or fault:
            reporter.warn(f"{name}: {present.reference} is not taken: {fault}")
            continue
        reporter.line(f"{name}: is there already, taken from {present.reference}")
        taken[name] = layout
    return taken


def unfit(present: Resolved, platforms: tuple[str, ...]) -> str:
    """Why what a tag names cannot stand for a build for these platforms; empty if it can. Pure."""
    try:
        there = present.as_index().digests
    except UnfitError as error:
        return f"it was not put there by Fairlead: {error}"
    missing = [name for name in platforms if name not in there]
    return f"it is not for {', '.join(missing)}" if missing else ""


def other_commit(layout: Layout, revision: str) -> str:
    """Why the images of a layout are not of a commit, by their labels; empty if all are."""
    for platform, descriptor in layout.platforms.items():
        config = read_json_blob(layout.folder, read_manifest(layout, descriptor).config.digest)
        labels = (config.get("config") or {}).get("Labels") or {}
        said = str(labels.get(REVISION_LABEL, ""))
        if said != revision:
            return f"its label names {f'the commit {said[:12]}' if said else 'no commit'} ({platform})"
    return ""


def _fetch(registry: Registry, repository: str, present: Resolved, folder: Path) -> Layout:
    prepare_layout(folder)
    pull_layout(registry, present, repository, folder)
    layout = read_layout(folder)
    verify_blobs(layout)
    drop_other_blobs(layout)
    return layout
