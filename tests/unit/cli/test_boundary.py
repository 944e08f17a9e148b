"""The error boundary: what a user sees of an error, and with which exit code."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import click
import pytest

from fairlead import report
from fairlead.boundary import guarded, main
from fairlead.cli.help.reference import exit_codes
from fairlead.cli.output import Output
from fairlead.errors import (
    CommandFailedError,
    ComposeInvalidError,
    ExitCode,
    FairleadError,
    InputError,
    LockedError,
    RollbackFailedError,
    RolledBackError,
    ScanRefusedError,
    ToolMissingError,
)
from fairlead.report.redact import forget, redact


@pytest.fixture(autouse=True)
def _plain_and_clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    yield
    report.use(None)
    forget()


def raising(error: BaseException) -> Callable[[], NoReturn]:
    def call() -> NoReturn:
        raise error

    return call


def run(error: BaseException, *words: str) -> int:
    return guarded(raising(error), words, Output({}))


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (InputError, 2),
        (ToolMissingError, 3),
        (CommandFailedError, 4),
        (LockedError, 5),
        (RolledBackError, 6),
        (RollbackFailedError, 7),
        (ScanRefusedError, 10),
        (ComposeInvalidError, 11),
    ],
)
def test_each_error_leaves_with_its_code(
    kind: type[FairleadError], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(kind("what", why="why", fix="fix")) == code
    assert capsys.readouterr().err == "error: what\n  why\n  fix: fix\n"


def test_every_exit_code_has_one_error_and_one_meaning() -> None:
    codes = [kind.exit_code for kind in FairleadError.__subclasses__()]
    assert sorted([*codes, ExitCode.OK]) == sorted(ExitCode)
    meanings = [meaning for _, meaning in exit_codes()]
    assert len(set(meanings)) == len(ExitCode)
    assert all(meaning.endswith(".") for meaning in meanings)


@pytest.mark.parametrize("interruption", [KeyboardInterrupt(), click.Abort()])
def test_an_interruption_is_130_and_no_traceback(
    interruption: BaseException, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(interruption) == 130
    assert capsys.readouterr().err == "error: interrupted\n"


def test_a_mistake_on_the_command_line_has_the_form_of_every_error(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["completion", "--shel"]) == 2
    first, *rest = capsys.readouterr().err.splitlines()
    assert first.startswith("error: no such option")
    assert rest[-1] == "  fix: `fairlead completion --help` shows how it is called"


def test_json_counts_even_behind_the_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", "--nope", "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["exit_code"] == 2


def test_a_group_without_a_verb_helps_and_fails(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["github"]) == 2
    assert capsys.readouterr().err.startswith("Usage: fairlead github")


def test_the_unexpected_is_called_a_bug_and_its_traceback_kept_without_secrets(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    redact("c4n4ry-value")
    assert run(ZeroDivisionError("c4n4ry-value")) == 4
    (saved,) = tmp_path.glob("fairlead-bug-*.txt")
    assert capsys.readouterr().err.splitlines()[:2] == [
        "error: this is a bug in Fairlead: ZeroDivisionError: ***",
        f"  the traceback is in {saved}",
    ]
    assert "Traceback" in saved.read_text()
    assert "c4n4ry-value" not in saved.read_text()


def test_a_full_disk_is_no_bug(capsys: pytest.CaptureFixture[str]) -> None:
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/var/lib/x")
    assert run(full) == 4
    assert capsys.readouterr().err.startswith(
        "error: this machine refused: No space left on device: /var/lib/x\n"
    )


@pytest.mark.parametrize(
    ("error", "is_told"),
    [(ValueError("odd"), True), (PermissionError(errno.EACCES, "Permission denied", "/work"), False)],
)
def test_where_no_report_can_be_kept_a_bug_is_told_with_its_traceback(
    error: Exception, is_told: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As in a container that is read-only; a refusal is clear without."""
    monkeypatch.setattr("tempfile.tempdir", "/nowhere")
    assert run(error) == 4
    told = capsys.readouterr().err
    assert ("Traceback" in told) is is_told
    assert "the traceback is in" not in told


def test_a_reader_that_has_left_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as out:
        monkeypatch.setattr("sys.stdout", out)
        assert run(BrokenPipeError(errno.EPIPE, "Broken pipe")) == 0


def test_a_broken_pipe_of_another_kind_is_an_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A registry that hangs up is not a reader of ours that has left."""
    reading, writing = os.pipe()
    with os.fdopen(reading), os.fdopen(writing, "w") as out:
        monkeypatch.setattr("sys.stdout", out)
        assert run(BrokenPipeError(errno.EPIPE, "Broken pipe")) == 4


def test_the_code_of_the_command_is_handed_on() -> None:
    assert guarded(lambda: None, [], Output({})) == 0
    assert guarded(lambda: 3, [], Output({})) == 3
    assert run(click.exceptions.Exit(7)) == 7


@pytest.mark.parametrize("in_job", ["true", ""])
def test_a_folder_that_is_gone_is_told_as_that(
    in_job: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a job as well, where errors are told by the names that files have in the repository."""
    monkeypatch.setenv("GITHUB_ACTIONS", in_job)
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert main(["status"]) == InputError.exit_code
    said = capsys.readouterr()
    assert "the folder that this runs in is gone" in said.out + said.err
