"""Secrets: where their values are looked for, and a type that does not tell them by accident."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from fairlead.errors import InputError
from fairlead.findings import Finding, Location
from fairlead.nearest import nearest
from fairlead.release.secret_text import Line, parse_lines
from fairlead.sources import SourceRefusedError, is_withheld, read_source

if TYPE_CHECKING:
    from fairlead.release.secret_commands import SecretCommands

VARIABLE_PREFIX = "FAIRLEAD_SECRET_"
BUNDLE_VARIABLE = "FAIRLEAD_SECRETS"
_SECRET = (
    "FAIRLEAD_GITHUB_TOKEN",
    "FAIRLEAD_JOB_TOKEN",
    "FAIRLEAD_REGISTRY_PASSWORD",
    "FAIRLEAD_SIGNING_KEY",
    "FAIRLEAD_SSH_KEY",
    "GITHUB_TOKEN",
)
_MAX_BYTES = 500 * 1024


class Secret:
    """A value that shows as ``***`` wherever it is printed, logged or formatted by mistake."""

    __slots__ = ("_value",)

    def __init__(self, value: bytes) -> None:
        self._value = value

    def reveal(self) -> bytes:
        """The value, for the one place that sends it."""
        return self._value

    def __repr__(self) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash(self._value)


@dataclass(frozen=True)
class Wanted:
    """A secret that the release needs, and where else than in Fairlead's own places its value may be.

    Attributes:
        name: the name in the compose file.
        file: the file that the compose file names, if it names one.
        variable: the environment variable that the compose file names, if it names one.
        location: where it is declared.
        home: the repository whose files the compose file may name; with none, it may name no file.
    """

    name: str
    file: Path | None = None
    variable: str = ""
    location: Location | None = None
    home: str = ""


def variable_of(name: str) -> str:
    """The environment variable of a secret: ``postgres-password`` -> ``FAIRLEAD_SECRET_POSTGRES_PASSWORD``."""
    return VARIABLE_PREFIX + re.sub(r"[^A-Z0-9]", "_", name.upper())


def read_secrets(
    wanted: Sequence[Wanted],
    environ: Mapping[str, str],
    folder: Path | None = None,
    commands: SecretCommands | None = None,
) -> dict[str, Secret]:
    """The values of the secrets.

    Looked for, in this order: the variable ``FAIRLEAD_SECRET_<NAME>``, the variable ``FAIRLEAD_SECRETS`` that
    holds all of them (for a CI that can hand over only so many), the file of that name in ``folder``,
    the programs that fairlead.yaml names, and what the compose file itself names. An empty value counts as none: a missing secret of GitHub is one.

    Raises:
        InputError: some are missing or too large, all of them named, each with the places that were tried.
        CommandFailedError: a program that values come from fails.
        ToolMissingError: it is not there.
    """
    bundle = parse_bundle(environ.get(BUNDLE_VARIABLE, ""))
    found: dict[str, Secret] = {}
    findings: list[Finding] = []
    missing: list[str] = []
    for want in wanted:
        try:
            value = _read(want, environ, bundle, folder, commands)
        except SourceRefusedError as error:
            places = _places(want, folder, commands)
            findings.append(Finding(f"the secret {want.name}: {error}", want.location, places))
            continue
        except InputError as error:
            if error is not bundle.faults.get(variable_of(want.name)):
                raise
            findings.append(Finding(f"the secret {want.name}: {error.what}", want.location, error.fix))
            continue
        if not value:
            missing.append(want.name)
            places = _places(want, folder, commands) + _misspelt(want, wanted, bundle)
            findings.append(Finding(f"the secret {want.name} has no value", want.location, places))
        elif len(value) > _MAX_BYTES:
            findings.append(
                Finding(f"the secret {want.name} is larger than {_MAX_BYTES} bytes", want.location)
            )
        else:
            found[want.name] = Secret(value)
    if findings:
        lacking = [one.name for one in wanted if one.name not in found]
        fate = "refused" if not missing else "missing" if missing == lacking else "missing or refused"
        raise InputError(
            f"the secret {lacking[0]} is {fate}"
            if len(lacking) == 1
            else f"{len(lacking)} secrets are {fate}: {', '.join(lacking)}",
            fix="give each in one of the places that are named with it; an empty value counts as missing"
            if any(one.fix for one in findings)
            else "",
            findings=tuple(findings),
        )
    return found


def parse_secret(name: str, value: bytes) -> Secret:
    """A secret of these bytes, as they are.

    Raises:
        InputError: there are none, or too many.
    """
    if not value:
        raise InputError(
            f"the new value of {name} is empty", fix="give it on standard input, or with --from-file"
        )
    if len(value) > _MAX_BYTES:
        raise InputError(f"the secret {name} is larger than {_MAX_BYTES} bytes")
    return Secret(value)


def parse_typed(name: str, value: bytes) -> Secret:
    """A secret that was typed or piped: the line breaks at its end are not part of it.

    Raises:
        InputError: there is nothing else, or too much.
    """
    return parse_secret(name, value.rstrip(b"\r\n"))


@dataclass(frozen=True)
class Values:
    """Many values, by the name of the variable that each could have come in.

    Attributes:
        known: the values, those with a fault as they were written.
        faults: why a value is not taken, which matters only to who wants it.
        every: all values, also those that another one of the name hides.
    """

    known: Mapping[str, bytes] = field(default_factory=dict)
    faults: Mapping[str, InputError] = field(default_factory=dict)
    every: tuple[bytes, ...] = ()

    def get(self, variable: str) -> bytes:
        """The value, empty where there is none.

        Raises:
            InputError: it is not clear what it is.
        """
        if variable in self.faults:
            raise self.faults[variable]
        return self.known.get(variable, b"")


def parse_bundle(text: str) -> Values:
    """The values in ``FAIRLEAD_SECRETS``; see ``parse_values``."""
    return parse_values(text, BUNDLE_VARIABLE)


def parse_values(text: str, what: str) -> Values:
    """The values in a text that holds many: lines as in ``.env`` files (``secret_text``), or a JSON object.

    Raises:
        InputError: ``what`` is neither; no value stands in the message.
    """
    known: dict[str, bytes] = {}
    faults: dict[str, InputError] = {}
    lines = _read_lines(text, what)
    for line in lines:
        variable, value = variable_of(line.name), _bytes(line.value)
        if line.fault is not None:
            faults.setdefault(variable, line.fault)
        if known.setdefault(variable, value) != value:
            faults.setdefault(
                variable,
                InputError(
                    f"{what} has two values for {line.name}",
                    why="names are compared in upper case, with _ for what is neither letter nor digit",
                    fix="leave one of them out",
                ),
            )
    return Values(known, faults, tuple(_bytes(line.value) for line in lines))


def _read_lines(text: str, what: str) -> list[Line]:
    if not text.lstrip().startswith("{"):
        return parse_lines(text, what)
    try:
        document = json.loads(text, object_pairs_hook=list)
    except ValueError:
        document = None
    if not isinstance(document, list) or not all(isinstance(value, str) for _, value in document):
        raise InputError(
            f"{what} is no JSON object with a text for each name",
            fix='write {"name": "value"}, or one NAME=value a line',
        )
    try:
        return [Line(name, _bytes(value).decode("utf-8", "surrogateescape")) for name, value in document]
    except UnicodeEncodeError:
        raise InputError(
            f"{what} has a text with half a character",
            why="a \\u escape of the first or the second half of a surrogate pair stands alone",
            fix="write both halves, or the character itself",
        ) from None


def values_in(environ: Mapping[str, str]) -> list[str]:
    """Every value in the environment that is secret by its name.

    A bundle that does not hold is told of elsewhere; here each of its lines is one.
    """
    found = [value for name, value in environ.items() if name in _SECRET or name.startswith(VARIABLE_PREFIX)]
    text = environ.get(BUNDLE_VARIABLE, "")
    try:
        bundle = parse_bundle(text)
    except InputError:
        bundle = Values(every=tuple(_bytes(line.strip()) for line in text.splitlines()))
    return [value for value in (*found, *map(_shown, bundle.every)) if value]


def _shown(value: bytes) -> str:
    return value.decode("utf-8", "replace")


def _read(
    want: Wanted,
    environ: Mapping[str, str],
    bundle: Values,
    folder: Path | None,
    commands: SecretCommands | None,
) -> bytes:
    variable = variable_of(want.name)
    value = _from_variable(environ, variable) or bundle.get(variable)
    if not value and folder is not None:
        value = _from_file(folder / want.name)
    if not value and commands is not None:
        value = commands.value(want.name, variable)
    return value or _named(want, environ, folder)


def _named(want: Wanted, environ: Mapping[str, str], folder: Path | None) -> bytes:
    """The value from where the compose file says, which is the repository's word.

    Raises:
        SourceRefusedError: it names what is not the repository's.
    """
    if is_withheld(want.variable):
        raise SourceRefusedError(f"the variable {want.variable} is not the repository's to give away")
    value = _from_variable(environ, want.variable)
    if value or want.file is None:
        return value
    homes = [want.home] if want.home else []
    homes += [str(folder.resolve())] if folder is not None else []
    try:
        return read_source(str(want.file), homes, _MAX_BYTES)
    except SourceRefusedError as error:
        raise SourceRefusedError(f"{want.file} is no source: {error}") from error
    except OSError:
        return b""


def _from_variable(environ: Mapping[str, str], variable: str) -> bytes:
    return _bytes(environ.get(variable, "")) if variable else b""


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _from_file(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""


def _misspelt(want: Wanted, wanted: Sequence[Wanted], bundle: Values) -> str:
    """The name among those of the bundle that nobody wants which this secret may have been given by."""
    unwanted = set(bundle.known) - {variable_of(one.name) for one in wanted}
    names = {name.removeprefix(VARIABLE_PREFIX) for name in unwanted}
    near = nearest(variable_of(want.name).removeprefix(VARIABLE_PREFIX), names)
    return f"; {BUNDLE_VARIABLE} has {near}, which no service of this release wants" if near else ""


def unread_names(wanted: Sequence[Wanted], environ: Mapping[str, str]) -> tuple[str, ...]:
    """The names in ``FAIRLEAD_SECRETS`` that no service reads, as they are written; no value of them.

    Raises:
        InputError: it is neither lines nor a JSON object.
    """
    known = {variable_of(one.name) for one in wanted}
    lines = _read_lines(environ.get(BUNDLE_VARIABLE, ""), BUNDLE_VARIABLE)
    return tuple(dict.fromkeys(line.name for line in lines if variable_of(line.name) not in known))


def _places(want: Wanted, folder: Path | None, commands: SecretCommands | None) -> str:
    places = [f"the variable {variable_of(want.name)}", f"a line {want.name}=… in {BUNDLE_VARIABLE}"]
    places.append(
        f"the file {folder / want.name}" if folder is not None else f"a file {want.name} in --secrets-dir"
    )
    places += commands.places(want.name) if commands is not None else []
    if want.variable:
        places.append(f"the variable {want.variable}")
    if want.file is not None:
        places.append(f"the file {want.file}")
    return "looked for " + ", ".join(places)
