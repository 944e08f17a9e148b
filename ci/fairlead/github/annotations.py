"""Workflow commands: annotations, and text that must not be taken for one.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from fairlead.errors import FairleadError
from fairlead.findings import Finding, Location, Severity
from fairlead.github.place import placed
from fairlead.host.wire.visible import visible

Level = Literal["error", "warning", "notice"]

# GitHub shows so many of each level a step, and drops the rest without a word.
SHOWN_PER_LEVEL = 10

_ORDER: dict[Level, int] = {"error": 0, "warning": 1, "notice": 2}
_LEVELS: dict[Severity, Level] = {"error": "error", "warning": "warning", "note": "notice"}


@dataclass(frozen=True)
class Annotation:
    """A message that GitHub shows at the job and, with a location of the repository, in the diff."""

    level: Level
    message: str
    location: Location | None = None
    title: str = ""


def render_annotation(annotation: Annotation) -> str:
    """The workflow command of an annotation, everything in it escaped."""
    properties = []
    place = placed(annotation.location)
    if place is not None:
        properties.append(f"file={escape_property(place.path)}")
        properties += [f"line={place.line}"] if place.line else []
        properties += [f"col={place.column}"] if place.line and place.column else []
    if annotation.title:
        properties.append(f"title={escape_property(annotation.title)}")
    head = f"{annotation.level} {','.join(properties)}" if properties else annotation.level
    return f"::{head}::{escape_data(annotation.message)}"


def cap_annotations(annotations: Sequence[Annotation]) -> tuple[list[Annotation], list[str]]:
    """What GitHub will show, the worst first, and a line for each level that has more.

    Within a level the given order stays. An annotation said twice is shown once.
    """
    unique = list(dict.fromkeys(annotations))
    shown: list[Annotation] = []
    rest: list[str] = []
    for level in sorted(_ORDER, key=lambda one: _ORDER[one]):
        of_level = [annotation for annotation in unique if annotation.level == level]
        shown += of_level[:SHOWN_PER_LEVEL]
        if len(of_level) > SHOWN_PER_LEVEL:
            rest.append(f"{len(of_level) - SHOWN_PER_LEVEL} more {level}s have no annotation")
    return shown, rest


def annotations_of(error: FairleadError, headline: str) -> Iterable[Annotation]:
    """The headline with the cause and what to do, then one a finding."""
    text = "\n".join(part for part in (headline, error.why, error.fix) if part)
    return [
        Annotation("error", text, title="Fairlead"),
        *(annotation_of(finding, error.what) for finding in error.findings),
    ]


def annotation_of(finding: Finding, title: str = "Fairlead") -> Annotation:
    """The annotation of a finding, as bad as the finding is; ``title`` is for one without a rule."""
    text = f"{finding.what}\n{finding.fix}" if finding.fix else finding.what
    return Annotation(_LEVELS[finding.severity], text, finding.location, title=finding.rule or title)


def escape_data(text: str) -> str:
    """The message of a command: one line, whatever it holds."""
    return visible(text).replace("##[", "# #[").replace("%", "%25").replace("\n", "%0A")


def escape_property(text: str) -> str:
    """A property of a command: also free of the characters that end it."""
    return escape_data(text).replace(":", "%3A").replace(",", "%2C")


def render_masks(value: str) -> list[str]:
    """The commands that have the runner hide a value, and each of its lines, in the rest of the job's log.

    Nothing that is too short: the runner would make stars of every ``{``.
    """
    from fairlead.host.wire.mask import SHORTEST, lines_of

    parts = dict.fromkeys([value.strip(), *lines_of(value)])
    codes = (part.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A") for part in parts)
    return [f"::add-mask::{code}" for code in codes if len(code) >= SHORTEST]


def neutral(text: str) -> str:
    """Text of a tool or a container that GitHub must print and not obey.

    The runner obeys a line that begins with ``::`` after any white space, and ``##[`` anywhere in one; a carriage
    return begins a line for it, too.
    """
    lines = visible(text).replace("##[", "# #[").split("\n")
    return "\n".join(f"| {line}" if line.lstrip().startswith("::") else line for line in lines)
