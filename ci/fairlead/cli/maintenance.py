"""``fairlead maintenance``: show everybody a page instead of the app, and let users in again."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fairlead import report
from fairlead.cli.options.shared import access_options, environment_option, examples, host_option
from fairlead.errors import CommandFailedError, FairleadError, InputError
from fairlead.rollout.place import find_place

if TYPE_CHECKING:
    from fairlead.host.wire.calls import Maintain
    from fairlead.host.wire.replies import MaintenanceAnswer
    from fairlead.remote.access import AccessOptions
    from fairlead.rollout.place import Place

SCHEMA = "fairlead.maintenance/v1"
_MAX_BYTES = 1024 * 1024


@click.group(
    epilog=examples(
        ("fairlead maintenance on -e production", "everybody sees a page of ours, with 503"),
        ("fairlead maintenance off -e production", "users are let in again"),
    )
)
def command() -> None:
    """Show everybody a page instead of the app, and let users in again.

    Nothing is reloaded or restarted, and it works while a deploy is under way or the app is dead. It stays over deploys,
    rollbacks and reboots. Deploys are made and verified behind the page, calls between services go on, and health checks
    are answered as ever. `fairlead status` says it, with exit code 4, since users are not served.
    """


@command.command(
    "on",
    epilog=examples(
        ("fairlead maintenance on --page maintenance.html", "a page of your own"),
        ("fairlead maintenance on --retry-after 1800", "when clients may come back"),
    ),
)
@environment_option
@access_options
@host_option
@click.option(
    "--page",
    metavar="FILE",
    envvar="FAIRLEAD_PAGE",
    show_envvar=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The page: one HTML file with all that it needs. [default: a plain one of ours]",
)
@click.option(
    "--retry-after",
    metavar="SECONDS",
    envvar="FAIRLEAD_RETRY_AFTER",
    show_envvar=True,
    type=click.IntRange(1, 7 * 24 * 3600),
    default=300,
    show_default=True,
    help="When clients are told to come back.",
)
def on(
    environment: str | None,
    access: AccessOptions,
    host: str | None,
    page: Path | None,
    retry_after: int,
) -> None:
    """Answer everybody with 503, Retry-After and a page, and see that they get it.

    Said again, it shows another page. A stream that is open stays open. The link that is printed at a terminal, and
    stands in the JSON document, opens a way past the page for one browser: for whoever is to look at the app.
    """
    from fairlead.host.wire.calls import Maintain
    from fairlead.rollout.who import whoami

    # One for all servers: the next request of a browser may come to another one.
    look = secrets.token_hex(16)
    text = read_page(page) if page else ""
    place = find_place(environment, access).only(host)
    call = Maintain(True, text, retry_after, look, whoami())
    answers = _ask(place, call)
    reporter = report.current()
    looks = [f"{place.environment.url.rstrip('/')}/.fairlead/look/{one.look}" for one in answers.values()]
    for link in dict.fromkeys(looks) if place.environment.url and sys.stderr.isatty() else ():
        reporter.line(f"to look past it: {link}")
    unseen = [f"{name}: {text}" for name, one in answers.items() for text in one.unseen]
    if unseen:
        raise CommandFailedError(
            f"the page is there, and users do not get it: {unseen[0]}",
            why="the proxy of the app, or the edge in front of it, does not answer",
            fix="`fairlead repair` starts what should run; `fairlead maintenance off` takes the page away",
            details=tuple(unseen),
        )
    _tell_unasked(answers)
    said = f"users of {place.app} see a page with 503 until `fairlead maintenance off`"
    reporter.result(_document(place, answers), said)


@command.command("off", epilog=examples(("fairlead maintenance off -e production", "users are let in again")))
@environment_option
@access_options
@host_option
def off(environment: str | None, access: AccessOptions, host: str | None) -> None:
    """Let users in again, and see that they are served; exit code 4 if they are not."""
    from fairlead.host.wire.calls import Maintain
    from fairlead.rollout.who import whoami

    place = find_place(environment, access).only(host)
    answers = _ask(place, Maintain(False, by=whoami()))
    unserved = [f"{name}: {text}" for name, one in answers.items() for text in one.unserved]
    if unserved:
        raise CommandFailedError(
            f"the page is gone, and users are not served: {unserved[0]}",
            fix="`fairlead status` and `fairlead logs` show why; `fairlead maintenance on` shows the page again",
            details=tuple(unserved),
        )
    _tell_unasked(answers)
    was_on = any(one.was_on for one in answers.values())
    said = "users are served again" if was_on else "was not in maintenance: users are served"
    report.current().result(_document(place, answers), f"{place.app}: {said}")


def read_page(file: Path) -> str:
    """The page of a file.

    Raises:
        InputError: it is none that a proxy can show.
    """
    from fairlead.host.wire.page import MAX_PAGE

    _confine(file)
    with file.open("rb") as stream:
        raw = stream.read(_MAX_BYTES + 1)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{file} is no text in UTF-8", why=str(error), fix="save it as UTF-8") from error
    if not text.strip() or len(text) > MAX_PAGE:
        raise InputError(
            f"{file} cannot be the page of a maintenance",
            why="it is empty" if not text.strip() else f"it is longer than {MAX_PAGE} characters",
            fix="name one HTML file with what it needs inside: while the app is closed, nothing else is served",
        )
    return text


def _confine(file: Path) -> None:
    """Show nothing for a file of the repository that is not: a link there may lead to a key, or to our own variables.

    Raises:
        InputError: it leads out of the repository.
    """
    from fairlead.sources import SourceRefusedError, check_source, is_below, repository_of

    home = repository_of(os.curdir)
    if not is_below(os.path.abspath(file), home):  # noqa: PTH100 - the links in it are what this is about
        return
    try:
        check_source(str(file), [home])
    except SourceRefusedError as error:
        raise InputError(f"{file} is not read: {error}", fix="make it a file of the repository") from error


def _ask(place: Place, call: Maintain) -> dict[str, MaintenanceAnswer]:
    """Ask every server.

    Raises:
        FairleadError: one of them did not do it; it says which others did.
    """
    from fairlead.rollout.lines import ask_all

    with report.current().step(f"maintenance {'on' if call.on else 'off'}: {place.host}"):
        answers = ask_all(place, lambda server: server.maintenance(call))
    failed = {host: one for host, one in answers.items() if isinstance(one, FairleadError)}
    done = {host: one for host, one in answers.items() if not isinstance(one, FairleadError)}
    for host, error in failed.items():
        if done:
            report.current().warn(f"{host} did not do it, and {', '.join(done)} did: say it again")
        raise error
    return done


def _tell_unasked(answers: Mapping[str, MaintenanceAnswer]) -> None:
    """Say of which servers nobody knows what users get."""
    from fairlead.host.wire.page import UNASKED

    for host, one in answers.items():
        if not one.asked:
            report.current().warn(f"{host}: {UNASKED}")


def _document(place: Place, answers: Mapping[str, MaintenanceAnswer]) -> dict[str, Any]:
    hosts = [{"host": host, **one.document} for host, one in answers.items()]
    return {"schema": SCHEMA, "app": place.app, "on": next(iter(answers.values())).on, "hosts": hosts}
