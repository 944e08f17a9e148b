"""Fetch the vendored compose-spec schema anew: ``python -m fairlead.schemas.refresh [VERSION]``.

It comes out of the Go module compose-go, the very reader that Compose itself is built on,
so a version of the schema is a version of that module, and ``go`` checks its sum.
"""

from __future__ import annotations

import hashlib
import json
import sys
import tempfile
from importlib import resources
from pathlib import Path
from typing import Any

MODULE = "github.com/compose-spec/compose-go/v2"
SCHEMA = "compose-spec.schema.json"
SOURCE = "compose-spec.source.json"


def plan_source(version: str, module_sum: str, schema: bytes) -> dict[str, Any]:
    """What is written down beside the schema: where it came from, and its checksum."""
    return {
        "module": MODULE,
        "version": version,
        "module_sum": module_sum,
        "file": "schema/compose-spec.json",
        "sha256": hashlib.sha256(schema).hexdigest(),
        "licence": "Apache-2.0",
        "notice": "Copyright 2020 The Compose Specification Authors",
    }


def fetch(version: str) -> tuple[str, str, bytes]:
    """Version, module sum and schema of a version of compose-go (``latest`` will do)."""
    from fairlead import process

    with tempfile.TemporaryDirectory() as folder:
        argv = ["go", "mod", "download", "-json", f"{MODULE}@{version}"]
        told = json.loads(process.run(argv, cwd=Path(folder)).stdout)
    schema = (Path(told["Dir"]) / "schema" / "compose-spec.json").read_bytes()
    return told["Version"], told["Sum"], schema


def main(arguments: list[str]) -> None:
    """Replace the schema in this package."""
    version, module_sum, schema = fetch(arguments[0] if arguments else "latest")
    folder = Path(str(resources.files("fairlead.schemas")))
    (folder / SCHEMA).write_bytes(schema)
    source = json.dumps(plan_source(version, module_sum, schema), indent=2)
    (folder / SOURCE).write_text(source + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
