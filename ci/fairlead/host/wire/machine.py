"""What kind of machine this is, in the words in which images are built for one, and what memory it has left."""

from __future__ import annotations

import platform
from pathlib import Path
from typing import Optional

_ARCHITECTURES = {
    "x86_64": "amd64",
    "aarch64": "arm64",
    "armv7l": "arm/v7",
    "armv6l": "arm/v6",
    "i686": "386",
    "ppc64le": "ppc64le",
    "s390x": "s390x",
    "riscv64": "riscv64",
    "loongarch64": "loong64",
}


def own_platform() -> str:
    """The platform of this host, such as ``linux/amd64``."""
    machine = platform.machine()
    return f"linux/{_ARCHITECTURES.get(machine, machine)}"


def read_available_memory(meminfo: Path = Path("/proc/meminfo")) -> Optional[int]:
    """The bytes that programs can have without swapping, by the kernel's own estimate; None where it gives none."""
    for line in meminfo.read_text("ascii", "replace").splitlines():
        name, _, rest = line.partition(":")
        if name == "MemAvailable":
            return int(rest.split()[0]) * 1024
    return None
