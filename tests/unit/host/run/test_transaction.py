"""Each phase of each kind of transaction fails in turn: what comes of it, what is written, what is undone.

The phases are pretend ones that only start, switch, commit and retire; all around them is real. What is expected goes
by those four deeds, not by the table.
"""

from __future__ import annotations

import errno
import json
import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Optional, cast

import pytest

from fairlead.host.disk.fold import fold_records
from fairlead.host.disk.ledger import DEPLOY, ROLLBACK, Rotation
from fairlead.host.run.context import Deploy
from fairlead.host.state.ownership import read_owner
from fairlead.host.wire.answer import render_answer
from fairlead.host.wire.errors import DoubtFault, EngineFault, InputFault, ReleaseFault, StoppedFault
from fairlead.host.wire.owner import Owner
from tests.unit.host.run.rehearsal import PIECES, ROLLED, Piece, Rehearsal
from tests.unit.host.stories import APP

FAULTS: dict[str, Callable[[], Exception]] = {
    "unfit": lambda: ReleaseFault("unfit"),
    "engine": lambda: EngineFault("unfit"),
    "input": lambda: InputFault("unfit"),
    "stopped": lambda: StoppedFault("unfit"),
    "disk": lambda: OSError(errno.ENOSPC, "unfit"),
}


def _is_after(piece: Piece, name: str, deed: str) -> bool:
    """Whether a phase comes after the one that does this."""
    names = [phase.name for phase in piece.phases]
    return names.index(name) > names.index(deed)


def _has(piece: Piece, name: str, deed: str, *, late: bool) -> bool:
    """Whether this had been done when the phase failed."""
    return _is_after(piece, name, deed) or (late and name == deed)


def _find_cases() -> Iterator[tuple[Piece, str, bool]]:
    """Every phase of every piece, failing at once and after what it does; a commit that is written has not failed."""
    for piece in PIECES:
        for phase in piece.phases:
            yield piece, phase.name, False
            if phase.name != "commit":
                yield piece, phase.name, True


DEPLOYS = next(one for one in PIECES if one.name == "deploy")
ROLLBACKS = next(one for one in PIECES if one.name == "rollback")
ALL = tuple(_find_cases())
AFTER = tuple(case for case in ALL if _is_after(case[0], case[1], "commit"))
BEFORE = tuple(case for case in ALL if case not in AFTER)
ALONE = tuple(case for case in BEFORE if not (case[0].fleet and case[1] == "commit"))
"""Where a host decides by itself to go back."""


def _with_faults(cases: tuple[tuple[Piece, str, bool], ...]) -> list[tuple[Piece, str, bool, str]]:
    """A deploy with every fault, and every other piece with each of them somewhere."""
    names = list(FAULTS)
    return [
        (*case, fault)
        for number, case in enumerate(cases)
        for fault in (names if str(case[0]) == "deploy" else [names[number % len(names)]])
    ]


def _names(release: Optional[str]) -> set[str]:
    return {f"{APP}-{release}-{service}-1" for service in ROLLED} if release else set()


def _states(result: Any) -> list[tuple[str, str]]:
    return [(one.phase, one.state) for one in result.phases]


def _ended(name: str) -> tuple[str, str]:
    """How a phase ends that does not fail: the pretend `pull` has nothing to do."""
    return name, "skipped" if name == "pull" else "done"


def _until(piece: Piece, name: str, *, late: bool) -> list[str]:
    """The records of a transaction up to this phase."""
    names = [phase.name for phase in piece.phases]
    names = names[: names.index(name) + 1]
    records = [f"phase {one}" for one in names]
    if "commit" in names and _has(piece, name, "commit", late=late):
        records.insert(names.index("commit") + 1, "commit")
    return ["begin", *records]


def _written(played: Rehearsal) -> list[str]:
    return [f"phase {one.data['phase']}" if one.type == "phase" else one.type for one in played.written]


