"""Fetch the vendored compose-spec schemas anew: ``python -m fairlead.schemas.refresh [COMPOSE_VERSION…]``.

Each comes out of the Go module compose-go, the very reader that Compose itself is built on, in the version that a
release of Compose requires; ``go`` checks its sum. Compose versions that read the same schema share a file.
With versions as arguments those are added, else those of ``sources.json`` are fetched again.
``--check`` changes nothing and fails if something would change.
"""

from __future__ import annotations

import hashlib
import json
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fairlead.errors import InputError
from fairlead.schemas.forms import plan_form

FOLDER = Path(__file__).parent / "compose_spec"
SOURCES = "sources.json"
MODULE = "github.com/compose-spec/compose-go/v2"
LICENCE = "Apache-2.0"
NOTICE = "Copyright 2020 The Compose Specification Authors"

_READY = '''\
"""The {which} compose-spec schema, ready to check with. Made by ``python -m fairlead.schemas.refresh``."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FORM: dict[str, Any] = {form}
'''


@dataclass(frozen=True)
class Source:
    """Where the schema of a Compose version comes from.

    Attributes:
        compose: the release of Compose, e.g. ``2.26.0``.
        version: the version of compose-go that it requires.
        module_sum: what ``go`` says the module's content is.
        file: the file here, shared by releases that read the same schema.
        sha256: of the file.
    """

    compose: str
    version: str
    module_sum: str
    file: str
    sha256: str


def compose_module(release: str) -> str:
    """The Go module of a release of Compose: its major version is part of the name."""
    return f"github.com/docker/compose/v{release.partition('.')[0]}@v{release}"


def plan_files(fetched: list[tuple[str, str, str, bytes]]) -> tuple[dict[str, bytes], list[Source]]:
    """Which files to keep for (release, version, sum, schema), oldest release first: one a different schema."""
    files: dict[str, bytes] = {}
    sources: list[Source] = []
    for release, version, module_sum, schema in fetched:
        digest = hashlib.sha256(schema).hexdigest()
        last = sources[-1] if sources else None
        same = last is not None and last.sha256 == digest
        name = last.file if last and same else f"{release.rpartition('.')[0]}.json"
        files[name] = schema
        sources.append(Source(release, version, module_sum, name, digest))
    return files, sources


def render_ready(which: str, schema: Any) -> str:
    """The module that holds a schema ready to check with, the ``newest`` or the ``oldest``."""
    return _READY.replace("{which}", which).replace("{form}", repr(plan_form(schema)))


def render_sources(sources: list[Source]) -> str:
    """``sources.json``."""
    told = {
        "module": MODULE,
        "path": "schema/compose-spec.json",
        "licence": LICENCE,
        "notice": NOTICE,
        "schemas": [asdict(source) for source in sources],
    }
    return json.dumps(told, indent=2) + "\n"


def fetch(release: str) -> tuple[str, str, str, bytes]:
    """A release of Compose, the version of compose-go that it requires, that module's sum, and its schema."""
    from fairlead import process

    def ask_go(*argv: str) -> dict[str, str]:
        with tempfile.TemporaryDirectory() as folder:
            told: dict[str, str] = json.loads(
                process.run(("go", *argv), also=("GO*",), cwd=Path(folder)).stdout
            )
            return told

    # Of Compose itself its go.mod is enough.
    required = Path(ask_go("list", "-m", "-json", compose_module(release))["GoMod"]).read_text("utf-8")
    version = next(
        line.split()[1] for line in map(str.strip, required.splitlines()) if line.startswith(MODULE)
    )
    told = ask_go("mod", "download", "-json", f"{MODULE}@{version}")
    return release, version, told["Sum"], (Path(told["Dir"]) / "schema" / "compose-spec.json").read_bytes()


def main(arguments: list[str]) -> None:
    """Replace the schemas of this package, or with ``--check`` say that they are what their source holds.

    Raises:
        InputError: they are not.
    """
    kept = json.loads((FOLDER / SOURCES).read_text(encoding="utf-8"))["schemas"]
    releases = {source["compose"] for source in kept} | {one for one in arguments if one != "--check"}
    ordered = sorted(releases, key=lambda release: [int(part) for part in release.split(".")])
    files, sources = plan_files([fetch(release) for release in ordered])
    wanted = {
        **files,
        SOURCES: render_sources(sources).encode(),
        "newest.py": render_ready("newest", json.loads(files[sources[-1].file])).encode(),
        "oldest.py": render_ready("oldest", json.loads(files[sources[0].file])).encode(),
    }
    changed = [name for name, content in wanted.items() if not _holds(FOLDER / name, content)]
    if "--check" in arguments:
        if changed:
            raise InputError(f"these are not what their source holds: {', '.join(changed)}")
        return
    for name in changed:
        (FOLDER / name).write_bytes(wanted[name])


def _holds(path: Path, content: bytes) -> bool:
    return path.is_file() and path.read_bytes() == content


if __name__ == "__main__":
    main(sys.argv[1:])
