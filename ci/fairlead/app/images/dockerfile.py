"""What a Dockerfile says about the containers that will run: ports, health check, user, and what they are made from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from fairlead.app.images.instructions import read_instructions
from fairlead.app.images.variables import Variables
from fairlead.quick.records import dataclass, field
from fairlead.sources import SourceRefusedError, read_source, repository_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


_MAX_BYTES = 1024 * 1024


@dataclass(frozen=True)
class DockerfileFacts:
    """What the target stage and the stages that it is built on say; empty where they say nothing.

    Variables of the Dockerfile are put in where the builder does so: not in what a shell will read.

    Attributes:
        ports: of ``EXPOSE``: TCP.
        healthcheck: the command of ``HEALTHCHECK``.
        base: the image that it starts from: ``python:3.13-slim``, ``scratch``.
        user: of ``USER``.
        entrypoint: of ``ENTRYPOINT``, as written.
        command: of ``CMD``, as written.
        stop_signal: of ``STOPSIGNAL``.
        commands: the text of ``RUN``, ``COPY`` and ``ADD``: what was put into the image.
        volumes: of ``VOLUME``.
    """

    ports: tuple[int, ...] = ()
    healthcheck: str = ""
    base: str = ""
    user: str = ""
    entrypoint: str = ""
    command: str = ""
    stop_signal: str = ""
    commands: str = ""
    volumes: tuple[str, ...] = ()


@dataclass
class _Stage:
    name: str
    base: str
    variables: Variables
    ports: list[int] = field(default_factory=list)
    said: dict[str, str] = field(default_factory=dict)
    commands: list[str] = field(default_factory=list)
    volumes: list[str] = field(default_factory=list)


@cache
def _start() -> re.Pattern[str]:
    return re.compile(r"(?:--\S+\s+)*(?P<base>\S+)(?:\s+AS\s+(?P<name>\S+))?\s*\Z", re.IGNORECASE)


def read_dockerfile(
    path: Path, target: str, root: Path, given: Mapping[str, str] | None = None
) -> DockerfileFacts:
    """The facts of a Dockerfile of the repository that ``root`` is in; none if it can't be read."""
    try:
        raw = read_source(str(path), [repository_of(str(root))], _MAX_BYTES)
    except (OSError, SourceRefusedError):
        return DockerfileFacts()
    return parse_dockerfile(raw.decode("utf-8", "replace"), target, given)


def parse_dockerfile(text: str, target: str = "", given: Mapping[str, str] | None = None) -> DockerfileFacts:
    """The facts of the target stage (the last one by default) and of the stages that it is built on.

    Args:
        text: of the Dockerfile.
        target: the stage.
        given: the arguments of the build.
    """
    ports: list[int] = []
    said: dict[str, str] = {}
    commands: list[str] = []
    volumes: list[str] = []
    base, wanted = "", target.lower()
    for stage in reversed(_stages(text, given or {})):
        if wanted and stage.name != wanted:
            continue
        ports += stage.ports
        said = {**stage.said, **said}
        commands += stage.commands
        volumes += stage.volumes
        base, wanted = stage.base, stage.base.lower()
    return DockerfileFacts(
        tuple(dict.fromkeys(ports)),
        base=base,
        commands="\n".join(commands),
        volumes=tuple(dict.fromkeys(volumes)),
        **{_FIELDS[instruction]: value for instruction, value in said.items()},
    )


# The last one that is said counts, in a stage and over the stages.
_FIELDS: dict[str, Any] = {
    "HEALTHCHECK": "healthcheck",
    "USER": "user",
    "ENTRYPOINT": "entrypoint",
    "CMD": "command",
    "STOPSIGNAL": "stop_signal",
}


def _stages(text: str, given: Mapping[str, str]) -> list[_Stage]:
    common = Variables(given)
    stages: list[_Stage] = []
    for one in read_instructions(text):
        instruction, value = one.keyword, one.rest
        if instruction == "FROM" and (begun := _start().match(value)):
            base = common.put_in(begun["base"])
            below = next((one.variables for one in reversed(stages) if one.name == base.lower()), None)
            stages.append(_Stage((begun["name"] or "").lower(), base, Variables(given, common, below)))
        elif stages:
            _add(stages[-1], instruction, value)
        elif instruction == "ARG":
            common.take(instruction, value)
    return stages


def _add(stage: _Stage, instruction: str, value: str) -> None:
    if instruction in {"ARG", "ENV"}:
        stage.variables.take(instruction, value)
    elif instruction == "EXPOSE":
        ports = re.findall(r"(?<!\S)([0-9]{1,5})(?:/tcp)?(?!\S)", stage.variables.put_in(value))
        stage.ports += map(int, ports)
    elif instruction in _FIELDS:
        value = stage.variables.put_in(value) if instruction in {"USER", "STOPSIGNAL"} else value
        stage.said[instruction] = "" if instruction == "HEALTHCHECK" and value.upper() == "NONE" else value
    elif instruction == "VOLUME":
        stage.volumes += _parse_volumes(stage.variables.put_in(value))
    elif instruction in {"RUN", "COPY", "ADD"}:
        stage.commands.append(value)


def _parse_volumes(value: str) -> list[str]:
    """The paths of a ``VOLUME``, a JSON list or words; one with a variable of the base image is known when it is built."""
    import json

    try:
        found = json.loads(value)
    except ValueError:
        found = value.split()
    words = found if isinstance(found, list) else value.split()
    return [word for word in words if isinstance(word, str) and word.startswith("/") and "$" not in word]