def _require_undone(played: Rehearsal, name: str, *, late: bool) -> None:
    """What had been started is gone, or stopped again, after the switch was turned back; nothing else was touched."""
    piece = played.piece
    started, serves = (
        _has(piece, name, "start", late=late),
        _is_after(piece, name, "switch") or name == "switch",
    )
    own = _names(piece.target) if started else set()
    expected = [("stop", own)] if started and (serves or piece.kind == ROLLBACK) else []
    expected += [("remove", own)] if started and piece.kind == DEPLOY else []
    if piece.previous is None:
        # Nothing has ever served: nothing stays.
        expected += [(verb, {f"{APP}-caddy-1", f"{APP}-db-1"}) for verb in ("stop", "remove")]
    assert played.verbs() == expected
    assert {deed.live for deed in played.deeds} <= {piece.previous}, "users come first"
    assert not [deed for deed in played.deeds if deed.ended], "what has ended is history"
    assert played.live == piece.previous
    assert played.engine.running() == (played.ran_before if piece.previous else set())
    kept = piece.kind == ROLLBACK
    assert played.paths.release(piece.target).is_dir() == kept
    assert played.paths.route(piece.target).is_dir() == kept
    assert str(played.paths.dark.readlink()) == "live"


@pytest.mark.parametrize("piece", PIECES, ids=str)
def test_what_goes_well(memory: Path, piece: Piece) -> None:
    """Each phase is written down, then run; who rolls back hears of it before what takes its time."""
    played = Rehearsal(memory / "root", piece)
    result = played.run()
    names = [phase.name for phase in piece.phases]
    assert (result.status, result.exit, result.error) == ("live", 0, None)
    assert (result.release, result.serving, result.previous) == (piece.target, piece.target, piece.previous)
    image = {"image": "web@sha256:1"} if piece.kind == ROLLBACK else {}
    acted = {"service": "web", "action": "start", "reason": "image changed", **image}
    assert (result.data["actions"], result.data["kept"]) == ([acted], 1)
    assert played.begun == names
    assert _written(played) == [*_until(piece, names[-1], late=True), "end"]
    assert fold_records(played.written).transactions[-1].entry.reason == "pages are slow"
    end = played.written[-1].data
    assert (end["status"], end["repaired"], "error" in end) == ("live", False, False)
    assert [one["phase"] for one in end["phases"]] == names
    assert [(one["phase"], one["state"]) for one in end["phases"]] == [_ended(name) for name in names]
    assert [one["phase"] for one in played.events if one.get("state") == "begin"] == names
    if piece.kind == DEPLOY:
        assert played.told == []
        assert _states(result) == [_ended(name) for name in names]
    else:
        [(told, count)] = played.told
        assert (told, count) == (result, names.index("retire"))
        assert _states(result) == [_ended(name) for name in names[:count]]
    assert played.recover().unfinished is None
    assert played.engine.running() & _names(piece.previous) == set()


@pytest.mark.parametrize(("piece", "name", "late", "fault"), _with_faults(ALONE), ids=str)
def test_what_fails_before_the_commit_is_undone(
    memory: Path, piece: Piece, name: str, late: bool, fault: str
) -> None:
    played = Rehearsal(memory / "root", piece, {name: [FAULTS[fault]()]}, late)
    result = played.run()
    before = piece.kind == DEPLOY and not (_is_after(piece, name, "switch") or name == "switch")
    assert result.status == ("refused" if before else "reverted")
    assert result.exit == (2 if fault == "input" else 6)
    assert (result.release, result.serving, result.previous) == (
        piece.target,
        piece.previous,
        piece.previous,
    )
    assert result.error is not None
    assert "unfit" in result.error.what
    names = [phase.name for phase in piece.phases]
    reached = names[: names.index(name) + 1]
    assert played.begun == reached
    assert _states(result) == [(one, "failed") if one == name else _ended(one) for one in reached]
    assert played.engine.until == math.inf, "the time of the phase that failed is not the time to undo it"
    assert played.told == []
    assert _written(played) == [*_until(piece, name, late=late), "end"]
    end = played.written[-1].data
    assert (end["status"], end["error"]["what"]) == (result.status, result.error.what)
    assert end["phases"] == [render_answer(one) for one in result.phases]
    _require_undone(played, name, late=late)
    assert played.recover().unfinished is None


@pytest.mark.parametrize("piece", [one for one in PIECES if one.fleet], ids=str)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_commit_that_the_other_hosts_make_too_is_left_to_the_next_command(
    memory: Path, piece: Piece, fault: str
) -> None:
    """They may have committed: to go back would be to differ."""
    played = Rehearsal(memory / "root", piece, {"commit": [FAULTS[fault]()]})
    result = played.run()
    exits = {"unfit": 6, "engine": 4, "input": 2, "stopped": 6, "disk": 4}
    assert (result.status, result.exit, result.serving) == ("failed", exits[fault], piece.target)
    assert _states(result)[-1] == ("commit", "failed")
    assert played.deeds == []
    assert _written(played) == _until(piece, "commit", late=False)
    left = played.recover().transactions[-1]
    assert left.repaired


