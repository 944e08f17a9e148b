"""Build every image for every platform with one bake, and leave an OCI layout of each."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from fairlead import files, passed, process
from fairlead.errors import CommandFailedError, InputError
from fairlead.host.wire.machine import own_platform
from fairlead.identity import Identity
from fairlead.image.build.absent import refuse_absent
from fairlead.image.build.asked import asked_of, is_on_loopback
from fairlead.image.build.bake import BakePlan, BuildOptions, bake_argv, plan_bake
from fairlead.image.build.cache import fresh_cache, local_cache
from fairlead.image.build.dockerfile import parse_dockerfile
from fairlead.image.build.explain import explain_build_failure
from fairlead.image.build.platforms import settle_platforms
from fairlead.image.build.progress import Progress, emulated_seconds, heading_of, parse_progress
from fairlead.image.build.provenance import read_bases, settle_bases, settle_provenance
from fairlead.image.build.secrets import redact_build_secrets
from fairlead.image.build.staging import STAGED, Source, load_ignore, plan_staging, write_staging
from fairlead.image.build.taken import is_taken_from_registry, take_published
from fairlead.image.build.target import secrets_of
from fairlead.image.build.withheld import find_withheld, named_files, refuse_withheld, tell_withheld
from fairlead.image.documents import (
    BUILD_NAME,
    BuildDocument,
    BuiltImage,
    write_document,
)
from fairlead.image.oci.layout import Layout, drop_other_blobs, prepare_layout, read_layout
from fairlead.image.registry.credentials import (
    docker_config,
    login_variables,
    read_credentials,
    registry_host,
)
from fairlead.image.workdir import prepare_work_dir
from fairlead.origin import refuse_tracked_repository
from fairlead.positions import shown_path
from fairlead.report import Reporter
from fairlead.report.redact import masked
from fairlead.settings.values import Settings
from fairlead.tools.builder import IMAGE_VARIABLE
from fairlead.tools.locate import locate
from fairlead.tools.own_builder import Buildx, choose_builder

# Bake of buildx 0.19 and newer asks for leave to read a secret or write an archive outside of the folder
# that it runs in. The definition is ours: there is nobody to ask.
_ENVIRONMENT: Mapping[str, str | None] = {"BUILDX_BAKE_ENTITLEMENTS_FS": "0", "BUILDX_GIT_LABELS": None}
_MORE_EXPORTS = 3


def load_sources(settings: Settings, environ: Mapping[str, str]) -> dict[str, Source]:
    """Read the Dockerfile of each image.

    Args:
        environ: may name the folder with secrets.

    Raises:
        InputError: one is not there, or a submodule or file of Git LFS that the image is built from; or one takes what
            no image may have.
    """
    sources = {}
    named = named_files(settings, environ)
    for name, image in settings.images.items():
        # The builder asks git there which commit it is.
        refuse_tracked_repository(image.context)
        refuse_tracked_repository(image.dockerfile.parent)
        try:
            path = files.inside(image.dockerfile) if not image.inline else image.dockerfile
            text = image.inline or path.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError as error:
            raise InputError(
                f"the Dockerfile {shown_path(image.dockerfile)} of the image {name} is not there",
                fix=f"write it, or name another one: images: {{{name}: {{dockerfile: …}}}}",
            ) from error
        ignore = load_ignore(image)
        refuse_absent(image, ignore)
        dockerfile, withheld = parse_dockerfile(text), find_withheld(image.context, named)
        refuse_withheld(image, dockerfile, withheld, named)
        sources[name] = Source(image, dockerfile, ignore, withheld)
    return sources


def load_plan(
    settings: Settings,
    identity: Identity,
    sources: Mapping[str, Source],
    *,
    work_dir: Path,
    environ: Mapping[str, str],
    options: BuildOptions,
) -> BakePlan:
    """The plan that ``--dry-run`` prints and ``run_build`` runs."""
    return plan_bake(
        settle_platforms(settings),
        identity,
        sources,
        work_dir=work_dir.absolute(),
        environ=environ,
        options=options,
    )


def run_build(
    settings: Settings,
    identity: Identity,
    *,
    work_dir: Path,
    environ: Mapping[str, str],
    options: BuildOptions,
    reporter: Reporter,
) -> BuildDocument:
    """Build what is not published for the commit yet, and write ``build.json``.

    Raises:
        InputError: a Dockerfile or a build secret is missing or wrong.
        ToolMissingError: buildx is missing.
        CommandFailedError: the engine does not answer, a step failed, a platform is missing.
    """
    if not settings.platforms:
        reporter.line(
            f"for {own_platform()}, as this machine is; where servers are of another kind, or of several, "
            "name them: `platforms: [linux/amd64, linux/arm64]` in fairlead.yaml"
        )
    settings = settle_platforms(settings)
    sources = load_sources(settings, environ)
    plan = load_plan(settings, identity, sources, work_dir=work_dir, environ=environ, options=options)
    for note in plan.notes:
        reporter.warn(note)
    kept_out = tell_withheld([one.withheld for one in sources.values() if one.withheld])
    if kept_out:
        reporter.line(kept_out)
    if identity.dirty:
        reporter.warn(_dirty_warning(identity))
    prepare_work_dir(work_dir)
    taken = {}
    if is_taken_from_registry(settings, identity, options):
        taken = take_published(
            settings, identity, plan.layouts, environ=environ, options=options, reporter=reporter
        )
    built = _Built()
    if len(taken) < len(settings.images):
        rest = replace(
            settings, images={name: image for name, image in settings.images.items() if name not in taken}
        )
        built = _build_images(
            rest, identity, sources, work_dir=work_dir, environ=environ, options=options, reporter=reporter
        )
    document = _document(settings, identity, taken, built)
    write_document(work_dir / BUILD_NAME, document)
    return document


@dataclass(frozen=True)
class _Built:
    """The images that this run has built, and the platforms on which each of them was emulated."""

    layouts: Mapping[str, Layout] = field(default_factory=dict)
    emulated: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def _build_images(
    settings: Settings,
    identity: Identity,
    every_source: Mapping[str, Source],
    *,
    work_dir: Path,
    environ: Mapping[str, str],
    options: BuildOptions,
    reporter: Reporter,
) -> _Built:
    sources = {name: every_source[name] for name in settings.images}
    plan = load_plan(settings, identity, sources, work_dir=work_dir, environ=environ, options=options)
    for folder in plan.layouts.values():
        prepare_layout(folder)
    count = f"{len(plan.targets)} {'image' if len(plan.targets) == 1 else 'images'}"
    with reporter.step(f"build {count} for {', '.join(settings.platforms)}"):
        lines = _run_bake(plan, settings, sources, work_dir=work_dir, environ=environ, reporter=reporter)
    layouts = {name: _take_layout(identity.source_url, folder) for name, folder in plan.layouts.items()}
    _renew_local_caches(settings)
    return _Built(layouts, _emulated(settings, sources, parse_progress(lines), reporter))


def _run_bake(
    plan: BakePlan,
    settings: Settings,
    sources: Mapping[str, Source],
    *,
    work_dir: Path,
    environ: Mapping[str, str],
    reporter: Reporter,
) -> tuple[str, ...]:
    files.renew_folder(work_dir / STAGED)
    for source in sources.values():
        staging = plan_staging(source, work_dir.absolute())
        if staging is not None:
            write_staging(source.image, staging)
    for source in sources.values():
        redact_build_secrets(secrets_of(settings, source.image), environ)
    definition = work_dir.absolute() / "bake.json"
    files.write(definition, json.dumps(plan.definition, indent=2))
    host = registry_host(settings.repository_of(next(iter(settings.images))))
    lines: list[str] = []

    def follow(line: str) -> None:
        lines.append(line)
        heading = heading_of(line)
        if heading:
            reporter.progress(heading)

    logins = (*passed.ENGINE, *passed.BUILDER, *login_variables(environ))
    also = (*logins, *plan.variables)
    with docker_config(read_credentials(host, environ), environ) as login:
        env = {**_ENVIRONMENT, **login}
        # Who makes a builder sees no secret of the build.
        buildx = Buildx(locate("buildx"), env, logins)
        builder = _choose_builder(buildx, plan, environ, reporter)
        argv = bake_argv(buildx.path, definition, builder=builder)

        def bake() -> process.Completed:
            lines.clear()
            return process.stream(argv, follow, env=env, also=also, cwd=settings.root, check=False)

        done = bake()
        for _ in range(_MORE_EXPORTS):
            if done.ok or not parse_progress(lines).clashed:
                break
            done = bake()
    files.write(work_dir / "build.log", masked("\n".join(lines)) + "\n", mode=0o600)
    if not done.ok:
        by_target = {plan.targets[name]: source for name, source in sources.items()}
        raise explain_build_failure(lines, by_target)
    return tuple(lines)


def _choose_builder(buildx: Buildx, plan: BakePlan, environ: Mapping[str, str], reporter: Reporter) -> str:
    """The builder for a plan, told where it is one of our own; empty for the one that buildx takes."""
    chosen = choose_builder(
        buildx,
        asked_of(plan.definition),
        engine=environ.get("DOCKER_HOST", ""),
        image=environ.get(IMAGE_VARIABLE, ""),
        on_loopback=is_on_loopback(plan.definition),
    )
    if chosen.remark:
        reporter.line(chosen.remark)
    return chosen.name


def _take_layout(source_url: str, folder: Path) -> Layout:
    layout = settle_provenance(read_layout(folder), source_url)
    drop_other_blobs(layout)
    return layout


def _renew_local_caches(settings: Settings) -> None:
    """Put the local caches that were just written in the place of the old ones."""
    for image in settings.images:
        folder = files.settled(local_cache(settings.app, image))
        fresh = fresh_cache(folder)
        if not fresh.is_dir():
            continue
        old = folder.with_name(f"{folder.name}.old")
        with contextlib.suppress(FileNotFoundError):
            files.move(folder, old)
        files.move(fresh, folder)
        files.remove(old)


def _emulated(
    settings: Settings, sources: Mapping[str, Source], progress: Progress, reporter: Reporter
) -> dict[str, tuple[str, ...]]:
    """The platforms that were emulated, by image; each is told, with what it cost and where."""
    native = own_platform()
    foreign = tuple(name for name in settings.platforms if name != native)
    emulated: dict[str, tuple[str, ...]] = {}
    for name, source in sources.items():
        steps = source.dockerfile.runs_on_target(source.image.target)
        emulated[name] = foreign if steps else ()
        if not steps or not foreign:
            continue
        seconds = emulated_seconds(progress, native, frozenset(step.text for step in steps))
        lines = ", ".join(str(step.line) for step in steps)
        cost = f"it took {seconds:.1f} s" if seconds else "this time they came from the cache"
        reporter.warn(
            f"{shown_path(source.image.dockerfile)}: the RUN of line {lines} is emulated for {', '.join(foreign)}; "
            f"{cost}. A stage `FROM --platform=$BUILDPLATFORM` needs no emulation."
        )
    return emulated


def _document(
    settings: Settings,
    identity: Identity,
    taken: Mapping[str, Layout],
    built: _Built,
) -> BuildDocument:
    for name, layout in built.layouts.items():
        missing = [wanted for wanted in settings.platforms if wanted not in layout.platforms]
        if missing:
            raise CommandFailedError(
                f"the image {name} was not built for {', '.join(missing)}",
                why=f"the builder made {', '.join(layout.platforms) or 'nothing'}",
            )
    # A base may have moved since the other ones were published.
    bases = {
        **settle_bases({name: read_bases(layout) for name, layout in taken.items()}),
        **settle_bases({name: read_bases(layout) for name, layout in built.layouts.items()}),
    }
    layouts = {name: taken.get(name) or built.layouts[name] for name in settings.images}
    return BuildDocument(
        app=settings.app,
        revision=identity.revision,
        revision_time=identity.revision_time,
        dirty_files=identity.dirty_files,
        branch=identity.branch,
        git_tags=identity.tags,
        created_at=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        images={
            name: BuiltImage(
                repository=settings.repository_of(name),
                layout=f"images/{name}",
                digest=layout.digest,
                platforms=layout.digests,
                emulated=built.emulated.get(name, ()),
                bases=bases[name],
            )
            for name, layout in layouts.items()
        },
    )


def _dirty_warning(identity: Identity) -> str:
    shown = ", ".join(identity.dirty_files[:5])
    more = f" and {len(identity.dirty_files) - 5} more" if len(identity.dirty_files) > 5 else ""
    return f"files differ from the commit: {shown}{more}; what is built of them cannot be published"
