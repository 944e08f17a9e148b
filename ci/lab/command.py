"""``fairlead lab``: a production in a box, on this machine."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING

import click

from fairlead import report
from fairlead.cli.options.shared import examples
from lab.fault import command as lab_fault
from lab.load import command as lab_load

if TYPE_CHECKING:
    from lab.state import Lab


@click.group(
    "lab",
    epilog=examples(
        ("fairlead lab up", "a registry and one server"),
        ("fairlead lab up --hosts 3", "three servers"),
        ('eval "$(fairlead lab env)"', "let the other verbs use it"),
        ("fairlead lab ssh", "a shell on server 1"),
        ("fairlead lab ssh 2 -- docker ps", "one command on server 2"),
        ("fairlead lab wipe", "server 1 without any app, its images kept"),
        ("fairlead lab load http://127.0.0.2", "requests, each accounted for"),
        ("fairlead lab fault partition --for 10s", "something goes wrong with server 1"),
        ("fairlead lab down", "remove all of it"),
    ),
)
def command() -> None:
    """A production in a box: a registry with a login, and servers with a real sshd and a real engine.

    Everything runs in containers of the local engine and is published on loopback: the registry on
    127.0.0.1:5080, server N on 127.0.0.(N+1) with ports 22, 80 and 443. Base images come from Docker Hub
    where it answers, otherwise from Debian packages.

    A second lab stands beside the first with FAIRLEAD_LAB_NAME, FAIRLEAD_LAB_ADDRESS (of its server 1) and
    FAIRLEAD_LAB_REGISTRY_PORT set.
    """


command.add_command(lab_load.command)
command.add_command(lab_fault.command)


@command.command()
@click.option(
    "--hosts",
    type=int,
    default=None,
    metavar="N",
    help="How many servers. [default: as many as there are, or 1]",
)
@click.option(
    "--refresh", is_flag=True, help="Take the newest Debian packages instead of those of the first time."
)
def up(hosts: int | None, refresh: bool) -> None:
    """Bring the lab up, or what is missing of it; safe to run again at any time."""
    from lab.state import place_from
    from lab.up import refresh_packages, run_up

    reporter = report.current()
    place = place_from(os.environ)
    if refresh:
        refresh_packages()
    lab = run_up(place, hosts, reporter)
    reporter.result(_public(lab), _render_up(lab))


@command.command()
def down() -> None:
    """Remove containers, volumes, networks, images and keys of the lab; downloads stay in the cache."""
    from lab.state import place_from
    from lab.up import run_down

    place = place_from(os.environ)
    reporter = report.current()
    with reporter.step(f"removing {place.name}"):
        run_down(place, reporter)
    reporter.result({"schema": "fairlead.lab-down/v1", "name": place.name}, f"{place.name} is gone")


@command.command()
def status() -> None:
    """Say how each piece of the lab is; exit code 4 when one is not well."""
    from fairlead.errors import CommandFailedError
    from lab.health import probe_lab
    from lab.state import load

    reporter = report.current()
    lab = load()
    pieces = probe_lab(lab)
    reporter.table(("piece", "address", "health"), [(one.name, one.address, one.health) for one in pieces])
    ill = [one.name for one in pieces if not one.ok]
    if ill:
        raise CommandFailedError(f"not well: {', '.join(ill)}", fix="`fairlead lab up` brings it back")
    document = {**_public(lab), "health": {one.name: one.health for one in pieces}}
    reporter.result(document, f"the lab is up; base images: {lab.bases}")


@command.command(context_settings={"ignore_unknown_options": True})
@click.argument("words", metavar="[N] [-- COMMAND...]", nargs=-1, type=click.UNPROCESSED)
def ssh(words: tuple[str, ...]) -> None:
    """Open a shell on server N (1 when not told), or run a command there."""
    from fairlead import passed, process
    from lab.server import ssh_argv
    from lab.state import load

    lab = load()
    number, remote = (int(words[0]), words[1:]) if words and words[0].isdecimal() else (1, words)
    line = (shlex.join(remote),) if remote else ()
    process.replace(ssh_argv(lab.server(number), lab.identity, lab.known_hosts, line), also=passed.SSH)


@command.command()
@click.argument("number", type=int, required=False)
@click.option("-f", "--follow", is_flag=True, help="Go on as they come.")
def logs(number: int | None, follow: bool) -> None:
    """Show the log of a server (sshd and engine), or of the registry when no number is given."""
    from fairlead import passed, process
    from fairlead.tools.locate import locate
    from lab.state import load

    lab = load()
    name = f"{lab.name}-registry" if number is None else lab.server(number).name
    process.replace((locate("docker"), "logs", *(("--follow",) if follow else ()), name), also=passed.ENGINE)


@command.command()
@click.argument("number", type=int, default=1)
def wipe(number: int) -> None:
    """Take every app and its data off server N (1 when not told); images stay."""
    from lab.state import load
    from lab.wipe import wipe_server

    reporter = report.current()
    server = load().server(number)
    with reporter.step(f"wiping {server.name}"):
        wipe_server(server)
    reporter.result({"schema": "fairlead.lab-wipe/v1", "server": server.name}, f"{server.name} holds no app")


@command.command()
def env() -> None:
    """Print what the other verbs need in the lab, as `export` lines for a shell."""
    from lab.state import load

    lab = load()
    lines = (f"export {name}={shlex.quote(value)}" for name, value in lab.environ.items())
    report.current().result({"schema": "fairlead.lab-env/v1", "environ": dict(lab.environ)}, "\n".join(lines))


def _public(lab: Lab) -> dict[str, object]:
    """The state document without the password."""
    return {name: value for name, value in lab.to_json().items() if name not in {"password", "environ"}}


def _render_up(lab: Lab) -> str:
    first = lab.servers[min(lab.servers)]
    return (
        f"registry {lab.registry} (login {lab.username}), base images: {lab.bases}\n"
        + "".join(
            f"server {number}: {one.user}@{one.address}:{one.port}\n" for number, one in lab.servers.items()
        )
        + f'next: eval "$(fairlead lab env)", then deploy to {first.user}@{first.address}'
    )
