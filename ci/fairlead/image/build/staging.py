"""Keep the work directory out of build contexts, and what else no image may have.

It lies in the clone, and ``COPY . .`` would take the images of the last build into the next one, so that no two
builds were equal; so would the files with secrets beside it, which were published. Only a ``.dockerignore`` leaves something out of a context; the user's stays as it is:
BuildKit prefers a ``<Dockerfile>.dockerignore`` beside the Dockerfile, so copies of both, with more lines,
are what is built from. https://docs.docker.com/build/concepts/context/#filename-and-location
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from fairlead import files
from fairlead.image.build.dockerfile import Dockerfile
from fairlead.image.build.withheld import Withheld
from fairlead.settings.images import ImageSettings

STAGED = "dockerfiles"
"""The folder of the copies, in the work directory."""


@dataclass(frozen=True)
class Source:
    """An image to build, what its Dockerfile says, its ``.dockerignore`` (empty if it has none), and what is kept out of it."""

    image: ImageSettings
    dockerfile: Dockerfile
    ignore: str = ""
    withheld: Withheld | None = None


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
    copy = work_dir / STAGED / staged_name(image)
    added = list(source.withheld.lines) if source.withheld is not None else []
    if work_dir.is_relative_to(image.context):
        added.append(work_dir.relative_to(image.context).as_posix())
    # Of several lines that say the same or not, the last one counts: those of the user's are not enough anywhere else.
    last = [line.strip().strip("/") for line in ignore.rstrip().splitlines()[-len(added) :]] if added else []
    if not image.inline and last == [line.strip("/") for line in added]:
        return None
    separator = "" if not added or not ignore or ignore.endswith("\n") else "\n"
    return Staging(copy, "".join((ignore, separator, *(f"{line}\n" for line in added))))


def staged_name(image: ImageSettings) -> str:
    """What the copy of its Dockerfile is called."""
    return f"Dockerfile.{image.name}"


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
