"""``fairlead host``: check a server, make a fresh one ready, or leave it."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fairlead import report
from fairlead.cli.connection import (
    Place,
    access_of,
    access_options,
    ask_all,
    ask_each,
    find_place,
    host_option,
)
from fairlead.cli.host_leave import drain, remove, undrain
from fairlead.cli.options import environment_option, examples
from fairlead.errors import ExitCode, FairleadError

if TYPE_CHECKING:
    from fairlead.remote.access import AccessOptions
    from fairlead.report import Reporter
    from fairlead.settings.values import Host


@click.group(
    epilog=examples(
        ("fairlead host check -e production", "what the server lacks"),
        ("fairlead host setup", "print the script that prepares a fresh server"),
        ("fairlead host setup --run", "run it there, as root over ssh"),
        ("fairlead host drain app2.example.com", "take it out of the load balancer"),
        ("fairlead host remove app2.example.com", "leave it as it was before"),
    )
)
def command() -> None:
    """Check, prepare, drain or leave the servers of an environment."""


for leaving in (drain, undrain, remove):
    command.add_command(leaving)


@command.command(epilog=examples(("fairlead host check -e production", "every requirement, and what to do")))
@environment_option
@access_options
@host_option
@click.pass_context
def check(
    ctx: click.Context,
    environment: str | None,
    known_hosts: Path | None,
    identity: Path | None,
    host: str | None,
) -> None:
    """Tell what a server lacks: engine, Compose, Python, the folder, disk, clock, ports. Exit code 4 if it does."""
    reporter = report.current()
    place = find_place(environment).only(host)
    with reporter.step(f"check {place.host}"):
        checks = _check_hosts(place, access_of(known_hosts, identity))
    several = len(place.hosts) > 1
    rows = [
        (*([one["host"]] if several else []), one["name"], one["state"], one["found"], one["fix"] or "-")
        for one in checks
    ]
    headers = ("CHECK", "STATE", "FOUND", "WHAT TO DO")
    reporter.table(("HOST", *headers) if several else headers, rows)
    failed = [
        f"{one['host']}: {one['name']}" if several else one["name"]
        for one in checks
        if one["state"] == "failed"
    ]
    ready = f"{place.host} are ready" if several else f"{place.host} is ready"
    text = f"{'lacking' if several else f'{place.host} lacks'}: {', '.join(failed)}" if failed else ready
    reporter.result({"schema": "fairlead.host-check/v1", "host": place.host, "checks": checks}, text)
    if failed:
        ctx.exit(int(ExitCode.COMMAND_FAILED))


def _check_hosts(place: Place, access: AccessOptions) -> list[dict[str, Any]]:
    """What each server answers; one of several that cannot be reached lacks just that.

    Raises:
        FairleadError: the only one cannot be reached.
    """
    request = {"request": "check"}
    if len(place.hosts) == 1:
        return [{"host": place.host, **one} for one in ask_each(place, access, request)[place.host]["checks"]]
    checks: list[dict[str, Any]] = []
    for host, answer in ask_all(place, access, request).items():
        if isinstance(answer, FairleadError):
            found = f"{answer.what}: {answer.why}" if answer.why else answer.what
            checks.append(
                {"host": host, "name": "connection", "state": "failed", "found": found, "fix": answer.fix}
            )
        else:
            checks += [{"host": host, **one} for one in answer["checks"]]
    return checks


@command.command(
    epilog=examples(
        ("fairlead host setup | ssh root@app.example.com sh", "read it first"),
        ("fairlead host setup --run --identity KEY", "the same, in one step"),
        ("fairlead host setup --restrict", "a key that opens nothing but Fairlead"),
    )
)
@environment_option
@access_options
@host_option
@click.option(
    "--run/--print", "run", default=False, help="Run the script as root over ssh, or print it (default)."
)
@click.option("--login", metavar="USER", default="root", show_default=True, help="Who runs it, with --run.")
@click.option(
    "--public-key",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The public half of the deploy key. [default: that of --identity]",
)
@click.option(
    "--restrict",
    is_flag=True,
    help="Let the key open no shell: only Fairlead, and only with the agent of this version.",
)
def setup(
    environment: str | None,
    known_hosts: Path | None,
    identity: Path | None,
    host: str | None,
    run: bool,
    login: str,
    public_key: Path | None,
    restrict: bool,
) -> None:
    """Print the script that makes a fresh server ready, or run it there.

    It installs Docker and Python where they are missing, makes the user who deploys and lets the deploy key in,
    and makes /srv/fairlead. Running it again changes nothing.
    """
    from fairlead.remote.agent import build_agent
    from fairlead.remote.session import loader_argv
    from fairlead.remote.setup import PLACEHOLDER_KEY, render_door, render_setup

    place = find_place(environment).only(host)
    key = _public_key(public_key, identity)
    door = render_door(loader_argv()[-1]) if restrict else ""
    user = _sole_user(place)
    script = render_setup(user, key or PLACEHOLDER_KEY, door=door, agent=build_agent())
    if run:
        _run_setup(place, access_of(known_hosts, identity), login, script, has_key=key is not None)
        return
    document = {"schema": "fairlead.host-setup/v1", "host": place.host, "script": script}
    report.current().result(document, script.rstrip("\n"))


def _sole_user(place: Place) -> str:
    from fairlead.errors import InputError

    users = {host.user or "deploy" for host in place.environment.hosts}
    if len(users) > 1:
        raise InputError(
            f"the hosts of {place.environment.name} have different users: {', '.join(sorted(users))}",
            fix="set up one at a time, with --host",
        )
    return users.pop()


def _public_key(public_key: Path | None, identity: Path | None) -> str | None:
    """The line for authorized_keys: from the file that was named, or made from the private key."""
    from fairlead import process
    from fairlead.errors import InputError
    from fairlead.remote.access import KEY_VARIABLE, key_file

    if public_key is not None:
        if not public_key.is_file():
            raise InputError(f"there is no public key {public_key}", fix="correct --public-key")
        return public_key.read_text(encoding="utf-8").strip()
    if identity is not None:
        return process.run(("ssh-keygen", "-y", "-f", identity)).stdout.strip()
    if os.environ.get(KEY_VARIABLE):
        with key_file(os.environ[KEY_VARIABLE]) as path:
            return process.run(("ssh-keygen", "-y", "-f", path)).stdout.strip()
    return None


def _run_setup(place: Place, options: AccessOptions, login: str, script: str, *, has_key: bool) -> None:
    from fairlead.errors import InputError

    if not has_key:
        raise InputError("which key shall the server let in?", fix="name it with --public-key or --identity")
    reporter = report.current()
    keys = [
        _prepare(place, dataclasses.replace(host, user=login), options, script, reporter)
        for host in place.environment.hosts
    ]
    document = {"schema": "fairlead.host-setup/v1", "host": place.host, "script": script}
    told = (
        f"{host} is prepared; its host key is\n{key}" for host, key in zip(place.hosts, keys, strict=True)
    )
    reporter.result(document, "\n".join(told))


def _prepare(place: Place, host: Host, options: AccessOptions, script: str, reporter: Reporter) -> str:
    """Run the script on a server; the line that tells its host key."""
    from fairlead import passed, process
    from fairlead.errors import CommandFailedError
    from fairlead.remote.access import explain_failure, open_access
    from fairlead.remote.ssh import ssh_argv

    with (
        open_access(host, place.environment, options, os.environ) as access,
        reporter.step(f"prepare {host}"),
    ):
        done = process.run(
            ssh_argv(access, ["sh", "-s"]), stdin=script.encode(), also=passed.SSH, check=False
        )
    if done.returncode == 255:
        raise explain_failure(access, done.stderr)
    if not done.ok:
        lines = tuple((done.stdout + done.stderr).splitlines()[-20:])
        raise CommandFailedError(
            f"the set-up of {host} failed", why=lines[-1] if lines else "", details=lines
        )
    return done.stdout.splitlines()[-1]
