"""Why a build failed, in words: the builder's output becomes one error with its place and remedy."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from fairlead.errors import CommandFailedError, FairleadError, InputError
from fairlead.findings import Finding, Location
from fairlead.host.wire.machine import own_platform
from fairlead.image.build.progress import Progress, Step, parse_progress
from fairlead.image.build.staging import Source, staged_name
from fairlead.positions import shown_path

_ENGINE_DOWN = (
    "Cannot connect to the Docker daemon",
    "error during connect",
    "failed to dial",
    "no such host",
)
# In the words of every buildx that will do: an exporter, several platforms, attestations, the export of a cache.
_BUILDER_CANNOT = re.compile(
    r"(?:is|are|currently) not supported (?:for|by) (?:the )?(?:[\w-]+ driver|current (?:BuildKit daemon|buildkitd))"
    r"|multi-node push can't currently be performed"
    r"|does not currently support exporting manifest lists"
)
_NO_BASE = ("failed to resolve source metadata", "pull access denied", "failed to authorize")
_EMULATION_FIX = (
    f"where no server is of that platform: `platforms: [{own_platform()}]` in fairlead.yaml; else have it emulated: "
    "docker/setup-qemu-action before this step in a job, `docker run --privileged --rm tonistiigi/binfmt --install all` "
    "elsewhere; or have nothing of it run: a stage `FROM --platform=$BUILDPLATFORM …` for the RUN, whose result the last "
    "one COPYs"
)


def explain_build_failure(lines: Sequence[str], sources: Mapping[str, Source]) -> FairleadError:
    """The error that tells why ``docker buildx bake`` failed.

    Args:
        lines: all that it printed.
        sources: by bake target.
    """
    progress = parse_progress(lines)
    said = "\n".join((progress.error, *progress.rest))
    if any(mark in said for mark in _ENGINE_DOWN) and progress.failed is None:
        return CommandFailedError(
            "the Docker engine does not answer",
            why=progress.error or said.strip(),
            fix="start it (`sudo systemctl start docker`), or check DOCKER_HOST and `docker context show`",
        )
    if _BUILDER_CANNOT.search(said):
        return CommandFailedError(
            "the builder cannot do what this build asks of it",
            why=progress.error,
            fix="have buildx take its default (`docker buildx use default`, no BUILDX_BUILDER): where that one cannot, "
            "Fairlead makes one that can. Or choose a newer one: docker/setup-buildx-action in a job, "
            "`docker buildx create --use --driver docker-container` elsewhere",
        )
    if "buildkit-syft-scanner" in progress.error:
        return CommandFailedError(
            "the SBOM scanner of BuildKit cannot be had",
            why=progress.error,
            fix="build without --sbom: `fairlead scan` writes a CycloneDX SBOM of each platform anyway",
        )
    if progress.failed is not None and not _is_unreadable(progress):
        return _explain_step(progress, progress.failed, sources)
    return _explain_solve(progress, lines, sources)


def _explain_step(progress: Progress, step: Step, sources: Mapping[str, Source]) -> FairleadError:
    location = _location(progress, step, sources)
    place = f"{location}: " if location else ""
    findings = (Finding(step.text, location),) if location else ()
    if any("exec format error" in line for line in (step.error, *step.output)):
        return CommandFailedError(
            f"{place}this machine cannot run programs of the platform that the step is for",
            why=f"[{step.place}] {step.text}: exec format error",
            fix=_EMULATION_FIX,
            findings=findings,
            details=step.last_lines,
        )
    if any(mark in progress.error for mark in _NO_BASE):
        return _no_base(progress.error, place, findings)
    return CommandFailedError(
        f"{place}a step of the build failed: {step.text}",
        why=step.error,
        fix="its last lines are quoted here" if step.output else "",
        findings=findings,
        details=step.last_lines,
    )


def _explain_solve(progress: Progress, lines: Sequence[str], sources: Mapping[str, Source]) -> FairleadError:
    location = _location(progress, None, sources)
    place = f"{location}: " if location else ""
    findings = (Finding(progress.error, location),) if location else ()
    if any(mark in progress.error for mark in _NO_BASE):
        return _no_base(progress.error, place, findings)
    if _is_unreadable(progress):
        return InputError(f"{place}the Dockerfile does not hold", why=progress.error, findings=findings)
    return CommandFailedError(
        f"{place}the build failed",
        why=progress.error or (lines[-1] if lines else "the builder said nothing"),
        findings=findings,
        details=tuple(lines[-20:]),
    )


def _is_unreadable(progress: Progress) -> bool:
    """Whether a Dockerfile cannot be read: no step of it runs then, and those of other images are cut off."""
    return "dockerfile parse error" in progress.error or "failed to parse" in progress.error


def _no_base(error: str, place: str, findings: tuple[Finding, ...]) -> FairleadError:
    return CommandFailedError(
        f"{place}a base image cannot be had",
        why=error,
        fix="check its name, that it exists for every platform, and the login (`docker login`)",
        findings=findings,
    )


def _location(progress: Progress, step: Step | None, sources: Mapping[str, Source]) -> Location | None:
    """Where in a Dockerfile: what the builder points at, or else the instruction that the step shows."""
    candidates = _candidates(step, sources)
    if progress.excerpt is not None:
        name, line = progress.excerpt
        for source in candidates:
            if Path(name).name in {source.image.dockerfile.name, staged_name(source.image)}:
                return Location(shown_path(source.image.dockerfile), line)
    for source in candidates:
        line = source.dockerfile.line_of(step.text) if step else 0
        if line:
            return Location(shown_path(source.image.dockerfile), line)
    return None


def _candidates(step: Step | None, sources: Mapping[str, Source]) -> list[Source]:
    """The image whose name begins the step's place; all of them where none does."""
    if step is not None:
        named = sources.get(step.place.split()[0])
        if named is not None:
            return [named]
    return list(sources.values())
