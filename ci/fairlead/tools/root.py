"""How root's work is done: as root, or by sudo where it asks nobody for a password."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from fairlead import files, process
from fairlead.errors import FairleadError
from fairlead.passed import child_environment
from fairlead.tools.system import System

_SECONDS = 20.0
# sudo clears the environment; what says how packages are fetched is kept.
_HANDED_ON = re.compile(
    r"\w+_(proxy|PROXY)|SSL_CERT_(FILE|DIR)|APT_CONFIG|DEBIAN_FRONTEND|NEEDRESTART_MODE|APT_LISTCHANGES_FRONTEND"
)


@dataclass(frozen=True)
class Root:
    """Leave to do root's work. ``sudo``: the program, where this process is not root itself."""

    sudo: Path | None = None

    def run(
        self,
        argv: tuple[str, ...],
        on_line: Callable[[str], None],
        *,
        env: Mapping[str, str] | None = None,
        also: Collection[str] = (),
    ) -> process.Completed:
        """Run a command; how it ends is for the caller to judge."""
        words, given = self.argv(argv, child_environment(os.environ, also, env)), env or {}
        return process.stream(words, on_line, env=given, also=also, check=False)

    def argv(self, argv: tuple[str, ...], environ: Mapping[str, str]) -> tuple[str, ...]:
        """The command line of a command that sees what it needs of ``environ``. Pure.

        Names alone: the address of a proxy may hold a password.
        """
        if self.sudo is None:
            return argv
        kept = ",".join(name for name in sorted(environ) if _HANDED_ON.fullmatch(name))
        return (str(self.sudo), "-n", *((f"--preserve-env={kept}",) if kept else ()), *argv)

    def write(self, path: Path, text: str) -> None:
        """Write a file of root's, for everybody to read.

        Raises:
            CommandFailedError: it cannot be written.
        """
        if self.sudo is None:
            files.write(files.settled(path), text)
            return
        with files.temporary_folder("fairlead-root-") as folder:
            files.write(folder / path.name, text)
            install = ("install", "-D", "-m", "0644", str(folder / path.name), str(path))
            process.run((str(self.sudo), "-n", *install), timeout=_SECONDS)


def find_root(system: System) -> Root | None:
    """Leave to do root's work on this machine, or None. Nobody is ever asked for a password."""
    if system.root:
        return Root()
    sudo = process.which("sudo")
    if sudo is None:
        return None
    try:
        done = process.run((str(sudo), "-n", "true"), timeout=_SECONDS, check=False)
    except FairleadError:
        return None
    return Root(sudo) if done.ok else None
