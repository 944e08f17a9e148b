"""What other Composes than that of this machine say: programs of a few lines around compose-go, which is their reader.

Each is built once, from modules that its ``go.sum`` holds, and answers in a millisecond or two.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fairlead.judge.asked.answer import Answer
from fairlead.tools.cache import cache_dir

FOLDER = Path(__file__).parent
HOME = "/home/somebody"


@dataclass(frozen=True)
class Reader:
    """A Compose: its release, and the folder here that pins the compose-go which it is built on."""

    release: str
    folder: str

    def answers(
        self, apps: Sequence[tuple[Path, ...]], variables: Mapping[str, str], project: str
    ) -> list[Answer]:
        """What it says of each of some apps, over all profiles."""
        asked = [
            {
                "Files": [str(path) for path in paths],
                "Variables": {"HOME": HOME, "PWD": str(paths[0].parent), **variables},
                "Folder": str(paths[0].parent),
                "Name": project,
            }
            for paths in apps
        ]
        lines = "".join(f"{json.dumps(one)}\n" for one in asked)
        done = subprocess.run([self.program()], input=lines.encode(), capture_output=True, check=True)
        told = [json.loads(line) for line in done.stdout.splitlines()]
        assert len(told) == len(apps), done.stderr[-2000:]
        return [Answer(self.release, one["ok"], one["said"]) for one in told]

    def program(self) -> Path:
        """The program, built if it is not there."""
        source = [FOLDER / "main.go", FOLDER / self.folder / "go.mod", FOLDER / self.folder / "go.sum"]
        name = hashlib.sha256(b"".join(path.read_bytes() for path in source)).hexdigest()[:16]
        program = cache_dir() / "readers" / f"{self.folder}-{name}"
        if not program.exists():
            folder = program.with_suffix(f".{os.getpid()}")
            folder.mkdir(parents=True)
            for path in source:
                shutil.copyfile(path, folder / path.name)
            environ = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-buildvcs=false"}
            words = ["go", "build", "-ldflags=-s -w", "-o", "program", "."]
            subprocess.run(words, cwd=folder, check=True, env=environ)
            (folder / "program").rename(program)
            shutil.rmtree(folder)
        return program


READERS = (Reader("2.40.3", "2.40"), Reader("5.7.1", "5.7"))
"""The last of Compose 2, and the newest; that of this machine (docker-compose of Debian) reads as Compose 2.33."""
