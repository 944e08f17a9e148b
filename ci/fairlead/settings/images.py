"""What fairlead.yaml says of the images that are built and scanned, as frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from fairlead.quick.records import dataclass, field


@dataclass(frozen=True, kw_only=True)
class BuildSecret:
    """A secret of the build: the value of a file (absolute path) or of an environment variable."""

    name: str
    file: Path | None = None
    env: str = ""
    optional: bool = False


@dataclass(frozen=True, kw_only=True)
class ImageSettings:
    """An image that the repository builds. Paths are absolute.

    What stands after ``repository`` only the ``build:`` of a service can say: ``inline`` is a Dockerfile's text, in
    place of a file; ``contexts`` are named folders or images; ``secrets`` are this build's own.
    """

    name: str
    dockerfile: Path
    context: Path
    target: str = ""
    args: Mapping[str, str] = field(default_factory=dict)
    services: tuple[str, ...] = ()
    repository: str = ""
    inline: str = ""
    contexts: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[BuildSecret, ...] = ()
    ssh: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    network: str = ""
    extra_hosts: tuple[str, ...] = ()
    shm_size: str = ""


@dataclass(frozen=True, kw_only=True)
class BuildSettings:
    """How images are built. ``cache`` holds ``registry``, ``local``, ``none`` or buildx specifications.

    ``tag_cache``: ``read`` or ``none``, whether builds of git tags take what the default branch built before;
    ``reproducible``: give all files one date, whatever the Dockerfile does.
    """

    cache: tuple[str, ...] = ()
    tag_cache: str = "read"
    secrets: tuple[BuildSecret, ...] = ()
    reproducible: bool = False


@dataclass(frozen=True, kw_only=True)
class ScanIgnore:
    """A vulnerability that is accepted up to and including the day ``until`` (ISO 8601)."""

    id: str
    reason: str
    until: str
    image: str = ""


@dataclass(frozen=True, kw_only=True)
class ScanSettings:
    """What the scan refuses. ``severity`` and worse fail; ``database_max_age`` is in seconds.

    ``allow_no_os`` names images in which no operating system is expected (``FROM scratch``).
    """

    severity: str = "HIGH"
    unfixed: str = "ignore"
    end_of_life: str = "fail"
    database_max_age: float = 48 * 3600.0
    ignore: tuple[ScanIgnore, ...] = ()
    allow_no_os: tuple[str, ...] = ()
