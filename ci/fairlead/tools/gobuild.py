"""Build a program from the source of a Go module, held to the sum of that source."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from fairlead import process
from fairlead.errors import CommandFailedError
from fairlead.tools.catalog import GoBuild


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


def build_environ(source: GoBuild, folder: Path) -> dict[str, str]:
    """The variables of a build that leaves nothing behind and takes the Go that the module asks for."""
    return {
        "CGO_ENABLED": "0",
        "GOFLAGS": "-modcacherw -buildvcs=false",
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
    (folder / "go.mod").write_text(render_go_mod(source), encoding="utf-8")
    (folder / "go.sum").write_text(render_go_sum(source), encoding="utf-8")
    program = folder / "program"
    done = process.stream(
        [go, "build", "-mod=mod", "-trimpath", "-o", program, source.package],
        on_line,
        env=build_environ(source, folder),
        cwd=folder,
        check=False,
    )
    if not done.ok:
        lines = [line for line in done.stdout.splitlines() if not line.startswith("go: downloading")]
        raise CommandFailedError(f"the {source} did not build", why="; ".join(lines[-3:]))
    return program
