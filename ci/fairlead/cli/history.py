"""``fairlead history``: the deploys and rollbacks of an environment."""

from __future__ import annotations

from pathlib import Path

import click

from fairlead import report
from fairlead.cli.connection import access_of, access_options, ask, find_place
from fairlead.cli.options import environment_option, examples


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
def command(environment: str | None, known_hosts: Path | None, identity: Path | None, limit: int) -> None:
    """List the deploys and rollbacks of an environment, newest first, from the server's own journal."""
    from fairlead.host.text import HISTORY_HEADERS, history_rows

    reporter = report.current()
    place = find_place(environment)
    answer = ask(place, access_of(known_hosts, identity), {"request": "history"})
    entries = answer["history"][:limit] if limit else answer["history"]
    if entries:
        reporter.table(HISTORY_HEADERS, history_rows(entries))
    document = {"schema": "fairlead.history/v1", "app": place.app, "host": place.host, "history": entries}
    reporter.result(document, "" if entries else f"{place.app} has never been deployed on {place.host}")
