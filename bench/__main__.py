"""Run the benchmarks: all of them, or those named."""

from __future__ import annotations

import sys

import click

from bench import (
    board,
    edge,
    fleet,
    footprint,
    help_time,
    job,
    kamal,
    overload,
    ranks,
    setup_time,
    switch,
    validate,
)
from bench.measure import Row
from fairlead import report
from fairlead.errors import FairleadError

BENCHMARKS = {
    "help": help_time.measure,
    "setup": setup_time.measure,
    "validate": validate.measure,
    "ranks": ranks.measure,
    "job": job.measure,
    "board": board.measure,
    "overload": overload.measure,
    "switch": switch.measure,
    "footprint": footprint.measure,
    "edge": edge.measure,
    "fleet": fleet.measure,
    "kamal": kamal.measure,
}


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(sorted(BENCHMARKS)))
def main(names: tuple[str, ...]) -> None:
    """Measure, and print one table; the exit code is 1 when a goal was not reached."""
    try:
        rows = [row for name in names or BENCHMARKS for row in BENCHMARKS[name]()]
    except FairleadError as error:
        report.current().error(error)
        sys.exit(error.exit_code)
    click.echo(render(rows))
    sys.exit(not all(row.held for row in rows))


def render(rows: list[Row]) -> str:
    """The table as Markdown, aligned."""
    cells = [("what", "Fairlead", "floor or peer", "compared", "goal", "held")]
    cells += [
        (row.what, row.ours, row.floor, row.ratio, row.goal, "yes" if row.held else "NO") for row in rows
    ]
    widths = [max(len(line[column]) for line in cells) for column in range(len(cells[0]))]
    lines = [
        " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in cells
    ]
    return "\n".join(
        [f"| {lines[0]} |", "|" + "|".join("-" * (width + 2) for width in widths) + "|"]
        + [f"| {line} |" for line in lines[1:]]
    )


if __name__ == "__main__":
    main()
