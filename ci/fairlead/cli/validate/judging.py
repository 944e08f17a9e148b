"""What ``fairlead validate`` does: find the files, judge them, mend them where asked, and say it.

No reporter is used: the verdict is the output, and a plain call must not wait for one to be imported.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from fairlead.checkout import folders_up
from fairlead.errors import InputError
from fairlead.judge.run import judge
from fairlead.judge.verdict import ALWAYS, Request, Verdict
from fairlead.quick.option_words import ValidateOptions
from fairlead.quick.records import replace
from fairlead.sources import shown_variables

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TextIO

    from fairlead.judge.baseline import Baseline
    from fairlead.judge.scopes import Scope
    from fairlead.report.sink import Sink
    from fairlead.settings.values import Settings

_MOST_IN_LOG = 200
"""So many findings are told in the log of a job, each with its source lines."""


def run_validate(options: ValidateOptions, *, as_json: bool = False, plain: bool = False) -> int:
    """Judge and report; returns the exit code.

    Args:
        options: the command line.
        as_json: one document on stdout and everything else on stderr.
        plain: no colour.

    Raises:
        InputError: no file, fairlead.yaml does not hold, or options that exclude each other.
    """
    _refuse_contradictions(options)
    mending = None
    if options.fix or options.diff:
        from fairlead.cli.validate.mending import plan_mending

        mending = plan_mending(options, _sink(sys.stderr if as_json else sys.stdout))
        options = replace(options, files=mending.files)
    request = _request(options)
    verdict = judge(request)
    if mending is not None:
        from fairlead.cli.validate.mending import run_fix

        verdict = run_fix(verdict, request, mending)
    if options.write_baseline:
        return _write_baseline(options, request, verdict)
    _deliver(verdict, options, as_json=as_json, plain=plain)
    return verdict.exit_code


def _refuse_contradictions(options: ValidateOptions) -> None:
    if options.fix and options.diff:
        raise InputError("--fix changes the files and --diff does not", fix="say one of them")
    if options.ask and not options.fix:
        raise InputError("--ask asks for each repair of --fix", fix="say --fix --ask")
    if options.write_baseline and options.rule:
        raise InputError("--write-baseline takes every rule", fix="leave --rule out")
    if options.each and not options.files:
        raise InputError("--each checks each FILE on its own, and none is named")


def _request(options: ValidateOptions) -> Request:
    from fairlead.judge.policy import make_policy

    settings = _settings()
    scopes = _scopes(options, settings)
    policy = make_policy() if settings is None else make_policy(settings.validate, registry=settings.registry)
    version = _compose_version(options, settings)
    if options.compose_version:
        policy = replace(policy, compose=tuple(int(part) for part in version.split(".")))
    request = Request(
        scopes=scopes,
        policy=policy,
        settings=settings,
        compose_version=version,
        ask=not options.no_compose,
        rules=_rules(options.rule),
        strict=options.strict,
    )
    # What is written into a baseline is all there is; what stood in it before does not count.
    return request if options.write_baseline else replace(request, baseline=_baseline(options, scopes))


def _compose_version(options: ValidateOptions, settings: Settings | None) -> str:
    """The oldest Compose that will run the files, ``2.24``; empty where nobody says.

    Raises:
        InputError: it is no version.
    """
    told = (options.compose_version or "").removeprefix("v")
    if not told:
        return ".".join(map(str, settings.validate.compose)) if settings is not None else ""
    if not all(part.isdigit() for part in told.split(".")):
        raise InputError(f"{options.compose_version} is no version of Compose", fix="write it like 2.24")
    return told


def _settings() -> Settings | None:
    """fairlead.yaml here or above, inside this repository; None where there is none.

    Raises:
        InputError: it does not hold.
    """
    for folder in folders_up(Path.cwd()):
        if (folder / "fairlead.yaml").is_file():
            from fairlead.settings.load import load_settings

            return load_settings(folder, os.environ)
    return None


def _scopes(options: ValidateOptions, settings: Settings | None) -> tuple[Scope, ...]:
    from fairlead.judge.scopes import env_files_of, file_scopes, find_compose_files

    if settings is None:
        if options.environment is not None:
            raise InputError(
                f"there is no fairlead.yaml to take the environment {options.environment} from",
                fix="leave --environment out, or run it where fairlead.yaml is",
            )
        env_files = env_files_of(os.environ, [Path(file) for file in options.env_file])
        files = [Path(file) for file in options.files] or find_compose_files(
            Path.cwd(), os.environ, env_files
        )
        return file_scopes(
            files, shown_variables(os.environ), **{**_plainly(options), "env_files": env_files}
        )
    declared = _declared_scopes(options, settings)
    if not options.files:
        return declared
    from fairlead.judge.scopes import scopes_of_files, variables_of

    # A file that fairlead.yaml names is judged as what it is: part of that app.
    files = [Path(file) for file in options.files]
    known, others = scopes_of_files(files, declared, each=options.each)
    plain = file_scopes(others, variables_of(declared), **_plainly(options)) if others else ()
    return (*known, *plain)


def _plainly(options: ValidateOptions) -> Any:
    """What the command line says about plain files."""
    return {
        "each": options.each,
        "env_files": [Path(file) for file in options.env_file],
        "development": _development(options),
    }


def _development(options: ValidateOptions) -> bool | None:
    return None if options.profile is None else options.profile == "dev"


def _declared_scopes(options: ValidateOptions, settings: Settings) -> tuple[Scope, ...]:
    from fairlead.judge.scopes import settings_scopes

    named = options.environment
    environments = settings.every_environment if named is None else (settings.environment(named),)
    combinations = settings.validate.combinations if named is None else {}
    return settings_scopes(settings, environments, combinations, development=_development(options))


def _rules(names: tuple[str, ...]) -> frozenset[str]:
    if not names:
        return frozenset()
    from fairlead.cli.validate.naming import known_rules

    return known_rules(names)


def _baseline_path(options: ValidateOptions, scopes: tuple[Scope, ...]) -> Path:
    from fairlead.judge.baseline import FILE_NAME

    return Path(options.baseline) if options.baseline else scopes[0].files[0].parent / FILE_NAME


def _baseline(options: ValidateOptions, scopes: tuple[Scope, ...]) -> Baseline | None:
    """The baseline that was named, which must be there, or the one beside the first file, if there is one."""
    beside = f"{os.path.dirname(scopes[0].files[0])}/fairlead-baseline.json"  # noqa: PTH120 - no import for it
    if not options.baseline and not os.path.exists(beside):  # noqa: PTH110 - same
        return None
    from fairlead.judge.baseline import load_baseline

    return load_baseline(_baseline_path(options, scopes))


def _write_baseline(options: ValidateOptions, request: Request, verdict: Verdict) -> int:
    from fairlead.judge.baseline import write_baseline
    from fairlead.positions import shown_path

    path = _baseline_path(options, request.scopes)
    left = verdict.unsilenced
    known = [finding for finding in verdict.findings if finding not in left]
    written = write_baseline(path, known, except_rules=ALWAYS)
    print_lines([f"{shown_path(path)}: {len(written.entries)} findings are known from now on"])
    if not left:
        return 0
    print_lines(["no baseline takes these, without which nothing is released:"])
    _deliver(replace(verdict, findings=left), ValidateOptions(), as_json=False, plain=True)
    return replace(verdict, findings=left).exit_code


def _deliver(verdict: Verdict, options: ValidateOptions, *, as_json: bool, plain: bool) -> None:
    in_job = is_job()
    out = sys.stderr if as_json else sys.stdout
    kinds = options.format or (("text", "github") if in_job else ("text",))
    for kind, _, file in (word.partition("=") for word in kinds):
        if file:
            _write(Path(file), _rendered(kind, verdict, colour=False))
        else:
            _show(kind, verdict, out, colour=_is_colourful(out, plain=plain))
    if all("=" in kind for kind in kinds):
        from fairlead.verdict.words import sentence_of

        print_lines([sentence_of(verdict)], sys.stderr)
    if as_json:
        _show("json", verdict, sys.stdout, colour=False)
    if in_job:
        _tell_job(verdict)


def _show(kind: str, verdict: Verdict, out: TextIO, *, colour: bool) -> None:
    """One form of the verdict, as whoever reads that form may get it."""
    text = _rendered(kind, verdict, colour=colour, most=_MOST_IN_LOG if is_job() else None).rstrip("\n")
    if kind in {"json", "sarif"}:
        _sink(out).write_document(text)
    elif kind == "github":
        _sink(out).write(text)
    elif colour:
        _sink(out).write_painted(text)
    else:
        print_lines([text], out)


def _rendered(kind: str, verdict: Verdict, *, colour: bool, most: int | None = None) -> str:
    if kind == "text":
        from fairlead.verdict.text import render_text

        return render_text(verdict, colour=colour, most=most)
    from fairlead.verdict import render

    return render(kind, verdict)


def _is_colourful(out: TextIO, *, plain: bool) -> bool:
    return (
        not plain and out.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM", "") != "dumb"
    )


def is_job() -> bool:
    """Whether this is a job of GitHub Actions, whose runner obeys lines."""
    return os.environ.get("GITHUB_ACTIONS") == "true"


def _sink(out: TextIO) -> Sink:
    from fairlead.report.sink import Sink

    return Sink(out)


def _tell_job(verdict: Verdict) -> None:
    """The step's summary and outputs."""
    from fairlead.github.outputs import append_outputs, outputs_of
    from fairlead.github.summary import append_summary
    from fairlead.verdict import render
    from fairlead.verdict.document import verdict_document
    from fairlead.verdict.words import sentence_of

    summary, outputs = os.environ.get("GITHUB_STEP_SUMMARY"), os.environ.get("GITHUB_OUTPUT")
    if summary:
        fault = append_summary(Path(summary), render("markdown", verdict))
        if fault:
            sys.stderr.write(f"warning: {fault}\n")
    if outputs:
        temporary = os.environ.get("RUNNER_TEMP")
        found = outputs_of(verdict_document(verdict))
        if not verdict.passed:
            found["error"] = sentence_of(verdict)
        append_outputs(Path(outputs), found, Path(temporary) if temporary else None)


def _write(path: Path, text: str) -> None:
    from fairlead import files

    try:
        files.deliver(path, f"{text.rstrip(chr(10))}\n".encode("utf-8", "replace"))
    except OSError as error:
        raise InputError(f"{path} can't be written", why=error.strerror or str(error)) from error


def print_lines(lines: list[str], out: TextIO | None = None) -> None:
    """Lines on stdout, or on another stream, flushed: two streams that end in one log keep their order."""
    text = "\n".join(line.rstrip("\n") for line in lines)
    if is_job():
        from fairlead.github.annotations import neutral

        text = neutral(text)
    _sink(out or sys.stdout).write(text)
