"""Chaos is drawn from a seed, strikes everything, and blames nobody for what a fault itself has killed."""

from __future__ import annotations

from typing import Any

from chaos.losses import count_lost
from chaos.plan import PHASES, REACHED, Kind, Round, Strike, last_on_small_disk, plan_rounds, plan_table
from chaos.report import again, render, render_table, to_document
from chaos.round import Outcome
from fairlead.host.run.table import PHASES as PHASES_OF_THE_AGENT
from lab.load.report import Report


def test_a_round_is_the_same_whatever_came_before() -> None:
    assert plan_rounds(7, 5) == plan_rounds(7, 50)[:5]
    assert plan_rounds(7, 50) != plan_rounds(8, 50)


def test_rounds_strike_where_their_command_comes_by() -> None:
    rounds = plan_rounds(1, 500)
    assert all(one.phase in REACHED[one.kind] for one in rounds)
    assert {one.strike for one in rounds} == set(Strike)
    assert {one.kind for one in rounds} == set(Kind)
    assert {one.phase for one in rounds} == set(PHASES)
    assert not [one for one in rounds if (one.kind, one.strike) == (Kind.CRASHING, Strike.PARTITION)]


def test_the_phases_are_those_of_one_host() -> None:
    assert tuple(phase.name for phase in PHASES_OF_THE_AGENT if not phase.facts.holds) == PHASES


def test_the_table_has_every_fault_in_every_phase() -> None:
    rounds = plan_table()
    assert {(one.strike, one.phase) for one in rounds} == {
        (strike, phase) for strike in Strike for phase in PHASES
    }
    assert len({one.number for one in rounds}) == len(rounds)


def test_a_full_disk_comes_last() -> None:
    rest, small = last_on_small_disk(plan_rounds(1, 200))
    assert {one.strike for one in small} == {Strike.DISK}
    assert len(rest) + len(small) == 200


def _report(troubles: list[dict[str, Any]], windows: list[dict[str, Any]] | None = None) -> Report:
    lost = len(troubles) if windows is None else sum(one["requests"]["lost"] for one in windows)
    part = {"requests": {"total": 1000, "lost": lost}, "troubles": troubles, "windows": windows or []}
    return Report({"started": 100.0, "parts": [part]})


def test_what_was_under_way_during_the_fault_is_excused() -> None:
    """Begun before it and lost in it, begun in it, and begun after it."""
    troubles = [{"at": 1.0, "seconds": 2.5}, {"at": 4.0, "seconds": 0.1}, {"at": 9.0, "seconds": 0.1}]
    assert count_lost(_report(troubles), [(103.0, 105.0)]) == (1, 2)
    assert count_lost(_report(troubles), []) == (3, 0)


def test_more_than_is_told_one_by_one_is_counted_by_when_it_began() -> None:
    windows = [{"at": at, "requests": {"lost": 50}} for at in (1.0, 2.5, 4.0)]
    told = [{"at": 2.5, "seconds": 0.6}, {"at": 1.0, "seconds": 0.1}]
    assert count_lost(_report(told, windows), [(103.0, 105.0)]) == (50, 100)


def test_a_broken_round_says_how_to_run_just_it() -> None:
    good = Outcome(Round(3, Kind.GOOD, "watch", Strike.AGENT), before="000001", serving="000001")
    bad = Outcome(
        Round(4, Kind.GOOD, "start", Strike.HOST), before="000001", serving="000002", broken=["it burns"]
    )
    told = render(7, [good, bad])
    assert "make chaos SEED=7 ROUND=4" in told
    assert "it burns" in told
    assert again(None, bad) == "make chaos TABLE=1 ROUND=4"
    assert to_document(7, [good, bad])["failed"] == [4]
    table = render_table([good, bad]).splitlines()
    assert table[0] == "|  | start | watch |"
    assert table[2:] == ["| agent killed | - | old |", "| power cut | **broken** | - |"]
