"""``fairlead secrets``: give a secret a new value, in one step."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fairlead import report
from fairlead.cli.connection import Place, access_of, access_options, ask_each, find_place, open_lines
from fairlead.cli.options import (
    accept_recreate_option,
    environment_option,
    examples,
    no_wait_option,
    secrets_dir_option,
    work_dir_option,
)

if TYPE_CHECKING:
    from fairlead.host.wire.request import Options
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
    known_hosts: Path | None,
    identity: Path | None,
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
    place = find_place(environment)
    secrets = (
        _configured(place.settings, names, secrets_dir)
        if configured
        else {_sole(names): _given(names[0], from_file)}
    )
    for secret in secrets.values():
        report.redact(secret.reveal().decode("utf-8", "replace"))
    from fairlead.host.wire.request import Options

    lock_timeout = place.settings.deploy.lock_timeout
    options = Options(accept_recreate=accept_recreate, no_wait=no_wait, lock_timeout=lock_timeout)
    access = access_of(known_hosts, identity)
    if dry_run:
        _show_plan(place, access, options, secrets)
    else:
        from fairlead.image.workdir import claim_work_dir

        _rotate(place, access, claim_work_dir(place.settings.root, work_dir), options, secrets)
        if not configured:
            report.current().line("give your deploys the new value too: one with the old value is refused")


def _rotate(
    place: Place,
    access: AccessOptions,
    work_dir: Path,
    options: Options,
    secrets: Mapping[str, Secret],
) -> None:
    import getpass
    import socket

    from fairlead.cli.rollout import finish_rollout
    from fairlead.cli.rollout_options import RolloutOptions
    from fairlead.cli.together import ask_marks, choose_marks, connect_all, run_alike
    from fairlead.host.wire.changes import RotateCall
    from fairlead.release.bundle import mark_secrets, plan_created_by
    from fairlead.remote.session import Blob

    reporter = report.current()
    by = plan_created_by(os.environ, getpass.getuser(), socket.gethostname())
    blobs = [Blob("secret", name, secret.reveal()) for name, secret in secrets.items()]
    with open_lines(place, access) as lines, lines.ask_ahead(ask_marks) as aheads:
        servers, states = connect_all(place, aheads, reporter)
        marks = choose_marks(states)
        change = RotateCall(mark_secrets(secrets, marks), options, by, marks.key.hex())
        result = run_alike(place, servers, states, change, blobs, reporter)
    finish_rollout(place, result, reporter, RolloutOptions(work_dir), lines)


def _show_plan(place: Place, access: AccessOptions, options: Options, secrets: Mapping[str, Secret]) -> None:
    from fairlead.cli.together import ask_marks, choose_marks, show_plans
    from fairlead.host.wire.changes import RotateCall
    from fairlead.release.bundle import mark_secrets

    marks = choose_marks(ask_each(place, access, ask_marks))
    change = RotateCall(mark_secrets(secrets, marks), options)
    show_plans(ask_each(place, access, lambda server: server.plan(change)), report.current())


def _configured(settings: Settings, names: Sequence[str], secrets_dir: Path | None) -> dict[str, Secret]:
    from fairlead.cli.secret_programs import allowed_commands
    from fairlead.release.secrets import Wanted, read_secrets

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