@pytest.mark.parametrize(("piece", "name", "late"), BEFORE, ids=str)
def test_in_doubt_what_served_serves_and_everything_is_kept(
    memory: Path, piece: Piece, name: str, late: bool
) -> None:
    played = Rehearsal(memory / "root", piece, {name: [DoubtFault("who knows")]}, late)
    result = played.run()
    assert (result.status, result.exit, result.serving) == ("reverted", 6, piece.previous)
    assert result.error is not None
    assert result.error.what == "who knows"
    assert played.deeds == []
    assert _written(played) == _until(piece, name, late=late)
    assert played.live == piece.previous
    assert played.paths.release(piece.target).is_dir()


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize(("piece", "name", "late", "fault"), _with_faults(AFTER), ids=str)
def test_what_fails_after_the_commit_is_a_warning(
    memory: Path, piece: Piece, name: str, late: bool, fault: str, times: int
) -> None:
    """Once more, if it was the engine, which may have been restarted; the release serves, whatever comes of it."""
    played = Rehearsal(memory / "root", piece, {name: [FAULTS[fault]() for _ in range(times)]}, late)
    result = played.run()
    again = fault == "engine"
    well = again and times == 1
    names = [phase.name for phase in piece.phases]
    assert (result.status, result.exit, result.error) == ("live", 0, None)
    assert result.serving == piece.target == played.live
    runs = names.index(name) + 1
    assert played.begun == [*names[:runs], *([name] if again else []), *names[runs:]]
    assert _written(played) == [*_until(piece, names[-1], late=True), "end"]
    end = played.written[-1].data
    assert (end["status"], "error" in end) == ("live", False)
    assert [(one["phase"], one["state"]) for one in end["phases"]] == [
        (one, "failed") if one == name and not well else _ended(one) for one in names
    ]
    assert [text.partition(":")[0] for text in played.warnings] == ([] if well else [name])
    assert not _names(piece.target) - played.engine.running(), "what serves is not touched"


@pytest.mark.parametrize(("piece", "name", "late"), ALL, ids=str)
def test_a_crash_undoes_nothing_and_the_next_command_does(
    memory: Path, piece: Piece, name: str, late: bool
) -> None:
    """What nobody has thought of is not gone on with: the agent dies, and journal and disk tell how far it had come."""
    crash = KeyboardInterrupt() if late else RuntimeError("a bug")
    played = Rehearsal(memory / "root", piece, {name: [crash]}, late)
    with pytest.raises(type(crash)):
        played.run()
    switched, committed = (_has(piece, name, deed, late=late) for deed in ("switch", "commit"))
    assert _written(played) == _until(piece, name, late=late)
    assert played.deeds == []
    assert played.live == (piece.target if switched else piece.previous)
    after = played.recover()
    alone = piece.kind == ROLLBACK and not piece.fleet
    stays = committed or (switched and (piece.previous is None or alone))
    last = after.transactions[-1]
    assert (last.status, last.repaired, last.committed) == ("live" if stays else "reverted", True, stays)
    assert played.live == after.serving == (piece.target if stays else piece.previous)
    assert _names(played.live) <= played.engine.running()


@pytest.mark.parametrize("cut_off", [False, True])
@pytest.mark.parametrize("kind", ["deploy", "first deploy", "rollback", "rotation"])
def test_only_a_new_release_says_whose_the_app_is(memory: Path, kind: str, cut_off: bool) -> None:
    """One of before the app was taken over serves again, or has a new password: the app stays whose it is.

    The same where the agent died behind the switch, and the next command finishes what stays.
    """
    (piece,) = (one for one in PIECES if str(one) == ("deploy" if kind == "rotation" else kind))
    faults: dict[str, list[BaseException]] = {"switch": [KeyboardInterrupt()]} if cut_off else {}
    played = Rehearsal(memory / "root", piece, faults, late=True)
    if kind == "rotation":
        played.rotations = {"password": Rotation(piece.target, "1" * 64, frozenset())}
    taken = Owner("https://github.com/other/board", "production")
    played.paths.origin.write_text(json.dumps(taken.to_json()))
    if cut_off:
        with pytest.raises(KeyboardInterrupt):
            played.run()
        played.recover()
    else:
        played.run()
    is_new = kind == "first deploy" or (kind == "deploy" and not cut_off)
    owner = read_owner(played.paths)
    assert owner == (replace(taken, source="https://github.com/acme/board") if is_new else taken)


