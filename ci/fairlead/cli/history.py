"""``fairlead history``: the deploys, rollbacks and maintenances of an environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from fairlead import report
from fairlead.cli.options.shared import access_options, environment_option, examples
from fairlead.rollout.place import find_place

if TYPE_CHECKING:
    from fairlead.remote.access import AccessOptions


@click.command(
    epilog=examples(
        ("fairlead history -e production", "the last 20"),
        ("fairlead history --limit 0", "all of them"),
    )
)
@environment_option
@access_options
@click.option(
    "--limit",
    metavar="N",
    type=click.IntRange(min=0),
    default=20,
    show_default=True,
    help="How many; 0 is all.",
)
def command(environment: str | None, access: AccessOptions, limit: int) -> None:
    """List the deploys, rollbacks and maintenances of an environment, newest first, from the servers' own journals."""
    from fairlead.host.wire.text import HISTORY_HEADERS, history_rows
    from fairlead.rollout.lines import ask_each

    reporter = report.current()
    place = find_place(environment, access)
    answers = ask_each(place, lambda server: server.history())
    found = [(host, entry) for host, answer in answers.items() for entry in answer.history]
    found.sort(key=lambda one: one[1].began_at, reverse=True)
    found = found[:limit] if limit else found
    rows = history_rows([entry for _, entry in found])
    if found and place.has_several:
        named = [(host, *row) for (host, _), row in zip(found, rows, strict=True)]
        reporter.table(("HOST", *HISTORY_HEADERS), named)
    elif found:
        reporter.table(HISTORY_HEADERS, rows)
    entries = [{"host": host, **entry.document} for host, entry in found]
    document = {"schema": "fairlead.history/v1", "app": place.app, "host": place.host, "history": entries}
    reporter.result(document, "" if found else f"{place.app} has never been deployed on {place.host}")
