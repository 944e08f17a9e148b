"""Build a program from the source of a Go module, held to the sum of that source."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from fairlead import files, passed, process
from fairlead.errors import CommandFailedError
from fairlead.tools.catalog import GoBuild

_DATABASE = "sum.golang.org"


def render_go_mod(source: GoBuild) -> str:
    """A module that requires nothing but the one to build.

    ``go install MODULE@VERSION`` would ask for the module's list of versions, which some proxies refuse.
    """
    return f"module fetch\n\ngo 1.21\n\nrequire {source.module} {source.version}\n"


def render_go_sum(source: GoBuild) -> str:
    """The sums that the source must have; those of its dependencies come from the checksum database."""
    return (
        f"{source.module} {source.version} {source.module_sum}\n"
        f"{source.module} {source.version}/go.mod {source.mod_sum}\n"
    )


def build_environ(source: GoBuild, folder: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """The variables of a build that leaves nothing behind and takes the Go that the module asks for.

    What the dependencies are is for the checksum database to say, whatever the caller's variables or his ``go env``
    make of it: he may name another address of the same database, which is held to the same key.
    """
    asked = environ.get("GOSUMDB", "")
    return {
        "CGO_ENABLED": "0",
        "GOENV": "off",
        "GOFLAGS": "-modcacherw -buildvcs=false",
        "GOSUMDB": asked if asked.split()[:1] == [_DATABASE] else _DATABASE,
        "GOPATH": str(folder / "path"),
        "GOCACHE": str(folder / "cache"),
        "GOTOOLCHAIN": "auto",
        "GOWORK": "off",
        **source.environ,
    }


def fetch_go_build(source: GoBuild, go: Path, folder: Path, on_line: Callable[[str], None]) -> Path:
    """Build in ``folder`` and return the program's path there.

    Raises:
        CommandFailedError: no module proxy answers, a sum differs, or it does not compile.
    """
    files.write(folder / "go.mod", render_go_mod(source))
    files.write(folder / "go.sum", render_go_sum(source))
    program = folder / "program"
    done = process.stream(
        [go, "build", "-mod=mod", "-trimpath", "-o", program, source.package],
        on_line,
        env=build_environ(source, folder, os.environ),
        also=passed.GO,
        cwd=folder,
        check=False,
    )
    if not done.ok:
        lines = [line for line in done.stdout.splitlines() if not line.startswith("go: downloading")]
        raise CommandFailedError(f"the {source} did not build", why="; ".join(lines[-3:]))
    return program
