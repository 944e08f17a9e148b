"""The resolved model, made by Compose itself: what a server would really run.

The binary is called directly with an environment of its own: a variable of the caller's shell beats every
env file in Compose, so none is handed on but those that Fairlead and the environment declare.
A ``.env`` beside the first compose file is read, as Compose does; those variables win over it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fairlead import process
from fairlead.compose.model import ComposeFiles
from fairlead.errors import ComposeInvalidError
from fairlead.findings import Finding, Location
from fairlead.positions import ValuePath, parse_yaml
from fairlead.settings import shown_path

_TIMEOUT = 60.0
_UNSET = re.compile(r'The \\?"(?P<name>[A-Za-z0-9_]+)\\?" variable is not set')
_SUBJECT = re.compile(r'(?P<kind>service|network|volume|secret|config) "?(?P<name>[A-Za-z0-9._-]+)"?')
_DOTTED = re.compile(
    r"\b(?P<path>(?:services|networks|volumes|secrets|configs)(?:\.[A-Za-z0-9_-]+|\[\d+\])+)"
)
_LINE = re.compile(r"\bline (?P<line>\d+)")
_WORD = re.compile(r"(?:undefined|unknown) \w+ \"?(?P<word>[A-Za-z0-9._-]+)")


@dataclass(frozen=True)
class Resolved:
    """What Compose makes of the files, over all profiles, and the variables that it found unset."""

    model: dict[str, Any]
    unset: tuple[str, ...]


def resolve_argv(
    compose: Path, files: Sequence[Path], project: str, env_file: Path | None
) -> tuple[str, ...]:
    """The command that prints the resolved model. YAML, because Compose leaves ``x-`` keys out of its JSON."""
    named = [word for file in files for word in ("--file", str(file))]
    return (
        str(compose),
        *("--project-name", project),
        *("--env-file", str(env_file) if env_file is not None else "/dev/null"),
        *named,
        *("--profile", "*", "config", "--format", "yaml"),
    )


def resolve_environment(variables: Mapping[str, str], path: str, home: str) -> dict[str, str]:
    """All that Compose sees: the declared variables, and the two without which no program runs."""
    return {"PATH": path, "HOME": home, **variables}


def resolve_model(
    compose: Path, paths: Sequence[Path], project: str, variables: Mapping[str, str], files: ComposeFiles
) -> Resolved:
    """Ask Compose for the model.

    Args:
        compose: the ``docker-compose`` binary.
        paths: the compose files, absolute.
        project: the project name: the app.
        variables: for ``${…}``; nothing else reaches the files but a ``.env`` beside the first one.
        files: the same files with positions, to place an error.

    Raises:
        ComposeInvalidError: Compose refuses the files.
    """
    import os

    env_file = paths[0].parent / ".env"
    argv = resolve_argv(compose, paths, project, env_file if env_file.is_file() else None)
    environment = resolve_environment(
        variables, os.environ.get("PATH", os.defpath), os.environ.get("HOME", "/")
    )
    done = process.run(
        argv, env=environment, inherit=False, cwd=paths[0].parent, timeout=_TIMEOUT, check=False
    )
    if not done.ok:
        raise ComposeInvalidError(
            "Compose refuses the compose files",
            findings=(parse_refusal(done.stderr, files),),
            fix=f"`{' '.join(('docker compose', *(f'-f {shown_path(path)}' for path in paths), 'config'))}` shows the same",
        )
    return Resolved(parse_yaml(done.stdout, "the resolved model").value or {}, parse_unset(done.stderr))


def parse_unset(stderr: str) -> tuple[str, ...]:
    """The variables that Compose found unset and took for empty."""
    return tuple(dict.fromkeys(match["name"] for match in _UNSET.finditer(stderr)))


def parse_refusal(stderr: str, files: ComposeFiles) -> Finding:
    """Compose's error as a finding, at the place that its words point to."""
    lines = [line for line in stderr.strip().splitlines() if not line.startswith("time=")]
    text = " ".join(line.strip() for line in lines) or "it says nothing"
    for document in files.documents:
        text = text.replace(f"validating {Path(document.path).absolute()}: ", "")
    return Finding(text.removesuffix(": invalid compose project"), _place(text, files), rule="compose")


def _place(text: str, files: ComposeFiles) -> Location:
    dotted = _DOTTED.search(text)
    if dotted is not None:
        path = parse_dotted(dotted["path"])
        extra = re.search(r"Additional property (\S+) is not allowed", text)
        return files.location((*path, extra[1]), key=True) if extra else files.location(path)
    line = _LINE.search(text)
    if line is not None and len(files.documents) == 1:
        return Location(files.documents[0].path, int(line["line"]), 1)
    subject = _SUBJECT.search(text)
    if subject is None:
        return files.documents[0].location()
    path = (f"{subject['kind']}s", subject["name"])
    word = _WORD.search(text)
    return _mention(path, word["word"], files) if word else files.location(path, key=True)


def _mention(path: ValuePath, word: str, files: ComposeFiles) -> Location:
    """Where a name is used below ``path``: as a key, as a value, or as the first part of one."""
    for document in files.documents:
        for inner, node in document.walk():
            if inner[: len(path)] != path or len(inner) == len(path):
                continue
            if inner[-1] == word:
                return document.location(inner, key=True)
            if node.text.split(":")[0] == word:
                return Location(document.path, node.line, node.column)
    return files.location(path, key=True)


def parse_dotted(text: str) -> ValuePath:
    """A path as Compose writes it, ``services.web.ports.0`` or ``ports[0]``, as keys and indexes."""
    steps = re.findall(r"[^.\[\]]+", text)
    return tuple(int(step) if step.isdigit() else step for step in steps)
