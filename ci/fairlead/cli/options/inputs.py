"""In a job of GitHub, what a verb is told in variables is read before the verb: all faults of it at once."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping, Sequence
from pathlib import Path

import click

DIRECTORY = "FAIRLEAD_DIRECTORY"


def take_inputs(root: click.Command, words: Sequence[str], environ: MutableMapping[str, str]) -> None:
    """Put the inputs of the verb that these words call into the form that its options take; empty ones are taken away.

    Raises:
        InputError: some do not hold, all of them named.
    """
    from fairlead.github.inputs import parse_inputs, read_by
    from fairlead.release.secrets import parse_values
    from fairlead.remote.private_key import parse_private_key

    directory, rest = _directory(words)
    verb, variables = _called(root, rest)
    inputs = read_by(verb, variables)
    judges = {
        "secrets": lambda text: parse_values(text, "it"),
        "ssh-key": lambda text: parse_private_key(text, "it"),
    }
    said = {DIRECTORY: directory} if directory else {}
    read = parse_inputs(inputs, {**environ, **said}, Path.cwd(), judges)
    for one in inputs:
        environ.pop(one.variable, None)
    environ.update(read)


def _directory(words: Sequence[str]) -> tuple[str, list[str]]:
    """The folder that stands before the verb, where files are told from, and the words without it."""
    given, rest = "", list(words)
    while rest and rest[0].startswith("-"):
        name, equals, value = rest.pop(0).partition("=")
        if name in {"-C", "--directory"}:
            given = value if equals else rest.pop(0) if rest else ""
    return given, rest


def _called(root: click.Command, words: Sequence[str]) -> tuple[str, frozenset[str]]:
    """The verb that is called, and the variables of its options, and of all that it is below or that are below it."""
    called, verb, rest = root, "", list(words)
    found = set(_variables(root))
    while rest and isinstance(called, click.Group):
        word = rest.pop(0)
        below = None if word.startswith("-") else called.get_command(click.Context(called), word)
        if below is not None:
            verb, called = verb or word, below
            found |= set(_variables(below))
    if verb and isinstance(called, click.Group):
        # Which one below it is an input too, and may be wrong.
        found |= {name for one in called.commands.values() for name in _variables(one)}
    return verb, frozenset(found)


def _variables(command: click.Command) -> Iterator[str]:
    for parameter in command.params:
        names = parameter.envvar or ()
        yield from (names,) if isinstance(names, str) else names
