"""What chaos found: a table for a person, a document for machines, and how to run one round again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chaos.plan import Strike, phases_of
from chaos.round import Outcome

SCHEMA = "fairlead.chaos/v1"


def to_document(seed: int | None, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """``fairlead.chaos/v1``."""
    return {
        "schema": SCHEMA,
        "seed": seed,
        "rounds": [one.to_json() for one in outcomes],
        "requests": sum(one.requests for one in outcomes),
        "lost": sum(one.lost for one in outcomes),
        "excused": sum(one.excused for one in outcomes),
        "failed": [one.round.number for one in outcomes if one.broken],
    }


def render(seed: int | None, outcomes: Sequence[Outcome]) -> str:
    """One line a round, and what did not hold."""
    lines = [_line(one) for one in outcomes]
    for one in outcomes:
        if one.broken:
            lines += [
                "",
                f"round {one.round.number} ({one.round}) is broken:",
                *(f"  {text}" for text in one.broken),
            ]
            lines.append(f"  again: {again(seed, one)}")
    requests, lost = sum(one.requests for one in outcomes), sum(one.lost for one in outcomes)
    excused = sum(one.excused for one in outcomes)
    lines.append(
        f"\n{len(outcomes)} rounds, {requests} requests: {lost} lost, {excused} more that the faults killed in flight; "
        f"{sum(1 for one in outcomes if one.broken)} rounds broken"
    )
    return "\n".join(lines)


def again(seed: int | None, one: Outcome) -> str:
    """The command that runs just this round."""
    return f"make chaos {'TABLE=1' if seed is None else f'SEED={seed}'} ROUND={one.round.number}"


def render_table(outcomes: Sequence[Outcome]) -> str:
    """Phase by fault, as Markdown: what serves after the next command, and how many requests the fault cost."""
    phases = list(phases_of([one.round for one in outcomes]))
    strikes = [strike for strike in Strike if any(one.round.strike is strike for one in outcomes)]
    rows = [["", *phases], ["---"] * (len(phases) + 1)]
    for strike in strikes:
        cells = [
            _cell([one for one in outcomes if (one.round.strike, one.round.phase) == (strike, phase)])
            for phase in phases
        ]
        rows.append([strike.value, *cells])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _cell(found: Sequence[Outcome]) -> str:
    if not found:
        return "-"
    if any(one.broken for one in found):
        return "**broken**"
    served = {"old" if one.serving == one.before else "new" for one in found}
    excused = sum(one.excused for one in found)
    return "/".join(sorted(served)) + (f" ({excused})" if excused else "")


def _line(one: Outcome) -> str:
    state = "BROKEN" if one.broken else "ok    "
    struck = "" if one.struck else " (it had ended)"
    served = f"{one.before} -> {one.serving}" if one.before != one.serving else one.serving
    return (
        f"{state} {one.round.number:>4} {one.round}{struck}: client {one.exit}, {served}, {one.requests} requests, "
        f"{one.lost} lost, {one.excused} excused, {one.seconds:g} s; {one.said}"
    )
