"""What a Dockerfile says about the containers that will run: the ports it exposes, and its health check."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_FROM = re.compile(r"^FROM\s+(?:--\S+\s+)*(?P<base>\S+)(?:\s+AS\s+(?P<name>\S+))?\s*$", re.IGNORECASE)
_INSTRUCTION = re.compile(r"^(?P<name>[A-Z]+)\s+(?P<value>.*)$", re.IGNORECASE | re.DOTALL)
_CONTINUED = re.compile(r"\\[ \t]*\n(?:[ \t]*#[^\n]*\n|[ \t]*\n)*")


@dataclass(frozen=True)
class DockerfileFacts:
    """Ports of ``EXPOSE`` (TCP, literal), and the command of ``HEALTHCHECK``; empty where there is none."""

    ports: tuple[int, ...] = ()
    healthcheck: str = ""


@dataclass
class _Stage:
    name: str
    base: str
    ports: list[int]
    healthcheck: str | None = None


def read_dockerfile(path: Path, target: str = "") -> DockerfileFacts:
    """The facts of a Dockerfile; none if it can't be read."""
    try:
        return parse_dockerfile(path.read_text(encoding="utf-8", errors="replace"), target)
    except OSError:
        return DockerfileFacts()


def parse_dockerfile(text: str, target: str = "") -> DockerfileFacts:
    """The facts of the target stage (the last one by default) and of the stages that it is built on."""
    stages = _stages(text)
    ports: list[int] = []
    healthcheck: str | None = None
    wanted = target.lower()
    for stage in reversed(stages):
        if wanted and stage.name != wanted:
            continue
        ports += stage.ports
        healthcheck = stage.healthcheck if healthcheck is None else healthcheck
        wanted = stage.base
    return DockerfileFacts(tuple(dict.fromkeys(ports)), healthcheck or "")


def _stages(text: str) -> list[_Stage]:
    stages: list[_Stage] = []
    for line in _CONTINUED.sub(" ", text.replace("\r\n", "\n")).splitlines():
        match = _INSTRUCTION.match(line.strip())
        if match is None:
            continue
        instruction, value = match["name"].upper(), match["value"].strip()
        if instruction == "FROM" and (start := _FROM.match(line.strip())):
            stages.append(_Stage((start["name"] or "").lower(), start["base"].lower(), []))
        elif stages and instruction == "EXPOSE":
            stages[-1].ports += [int(port) for port in re.findall(r"(?<!\S)(\d+)(?:/tcp)?(?!\S)", value)]
        elif stages and instruction == "HEALTHCHECK":
            stages[-1].healthcheck = "" if value.upper() == "NONE" else value
    return stages
