"""Install packages of Debian and Ubuntu; on an older Debian, single ones from a newer release.

A newer release is added beside the machine's own with a priority below 100: nothing moves to it
unless it is named. It comes from the mirror that the machine already uses.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fairlead import passed, process
from fairlead.errors import CommandFailedError, ToolMissingError
from fairlead.tools.catalog import DebianPackage
from fairlead.tools.root import Root, find_root
from fairlead.tools.system import System

NEWER_SUITE = "trixie"
_OLDEST_RELEASE = 12  # before bookworm the step to trixie's libc is too long
_RELEASES = {"buster": 10, "bullseye": 11, "bookworm": 12, "trixie": 13}
_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"

_PATIENCE = (
    *("-o", "Acquire::Retries=2", "-o", "Acquire::http::Timeout=20", "-o", "Acquire::https::Timeout=20"),
    *("-o", "DPkg::Lock::Timeout=120"),
)
_QUIET = {"DEBIAN_FRONTEND": "noninteractive", "NEEDRESTART_MODE": "l", "APT_LISTCHANGES_FRONTEND": "none"}


@dataclass(frozen=True)
class Archive:
    """Where a machine gets its packages from: the mirror's address, and the suite such as ``bookworm``."""

    mirror: str
    suite: str

    def release(self, told: int) -> int:
        """The release that the packages are of; ``told`` by os-release, where the suite has no code name of ours.

        os-release itself moves to the newer release with the first package that needs a newer base-files,
        long before the archive does: a bookworm with trixie's engine says that it is trixie.
        """
        return _RELEASES.get(self.suite, told)


@dataclass(frozen=True)
class AptPlan:
    """What installing takes: files to write first, then commands."""

    files: Mapping[str, str] = field(default_factory=dict)
    commands: tuple[tuple[str, ...], ...] = ()


def plan_apt(system: System, packages: Iterable[DebianPackage], archive: Archive) -> AptPlan:
    """How packages are installed here; those that this release has too old come from the newer one.

    Args:
        system: the machine, one that has apt.
        packages: what to install.
        archive: what the machine's own sources name.

    Raises:
        ToolMissingError: this Debian is too old to take single packages from a newer one.
    """
    wanted = tuple(packages)
    release = archive.release(system.release)
    newer = tuple(one for one in wanted if _needs_newer(system.distribution, release, one))
    names = tuple(one.package for one in wanted if one not in newer)
    commands: list[tuple[str, ...]] = [("apt-get", *_PATIENCE, "update")]
    if names:
        commands.append(_install_argv(names))
    if not newer:
        return AptPlan(commands=tuple(commands))
    if release < _OLDEST_RELEASE:
        raise ToolMissingError(
            f"{system.name} is too old for {', '.join(one.package for one in newer)}",
            fix=f"use Debian {_OLDEST_RELEASE} or newer, or Ubuntu 22.04 or newer",
        )
    if not archive.mirror:
        raise ToolMissingError(
            f"{', '.join(one.package for one in newer)} can't be had from {NEWER_SUITE}",
            why="apt's sources name no mirror of Debian's main archive",
            fix="name one in /etc/apt/sources.list.d",
        )
    commands.append(_install_argv(tuple(one.package for one in newer), suite=NEWER_SUITE))
    return AptPlan(files=render_newer_suite(archive.mirror), commands=tuple(commands))


def render_newer_suite(mirror: str) -> dict[str, str]:
    """The files that make the newer release known without moving anything to it."""
    return {
        f"/etc/apt/sources.list.d/fairlead-{NEWER_SUITE}.sources": (
            f"Types: deb\nURIs: {mirror}\nSuites: {NEWER_SUITE}\nComponents: main\nSigned-By: {_KEYRING}\n"
        ),
        f"/etc/apt/preferences.d/fairlead-{NEWER_SUITE}": (
            f"Package: *\nPin: release n={NEWER_SUITE}\nPin-Priority: 90\n"
        ),
    }


