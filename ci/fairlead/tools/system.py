"""What this machine is: its distribution, who we are on it, and how services start."""

from __future__ import annotations

import os
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class System:
    """A machine, as far as installing packages is concerned.

    Args:
        distribution: ``debian``, ``ubuntu`` or another id of os-release; empty when not told.
        name: as people call it, for messages.
        release: the major version: 12 for bookworm, 24 for Ubuntu 24.04; 0 when not told (Debian sid).
        root: we may install.
        systemd: systemd is process 1.
    """

    distribution: str
    name: str
    release: int
    root: bool
    systemd: bool

    @property
    def has_apt(self) -> bool:
        """It is one whose packages we know: Debian or Ubuntu."""
        return self.distribution in {"debian", "ubuntu"}


def read_system(etc: Path = Path("/etc"), run: Path = Path("/run")) -> System:
    """Look at this machine."""
    release_file = etc / "os-release"
    text = release_file.read_text(encoding="utf-8") if release_file.is_file() else ""
    distribution, name, release = parse_os_release(text)
    return System(
        distribution=distribution,
        name=name or sys.platform,
        release=release,
        root=os.geteuid() == 0,
        systemd=(run / "systemd" / "system").is_dir(),
    )


def parse_os_release(text: str) -> tuple[str, str, int]:
    """The id, the pretty name and the major version of an os-release file."""
    fields = dict(part.partition("=")[::2] for part in shlex.split(text, comments=True) if "=" in part)
    major = fields.get("VERSION_ID", "").partition(".")[0]
    return fields.get("ID", ""), fields.get("PRETTY_NAME", ""), int(major) if major.isdigit() else 0