@pytest.mark.parametrize(
    ("piece", "name"), [(piece, phase.name) for piece in PIECES for phase in piece.phases], ids=str
)
def test_stop_is_heard_until_the_commit_and_not_from_then_on(memory: Path, piece: Piece, name: str) -> None:
    """Said in one phase it is heard before the next one is written down: that one took no time."""
    played = Rehearsal(memory / "root", piece, stop_in=name)
    result = played.run()
    names = [phase.name for phase in piece.phases]
    following = next(iter(names[names.index(name) + 1 :]), "commit")
    if following == "commit" or _is_after(piece, following, "commit"):
        assert (result.status, result.exit, played.live) == ("live", 0, piece.target)
        assert played.begun == names
        return
    assert (result.exit, result.serving) == (6, piece.previous)
    assert result.error is not None
    assert (result.error.what, result.error.why) == ("stopped", "enough")
    assert played.begun == names[: names.index(name) + 1]
    assert _states(result)[-1] == (following, "failed")
    assert result.phases[-1].seconds == 0.0
    assert _written(played) == [*_until(piece, name, late=True), "end"]
    _require_undone(played, name, late=True)


@pytest.mark.parametrize(
    ("piece", "name"),
    [(piece, name) for piece, name, late in ALONE if late and _has(piece, name, "start", late=True)],
    ids=str,
)
def test_what_cannot_be_undone_pages_somebody(memory: Path, piece: Piece, name: str) -> None:
    """It is not over then: the next command tries again."""

    def die(_: Deploy, reached: str) -> None:
        played.engine.dead = EngineFault("no space", why="none") if reached == name else None

    played = Rehearsal(memory / "root", piece, {name: [ReleaseFault("unfit")]}, late=True, act=die)
    result = played.run()
    assert (result.status, result.exit, result.serving) == ("failed", 7, piece.previous)
    assert result.error is not None
    assert result.error.what == "unfit, and it could not be undone: no space"
    assert "repair" in result.error.fix
    assert played.live == piece.previous, "users come first"
    assert _written(played) == _until(piece, name, late=True)
    assert played.recover().transactions[-1].repaired
    assert played.live == piece.previous


@pytest.mark.parametrize("fault", ["", "watch"])
def test_how_it_ended_has_happened_though_it_cannot_be_written_down(memory: Path, fault: str) -> None:
    """On a full disk: the next command does it."""

    def fill(deploy: Deploy, name: str) -> None:
        if name == (fault or "prune"):
            deploy.host.journal.append = full  # type: ignore[method-assign]

    def full(*_: object, **__: object) -> Any:
        raise OSError(errno.ENOSPC, "no space")

    played = Rehearsal(memory / "root", DEPLOYS, {fault: [ReleaseFault("unfit")]}, late=True, act=fill)
    result = played.run()
    assert (result.status, result.exit) == (("reverted", 6) if fault else ("live", 0))
    assert "end" not in _written(played)
    assert "how it ended cannot be written down: [Errno 28] no space" in played.warnings[-1]
    last = played.recover().transactions[-1]
    assert (last.status, last.repaired) == (result.status, True)


def test_what_is_live_and_not_served_is_told_and_stays(memory: Path) -> None:
    def count(deploy: Deploy, name: str) -> None:
        if name == "watch":
            deploy.progress.unserved = ("web",)

    played = Rehearsal(memory / "root", DEPLOYS, act=count)
    result = played.run()
    assert (result.status, result.exit, result.serving) == ("live", 4, DEPLOYS.target)
    assert result.error is not None
    assert result.error.service == "web"
    assert played.written[-1].data["status"] == "live"


def test_what_is_started_beside_the_phases_is_stopped_with_the_rest(memory: Path) -> None:
    """It may only just have been started when a phase fails."""
    worker = f"{APP}-{ROLLBACKS.target}-worker-1"

    def begin(deploy: Deploy, name: str) -> None:
        if name == "start":
            deploy.engine.stop(worker, grace=1)
            deploy.progress.starting = cast(
                "Any", SimpleNamespace(result=lambda: deploy.engine.start(worker))
            )

    played = Rehearsal(memory / "root", ROLLBACKS, {"verify": [ReleaseFault("unfit")]}, act=begin)
    assert played.run().exit == 6
    assert ("start", {worker}) in played.verbs()
    assert played.engine.running() == played.ran_before
