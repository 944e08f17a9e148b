"""What the journal adds up to."""

from __future__ import annotations

from pathlib import Path

import pytest

from fairlead.host.disk.fold import fold_records
from fairlead.host.disk.journal import BEGIN, COMMIT, END, JOB, KEPT, PRUNED, Record
from fairlead.host.disk.ledger import Ledger
from fairlead.host.disk.paths import app_paths
from fairlead.host.plan.target import find_target
from fairlead.host.run.phases.prune import plan_kept, plan_within
from fairlead.host.wire.errors import InputFault


def _fold(*steps: tuple[str, str]) -> Ledger:
    """Steps like ("deploy", "000001"): committed, with what served before as its predecessor."""
    records: list[Record] = []
    serving: str | None = None
    for kind, release in steps:
        if kind == "prune":
            records.append(
                Record(len(records) + 1, float(len(records)), PRUNED, {"releases": [release], "images": []})
            )
            continue
        number = len(records) + 1
        begin = {
            "kind": kind.rstrip("!"),
            "release": release,
            "previous": serving,
            "task": "t",
            "by": "a",
            "revision": "r",
            "revision_time": 1,
        }
        records.append(Record(number, float(number), BEGIN, begin))
        if not kind.endswith("!"):
            records.append(Record(number + 1, float(number + 1), COMMIT, {"tx": number, "release": release}))
            serving = release
        status = "refused" if kind.endswith("!") else "live"
        records.append(
            Record(len(records) + 1, float(number), END, {"tx": number, "release": release, "status": status})
        )
    return fold_records(records)


def test_volumes_that_outlived_their_containers_are_known_and_no_others() -> None:
    """What is removed by these names is never one that somebody has named."""
    names = [["a" * 64], ["b" * 64, "a" * 64], ["board_data", "../x", 7], "c" * 64, None]
    records = [Record(at, float(at), KEPT, {"volumes": some}) for at, some in enumerate(names, start=1)]
    assert fold_records(records).nameless == {"a" * 64, "b" * 64}


def test_rollback_goes_down_the_chain() -> None:
    """A second rollback goes further back, not to the release that was just left."""
    ledger = _fold(("deploy", "000001"), ("deploy", "000002"), ("deploy", "000003"), ("rollback", "000002"))
    assert ledger.serving == "000002"
    assert ledger.previous("000002") == "000001"
    assert ledger.previous("000001") is None


def test_where_nothing_served_before_the_way_forward_is_named() -> None:
    paths = app_paths(Path("/srv/fairlead"), "board")
    back = _fold(("deploy", "000001"), ("deploy", "000002"), ("deploy", "000003"), ("rollback", "000001"))
    with pytest.raises(InputFault, match="no release of board to go back to") as refused:
        find_target(paths, back, back.serving, None)
    assert refused.value.fix.startswith("`--to 000003` goes forward again")
    first = _fold(("deploy", "000001"))
    with pytest.raises(InputFault) as refused:
        find_target(paths, first, first.serving, None)
    assert refused.value.fix.startswith("deploy one")


def test_rollback_skips_what_is_gone() -> None:
    """A pruned release is not gone back to, nor is one that was refused."""
    ledger = _fold(
        ("deploy", "000001"),
        ("deploy", "000002"),
        ("deploy!", "000003"),
        ("deploy", "000004"),
        ("prune", "000002"),
    )
    assert ledger.previous("000004") == "000001"


def test_prune_keeps_live_and_previous_beside_the_last() -> None:
    """However few are to be kept, what serves and what a rollback needs are never among the removed."""
    steps = [("deploy", f"{number:06d}") for number in range(1, 8)]
    assert plan_kept(_fold(*steps), "000007", 1) == {"000007", "000006"}
    assert plan_kept(_fold(*steps, ("rollback", "000003")), "000003", 2) == {
        "000003",
        "000002",
        "000007",
        "000006",
    }


@pytest.mark.parametrize(
    ("budget", "kept"),
    [(100, "4321"), (40, "4321"), (39, "432"), (30, "432"), (29, "43"), (1, "43")],
)
def test_prune_goes_by_the_disk_too(budget: int, kept: str) -> None:
    """The oldest go first, what is shared counts once, and what serves and the one before stay whatever they take."""
    images = {number: {f"web{number}", "db"} for number in "1234"}
    sizes = {"db": 0, **{f"web{number}": 10 for number in "1234"}}
    assert plan_within("4321", {"4", "3"}, images, sizes, budget) == set(kept)


def test_an_older_release_that_would_fit_does_not_outlive_a_newer_one() -> None:
    images, sizes = {"3": {"a"}, "2": {"huge"}, "1": {"a"}}, {"a": 1, "huge": 100}
    assert plan_within("321", {"3"}, images, sizes, 50) == {"3"}


def test_unfinished_is_the_last_without_an_end() -> None:
    """A transaction without its last record is what recovery works on."""
    begin = {
        "kind": "deploy",
        "release": "000001",
        "previous": None,
        "task": "t",
        "by": "a",
        "revision": "r",
        "revision_time": 1,
    }
    ledger = fold_records([Record(1, 0.0, BEGIN, begin)])
    assert ledger.unfinished is not None
    assert ledger.unfinished.release == "000001"


def test_irreversible_is_told_when_a_job_begins() -> None:
    """How it ended may be written by recovery, which knows the record and not the job."""
    run = {"service": "migrate", "hash": "h", "container": "c", "release": "000002"}
    begun = Record(1, 1.0, JOB, {**run, "state": "begin", "irreversible": True})
    ended = Record(2, 2.0, JOB, {**run, "state": "done"})
    for records in ([begun], [begun, ended]):
        ledger = fold_records(records)
        assert [one.release for one in ledger.irreversible_since("000001")] == ["000002"]
        assert ledger.irreversible_since("000002") == []
    # Written before there was such a field.
    assert fold_records([ended]).irreversible_since("000001") == []
