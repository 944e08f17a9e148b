"""The inputs of our actions: how each is called, in which variable it comes, what it may hold. Pure.

An action hands each of its inputs on in a variable of the same name (``ssh-key`` in ``FAIRLEAD_SSH_KEY``). All of them
are read by this one table, before anything else of a verb runs: whoever has three of them wrong is told of three.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from fairlead.errors import InputError
from fairlead.findings import Finding
from fairlead.host.wire.visible import visible_line

PREFIX = "FAIRLEAD_"
Kind = Literal["text", "flag", "words", "number", "folder", "file", "document", "secret"]
_TRUE = frozenset(("true", "yes", "1"))
_FALSE = frozenset(("false", "no", "0"))
_TAG = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
_SHOWN = 60


@dataclass(frozen=True)
class Input:
    """An input.

    Attributes:
        name: as a workflow writes it.
        kind: what it holds.
        form: the pattern of the value, of each word of ``words``.
        said: the form in words, for whoever missed it.
        numbers: the least and the greatest number.
        beside: the input with an option on the command line whose verbs read this one too; it has none of its own.
        verbs: the verbs that read it, where it is neither an option nor beside one.
        needed: an action that has it cannot do without.
    """

    name: str
    kind: Kind = "text"
    form: str = ""
    said: str = ""
    numbers: tuple[int, int] = (0, 0)
    beside: str = ""
    verbs: tuple[str, ...] = ()
    needed: bool = False

    @property
    def variable(self) -> str:
        return variable_of(self.name)


def variable_of(name: str) -> str:
    """The variable that an input comes in."""
    return PREFIX + name.upper().replace("-", "_")


INPUTS: Mapping[str, Input] = {
    one.name: one
    for one in (
        Input("accept-recreate", "words"),
        Input("accept-schema"),
        Input("allow-failure", "flag"),
        Input("allow-older", "flag"),
        Input("baseline"),
        Input("built", "document", beside="from"),
        Input("comment", "flag", verbs=("publish",)),
        Input("compose-version"),
        Input("configured", "flag"),
        Input("deployment", "flag", verbs=("deploy", "rollback", "ship")),
        Input("directory", "folder"),
        Input("environment"),
        Input(
            "for",
            form="use|validate|build|deploy|rollback|lab|dev",
            said="use, validate, build, deploy, rollback, lab or dev",
        ),
        Input(
            "format",
            "words",
            form="(text|github|sarif|json|junit|markdown)(=.+)?",
            said="text, github, sarif, json, junit or markdown, each alone or with =FILE",
        ),
        Input("from", "words", needed=True),
        Input("image-tag", "words", form=_TAG, said="letters, digits, `_`, `.` and `-`, 128 at most"),
        Input("job-token", "secret", beside="registry"),
        Input("json", "flag"),
        Input("known-hosts", "file"),
        Input("list", "flag"),
        Input("names", "words", needed=True),
        Input("no-wait", "flag"),
        Input("offline", "flag"),
        Input("only", "words"),
        Input("page", "file"),
        Input("plain", "flag"),
        Input(
            "platform",
            "words",
            form="[a-z0-9]+/[a-z0-9]+(/v[0-9]+)?",
            said="such as linux/arm64",
        ),
        Input("profile", form="production|dev", said="production or dev"),
        Input("published", "document", beside="only"),
        Input("reason"),
        Input("registry"),
        Input("registry-password", "secret", beside="registry"),
        Input("registry-username", beside="registry"),
        Input("reproducible", "flag"),
        Input("require-evidence", "flag"),
        Input("retry-after", "number", numbers=(1, 7 * 24 * 3600)),
        Input("runners"),
        Input("runs-on"),
        Input("sbom", "flag"),
        Input("secrets", "secret", beside="secrets-dir"),
        Input("secrets-dir"),
        Input("signing-identity"),
        Input("signing-key", "secret", beside="signing-identity"),
        Input("ssh-identity"),
        Input("ssh-key", "secret", beside="known-hosts"),
        Input("state", form="on|off", said="on or off", verbs=("maintenance",), needed=True),
        Input("strict", "flag"),
        Input("take-over", "flag"),
        Input("to"),
        Input("work-dir"),
    )
}
"""Every input, and whatever else a job may say in a variable instead of an option."""

_BY_VARIABLE = {one.variable: one for one in INPUTS.values()}

Judge = Callable[[str], object]
"""Reads the value of an input, or raises the ``InputError`` that says what is wrong with it."""


def name_inputs(text: str) -> str:
    """A text of ours that names variables, with the inputs that those are: ``the input `ssh-key` (FAIRLEAD_SSH_KEY)``.

    Both names stand there: the secrets that a repository gives our workflows are called as the variables.
    """
    return re.sub(rf"(?:the variable )?\b({PREFIX}[A-Z_]+)(?![A-Z0-9_<*])", _named, text)


def _named(match: re.Match[str]) -> str:
    one = _BY_VARIABLE.get(match[1])
    return f"the input `{one.name}` ({match[1]})" if one else match[0]


def read_by(verb: str, options: Collection[str]) -> list[Input]:
    """The inputs that a verb reads.

    Args:
        verb: its name.
        options: the variables that its options can be given by.
    """
    return [
        one
        for one in INPUTS.values()
        if one.variable in options or verb in one.verbs or (one.beside and variable_of(one.beside) in options)
    ]


def parse_inputs(
    inputs: Collection[Input], environ: Mapping[str, str], home: Path, judges: Mapping[str, Judge]
) -> dict[str, str]:
    """The variables of these inputs as options take them; one that is empty is left out, as if it were not given.

    Args:
        inputs: those that the verb reads.
        environ: where they are.
        home: the folder that ``directory`` is told from.
        judges: by the name of an input, who knows what its value has to be.

    Raises:
        InputError: some do not hold. Each is named, with its value unless that is a secret, and what it may be.
    """
    home = home / environ.get(variable_of("directory"), "").strip()
    read: dict[str, str] = {}
    faults: list[Finding] = []
    wrong: list[Input] = []
    for one in inputs:
        if one.variable not in environ:
            continue
        given = environ[one.variable]
        try:
            value = _read(one, given, home)
            if value and one.name in judges:
                judges[one.name](value)
        except InputError as error:
            faults.append(_fault(one, given, error))
            wrong.append(one)
            continue
        if value:
            read[one.variable] = value
    if faults:
        raise InputError(
            f"{wrong[0].variable} is wrong"
            if len(wrong) == 1
            else f"{len(wrong)} inputs are wrong: {', '.join(one.name for one in wrong)}",
            why="nothing was done",
            fix="correct what stands under `with:` of the step, or what the workflow hands on to it",
            findings=tuple(faults),
        )
    return read


def _read(one: Input, given: str, home: Path) -> str:
    value = given if one.kind in {"secret", "document"} else given.strip()
    if not value.strip():
        if one.needed:
            raise InputError("it is needed", fix=f"write {one.said or 'one or several'}")
        return ""
    match one.kind:
        case "flag":
            return _flag(value)
        case "words":
            return " ".join(_matching(one, word) for word in split_words(value))
        case "number":
            return _number(value, *one.numbers)
        case "folder" if not home.is_dir():
            raise InputError("there is no such folder in the workspace", fix=_CHECKED_OUT)
        case "file" if home.is_dir() and not (home / value).is_file():
            raise InputError("there is no such file", fix=f"name it from `directory`; {_CHECKED_OUT}")
        case "document":
            _document(value)
    return _matching(one, value)


_CHECKED_OUT = "a file is there once `actions/checkout` has run, below the `path:` that it was given"


def split_words(value: str) -> list[str]:
    """The words of a list: between commas, blanks or line ends."""
    return [word for word in re.split(r"[\s,]+", value) if word]


def _flag(value: str) -> str:
    lower = value.lower()
    if lower not in _TRUE | _FALSE:
        raise InputError("it is neither true nor false", fix="write true or false")
    return "true" if lower in _TRUE else "false"


def _number(value: str, least: int, most: int) -> str:
    if not re.fullmatch("[0-9]{1,12}", value) or not least <= int(value) <= most:
        raise InputError(f"it is no whole number from {least} to {most}", fix="write one, without a unit")
    return str(int(value))


def _document(value: str) -> None:
    try:
        document = json.loads(value)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise InputError("it is no JSON object", fix="hand on the output `document` of the step as it is")


def _matching(one: Input, value: str) -> str:
    if one.form and not re.fullmatch(one.form, value):
        raise InputError("it is something else", fix=f"write {one.said}")
    return value


def _fault(one: Input, given: str, error: InputError) -> Finding:
    shown = visible_line(given.strip())
    shown = f"{shown[:_SHOWN]}…" if len(shown) > _SHOWN else shown
    value = "***" if one.kind == "secret" else f"`{shown}`" if shown else "empty"
    what = ": ".join(filter(None, (error.what, error.why)))
    return Finding(f"input `{one.name}` is {value}: {what}", fix=error.fix)
