"""Keep the work directory out of build contexts.

It lies in the clone, and ``COPY . .`` would take the images of the last build into the next one, so that no two
builds were equal. Only a ``.dockerignore`` leaves something out of a context; the user's stays as it is:
BuildKit prefers a ``<Dockerfile>.dockerignore`` beside the Dockerfile, so copies of both, with one line more,
are what is built from. https://docs.docker.com/build/concepts/context/#filename-and-location
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from fairlead import files
from fairlead.image.build.dockerfile import Dockerfile
from fairlead.settings.images import ImageSettings

STAGED = "dockerfiles"
"""The folder of the copies, in the work directory."""


@dataclass(frozen=True)
class Source:
    """An image to build, what its Dockerfile says, and its ``.dockerignore`` (empty if it has none)."""

    image: ImageSettings
    dockerfile: Dockerfile
    ignore: str = ""


@dataclass(frozen=True)
class Staging:
    """A copy of a Dockerfile to build from: where it goes, and what its ``.dockerignore`` says."""

    dockerfile: Path
    ignore: str


def plan_staging(source: Source, work_dir: Path) -> Staging | None:
    """What to build an image from; None where its own Dockerfile will do.

    Args:
        source: the image.
        work_dir: absolute.
    """
    image, ignore = source.image, source.ignore
    # A name of our own: what the repository calls its files is no path here.
    copy = work_dir / STAGED / f"Dockerfile.{image.name}"
    if not work_dir.is_relative_to(image.context):
        return Staging(copy, ignore) if image.inline else None
    inside = work_dir.relative_to(image.context).as_posix()
    if not image.inline and ignore.rstrip().rpartition("\n")[2].strip().strip("/") == inside:
        return None
    separator = "" if not ignore or ignore.endswith("\n") else "\n"
    return Staging(copy, f"{ignore}{separator}{inside}\n")


def load_ignore(image: ImageSettings) -> str:
    """The ignore file of an image, as BuildKit chooses it; empty if there is none."""
    beside = image.dockerfile.with_name(f"{image.dockerfile.name}.dockerignore")
    for path in (beside, image.context / ".dockerignore"):
        if path.is_file():
            return files.inside(path).read_text(encoding="utf-8", errors="surrogateescape")
    return ""


def write_staging(image: ImageSettings, staging: Staging) -> None:
    """Write the copies."""
    text = image.inline.encode() if image.inline else files.inside(image.dockerfile).read_bytes()
    files.write(staging.dockerfile, text)
    ignore = staging.dockerfile.with_name(f"{staging.dockerfile.name}.dockerignore")
    files.write(ignore, staging.ignore)
