"""What is told or written of an app holds no value of its vault."""

from __future__ import annotations

import base64
import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from fairlead.host.disk import hide
from fairlead.host.disk.events import EVENTS, Emitter
from fairlead.host.disk.hide import VaultMask, login_values, remember
from fairlead.host.disk.journal import Journal
from fairlead.host.disk.layout import make_layout
from fairlead.host.disk.paths import Paths, app_paths
from fairlead.host.disk.task import follow_task
from fairlead.host.disk.vault import store_secret
from fairlead.host.engine import containers
from fairlead.host.engine.engine import _KEPT_OUTPUT, Engine, Finished, _Tail
from fairlead.host.state.shown import read_history
from fairlead.host.watch.evidence import read_evidence
from fairlead.host.watch.probe import Answer
from fairlead.host.wire.events import PhaseEvent
from fairlead.host.wire.release import Probe
from fairlead.host.wire.result import ErrorReport, Result
from tests.unit.host.samples import container

VALUE = "c4n4ry&value"
FORMS = (VALUE, base64.b64encode(VALUE.encode()).decode(), "c4n4ry%26value", json.dumps(VALUE)[1:-1])


def _begin(journal: Journal) -> int:
    release: dict[str, Any] = {
        "release": "000001",
        "previous": None,
        "revision": "a" * 40,
        "revision_time": 1,
    }
    return journal.append("begin", kind="deploy", task="t", by="deploy", **release).seq


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    paths = app_paths(tmp_path, "board")
    store_secret(paths, "token", VALUE.encode())
    return paths


def test_events_are_written_without_them(paths: Paths) -> None:
    emit = Emitter(paths.home / EVENTS, VaultMask(paths).document)
    error = ErrorReport(VALUE, FORMS[1], details=tuple(f"web: {form}" for form in FORMS))
    emit(PhaseEvent("verify", "failed", detail=f"it said {VALUE}"))
    emit(Result("refused", error=error, data={"plan": [VALUE]}))
    written = (paths.home / EVENTS).read_text()
    assert not [form for form in FORMS if form in written]
    assert written.count("***") == 8
    assert emit.ended


def test_the_journal_holds_none_and_says_the_same_of_what_happened(paths: Paths) -> None:
    """A secret whose value is a word of the journal's own hides nothing that the next command goes by."""
    store_secret(paths, "word", b"deploy")
    with Journal(paths.journal) as journal:
        number = _begin(journal)
        error = {"what": f"deploy: {VALUE}", "details": [FORMS[2]]}
        journal.append(
            "end", tx=number, release="000001", status="refused", repaired=False, phases=[], error=error
        )
    assert VALUE not in paths.journal.read_text()
    assert paths.journal.stat().st_mode & 0o777 == 0o600
    (entry,) = read_history(paths).history
    assert entry.error is not None
    assert (entry.kind, entry.status, entry.error["what"]) == ("deploy", "refused", "***: ***")


def test_a_journal_from_before_is_told_without_them(paths: Paths) -> None:
    with Journal(paths.journal) as journal:
        journal._mask = VaultMask(app_paths(paths.root, "other"))
        number = _begin(journal)
        journal.append(
            "end",
            tx=number,
            release="000001",
            status="failed",
            repaired=False,
            phases=[],
            error={"what": VALUE},
        )
    assert VALUE in paths.journal.read_text()
    assert read_history(paths).history[0].error == {"what": "***"}


def test_the_last_words_of_a_task_that_died(paths: Paths) -> None:
    folder = paths.task("20300131T235959-0a1b2c")
    folder.mkdir(parents=True)
    (folder / "log").write_text(f"Traceback\n  {VALUE}\n")
    (event,) = follow_task(folder, lambda: False)
    assert event["error"]["details"] == ["Traceback", "  ***"]


def test_a_value_that_comes_is_known_and_one_that_goes_stays_known(
    paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rotation removes the old value's file while the words of the container that read it are still told."""
    monkeypatch.setattr(hide, "_LOOK_SECONDS", -1.0)
    mask = VaultMask(paths)
    assert mask.text(f"{VALUE} and another-value") == "*** and another-value"
    store_secret(paths, "token", b"another-value")
    for file in (paths.secrets / "token").iterdir():
        if file.read_bytes() == VALUE.encode():
            file.unlink()
    assert mask.text(f"{VALUE} and another-value") == "*** and ***"


def test_what_was_shortened_before_it_is_told(paths: Paths) -> None:
    """Evidence is cut where a container's words are read, long before anybody knows what is secret in them."""
    secret = "c4n4ry-of-the-database-0123456789abcdef"
    store_secret(paths, "database", secret.encode())
    found: set[str] = set()
    for kept in range(8, len(secret) + 1):
        engine = cast(
            "Engine", SimpleNamespace(logs=lambda *_, kept=kept, **__: ["x" * (2000 - kept) + secret + "y"])
        )
        header = {"x-a": "x" * (200 - kept) + secret + "y"}
        log = {"Log": [{"ExitCode": 1, "Output": "x" * (500 - kept) + secret + "\nmore"}]}
        told = [
            *read_evidence(engine, container("web", "000001")),
            Answer(200, headers=header).fault(Probe("/", 200, "", {"X-A": "zzz"})),
            *Finished((), 1, "x" * (2000 - kept) + secret + "y").tail,
            *containers._health_log(log),
        ]
        found |= {text for text in told if "c4n4ry" in VaultMask(paths).text(f"{text} and more")}
    assert not found


def test_the_end_of_a_long_output_begins_with_a_line() -> None:
    """Where only the end of a value was kept, nobody knows it again."""
    tail = _Tail()
    ours, theirs = os.pipe()
    with os.fdopen(theirs, "wb") as stream, ThreadPoolExecutor(1) as pool:
        taken = pool.submit(tail.take, ours)
        stream.write(b"c4n4ry" * _KEPT_OUTPUT + b"\nthe last words\n")
        stream.close()
        taken.result()
    assert tail.text == "the last words\n"


def test_another_app_s_values_are_not_told_by_what_is_hidden(paths: Paths) -> None:
    """Who may print in one app must not learn by the stars what is secret in another."""
    assert VaultMask(app_paths(paths.root, "shop")).text(VALUE) == VALUE


def test_the_login_of_a_task(paths: Paths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hide, "_REMEMBERED", set())
    auth = base64.b64encode(b"alice:regist4y-password").decode()
    config = tmp_path / "config.json"
    config.write_text(
        json.dumps({"auths": {"r.example": {"auth": auth}, "s.example": {"identitytoken": "i" * 9}}})
    )
    remember(login_values(config))
    assert (
        VaultMask(paths).text(f"denied: {auth} regist4y-password {'i' * 9} alice")
        == "denied: *** *** *** alice"
    )
    assert login_values(None) == login_values(tmp_path / "none") == set()
    config.write_text('{"auths": {"r": {"auth": "no base64!", "x": 1}, "s": 3}}')
    assert login_values(config) <= {b"no base64!", b""}


def test_folders_of_evidence_are_closed(paths: Paths) -> None:
    """Those of an older version, too."""
    paths.tasks.mkdir()
    paths.tasks.chmod(0o755)
    make_layout(paths)
    for folder in (paths.tasks, paths.releases, paths.files, paths.secrets):
        assert folder.stat().st_mode & 0o777 == 0o700
