"""Publish what passed the scan: by digest, all platforms, the index last; a tag of a commit never moves."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from fairlead.errors import CommandFailedError, InputError, ScanRefusedError
from fairlead.findings import Finding
from fairlead.identity import is_ancestor
from fairlead.image.build.tags import REVISION_LABEL, Move, Present, commit_tag, decide_move, plan_tags
from fairlead.image.built import built_layout
from fairlead.image.documents import (
    PUBLISH_NAME,
    BuildDocument,
    BuiltImage,
    PublishDocument,
    PublishedImage,
    ScanDocument,
    write_document,
)
from fairlead.image.kept import keep_inventory
from fairlead.image.oci.layout import image_sizes, verify_blobs
from fairlead.image.oci.manifests import UnfitError, foreign_parts
from fairlead.image.registry.client import Registry, Resolved, open_registry
from fairlead.image.registry.credentials import registry_host
from fairlead.image.registry.transfer import push_layout
from fairlead.image.scan.verdict import expired_ignores, policy_hash
from fairlead.parallel import each
from fairlead.report import Reporter
from fairlead.settings.values import Settings

_SIDE_BY_SIDE = 4


@dataclass(frozen=True, kw_only=True)
class PublishOptions:
    """What the caller asks for: more tags, and tags that move wherever they point now.

    ``pull_request``: the number of the pull request that this is a build of; 0 where it is none.
    """

    image_tags: tuple[str, ...] = ()
    force_tags: tuple[str, ...] = ()
    pull_request: int = 0


@dataclass(frozen=True)
class _Pushed:
    """An image in the registry under its SHA tag. ``is_new``: this run put it there; ``sizes``: in bytes, by platform."""

    name: str
    repository: str
    digest: str
    platforms: Mapping[str, str]
    is_new: bool
    sizes: Mapping[str, int]


def check_publishable(build: BuildDocument, scan: ScanDocument, settings: Settings, now: float) -> None:
    """Whether each image has a passing verdict of the current policy for the very digest that was built.

    Raises:
        InputError: files differed from the commit.
        ScanRefusedError: an image has no such verdict: all of them as findings.
    """
    if build.dirty:
        raise InputError(
            f"files differed from the commit {build.revision[:12]} when it was built",
            why=", ".join(build.dirty_files[:10]),
            fix="commit or remove them, then build and scan again",
        )
    findings = [
        Finding(f"{name}: {fault}")
        for name, image in build.images.items()
        for fault in _faults(name, image, scan, settings)
    ]
    findings += [Finding(fault) for fault in _scan_faults(scan, settings, now)]
    if findings:
        raise ScanRefusedError(
            "there is no passing verdict for what was built",
            why=f"{len(findings)} {'reason' if len(findings) == 1 else 'reasons'} given",
            fix="run `fairlead scan` again; it tells what to do about an image that it refuses",
            findings=tuple(findings),
        )


def run_publish(
    settings: Settings,
    build: BuildDocument,
    scan: ScanDocument,
    *,
    work_dir: Path,
    environ: Mapping[str, str],
    options: PublishOptions,
    reporter: Reporter,
) -> PublishDocument:
    """Publish every image, and write ``publish.json``. What is there already is not touched.

    Raises:
        InputError: a dirty build, or a tag that cannot be one.
        ScanRefusedError: an image has no passing verdict.
        CommandFailedError: the registry does not answer or refuses; the SHA tag names another image.
    """
    check_publishable(build, scan, settings, time.time())
    commit = commit_tag(build.revision, options.pull_request)
    tags = plan_tags(build, (*options.image_tags, *options.force_tags), commit)
    host = registry_host(settings.repository_of(next(iter(build.images))))
    registry = open_registry(host, environ)
    with reporter.step(f"publish {commit}"):
        pushed = _push_all(registry, settings, build, commit, work_dir)
    for image in pushed:
        reporter.line(f"{image.name}: {'published' if image.is_new else 'is there already'} {image.digest}")
    # A signature belongs here: the digest can be pulled, and no tag that people follow names it yet.
    published = {
        image.name: _with_tags(registry, settings, build, image, tags, options, reporter) for image in pushed
    }
    with reporter.step("keep what the scan has found"):
        for name, why in _keep(registry, published, scan, work_dir):
            reporter.warn(f"{name}: what its scan has found is not kept beside it: {why}")
    document = PublishDocument(
        app=build.app, revision=build.revision, revision_time=build.revision_time, images=published
    )
    write_document(work_dir / PUBLISH_NAME, document)
    return document


def _keep(
    registry: Registry, published: Mapping[str, PublishedImage], scan: ScanDocument, work_dir: Path
) -> list[tuple[str, str]]:
    """The images of which nothing could be kept, each with the reason."""
    database = scan.database_updated_at or ""
    ended = each(
        lambda name: keep_inventory(registry, published[name], scan.images[name], database, work_dir),
        published,
        at_once=_SIDE_BY_SIDE,
    )
    return [(name, why) for name, why in zip(published, ended, strict=True) if why]


def _faults(name: str, image: BuiltImage, scan: ScanDocument, settings: Settings) -> list[str]:
    scanned = scan.images.get(name)
    if scanned is None:
        return ["it was not scanned"]
    faults = []
    if scanned.digest != image.digest:
        faults.append(f"the scan is of {scanned.digest}, built was {image.digest}")
    if scanned.reasons:
        faults.append(f"the scan refuses it: {scanned.reasons[0].message}")
    missing = [
        platform
        for platform in {**dict.fromkeys(settings.platforms), **image.platforms}
        if platform not in scanned.platforms
    ]
    if missing:
        faults.append(f"{', '.join(missing)} was not scanned")
    return faults


def _scan_faults(scan: ScanDocument, settings: Settings, now: float) -> list[str]:
    faults = []
    if scan.policy != policy_hash(settings.scan):
        faults.append("the verdict is of another policy than fairlead.yaml has now")
    age = now - datetime.fromisoformat(scan.scanned_at).timestamp()
    if age > settings.scan.database_max_age:
        faults.append(f"the verdict is {age / 3600:.0f} h old, older than the database may be")
    faults += [
        f"the exception for {entry.id} was good until {entry.until}"
        for entry in expired_ignores(settings.scan, now)
    ]
    return faults


def _push_all(
    registry: Registry, settings: Settings, build: BuildDocument, commit: str, work_dir: Path
) -> list[_Pushed]:
    """Put every image under the tag of the commit before any tag moves."""
    return each(
        lambda item: _push(registry, settings, commit, *item, work_dir=work_dir),
        build.images.items(),
        at_once=_SIDE_BY_SIDE,
        fail_fast=True,
    )


def _push(
    registry: Registry,
    settings: Settings,
    commit: str,
    name: str,
    image: BuiltImage,
    *,
    work_dir: Path,
) -> _Pushed:
    repository = settings.repository_of(name)
    reference = f"{repository}:{commit}"
    layout = built_layout(name, image, work_dir)
    present, sizes = registry.read(reference), image_sizes(layout)
    if present is None:
        verify_blobs(layout)
        push_layout(registry, layout, reference)
        present = registry.read(reference)
        if present is None or present.data != layout.data:
            raise CommandFailedError(
                f"the registry does not hold what was pushed as {reference}",
                why=f"pushed {image.digest}, it has {present.digest if present else 'nothing'}",
                fix="another job may have pushed the same commit: run the same command again",
            )
        return _Pushed(name, repository, image.digest, image.platforms, is_new=True, sizes=sizes)
    fault = foreign_fault(present, image)
    if fault:
        raise _other_image(reference, present.digest, image.digest, fault)
    return _Pushed(name, repository, present.digest, image.platforms, is_new=False, sizes=sizes)


def foreign_fault(present: Resolved, image: BuiltImage) -> str:
    """Why what a tag names is not this image; empty if it is.

    Attestations may differ where builders do; the images that they are about are those which the scan has passed,
    and there is no other entry that an engine could run.
    """
    if present.digest == image.digest:
        return ""
    try:
        return foreign_parts(present.as_index(), image.platforms)
    except UnfitError as error:
        return str(error)


def _other_image(reference: str, published: str, built: str, fault: str) -> CommandFailedError:
    return CommandFailedError(
        f"{reference} already names another image",
        why=f"published is {published}, built was {built}: {fault}; the tag of a commit never moves",
        fix="deploy what is published, or make a new commit; `fairlead build --reproducible` makes rebuilds equal",
    )


def _with_tags(
    registry: Registry,
    settings: Settings,
    build: BuildDocument,
    image: _Pushed,
    tags: tuple[str, ...],
    options: PublishOptions,
    reporter: Reporter,
) -> PublishedImage:
    held = [commit_tag(build.revision, options.pull_request)]
    for tag in tags:
        move = _move(registry, settings, build, image, tag, is_forced=tag in options.force_tags)
        if move.action == "set":
            registry.tag(f"{image.repository}@{image.digest}", f"{image.repository}:{tag}")
            reporter.line(f"{image.name}: {tag} ({move.why})")
        elif move.action == "keep":
            text = f"{image.name}: the tag {tag} stays where it is: {move.why}"
            if move.is_expected:
                reporter.line(text)
            else:
                reporter.warn(f"{text}; --force-tag {tag} moves it")
        if move.action != "keep":
            held.append(tag)
    return PublishedImage(
        repository=image.repository,
        digest=image.digest,
        tags=tuple(held),
        platforms=image.platforms,
        sizes=image.sizes,
    )


def _one_of(found: Resolved, platforms: Sequence[str]) -> str:
    """A platform of what a tag names: the app may have been built for others when the tag was given."""
    try:
        there = tuple(found.as_index().digests)
    except UnfitError:
        there = ()
    return next((name for name in platforms if name in there), (*there, *platforms)[0])


def _move(
    registry: Registry,
    settings: Settings,
    build: BuildDocument,
    image: _Pushed,
    tag: str,
    *,
    is_forced: bool,
) -> Move:
    reference = f"{image.repository}:{tag}"
    found = registry.read(reference)
    present = None
    is_ahead = is_behind = None
    if found is not None:
        revision = ""
        if found.digest != image.digest and not is_forced:
            platform = _one_of(found, settings.platforms or tuple(image.platforms))
            revision = registry.read_labels(reference, platform).get(REVISION_LABEL, "")
        if revision and revision != build.revision:
            is_ahead = is_ancestor(settings.root, revision, build.revision)
            is_behind = is_ancestor(settings.root, build.revision, revision)
        present = Present(digest=found.digest, revision=revision)
    return decide_move(
        present,
        digest=image.digest,
        revision=build.revision,
        is_ahead=is_ahead,
        is_behind=is_behind,
        is_forced=is_forced,
    )