def parse_archive(sources: Iterable[str]) -> Archive:
    """The first mirror of Debian's main archive that apt's source files name, in either format; "" for none."""
    for text in sources:
        for stanza in re.split(r"\n\s*\n", text):
            uris = re.search(r"^URIs:\s*(\S+)", stanza, re.MULTILINE)
            suites = re.search(r"^Suites:\s*(\S+)", stanza, re.MULTILINE)
            if uris and suites and _is_main_archive(uris[1], suites[1]):
                return Archive(uris[1], suites[1])
        for line in re.finditer(r"^deb\s+(?:\[[^\]]*\]\s*)?(\S+)\s+(\S+)", text, re.MULTILINE):
            if _is_main_archive(line[1], line[2]):
                return Archive(line[1], line[2])
    return Archive("", "")


def read_archive(apt: Path = Path("/etc/apt")) -> Archive:
    """The archive that this machine uses, our own addition left aside."""
    folder = apt / "sources.list.d"
    files = [apt / "sources.list", *sorted(folder.glob("*.list")), *sorted(folder.glob("*.sources"))]
    return parse_archive(
        file.read_text(encoding="utf-8", errors="replace")
        for file in files
        if file.is_file() and not file.name.startswith("fairlead-")
    )


def run_apt(plan: AptPlan, root: Root, on_line: Callable[[str], None]) -> None:
    """Carry a plan out.

    Raises:
        CommandFailedError: a command failed; its last lines are the details.
    """
    for name, text in plan.files.items():
        root.write(Path(name), text)
    for argv in plan.commands:
        update = argv[-1] == "update"
        done = root.run(argv, on_line, env=_QUIET, also=passed.APT)
        # One dead third-party source fails the whole update; whether it matters, the install will tell.
        if not done.ok and not update:
            raise _apt_failed(done)


def install_packages(
    system: System, packages: Iterable[DebianPackage], on_line: Callable[[str], None]
) -> None:
    """Install packages.

    Raises:
        ToolMissingError: this machine has no apt, or we may not use it.
        CommandFailedError: apt failed.
    """
    wanted = tuple(packages)
    names = " ".join(one.package for one in wanted)
    if not system.has_apt:
        raise ToolMissingError(f"{system.name} is neither Debian nor Ubuntu", fix=f"install {names}")
    root = find_root(system)
    if root is None:
        raise ToolMissingError(
            "only root may install packages",
            why="sudo is not here, or asks for a password",
            fix=f"sudo apt-get install --no-install-recommends {names}",
        )
    run_apt(plan_apt(system, wanted, read_archive()), root, on_line)


def _needs_newer(distribution: str, release: int, package: DebianPackage) -> bool:
    # Release 0 is testing or unstable: newer than any number.
    return distribution == "debian" and 0 < release < package.since


def _install_argv(names: tuple[str, ...], suite: str = "") -> tuple[str, ...]:
    release = ("-t", suite) if suite else ()
    return (
        *("apt-get", *_PATIENCE, "-o", "Dpkg::Options::=--force-confold", "-o", "Dpkg::Use-Pty=0"),
        *("install", "--yes", "--no-install-recommends", *release, *names),
    )


def _is_main_archive(uri: str, suite: str) -> bool:
    """A plain archive over HTTP; not the security one, not a third party's, not a CD or a file."""
    path = uri.rstrip("/").rpartition("/")[2]
    return uri.startswith(("http://", "https://")) and path == "debian" and "security" not in suite


def _apt_failed(done: process.Completed) -> CommandFailedError:
    lines = done.stdout.splitlines()
    errors = [line for line in lines if line.startswith("E:")]
    return CommandFailedError(
        f"apt-get could not install {' '.join(word for word in done.argv[-6:] if not word.startswith('-'))}",
        why=" ".join(errors) or f"exit code {done.returncode}",
        fix="run it by hand; is a mirror reachable and the machine's clock right?",
        details=tuple(lines[-15:]),
    )
