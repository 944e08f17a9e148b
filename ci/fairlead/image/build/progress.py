"""What BuildKit's plain progress tells: which step runs, what it took, where it failed.

Lines look like ``#9 [web linux/arm64 deps 2/4] RUN pip install …``, ``#9 0.52 output``, ``#9 DONE 1.2s``,
``#9 CACHED`` and ``#9 ERROR: …``. Steps of the image that is built alone lack its name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

_LINE = re.compile(r"^#(?P<number>\d+) (?P<rest>.*)\Z")
_DONE = re.compile(r"^DONE (?P<seconds>[0-9.]+)s\Z")
_OUTPUT = re.compile(r"^(?P<time>[0-9]+\.[0-9]+) (?P<text>.*)\Z")
_HEADING = re.compile(r"^\[(?P<place>[^\]]+)\] (?P<text>.+)\Z")
_PLATFORM = re.compile(r"\b(?P<platform>linux/[a-z0-9]+(?:/v[0-9]+)?)(?:->\S+)?\b")
_EXCERPT = re.compile(r"^(?P<file>\S+):(?P<line>\d+)\Z")
_LAST_LINES = 20
_CANCELLED = ("context canceled", "code = Canceled")
"""What the steps of other images end with when one image fails."""
_CONSEQUENCES = ("importing cache", "exporting")
"""Steps whose errors are no reason: a cache may not be there yet, and an export ends when a step fails."""


@dataclass(frozen=True)
class Step:
    """A step of a build.

    Attributes:
        place: what stands in brackets: image, platform, stage and count.
        text: the instruction.
        seconds: what it took; 0 if it came from the cache or did not end.
        cached: whether it came from the cache.
        error: why it failed; empty if it did not.
        output: what it printed.
    """

    place: str
    text: str
    seconds: float = 0.0
    cached: bool = False
    error: str = ""
    output: tuple[str, ...] = ()

    @property
    def platform(self) -> str:
        """The platform it ran on, where the builder tells."""
        found = _PLATFORM.search(self.place)
        return found["platform"] if found else ""

    @property
    def last_lines(self) -> tuple[str, ...]:
        return self.output[-_LAST_LINES:]


@dataclass(frozen=True)
class Progress:
    """A build's steps in the order in which they began, and what was printed outside of them."""

    steps: tuple[Step, ...]
    rest: tuple[str, ...]

    @property
    def failed(self) -> Step | None:
        """The first step that failed by itself."""
        return next((step for step in self.steps if _failed_by_itself(step)), None)

    @property
    def clashed(self) -> bool:
        """Whether two exports wrote one layer at the same moment, which buildx 0.13 does not bear: try again."""
        said = " ".join((self.error, *(step.error for step in self.steps)))
        return "locked" in said and "unavailable" in said

    @property
    def error(self) -> str:
        """The builder's own last word, without its prefixes; empty if it said none."""
        lines = [line for line in self.rest if line.startswith("ERROR: ")]
        return lines[-1].removeprefix("ERROR: ").removeprefix("failed to solve: ") if lines else ""

    @property
    def excerpt(self) -> tuple[str, int] | None:
        """File and line of the Dockerfile that the builder points at."""
        places = [
            (found["file"], int(found["line"])) for line in self.rest if (found := _EXCERPT.match(line))
        ]
        return places[0] if places else None


def parse_progress(lines: Iterable[str]) -> Progress:
    """Read plain progress, whole or as far as it came."""
    steps: dict[str, Step] = {}
    rest: list[str] = []
    for line in lines:
        found = _LINE.match(line)
        if found is None:
            rest.append(line)
            continue
        known = steps.get(found["number"])
        steps[found["number"]] = _advanced(known, found["rest"])
    return Progress(tuple(step for step in steps.values() if step.text), tuple(rest))


def heading_of(line: str) -> str:
    """The step that a line begins, as a person reads it; empty for any other line."""
    found = _LINE.match(line)
    heading = _HEADING.match(found["rest"]) if found else None
    return f"{heading['place']}: {heading['text']}" if heading else ""


def emulated_seconds(progress: Progress, native: str, texts: frozenset[str]) -> float:
    """What the steps took that ran for another platform than the builder's own.

    Args:
        progress: the build.
        native: the builder's platform.
        texts: the instructions that run on the platform of the image.

    Older builders do not tell the platform of a step; then every run of an instruction but its fastest counts.
    """
    unnamed: dict[str, list[float]] = {}
    total = 0.0
    for step in progress.steps:
        if step.text not in texts:
            continue
        if step.platform:
            total += step.seconds if step.platform != native else 0.0
        else:
            unnamed.setdefault(f"{step.place} {step.text}", []).append(step.seconds)
    return total + sum(sum(sorted(seconds)[1:]) for seconds in unnamed.values())


def _failed_by_itself(step: Step) -> bool:
    cancelled = any(mark in step.error for mark in _CANCELLED)
    return bool(step.error) and not cancelled and not step.text.startswith(_CONSEQUENCES)


def _advanced(step: Step | None, rest: str) -> Step:
    heading = _HEADING.match(rest)
    if step is None or not step.text:
        return Step(heading["place"], heading["text"]) if heading else Step("", "")
    done = _DONE.match(rest)
    if done:
        return replace(step, seconds=float(done["seconds"]))
    if rest == "CACHED":
        return replace(step, cached=True)
    if rest.startswith("ERROR: "):
        return replace(step, error=rest.removeprefix("ERROR: "))
    printed = _OUTPUT.match(rest)
    return replace(step, output=(*step.output, printed["text"])) if printed else step
