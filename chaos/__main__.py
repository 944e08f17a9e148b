"""Run chaos: rounds drawn from a seed, one of them again, or the whole table."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import click

from chaos.arena import lay_out
from chaos.plan import Round, Strike, last_on_small_disk, plan_diagonal, plan_rounds, plan_table
from chaos.report import again, render, render_table, to_document
from chaos.round import Outcome, run_round
from fairlead import report
from fairlead.errors import FairleadError
from lab.fault.inflict import clear
from lab.state import load
from lab.up import start_lab
from lab.wipe import wipe_server


@click.command()
@click.option("--seed", type=int, help="Of the rounds. [default: the time]", envvar="SEED")
@click.option("--rounds", type=click.IntRange(1), default=20, show_default=True, envvar="ROUNDS")
@click.option("--round", "only", type=int, multiple=True, help="Just these rounds of them.", envvar="ROUND")
@click.option("--table", is_flag=True, help="Every fault in every phase.", envvar="TABLE")
@click.option(
    "--strike",
    "strikes",
    multiple=True,
    type=click.Choice([one.value for one in Strike]),
    help="Only these faults.",
)
@click.option("--diagonal", is_flag=True, help="The few that the tests run.")
@click.option("--server", "number", type=int, default=1, show_default=True, help="Which server of the lab.")
@click.option(
    "--json", "file", type=click.Path(path_type=Path), help="Where the report goes.", envvar="REPORT"
)
def main(
    *,
    seed: int | None,
    rounds: int,
    only: tuple[int, ...],
    table: bool,
    strikes: tuple[str, ...],
    diagonal: bool,
    number: int,
    file: Path | None,
) -> None:
    """Deploys and rollbacks under load while something dies; exit code 1 when anything did not hold."""
    fixed = table or diagonal
    seed = None if fixed else seed if seed is not None else int(time.time()) % 100_000
    planned = (
        plan_table()
        if table
        else plan_diagonal()
        if diagonal
        else plan_rounds(seed or 0, max(rounds, *only, 0))
    )
    planned = [one for one in planned if not strikes or one.strike in strikes]
    if only:
        planned = [one for one in planned if one.number in only]
    click.echo(f"{len(planned)} rounds{'' if seed is None else f', seed {seed}'}", err=True)
    try:
        start_lab(number)
        outcomes = run(planned, number, seed)
    except FairleadError as error:
        report.current().error(error)
        sys.exit(error.exit_code)
    click.echo(render(seed, outcomes))
    if table:
        click.echo("\n" + render_table(outcomes))
    if file is not None:
        file.write_text(json.dumps(to_document(seed, outcomes), indent=2))
    sys.exit(any(one.broken for one in outcomes))


def run(planned: list[Round], number: int, seed: int | None) -> list[Outcome]:
    """All rounds, on the server's own disk first, then on a small one."""
    outcomes: list[Outcome] = []
    for small, group in enumerate(last_on_small_disk(planned)):
        if group:
            done: list[Outcome] = []
            try:
                done.extend(_run_all(number, group, seed, small_disk=bool(small)))
            except FairleadError as error:
                # What was run is told all the same.
                left = group[len(done) :]
                done += [Outcome(one, broken=[f"the app could not be laid out: {error}"]) for one in left]
            finally:
                outcomes += done
                _clean_up(number, outcomes)
    return outcomes


def _clean_up(number: int, outcomes: list[Outcome]) -> None:
    """Leave nothing on the server; where that cannot be done, the report says so and is not lost."""
    try:
        wipe_server(load().server(number))
        clear(load())
    except FairleadError as error:
        if outcomes:
            outcomes[-1].broken.append(f"the server could not be cleaned up: {error}")


def _run_all(number: int, group: list[Round], seed: int | None, *, small_disk: bool) -> Iterator[Outcome]:
    arena = lay_out(number, small_disk=small_disk)
    for one in group:
        click.echo(f"round {one.number}: {one}", err=True)
        try:
            outcome = run_round(arena, one)
        except FairleadError as error:
            outcome = Outcome(one, broken=[f"the round itself failed: {error}"])
            clear(arena.lab)
        yield outcome
        click.echo(render(seed, [outcome]).splitlines()[0], err=True)
        if outcome.broken:
            click.echo("\n".join([*outcome.broken, f"again: {again(seed, outcome)}"]), err=True)
            # Where one thing is broken, the next round must not be blamed for it.
            arena = lay_out(number, small_disk=small_disk)


if __name__ == "__main__":
    main()
