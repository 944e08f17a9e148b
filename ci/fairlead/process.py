"""The one door to subprocesses.

Commands are argv, never shell text. Secrets travel in ``stdin`` or in a file, never in ``argv``. Of this process's
variables a command sees those that ``fairlead.passed`` lists for everyone, and what its call names: ``also``.
``run`` waits and collects, ``stream`` hands over lines while the command runs, ``replace`` never returns.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from fairlead.errors import CommandFailedError, ToolMissingError
from fairlead.parallel import awaiting
from fairlead.passed import child_environment, with_safe_git

_TAIL_LINES = 20
_LAST_SECONDS = 5.0
"""For a command that has closed its streams to end."""


@dataclass(frozen=True)
class Completed:
    """How a command ended. ``stdout`` and ``stderr`` are text, undecodable bytes replaced."""

    argv: tuple[str, ...]
    returncode: int
    stdout: str
    stderr: str

    @property
    def ok(self) -> bool:
        return self.returncode == 0


def run(
    argv: Sequence[str | os.PathLike[str]],
    *,
    stdin: bytes | None = None,
    env: Mapping[str, str | None] | None = None,
    also: Collection[str] = (),
    inherit: bool = True,
    cwd: Path | None = None,
    timeout: float | None = None,
    check: bool = True,
) -> Completed:
    """Run a command to its end and return what it printed.

    Args:
        argv: the program and its arguments.
        stdin: bytes for its standard input; without it the input is empty.
        env: variables that it is given; None takes one away.
        also: variables of this process that it sees on top of those that everyone gets.
        inherit: without it, ``env`` is all that the command sees.
        cwd: the working directory.
        timeout: seconds, after which the command is killed.
        check: raise when the exit code is not 0.

    Raises:
        ToolMissingError: the program is not there.
        CommandFailedError: it failed or took too long, with its last lines as details.
    """
    words = tuple(os.fspath(word) for word in argv)
    try:
        with (
            open_pipes(words, env=env, also=also, inherit=inherit, cwd=cwd) as process,
            awaiting(process),
        ):
            try:
                stdout, stderr = process.communicate(stdin, timeout)
            except BaseException:
                process.kill()
                raise
    except subprocess.TimeoutExpired as error:
        raise CommandFailedError(
            f"`{shlex.join(words)}` did not end within {timeout:g} s",
            fix="run it by hand to see where it hangs",
        ) from error
    completed = Completed(words, process.returncode, _text(stdout), _text(stderr))
    if check and not completed.ok:
        raise failed(completed)
    return completed


@dataclass(frozen=True)
class Captured:
    """How a command ended, and the bytes that it printed: they may be secret, and show nowhere by mistake."""

    returncode: int
    stdout: bytes = field(repr=False)
    stderr: bytes = field(repr=False)


def capture(
    argv: Sequence[str | os.PathLike[str]],
    *,
    also: Collection[str] = (),
    cwd: Path | None = None,
    most: int,
    timeout: float,
) -> Captured:
    """Run a command without input and take what it prints, up to ``most`` bytes a stream.

    Raises:
        ToolMissingError: the program is not there.
        CommandFailedError: it printed more, or did not end in time; nothing of its output is told.
    """
    words = tuple(os.fspath(word) for word in argv)
    try:
        process = subprocess.Popen(  # noqa: S603 - see open_pipes()
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=child_environment(os.environ, also),
            cwd=cwd,
        )
    except (FileNotFoundError, NotADirectoryError) as error:
        raise _missing(words, cwd) from error
    except OSError as error:
        raise CommandFailedError(f"`{words[0]}` cannot be started", why=str(error.strerror)) from error
    with process, awaiting(process):
        try:
            stdout, stderr = _read_within(process, most, timeout)
        except TimeoutError as error:
            raise CommandFailedError(
                f"`{shlex.join(words)}` did not end within {timeout:g} s",
                fix="run it by hand to see what it waits for",
            ) from error
        finally:
            process.kill()
    if max(len(stdout), len(stderr)) > most:
        raise CommandFailedError(f"`{shlex.join(words)}` prints more than {most} bytes")
    return Captured(process.returncode, stdout, stderr)


def _read_within(process: subprocess.Popen[bytes], most: int, seconds: float) -> tuple[bytes, bytes]:
    """Both streams to their ends, or one byte more than ``most`` of one: then it is killed.

    Raises:
        TimeoutError: it has not ended by then, or a child of it holds its streams open.
    """
    found = [b"", b""]

    def take(number: int, handle: int) -> None:
        with os.fdopen(handle, "rb") as pipe:
            found[number] = pipe.read(most + 1)
        if len(found[number]) > most:
            process.kill()

    until = time.monotonic() + seconds
    # Handles of their own: to close one in the midst of a read would wait for a child that holds the other end.
    handles = [os.dup(pipe.fileno()) for pipe in (process.stdout, process.stderr) if pipe is not None]
    readers = [threading.Thread(target=take, args=one, daemon=True) for one in enumerate(handles)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join(max(0.0, until - time.monotonic()))
    if any(reader.is_alive() for reader in readers):
        raise TimeoutError
    try:
        process.wait(max(0.0, until - time.monotonic()) + _LAST_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise TimeoutError from error
    return found[0], found[1]


def stream(
    argv: Sequence[str | os.PathLike[str]],
    on_line: Callable[[str], None],
    *,
    env: Mapping[str, str | None] | None = None,
    also: Collection[str] = (),
    cwd: Path | None = None,
    check: bool = True,
) -> Completed:
    """Run a command and hand each line of its output and error output to ``on_line`` at once.

    When this process is interrupted, the command is asked to end: of the job that is cancelled it hears nothing itself.
    The returned ``stdout`` holds both streams, in the order in which they came.

    Raises:
        ToolMissingError: the program is not there.
        CommandFailedError: it failed, with its last lines as details.
    """
    words = tuple(os.fspath(word) for word in argv)
    lines: list[str] = []
    try:
        process = subprocess.Popen(  # noqa: S603 - see open_pipes()
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=child_environment(os.environ, also, env),
            cwd=cwd,
        )
        with process, awaiting(process):
            assert process.stdout is not None
            try:
                for raw in process.stdout:
                    line = _text(raw).rstrip("\n")
                    lines.append(line)
                    on_line(line)
            except BaseException:
                process.terminate()
                raise
    except FileNotFoundError as error:
        raise _missing(words, cwd) from error
    completed = Completed(words, process.returncode, "\n".join(lines), "")
    if check and not completed.ok:
        raise failed(completed)
    return completed


def open_pipes(
    argv: Sequence[str | os.PathLike[str]],
    *,
    env: Mapping[str, str | None] | None = None,
    also: Collection[str] = (),
    inherit: bool = True,
    cwd: Path | None = None,
    detached: bool = False,
) -> subprocess.Popen[bytes]:
    """Start a command with all three streams piped, for a conversation (ssh, a helper daemon) or to read later.

    Args:
        argv: the program and its arguments.
        env: variables that it is given; None takes one away.
        also: variables of this process that it sees on top of those that everyone gets.
        inherit: without it, ``env`` is all that the command sees.
        cwd: the working directory.
        detached: out of reach of the terminal's Ctrl-C, which is for this process to answer.

    Raises:
        ToolMissingError: the program is not there.
    """
    words = tuple(os.fspath(word) for word in argv)
    try:
        return subprocess.Popen(  # noqa: S603 - this module is the door; argv only, no shell
            words,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=child_environment(os.environ, also, env) if inherit else _only(env or {}),
            cwd=cwd,
            process_group=0 if detached else None,
        )
    except FileNotFoundError as error:
        raise _missing(words, cwd) from error


def start_daemon(
    argv: Sequence[str | os.PathLike[str]],
    log: Path,
    *,
    env: Mapping[str, str | None] | None = None,
    also: Collection[str] = (),
) -> int:
    """Start a command in a session of its own, its output in ``log``, and return its process id.

    Raises:
        ToolMissingError: the program is not there.
    """
    words = tuple(os.fspath(word) for word in argv)
    try:
        with log.open("ab") as output:
            process = subprocess.Popen(  # noqa: S603 - see open_pipes()
                words,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=child_environment(os.environ, also, env),
                start_new_session=True,
            )
    except FileNotFoundError as error:
        raise _missing(words, None) from error
    # Reap it when it ends, so that it never stays behind as a zombie of this process.
    threading.Thread(target=process.wait, daemon=True).start()
    return process.pid


def replace(argv: Sequence[str | os.PathLike[str]], *, also: Collection[str] = ()) -> NoReturn:
    """Become another command: its terminal, its exit code.

    Raises:
        ToolMissingError: the program is not there.
    """
    words = tuple(os.fspath(word) for word in argv)
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        os.execvpe(words[0], words, child_environment(os.environ, also))  # noqa: S606 - this module is the door; argv only, no shell
    except FileNotFoundError as error:
        raise _missing(words, None) from error


def which(program: str) -> Path | None:
    """The program's path, or None."""
    found = shutil.which(program)
    return Path(found) if found else None


def failed(completed: Completed) -> CommandFailedError:
    """The error that says how a command failed, its last lines as details."""
    output = (completed.stderr or completed.stdout).strip().splitlines()
    return CommandFailedError(
        f"`{shlex.join(completed.argv)}` failed with exit code {completed.returncode}",
        why=output[-1] if output else "it printed nothing",
        details=tuple(output[-_TAIL_LINES:]),
    )


def _only(variables: Mapping[str, str | None]) -> dict[str, str]:
    return with_safe_git({name: value for name, value in variables.items() if value is not None})


def _missing(words: tuple[str, ...], cwd: Path | None) -> ToolMissingError:
    if cwd is not None and not cwd.is_dir():
        return ToolMissingError(f"the folder {cwd} is not there", why=f"`{words[0]}` was to run in it")
    return ToolMissingError(
        f"`{words[0]}` is not installed", fix="`fairlead setup` installs what Fairlead needs"
    )


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", errors="replace")
