"""Make a folder of packages from wheels that are there already. Run as a file, by a Python that has nothing else.

Nothing counts but the lock, whoever has put the wheels there: of each requirement the one is taken that has one of its
checksums, and unpacked as it is. Where one is missing, or would take more than that
(programs, headers), nothing is done: pip does it then. Exit code 1 says so.

    python unpack.py requirements/runtime.txt WHEELS SITE-PACKAGES
"""

from __future__ import annotations

import hashlib
import io
import re
import sys
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

_REQUIREMENT = re.compile(r"^([A-Za-z0-9._-]+)==", re.MULTILINE)
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


def parse_lock(text: str) -> dict[str, frozenset[str]]:
    """The checksums of each requirement of a lock file."""
    _, *parts = _REQUIREMENT.split(text)
    return {name: frozenset(_HASH.findall(rest)) for name, rest in zip(parts[::2], parts[1::2], strict=True)}


def choose(lock: Mapping[str, frozenset[str]], wheels: Mapping[str, bytes]) -> list[bytes] | None:
    """A wheel for each requirement, by checksum; None where one is missing or there is a choice."""
    found = [[wheels[one] for one in sorted(sums & wheels.keys())] for sums in lock.values()]
    return [one[0] for one in found] if found and all(len(one) == 1 for one in found) else None


def unpack(wheels: Iterable[bytes], target: Path) -> bool:
    """Unpack them all into a folder; False, and nothing done, where one holds more than packages."""
    opened = [zipfile.ZipFile(io.BytesIO(data)) for data in wheels]
    if any(".data/" in name for wheel in opened for name in wheel.namelist()):
        return False
    for wheel in opened:
        wheel.extractall(target)
    return True


def main(lock: str, folder: str, target: str) -> int:
    """Do it; 1 where it cannot be done."""
    # Read once: what was held to its checksum is what is unpacked, whoever writes to the folder meanwhile.
    read = [path.read_bytes() for path in Path(folder).glob("*.whl")]
    wheels = {hashlib.sha256(data).hexdigest(): data for data in read}
    chosen = choose(parse_lock(Path(lock).read_text(encoding="utf-8")), wheels)
    return 0 if chosen is not None and unpack(chosen, Path(target)) else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4]))
