"""``fairlead validate --fix --ask`` at a real terminal: what is answered is what is done."""

from __future__ import annotations

import contextlib
import os
import pty
import select
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from fairlead.errors import ExitCode
from tests.patience import PATIENCE

FILE = """\
name: shop
services:
  web:  # the front
    image: nginx:1.29
    environment: {DB_PASSWORD: hunter2-and-more}
  db:
    image: postgres:17
"""
QUESTION = "make this change? (yes, no, all, quit): "
FAIRLEAD = [sys.executable, "-m", "fairlead", "validate", "--no-compose"]
INIT = "    init: true\n"


@pytest.fixture(autouse=True)
def file(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()
    path = tmp_path / "compose.yaml"
    path.write_text(FILE)
    return path


class Terminal:
    """A call at a terminal of its own, and what has stood on its screen."""

    def __init__(self, handle: int) -> None:
        self.screen = ""
        self._handle = handle

    def answer(self, keys: str) -> str:
        """Wait for the next question, press keys, and return what was shown before it."""
        seen = len(self.screen)
        pieces = self._read()
        while QUESTION not in self.screen[seen:]:
            piece = next(pieces, "")
            assert piece, self.screen
            self.screen += piece
        os.write(self._handle, keys.encode())
        return self.screen[seen:]

    def end(self, again: str = "") -> None:
        """Wait for the end; with keys in ``again`` press these as somebody does where nothing happens."""
        for piece in self._read(again):
            self.screen += piece

    def _read(self, again: str = "") -> Iterator[str]:
        """What is shown, piece by piece, until the call has ended."""
        waited = 0.0
        wait = 1.0 if again else PATIENCE
        while waited < PATIENCE:
            if not select.select([self._handle], [], [], wait)[0]:
                # A signal between the question and the wait for its answer is heeded at the next key.
                os.write(self._handle, again.encode())
                waited += wait
                continue
            try:
                piece = os.read(self._handle, 65536)
            except OSError:  # Linux's way to say that nobody holds the other end.
                piece = b""
            if not piece:
                return
            yield piece.decode().replace("\r\n", "\n")
        raise TimeoutError(self.screen)


@contextlib.contextmanager
def call(folder: Path, *rules: str, code: ExitCode = ExitCode.COMPOSE_INVALID) -> Iterator[Terminal]:
    """A call that is talked to, and ends with this code."""
    ours, theirs = pty.openpty()
    try:
        process = subprocess.Popen(
            # The keys that interrupt act on the terminal that a process has for its own.
            ["setsid", "--ctty", *FAIRLEAD, "--fix", "--ask", *rules],
            cwd=folder,
            env={**os.environ, "TERM": "dumb"},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
        )
        os.close(theirs)
        with process:
            terminal = Terminal(ours)
            try:
                yield terminal
                terminal.end()
            except BaseException:
                process.kill()
                raise
        assert process.returncode == code, terminal.screen
    finally:
        os.close(ours)


def talk(file: Path, answers: Sequence[str], *rules: str) -> str:
    """The screen of a call that was given these answers."""
    with call(file.parent, *rules) as terminal:
        for answer in answers:
            terminal.answer(f"{answer}\n")
    return terminal.screen


@pytest.mark.parametrize("wanted", ["yy", "yn", "ny", "nn"])
def test_what_is_answered_with_yes_is_done_and_nothing_else(file: Path, wanted: str) -> None:
    screen = talk(file, list(wanted), "no-init")
    first, second = (INIT * (answer == "y") for answer in wanted)
    head, tail = FILE.split("  db:\n")
    assert file.read_text() == f"{head}{first}  db:\n{tail}{second}"
    count = wanted.count("y")
    assert (f"mended {count} in compose.yaml" if count else "nothing could be mended") in screen


def test_each_is_shown_as_a_diff_without_what_nobody_is_to_see(file: Path) -> None:
    with call(file.parent, "no-init") as terminal:
        shown = terminal.answer("n\n")
        terminal.answer("n\n")
    assert "compose.yaml:3:3: web: its program is process 1" in shown
    assert "+    init: true\n" in shown
    assert "     environment: {DB_PASSWORD: ***" in shown
    assert "hunter2" not in terminal.screen


def test_all_does_what_fix_does_without_a_question(file: Path, tmp_path: Path) -> None:
    screen = talk(file, ["all"])
    other = tmp_path / "other"
    (other / ".git").mkdir(parents=True)
    (other / "compose.yaml").write_text(FILE)
    subprocess.run([*FAIRLEAD, "--fix"], cwd=other, check=False, capture_output=True, timeout=PATIENCE)
    assert file.read_text() == (other / "compose.yaml").read_text() != FILE
    assert screen.count(QUESTION) == 1


def test_quit_keeps_what_was_said_before_it(file: Path) -> None:
    screen = talk(file, ["y", "quit"])
    assert len(file.read_text().splitlines()) == len(FILE.splitlines()) + 1
    assert "mended 1 in compose.yaml" in screen


def test_another_word_is_no_answer(file: Path) -> None:
    screen = talk(file, ["maybe", "q"])
    assert (
        "yes: make this change; no: leave it; all: make this change and all others; quit: no more" in screen
    )
    assert file.read_text() == FILE


@pytest.mark.parametrize("key", ["\x03", "\x04"], ids=["Ctrl-C", "Ctrl-D"])
def test_who_interrupts_has_changed_nothing(file: Path, key: str) -> None:
    with call(file.parent, code=ExitCode.INTERRUPTED) as terminal:
        terminal.answer("y\n")
        terminal.answer(key)
        terminal.end(again=key)
    assert file.read_text() == FILE
    assert "Traceback" not in terminal.screen
