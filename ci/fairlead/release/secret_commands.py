"""Values of secrets from programs of the user's: sops, a password manager, a cloud's vault.

A program is started without a shell, when a value is looked for that no variable and no file of his has, and once,
however many values come from it. What it prints is held to a size, is a value and never shown; of what it says on its
error output the last lines are, should it fail.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from fairlead import process
from fairlead.errors import CommandFailedError, InputError
from fairlead.host.wire.mask import Mask
from fairlead.host.wire.visible import visible

if TYPE_CHECKING:
    from fairlead.release.secrets import Values
    from fairlead.settings.values import SecretCommand, SecretSettings, Settings

MAX_OUTPUT = 4 * 1024 * 1024
_SECONDS = 300.0
"""Somebody may have to find his key, or to touch it."""
_SHOWN_LINES = 5

Run = Callable[["SecretCommand"], bytes]


class SecretCommands:
    """Asks the programs of fairlead.yaml; each is run at most once."""

    def __init__(self, settings: SecretSettings, run: Run, parse: Callable[[str, str], Values]) -> None:
        """Remember what to run.

        Args:
            settings: which program knows which value.
            run: starts one, and returns what it prints.
            parse: reads the output of one that knows many: the text, what it is called -> values by variable.
        """
        self._settings = settings
        self._run = run
        self._parse = parse
        self._printed: dict[SecretCommand, bytes] = {}

    def value(self, name: str, variable: str) -> bytes:
        """The value of a secret, empty where no program has it.

        Args:
            name: of the secret.
            variable: what it is called in the output of a program that knows many.

        Raises:
            InputError: a program prints something else than values, or may not be run here.
            CommandFailedError: it fails.
            ToolMissingError: it is not there.
        """
        own = self._settings.each.get(name)
        if own is not None and (value := self._output(own).rstrip(b"\r\n")):
            return value
        common = self._settings.command
        if common is None:
            return b""
        text = self._output(common).decode("utf-8", "surrogateescape")
        return self._parse(text, f"the output of `{shown_argv(common)}`").get(variable)

    def places(self, name: str) -> list[str]:
        """Where a value is looked for, in words."""
        commands = (self._settings.each.get(name), self._settings.command)
        return [f"the output of `{shown_argv(one)}`" for one in commands if one is not None]

    def _output(self, command: SecretCommand) -> bytes:
        if command not in self._printed:
            self._printed[command] = self._run(command)
        return self._printed[command]


def secret_commands(settings: Settings, refusal: str = "") -> SecretCommands:
    """The programs of fairlead.yaml.

    Args:
        settings: fairlead.yaml.
        refusal: why none may be run here; empty where they may.
    """
    from fairlead.release.secrets import parse_values

    def run(command: SecretCommand) -> bytes:
        if refusal:
            raise InputError(
                f"`{shown_argv(command)}` is not run: {refusal}",
                why="the repository names this program, and whoever wrote it would decide what runs beside the secrets of this job",
                fix="give the values by FAIRLEAD_SECRETS or FAIRLEAD_SECRET_<NAME>",
            )
        return run_secret_command(command, settings.root)

    return SecretCommands(settings.secrets, run, parse_values)


def run_secret_command(command: SecretCommand, folder: Path) -> bytes:
    """What a program prints on its standard output.

    Raises:
        ToolMissingError: it is not there.
        CommandFailedError: it failed, printed too much, or took too long; nothing that it printed is in the message.
    """
    done = process.capture(command.argv, also=command.env, cwd=folder, most=MAX_OUTPUT, timeout=_SECONDS)
    if done.returncode == 0:
        return done.stdout
    # Some programs tell on one stream what they print on the other.
    said = Mask(done.stdout.splitlines()).text(done.stderr.decode("utf-8", "replace"))
    lines = [visible(line) for line in said.splitlines() if line.strip()][-_SHOWN_LINES:]
    raise CommandFailedError(
        f"`{shown_argv(command)}` failed with exit code {done.returncode}: values of secrets come from it",
        why=lines[-1] if lines else "it says nothing on its error output",
        details=tuple(lines),
        fix=f"run it in {folder}; a variable that it needs has to stand in `env:` beside it in fairlead.yaml",
    )


def shown_argv(command: SecretCommand) -> str:
    """The command line, for a message."""
    return visible(shlex.join(command.argv))
