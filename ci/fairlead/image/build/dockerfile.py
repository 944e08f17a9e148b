"""What can be told from a Dockerfile without building it: its stages, its arguments, what runs where.

Only what is asked here is parsed; BuildKit has the last word on everything else.
Grammar: https://docs.docker.com/reference/dockerfile/
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass

from fairlead.app.images.instructions import Instruction, read_instructions

_FROM = re.compile(r"^(?P<flags>(?:--\S+\s+)*)(?P<base>\S+)(?:\s+[Aa][Ss]\s+(?P<name>\S+))?\s*\Z")
_COPY_FROM = re.compile(r"^(?:--\S+\s+)*?--from=(\S+)")
_MOUNT_FROM = re.compile(r"--mount=\S*?\bfrom=([^,\s]+)")
_PLATFORM = re.compile(r"--platform=(\S+)")
_FLAGS = re.compile(r"^(?:--\S+\s+)*")
_MOUNT = re.compile(r"--mount=(\S+)")


@dataclass(frozen=True)
class Stage:
    """A stage. ``platform`` is as written, empty where the Dockerfile says none."""

    name: str
    base: str
    platform: str
    instructions: tuple[Instruction, ...]


@dataclass(frozen=True)
class Dockerfile:
    """A Dockerfile, as far as it could be read."""

    instructions: tuple[Instruction, ...]
    stages: tuple[Stage, ...]

    def declares(self, argument: str) -> bool:
        """Whether some ``ARG`` takes this build argument."""
        return any(
            word.partition("=")[0] == argument
            for instruction in self.instructions
            if instruction.keyword == "ARG"
            for word in instruction.rest.split()
        )

    def runs_on_target(self, target: str = "") -> tuple[Instruction, ...]:
        """The ``RUN`` instructions that are executed on the platform of the image, and not on the builder's.

        Args:
            target: the stage that is built; the last one if empty. Only stages that it needs count.
        """
        return tuple(
            instruction
            for index in self._built(target)
            if not self._platform(index)
            for instruction in self.stages[index].instructions
            if instruction.keyword == "RUN"
        )

    def taken(self, target: str = "") -> Iterator[tuple[Instruction, str]]:
        """What is taken of the context by name: the instruction, and the path in the context as far as it is written out.

        Args:
            target: the stage that is built; the last one if empty. Only stages that it needs count.
        """
        for index in self._built(target):
            for instruction in self.stages[index].instructions:
                for path in _taken(instruction):
                    # Above the context there is nothing: the builder begins at its root again.
                    yield instruction, posixpath.normpath(f"/{path}").lstrip("/")

    def line_of(self, step: str) -> int:
        """The line of the instruction that a builder shows as ``step`` (``RUN pip install …``), or 0."""
        wanted = _squeezed(step)
        for instruction in self.instructions:
            if _squeezed(instruction.text) == wanted:
                return instruction.line
        # The builder expands variables and cuts long texts: take the only instruction that begins alike.
        alike = [
            instruction.line
            for instruction in self.instructions
            if _squeezed(instruction.text)[:24] == wanted[:24]
        ]
        return alike[0] if len(alike) == 1 else 0

    def _built(self, target: str) -> list[int]:
        return sorted(self._needed(self._index(target) if target else len(self.stages) - 1, frozenset()))

    def _platform(self, index: int) -> str:
        """The fixed platform on which a stage runs; empty: that of the image."""
        stage = self.stages[index]
        if stage.platform:
            return "" if stage.platform.strip("${}") == "TARGETPLATFORM" else stage.platform
        parent = self._index(stage.base, before=index)
        return self._platform(parent) if parent >= 0 else ""

    def _needed(self, index: int, seen: frozenset[int]) -> frozenset[int]:
        if index < 0 or index in seen:
            return seen
        seen |= {index}
        stage = self.stages[index]
        seen = self._needed(self._index(stage.base, before=index), seen)
        for instruction in stage.instructions:
            for name in _sources(instruction):
                seen = self._needed(self._index(name, before=index), seen)
        return seen

    def _index(self, name: str, before: int | None = None) -> int:
        """The stage of that name or number, or -1: an image from elsewhere."""
        stages = self.stages[:before]
        for index, stage in enumerate(stages):
            if stage.name and stage.name.lower() == name.lower():
                return index
        return int(name) if name.isdigit() and int(name) < len(stages) else -1


def parse_dockerfile(text: str) -> Dockerfile:
    """Read a Dockerfile. What is wrong with it is left to the builder to say."""
    instructions = tuple(read_instructions(text))
    stages: list[Stage] = []
    for instruction in instructions:
        if instruction.keyword == "FROM":
            stages.append(_stage(instruction.rest))
        elif stages:
            last = stages[-1]
            stages[-1] = Stage(last.name, last.base, last.platform, (*last.instructions, instruction))
    return Dockerfile(instructions, tuple(stages))


def _stage(rest: str) -> Stage:
    found = _FROM.match(rest)
    if found is None:
        return Stage("", rest, "", ())
    platform = _PLATFORM.search(found["flags"])
    return Stage(found["name"] or "", found["base"], platform[1] if platform else "", ())


def _sources(instruction: Instruction) -> Iterator[str]:
    """The stages (or images) from which an instruction takes files."""
    if instruction.keyword in {"COPY", "ADD"}:
        found = _COPY_FROM.match(instruction.rest)
        if found:
            yield found[1]
    elif instruction.keyword == "RUN":
        yield from _MOUNT_FROM.findall(instruction.rest)


def _taken(instruction: Instruction) -> Iterator[str]:
    """The paths of the context that an instruction names."""
    if instruction.keyword in {"COPY", "ADD"} and not _COPY_FROM.match(instruction.rest):
        yield from _words(_FLAGS.sub("", instruction.rest, count=1))[:-1]
    elif instruction.keyword == "RUN":
        for mount in _MOUNT.findall(instruction.rest):
            fields = {key: value for key, _, value in (field.partition("=") for field in mount.split(","))}
            if fields.get("type", "bind") == "bind" and "from" not in fields:
                yield fields.get("source") or fields.get("src") or "."


def _words(text: str) -> list[str]:
    """Words, or a list of them in JSON."""
    if text.startswith("["):
        try:
            return [str(word) for word in json.loads(text)]
        except ValueError:
            pass
    return [word.strip("\"'") for word in text.split()]


def _squeezed(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()
