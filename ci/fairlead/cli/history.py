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
    entries = [{"host": host, **entry} for host, answer in answers.items() for entry in answer["history"]]
    entries.sort(key=lambda entry: float(entry["began_at"]), reverse=True)
    entries = entries[:limit] if limit else entries
    rows = history_rows(entries)
    if entries and place.has_several:
        named = [(str(entry["host"]), *row) for entry, row in zip(entries, rows, strict=True)]
        reporter.table(("HOST", *HISTORY_HEADERS), named)
    elif entries:
        reporter.table(HISTORY_HEADERS, rows)
    document = {"schema": "fairlead.history/v1", "app": place.app, "host": place.host, "history": entries}
    reporter.result(document, "" if entries else f"{place.app} has never been deployed on {place.host}")
