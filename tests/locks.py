"""The lock files of requirements/: written by uv, with hashes and without the address of any index.

Freshness is decided without a network: each requirement of an `.in` file, and of the files that it includes,
must be locked at a version that satisfies it; nothing may be locked that lacks a hash or names an address.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

FOLDER = Path(__file__).parent.parent / "requirements"


class Row(NamedTuple):
    """A lock: the oldest Python that it must install on, the lock whose versions it keeps to, and what it needs beside its own."""

    name: str
    python: str = "3.11"
    within: str = ""
    beside: str = ""


# In the order of writing.
LOCKS = (
    Row("runtime"),
    Row("validate", within="runtime"),
    Row("lsp", within="runtime", beside="runtime"),
    Row("app"),
    Row("app-api", within="app"),
    Row("app-web", within="app"),
    Row("dev"),
    Row("app-build", within="dev"),
    Row("host-test", python="3.9"),
)

_PINNED = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)")
_ADDRESS = re.compile(
    r"https?://|--(?:extra-)?index-url|--find-links|--trusted-host|^\s*#.*[ ]/", re.MULTILINE
)


@dataclass(frozen=True)
class Lock:
    """What an `.in` file asks for and what its lock gives: versions and numbers of hashes by name."""

    name: str
    wanted: tuple[Requirement, ...]
    versions: dict[str, set[str]]
    hashes: dict[str, int]
    text: str


def find_faults(lock: Lock) -> list[str]:
    """Why a lock is not fresh or not safe; nothing if it is both."""
    faults = []
    for requirement in lock.wanted:
        name = canonicalize_name(requirement.name)
        versions = lock.versions.get(name, set())
        if not any(requirement.specifier.contains(version, prereleases=True) for version in versions):
            faults.append(
                f"{lock.name}: {requirement} is not locked (it has {', '.join(versions) or 'nothing'})"
            )
    faults += [f"{lock.name}: {name} has no hash" for name, count in lock.hashes.items() if not count]
    faults += [f"{lock.name}: holds an address: {found[0]}" for found in _ADDRESS.finditer(lock.text)]
    return faults


def find_differences(one: Lock, other: Lock) -> list[str]:
    """Where two locks, of which one contains the other, disagree on a version."""
    return [
        f"{one.name} has {name} {', '.join(sorted(versions))}, {other.name} {', '.join(sorted(other.versions[name]))}"
        for name, versions in one.versions.items()
        if name in other.versions and versions != other.versions[name]
    ]


def read_lock(name: str) -> Lock:
    """Read an `.in` file and its lock."""
    text = (FOLDER / f"{name}.txt").read_text(encoding="utf-8")
    versions: dict[str, set[str]] = {}
    hashes: dict[str, int] = {}
    current = ""
    for line in text.splitlines():
        if pinned := _PINNED.match(line):
            current = canonicalize_name(pinned[1])
            versions.setdefault(current, set()).add(pinned[2])
            hashes.setdefault(current, 0)
        elif "--hash=sha256:" in line:
            hashes[current] += 1
    return Lock(name, tuple(_read_wanted(FOLDER / f"{name}.in")), versions, hashes, text)


def check_locks() -> list[str]:
    """All faults of all locks."""
    locks = {row.name: read_lock(row.name) for row in LOCKS}
    faults = [fault for lock in locks.values() for fault in find_faults(lock)]
    for part, whole in (
        ("runtime", "dev"),
        ("app", "dev"),
        *((row.name, row.within) for row in LOCKS if row.within),
    ):
        faults += find_differences(locks[part], locks[whole])
    return faults


def compile_argv(row: Row, *, upgrade: bool) -> list[str]:
    """The command that writes a lock."""
    return [
        *("uv", "pip", "compile", "--quiet", "--universal", "--generate-hashes"),
        *("--no-emit-index-url", "--no-emit-find-links", "--no-header", "--python-version", row.python),
        *(["--upgrade"] if upgrade else []),
        *(["--constraint", f"{row.within}.txt"] if row.within else []),
        *([f"{row.beside}.in"] if row.beside else []),
        *(f"{row.name}.in", "--output-file", f"{row.name}.txt"),
    ]


def _read_wanted(file: Path) -> list[Requirement]:
    wanted = []
    for raw in file.read_text(encoding="utf-8").splitlines():
        line = raw.partition("#")[0].strip()
        if line.startswith("-r "):
            wanted += _read_wanted(file.parent / line[3:].strip())
        elif line and not line.startswith("-"):
            wanted.append(Requirement(line))
    return wanted


def main() -> int:
    """Check the locks, or write them again."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="lock again, changing only what must change")
    parser.add_argument("--upgrade", action="store_true", help="with --write: take the newest versions")
    options = parser.parse_args()
    if options.write:
        for row in LOCKS:
            subprocess.run(compile_argv(row, upgrade=options.upgrade), cwd=FOLDER, check=True)
    faults = check_locks()
    for fault in faults:
        print(f"{fault}; `make lock` locks again", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
