"""``fairlead secrets``: give a secret a new value, in one step."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fairlead import report
from fairlead.cli.options.shared import (
    accept_recreate_option,
    access_options,
    environment_option,
    examples,
    no_wait_option,
    secrets_dir_option,
    work_dir_option,
)
from fairlead.rollout.place import find_place

if TYPE_CHECKING:
    from fairlead.release.secrets import Secret
    from fairlead.remote.access import AccessOptions
    from fairlead.settings.values import Settings


@click.group(
    epilog=examples(
        ("fairlead secrets set db_password < new", "a new value, from standard input"),
        ("fairlead secrets set --configured api_key", "the value that a deploy would take"),
    )
)
def command() -> None:
    """Give the app's secrets new values."""


@command.command(
    "set",
    epilog=examples(
        (
            "pass show db | fairlead secrets set db_password",
            "from standard input, its last line break left out",
        ),
        ("fairlead secrets set db_password", "asked for, and not shown"),
        ("fairlead secrets set tls_key --from-file key.pem", "the bytes of a file, as they are"),
        ("fairlead secrets set --configured api_key token", "from where a deploy takes them"),
    ),
)
@click.argument("names", nargs=-1, required=True, envvar="FAIRLEAD_NAMES")
@environment_option
@work_dir_option
@access_options
@click.option(
    "--from-file",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Take the value from this file.",
)
@click.option(
    "--configured",
    is_flag=True,
    envvar="FAIRLEAD_CONFIGURED",
    help="Take the values from where a deploy takes them: FAIRLEAD_SECRET_<NAME>, FAIRLEAD_SECRETS, --secrets-dir, the programs of fairlead.yaml.",
)
@secrets_dir_option
@accept_recreate_option
@no_wait_option
@click.option("--dry-run", is_flag=True, help="Show the plan and change nothing.")
def set_secrets(
    names: tuple[str, ...],
    environment: str | None,
    work_dir: str,
    access: AccessOptions,
    from_file: Path | None,
    configured: bool,
    secrets_dir: Path | None,
    accept_recreate: tuple[str, ...],
    no_wait: bool,
    dry_run: bool,
) -> None:
    """Give secrets new values on the server: a new release with the same images, its readers restarted.

    Once it has passed its watch, the old value is removed from the server. No rollback brings it back: an older
    release reads the new value from then on. A deploy that comes with the old value is refused, so give the new one
    to your deploys as well. The value is on no command line and in no log.
    """
    place = find_place(environment, access)
    secrets = (
        _configured(place.settings, names, secrets_dir)
        if configured
        else {_sole(names): _given(names[0], from_file)}
    )
    for secret in secrets.values():
        report.redact(secret.reveal().decode("utf-8", "replace"))
    from fairlead.host.wire.request import Options

    deploy = place.settings.deploy
    options = Options(
        accept_recreate=accept_recreate,
        require_evidence=deploy.watch.require_evidence,
        no_wait=no_wait,
        lock_timeout=deploy.lock_timeout,
    )
    reporter = report.current()
    if dry_run:
        from fairlead.rollout.rotate import plan_rotation
        from fairlead.rollout.show import show_plans

        show_plans(plan_rotation(place, secrets, options), reporter)
    else:
        from fairlead.image.workdir import claim_work_dir
        from fairlead.rollout.rotate import run_rotation

        run_rotation(place, secrets, options, claim_work_dir(place.settings.root, work_dir), reporter)
        if not configured:
            reporter.line("give your deploys the new value too: one with the old value is refused")


def _configured(settings: Settings, names: Sequence[str], secrets_dir: Path | None) -> dict[str, Secret]:
    from fairlead.release.secrets import Wanted, read_secrets
    from fairlead.rollout.secret_programs import allowed_commands

    wanted = [Wanted(name) for name in names]
    return read_secrets(wanted, os.environ, secrets_dir, allowed_commands(settings))


def _sole(names: Sequence[str]) -> str:
    from fairlead.errors import InputError

    if len(names) > 1:
        raise InputError(
            f"{len(names)} names, and one value",
            fix="set one at a time, or say --configured and give the values as a deploy gets them",
        )
    return names[0]


def _given(name: str, file: Path | None) -> Secret:
    """The value of the file, of standard input, or asked for at the terminal."""
    from fairlead.release.secrets import parse_secret, parse_typed

    if file is not None:
        return parse_secret(name, file.read_bytes())
    if sys.stdin.isatty():
        return parse_typed(
            name,
            str(
                click.prompt(f"new value of {name}", hide_input=True, confirmation_prompt=True, err=True)
            ).encode(),
        )
    return parse_typed(name, sys.stdin.buffer.read())
