"""Whatever a power cut leaves of the journal, the next command puts the app in order, without an engine to help it."""

from __future__ import annotations

import itertools
import shutil
from pathlib import Path

import pytest

from fairlead.host.disk.fold import fold_records
from fairlead.host.disk.journal import Journal, Record, parse_records, render_record
from fairlead.host.disk.layout import make_layout
from fairlead.host.disk.ledger import DEPLOY, ROLLBACK, Ledger
from fairlead.host.disk.paths import Paths, app_paths
from fairlead.host.disk.routes import open_dark, open_inside, read_live, switch_to, write_routes
from fairlead.host.run.context import Host
from fairlead.host.run.recover import recover
from fairlead.host.shape.bundle import Bundle, write_bundle
from fairlead.host.wire.document import parse_release
from tests.unit.host.pretend import PretendEngine
from tests.unit.host.samples import document
from tests.unit.host.stories import APP, NEW, OLD, tell_story


@pytest.fixture(scope="module")
def home(memory: Path) -> Paths:
    """The folder of an app with two releases."""
    paths = app_paths(memory / "home", APP)
    make_layout(paths)
    for revision, release in ((OLD, "1" * 40), (NEW, "2" * 40)):
        made = parse_release(
            document(
                revision=release, options={"start_timeout": 1, "drain_timeout": 0, "keep": 5}, events=None
            )
        )
        homes = dict.fromkeys(made.rolled, revision)
        write_bundle(paths, Bundle(revision, made, homes))
        write_routes(paths, revision, {name: f"{name}-{revision}" for name in made.routes})
    return paths


class Cut:
    """An app as it is found after a power cut."""

    def __init__(self, home: Paths, root: Path, journal: bytes, live: str, running: tuple[str, ...]) -> None:
        shutil.rmtree(root, ignore_errors=True)
        shutil.copytree(home.root, root, symlinks=True)
        self.paths = app_paths(root, APP)
        self.paths.journal.write_bytes(journal)
        switch_to(self.paths, live)
        open_dark(self.paths, NEW)
        open_inside(self.paths, NEW, {"new": "new-000002"})
        self.engine = PretendEngine()
        for service in ("caddy", "db"):
            self.engine.add(APP, service, "")
        for release, service in itertools.product((OLD, NEW), ("api", "web", "worker")):
            self.engine.add(APP, service, release, running=release in running)
        self.notes: list[str] = []

    def recover(self) -> Ledger:
        """What the next command does first; the ledger after it."""
        with Journal(self.paths.journal) as journal:
            recover(Host(self.paths, self.engine, journal, lambda event: self.notes.append(str(event))))
            return fold_records(journal.records)


@pytest.mark.parametrize("kind", [DEPLOY, ROLLBACK])
def test_every_byte_of_a_torn_record_leaves_the_records_before_it(kind: str) -> None:
    """Whatever was left of it, nothing of it counts, unless it lacks no more than its newline."""
    records, _ = tell_story(kind)
    for at in range(1, len(records)):
        last, record = records[at - 1 : at + 1]
        before, line = render_record(last), render_record(record)
        for size in range(len(line)):
            known, end = parse_records(before + line[:size])
            whole = size == len(line) - 1
            assert known == [last, *([record] if whole else [])]
            assert end == len(before) + (size if whole else 0)


@pytest.mark.parametrize("running", [(OLD,), (NEW,), (OLD, NEW), ()])
@pytest.mark.parametrize("live", [OLD, NEW])
@pytest.mark.parametrize("kind", [DEPLOY, ROLLBACK])
def test_every_prefix_of_the_journal_leads_to_a_consistent_repair(
    home: Paths, memory: Path, kind: str, live: str, running: tuple[str, ...]
) -> None:
    """Whichever release was switched to, and whatever runs after the boot; a torn record follows the last good one."""
    records, before = tell_story(kind)
    for count in range(before, len(records) + 1):
        torn = render_record(records[count])[:-9] if count < len(records) else b""
        content = b"".join(map(render_record, records[:count])) + torn
        cut = Cut(home, memory / "root", content, live, running)
        after = cut.recover()
        if _is_possible(records[before:count], live, kind):
            _judge(cut, fold_records(records[:count]), after, running)
        assert cut.recover() == after, "what is in order is left alone"


def _is_possible(written: list[Record], live: str, kind: str) -> bool:
    """Whether this release can have been switched to: each phase is written down before it begins."""
    reached = {record.data.get("phase") for record in written}
    before, target = (OLD, NEW) if kind == DEPLOY else (NEW, OLD)
    return live == before if "switch" not in reached else live == target or "watch" not in reached


def _judge(cut: Cut, before: Ledger, after: Ledger, running: tuple[str, ...]) -> None:
    left, live = before.unfinished, read_live(cut.paths)
    where = (left and left.phase, live, cut.notes)
    content = cut.paths.journal.read_bytes()
    assert after.unfinished is None, where
    assert parse_records(content)[1] == len(content), where
    assert live is not None, where
    assert (cut.paths.release(live) / "release.json").is_file(), where
    assert after.is_startable(live), where
    if left is None:
        return
    assert {str(link.readlink()) for link in (cut.paths.dark, cut.paths.inside)} == {"live"}, where
    assert after.serving == live, where
    assert after.serving in (left.release, left.previous), where
    if left.kind == DEPLOY and not left.committed and OLD in running:
        assert live == OLD, (where, "what served before serves again, if it can")
        assert not any(f"-{NEW}-" in name for name in cut.engine.raw), where
    if left.committed:
        assert live == left.release, (where, "what was committed stays")
    if "is removed" in " ".join(cut.notes):
        assert not cut.paths.release(left.release).exists(), (where, "what is said to be removed is gone")


def test_what_was_switched_to_by_hand_stays(home: Paths, memory: Path) -> None:
    """At 3 a.m. somebody went back with `ln` and `mv`, while a committed deploy was still cleaning up."""
    records, _ = tell_story(DEPLOY)
    content = b"".join(map(render_record, records[:-2]))
    cut = Cut(home, memory / "root", content, OLD, (OLD, NEW))
    after = cut.recover()
    assert (read_live(cut.paths), after.unfinished) == (OLD, None)
    assert after.is_startable(NEW)
    assert (cut.paths.release(NEW) / "release.json").is_file()
    assert "was switched to since" in cut.notes[-1]


@pytest.mark.parametrize("cut_in", ["switch", "watch", "commit"])
def test_a_worker_that_nobody_had_proved_is_told(home: Paths, memory: Path, cut_in: str) -> None:
    """A rollback proves its workers in its watch: one that is cut off before its end is finished, and says so."""
    records, before = tell_story(ROLLBACK)
    reached = [record.data.get("phase") for record in records].index(cut_in, before)
    content = b"".join(map(render_record, records[: reached + 1]))
    cut = Cut(home, memory / "root", content, OLD, (OLD, NEW))
    cut.engine.raw[f"{APP}-{OLD}-worker-1"]["State"]["Health"]["Status"] = "unhealthy"
    after = cut.recover()
    assert (read_live(cut.paths), after.unfinished) == (OLD, None)
    told = "worker of release 000001 is not healthy: the rollback was cut off before that was known"
    assert (told in " ".join(cut.notes)) == (cut_in != "commit")
