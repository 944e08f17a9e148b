"""The command as a function of its words, and its one error boundary.

Every error that a user is meant to read is a ``FairleadError``; this is the one place that shows it
and turns it into an exit code. Anything else that comes here is a bug in Fairlead, and is told as one:
one line, and a file with the traceback.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence

from fairlead import report
from fairlead.cli.output import Output
from fairlead.errors import CommandFailedError, ExitCode, FairleadError, InputError, InterruptedByUserError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType

    import click

# What the machine refuses, and no change of our code would allow.
_REFUSALS = ("EACCES", "EPERM", "EROFS", "ENOSPC", "EDQUOT", "EMFILE", "ENFILE", "EIO", "ENOMEM")


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``fairlead`` with these words (default: those of the process) and return its exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    output = Output(os.environ)
    _prepare_streams()
    code = guarded(lambda: _run(words, output), words, output)
    # What a job is handed cannot be written before it is known how it ended; a fault in that is one of the command.
    ended = guarded(lambda: report.end(code), words, output)
    return _flushed(code or ended)


def _run(words: list[str], output: Output) -> int | None:
    """Parse and call, or complete a word for a shell.

    ``validate`` is called many times a day, by editors and hooks: its plain calls go round click.
    Not by ``command.main``: it leaves with 1, and without a word, on any broken pipe, a registry's included.
    """
    if words[:1] == ["validate"]:
        from fairlead.quick.option_words import parse_plainly

        plain = parse_plainly(words[1:], os.environ)
        if plain is not None:
            from fairlead.cli.validate.judging import run_validate

            return run_validate(plain)
    from fairlead.cli.root import COMPLETE_VARIABLE, command

    _unwind_on_sigterm()
    instruction = os.environ.get(COMPLETE_VARIABLE)
    if instruction:
        from click.shell_completion import shell_complete

        return shell_complete(command, {}, "fairlead", COMPLETE_VARIABLE, instruction)
    if os.environ.get("GITHUB_ACTIONS") == "true":
        from fairlead.cli.options.inputs import take_inputs

        take_inputs(command, words, os.environ)
    with command.make_context("fairlead", words, obj=output) as ctx:
        command.invoke(ctx)
    return None


def guarded(call: Callable[[], object], words: Sequence[str], output: Output) -> int:
    """Call, show whatever error comes out of it, and return the exit code."""
    try:
        status = call()
    except FairleadError as error:
        return _show(error)
    except (KeyboardInterrupt, EOFError):
        return _show(InterruptedByUserError("interrupted"))
    except Exception as error:  # noqa: BLE001 - the boundary: nothing unexpected may pass it
        return _click_ended(error, words, output) if "click" in sys.modules else _unexpected(error)
    return status if isinstance(status, int) else int(ExitCode.OK)


def _click_ended(error: Exception, words: Sequence[str], output: Output) -> int:
    """The exit code for what click raises to end a command; anything else is unexpected."""
    import click

    match error:
        case click.exceptions.Exit():
            return error.exit_code
        case click.exceptions.NoArgsIsHelpError():
            click.echo(error.format_message(), err=True)
            return int(ExitCode.INPUT)
        case click.UsageError():
            # The options that choose the output may stand behind the one that failed.
            output.ask(json="--json" in words, plain="--plain" in words)
            return _show(usage_error(error))
        case click.ClickException():
            return _show(InputError(error.format_message()))
        case click.Abort():
            return _show(InterruptedByUserError("interrupted"))
    return _unexpected(error)


def usage_error(usage: click.UsageError) -> InputError:
    """A mistake on the command line, in the form of every other error."""
    path = usage.ctx.command_path if usage.ctx is not None else "fairlead"
    text = usage.format_message().rstrip(".")
    return InputError(text[:1].lower() + text[1:], fix=f"`{path} --help` shows how it is called")


def _show(error: FairleadError) -> int:
    try:
        reporter = report.current()
        reporter.close()
        reporter.error(error)
    except BrokenPipeError:
        pass  # whoever read it has left; the exit code still tells
    return int(error.exit_code)


def _unexpected(error: Exception) -> int:
    if isinstance(error, BrokenPipeError) and _reader_is_gone():
        return int(ExitCode.OK)
    if isinstance(error, FileNotFoundError) and _is_nowhere():
        return _show(InputError("the folder that this runs in is gone", fix="change to one that is there"))
    if isinstance(error, OSError) and _is_refusal(error):
        place = f": {error.filename}" if error.filename else ""
        why, details = _traceback_of(error, or_else=False)
        return _show(
            CommandFailedError(f"this machine refused: {error.strerror}{place}", why=why, details=details)
        )
    why, details = _traceback_of(error)
    return _show(
        CommandFailedError(
            f"this is a bug in Fairlead: {type(error).__name__}: {error}",
            why=why,
            fix="run it again; if it stays, report it with the traceback",
            details=details,
        )
    )


def _is_nowhere() -> bool:
    try:
        os.getcwd()  # noqa: PTH109 - no import for it
    except FileNotFoundError:
        return True
    return False


def _is_refusal(error: OSError) -> bool:
    import errno

    return errno.errorcode.get(error.errno or 0) in _REFUSALS


def _traceback_of(error: Exception, *, or_else: bool = True) -> tuple[str, tuple[str, ...]]:
    """Where the traceback is, without secrets: in a file that a report can take it from, and in a job in the log.

    Where no file can be written, as in a container that is read-only, it is shown, or with ``or_else=False`` left out.
    """
    import traceback

    from fairlead.files import keep_report
    from fairlead.report.redact import masked

    text = masked("".join(traceback.format_exception(error)))
    if os.environ.get("GITHUB_ACTIONS") == "true":
        return "", tuple(text.splitlines())
    try:
        return f"the traceback is in {keep_report('fairlead-bug-', text)}", ()
    except OSError:
        return "", tuple(text.splitlines()) if or_else else ()


def _reader_is_gone() -> bool:
    """Whether whoever read our output has left (``fairlead history | head``), and not some other pipe."""
    import select

    for stream in (sys.stdout, sys.stderr):
        poll = select.poll()
        try:
            poll.register(stream.fileno(), select.POLLERR)
        except (OSError, ValueError):
            continue
        if any(event & select.POLLERR for _, event in poll.poll(0)):
            return True
    return False


def _prepare_streams() -> None:
    """Let no character stop an output."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def _unwind_on_sigterm() -> None:
    """Let SIGTERM unwind like Ctrl-C, so that temporary files go."""
    import contextlib
    import signal

    with contextlib.suppress(ValueError):  # not in the main thread: a test, an embedding program
        signal.signal(signal.SIGTERM, _terminated)


def _terminated(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _flushed(code: int) -> int:
    """Flush stdout here, where a reader that has left can be told from a fault at exit."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        # Python flushes once more at exit: give it a place where that works.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return code
