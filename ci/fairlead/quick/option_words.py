"""The options of ``fairlead validate``, told once: click's come from this table, and so does the plain reading.

``fairlead validate FILE`` stands in editors and hooks, where 50 ms of importing click are felt. A command line
of nothing but known options, each written out, is read here; for anything else (help, a mistake, an option's
variable, ``--json``) ``parse_plainly`` gives None and click reads the same words by the same table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fairlead.quick.records import dataclass

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FORMATS = ("text", "github", "sarif", "json", "junit", "markdown")


@dataclass(frozen=True, kw_only=True)
class Option:
    """An option: how it is written, and what click is told about it.

    Attributes:
        names: the long name first, then a short one.
        metavar: what its value is called; empty for a flag.
        many: it may stand several times; its value is a tuple.
        choices: the values that it may have; of ``format``, what may stand before the ``=``.
    """

    names: tuple[str, ...]
    help: str
    metavar: str = ""
    many: bool = False
    variable: bool = False
    choices: tuple[str, ...] = ()

    @property
    def field(self) -> str:
        return self.names[0].removeprefix("--").replace("-", "_")

    @property
    def envvar(self) -> str | None:
        return f"FAIRLEAD_{self.field.upper()}" if self.variable else None


OPTIONS = (
    Option(
        names=("--environment", "-e"),
        metavar="NAME",
        variable=True,
        help="Only this environment of fairlead.yaml. [default: every one]",
    ),
    Option(
        names=("--profile",),
        metavar="NAME",
        variable=True,
        choices=("production", "dev"),
        help="What the files serve, production or dev, whatever they say themselves.",
    ),
    Option(names=("--each",), help="Check each FILE on its own, instead of all as one app."),
    Option(names=("--strict",), variable=True, help="Let warnings fail as well, and fold nothing."),
    Option(
        names=("--rule",),
        metavar="RULE",
        many=True,
        help="Show only this rule. Repeatable; what keeps the files from being read is always shown.",
    ),
    Option(
        names=("--format",),
        metavar="FORMAT[=FILE]",
        many=True,
        variable=True,
        choices=FORMATS,
        help="text, github, sarif, json, junit or markdown, on stdout or into FILE. Repeatable. [default: text]",
    ),
    Option(
        names=("--fix",),
        help="Change the files where a finding has a safe repair, and check again. Names of rules among FILES: only those.",
    ),
    Option(names=("--ask",), help="With --fix: show each repair as a diff, and ask for it."),
    Option(names=("--diff",), help="Show what --fix would change, and change nothing."),
    Option(
        names=("--baseline",),
        metavar="FILE",
        variable=True,
        help="Findings that were there before. [default: fairlead-baseline.json beside the first file]",
    ),
    Option(names=("--write-baseline",), help="Write today's findings into the baseline."),
    Option(
        names=("--env-file",),
        metavar="FILE",
        many=True,
        help="Variables for the files, as for `docker compose --env-file`. Repeatable.",
    ),
    Option(
        names=("--compose-version",),
        metavar="VERSION",
        variable=True,
        help="The oldest Compose that will run the files. [default: 2.24, or as fairlead.yaml says]",
    ),
    Option(names=("--no-compose",), help="Do not ask the docker-compose of this machine."),
)

_BY_NAME = {name: option for option in OPTIONS for name in option.names}

_OF_EVERY_VERB = ("FAIRLEAD_DIRECTORY", "FAIRLEAD_JSON", "FAIRLEAD_PLAIN", "_FAIRLEAD_COMPLETE")
_READ_BY_CLICK = frozenset((*filter(None, (option.envvar for option in OPTIONS)), *_OF_EVERY_VERB))
"""Variables that say what the words could have said."""


@dataclass(frozen=True, kw_only=True)
class ValidateOptions:
    """What the command line says; the fields are those of ``OPTIONS``, and ``files``."""

    files: tuple[str, ...] = ()
    environment: str | None = None
    profile: str | None = None
    each: bool = False
    strict: bool = False
    rule: tuple[str, ...] = ()
    format: tuple[str, ...] = ()
    fix: bool = False
    ask: bool = False
    diff: bool = False
    baseline: str | None = None
    write_baseline: bool = False
    env_file: tuple[str, ...] = ()
    compose_version: str | None = None
    no_compose: bool = False


def parse_plainly(words: Sequence[str], environ: Mapping[str, str]) -> ValidateOptions | None:
    """Read a plain command line; None where click has to.

    Args:
        words: what stands behind ``fairlead validate``.
        environ: with a variable of an option in it, or in a job of GitHub Actions, click reads: both are rare.
    """
    if "GITHUB_ACTIONS" in environ or not _READ_BY_CLICK.isdisjoint(environ):
        return None
    values: dict[str, Any] = {}
    files: list[str] = []
    rest = iter(words)
    for word in rest:
        if not word.startswith("-") or word == "-":
            files.append(word)
            continue
        name, equals, value = word.partition("=")
        option = _BY_NAME.get(name)
        if option is None or (equals and not name.startswith("--")):
            return None
        if option.metavar and not equals:
            value = next(rest, "")
        if not _is_plain(option, value, equals=bool(equals)):
            return None
        if option.many:
            values[option.field] = (*values.get(option.field, ()), value)
        else:
            values[option.field] = value or True
    return ValidateOptions(files=tuple(files), **values)


def _is_plain(option: Option, value: str, *, equals: bool) -> bool:
    """Whether an option's value is one that click would take as it is."""
    if not option.metavar:
        return not equals
    if not value or value.startswith("-"):
        return False
    return not option.choices or value.partition("=")[0] in option.choices
