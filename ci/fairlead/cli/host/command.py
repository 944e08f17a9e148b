"""``fairlead host``: check a server, make a fresh one ready, or leave it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from fairlead import report
from fairlead.cli.host.leave import drain, remove, undrain
from fairlead.cli.host.setup import setup
from fairlead.cli.options.shared import access_options, environment_option, examples, host_option
from fairlead.errors import ExitCode, FairleadError
from fairlead.rollout.place import find_place

if TYPE_CHECKING:
    from fairlead.host.wire.replies import CheckAnswer
    from fairlead.remote.access import AccessOptions
    from fairlead.remote.server import Server
    from fairlead.rollout.place import Place


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


for one in (setup, drain, undrain, remove):
    command.add_command(one)


@command.command(epilog=examples(("fairlead host check -e production", "every requirement, and what to do")))
@environment_option
@access_options
@host_option
@click.pass_context
def check(
    ctx: click.Context,
    environment: str | None,
    access: AccessOptions,
    host: str | None,
) -> None:
    """Tell what a server lacks: engine, Compose, Python, the folder, disk, clock, ports. Exit code 4 if it does."""
    reporter = report.current()
    place = find_place(environment, access).only(host)
    with reporter.step(f"check {place.host}"):
        checks = _check_hosts(place)
    several = place.has_several
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


def _ask(server: Server) -> CheckAnswer:
    return server.check()


def _check_hosts(place: Place) -> list[dict[str, Any]]:
    """What each server answers; one of several that cannot be reached lacks just that.

    Raises:
        FairleadError: the only one cannot be reached.
    """
    from fairlead.rollout.lines import ask_all, ask_each

    if not place.has_several:
        return [{"host": place.host, **one.document} for one in ask_each(place, _ask)[place.host].checks]
    checks: list[dict[str, Any]] = []
    for host, answer in ask_all(place, _ask).items():
        if isinstance(answer, FairleadError):
            found = f"{answer.what}: {answer.why}" if answer.why else answer.what
            checks.append(
                {"host": host, "name": "connection", "state": "failed", "found": found, "fix": answer.fix}
            )
        else:
            checks += [{"host": host, **one.document} for one in answer.checks]
    return checks
