"""``fairlead validate --fix`` and ``--diff``: change the files, judge again, and take back what made it worse."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from fairlead import files
from fairlead.errors import InputError
from fairlead.judge.fix import FixedText, Refused, by_file, fix_text, read_text, render_diff
from fairlead.judge.run import judge
from fairlead.judge.verdict import Request, Verdict
from fairlead.quick.records import dataclass, replace
from fairlead.secret_signs.lines import ShownLines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairlead.findings import Finding
    from fairlead.quick.option_words import ValidateOptions
    from fairlead.report.sink import Sink

    Mend = Callable[[str, str, Sequence[Finding]], FixedText]
else:
    Mend = Callable


@dataclass(frozen=True)
class Mending:
    """What to mend, and how.

    Attributes:
        rules: only what these find; empty for all.
        files: the words of the command line that are no rules.
        write: change the files; else only show the difference.
        mend: from a file's name, its text and its findings to the text with the repairs.
        sink: where it is said.
    """

    rules: frozenset[str]
    files: tuple[str, ...]
    write: bool
    mend: Mend
    sink: Sink


def plan_mending(options: ValidateOptions, sink: Sink) -> Mending:
    """What the command line asks for.

    Raises:
        InputError: a word is no rule and no file, or there is nobody to ask.
    """
    from fairlead.cli.validate.naming import rules_to_mend

    rules, files = rules_to_mend(options.files)
    mend: Mend = _mend
    if options.ask:
        from fairlead.cli.validate.asking import ask_for_each

        mend = ask_for_each(sink)
    return Mending(rules, files, options.fix, mend, sink)


def run_fix(verdict: Verdict, request: Request, mending: Mending) -> Verdict:
    """Mend what can be mended, say it, and return the verdict on the files as they are then.

    Args:
        verdict: on the files as they are.
        request: what it answered.
        mending: what of it is mended.

    Raises:
        InputError: a file can't be read or written, or the changed files have faults that they had not: then
            they are put back.
    """
    before, after, results, sink = {}, {}, [], mending.sink
    chosen = [one for one in verdict.findings if not mending.rules or one.rule in mending.rules]
    for file, findings in by_file(chosen).items():
        text, mark = _read(file)
        result = mending.mend(file, text, findings)
        results.append(result)
        before[file], after[file] = mark + text, mark + result.text
    if not mending.write:
        _show_diff(before, after, sink)
        _tell(_refusals(results), sink)
        return verdict
    changed = [file for file in after if after[file] != before[file]]
    for file in changed:
        _write(Path(file), after[file])
    checked = judge(replace(request, ask=False)) if changed else verdict
    worse = _worse(verdict, checked)
    if worse:
        for file in changed:
            _write(Path(file), before[file])
        raise InputError(
            "the repairs made the files worse: they are as they were",
            why="\n".join(worse),
            fix="--diff shows them; report it with the file",
        )
    _tell(_said(results, changed), sink)
    return judge(request) if changed else verdict


def _mend(_file: str, text: str, findings: Sequence[Finding]) -> FixedText:
    return fix_text(text, findings)


def _show_diff(before: dict[str, str], after: dict[str, str], sink: Sink) -> None:
    """To a file or a program byte for byte, so that it applies; in a log or on a screen what may be shown there."""
    from fairlead.cli.validate.judging import is_job

    if sink.is_terminal or is_job():
        _tell(shown_diff(before, after).splitlines(), sink)
    else:
        sink.write_raw(render_diff(before, after))


def shown_diff(before: dict[str, str], after: dict[str, str]) -> str:
    """The diff without the values of secrets."""
    return render_diff(_shown(before), _shown(after))


def _shown(texts: dict[str, str]) -> dict[str, str]:
    shown = {}
    for file, text in texts.items():
        lines = ShownLines(text.split("\n"))
        shown[file] = "\n".join(lines.shown(index) for index in range(len(lines)))
    return shown


def _tell(lines: list[str], sink: Sink) -> None:
    from fairlead.cli.validate.judging import print_lines

    if lines:
        print_lines(lines, sink.stream)


def _said(results: list[FixedText], changed: list[str]) -> list[str]:
    count = sum(len(result.mended) for result in results)
    lines = [f"mended {count} in {', '.join(changed)}"] if changed else ["nothing could be mended"]
    return [*lines, *_refusals(results), ""]


def _refusals(results: list[FixedText]) -> list[str]:
    return [_refusal(refused) for result in results for refused in result.refused]


def _refusal(refused: Refused) -> str:
    finding = refused.finding
    return f"left to you: {finding.location}: {finding.what} [{finding.rule}]: {refused.why}"


def _worse(before: Verdict, after: Verdict) -> list[str]:
    """Findings that there were fewer of: of the same rule at the same path; a repair only takes away."""
    had = Counter((finding.rule, finding.path) for finding in before.findings)
    worse = []
    for finding in after.findings:
        key = (finding.rule, finding.path)
        had[key] -= 1
        if had[key] < 0 and finding.severity != "note":
            worse.append(f"{finding.location}: {finding.what} [{finding.rule}]")
    return worse


def _read(file: str) -> tuple[str, str]:
    try:
        return read_text(file)
    except UnicodeDecodeError as error:
        raise InputError(
            f"{file} is not UTF-8, and `--fix` writes nothing else", fix="save it as UTF-8"
        ) from error
    except OSError as error:
        raise InputError(f"{file} can't be read", why=str(error)) from error


def _write(path: Path, text: str) -> None:
    """Replace the file whole or not at all; its mode stays, and a link within the checkout stays a link."""
    target = files.inside(path)
    try:
        files.write(target, text.encode(), mode=target.stat().st_mode & 0o7777)
    except OSError as error:
        raise InputError(f"{path} can't be written", why=error.strerror or str(error)) from error
