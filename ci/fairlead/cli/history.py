"""``fairlead history``: the deploys, rollbacks and maintenances of an environment."""

from __future__ import annotations

from pathlib import Path

import click

from fairlead import report
from fairlead.cli.connection import access_of, access_options, ask_each, find_place
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
    """List the deploys, rollbacks and maintenances of an environment, newest first, from the servers' own journals."""
    from fairlead.host.wire.text import HISTORY_HEADERS, history_rows

    reporter = report.current()
    place = find_place(environment)
    answers = ask_each(place, access_of(known_hosts, identity), lambda server: server.history())
    entries = [{"host": host, **entry} for host, answer in answers.items() for entry in answer["history"]]
    entries.sort(key=lambda entry: float(entry["began_at"]), reverse=True)
    entries = entries[:limit] if limit else entries
    rows = history_rows(entries)
    if entries and len(place.hosts) > 1:
        named = [(str(entry["host"]), *row) for entry, row in zip(entries, rows, strict=True)]
        reporter.table(("HOST", *HISTORY_HEADERS), named)
    elif entries:
        reporter.table(HISTORY_HEADERS, rows)
    document = {"schema": "fairlead.history/v1", "app": place.app, "host": place.host, "history": entries}
    reporter.result(document, "" if entries else f"{place.app} has never been deployed on {place.host}")
