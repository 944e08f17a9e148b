"""The log, the summary and the outputs of a step."""

from __future__ import annotations

import io
import json
from itertools import count, pairwise
from pathlib import Path

import pytest

from fairlead.errors import CommandFailedError, InputError, RolledBackError
from fairlead.findings import Finding, Location
from fairlead.github.reporter import ActionsReporter
from fairlead.report.redact import forget, redact, tell_values
from fairlead.report.sink import Sink


class Job:
    def __init__(self, folder: Path) -> None:
        self.log_stream = io.StringIO()
        self.summary_file = folder / "summary"
        self.output_file = folder / "output"
        ticks = count()
        self.reporter = ActionsReporter(
            Sink(self.log_stream),
            {"GITHUB_STEP_SUMMARY": str(self.summary_file), "GITHUB_OUTPUT": str(self.output_file)},
            clock=lambda: float(next(ticks)),
        )

    @property
    def log(self) -> list[str]:
        return self.log_stream.getvalue().splitlines()


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(tmp_path)


def test_a_step_is_a_group_with_the_output_of_its_tools(job: Job) -> None:
    with job.reporter.step("build 2 images"), job.reporter.step("api"):
        job.reporter.progress("#1 ::warning::not ours")
        job.reporter.progress("::warning::not ours either")
    job.reporter.progress("not shown")
    assert job.log == [
        "::group::build 2 images",
        "#1 ::warning::not ours",
        "| ::warning::not ours either",
        "✓ api  1.0s",
        "::endgroup::",
        "✓ build 2 images  3.0s",
    ]


def test_an_error_in_a_step_closes_its_group_first(job: Job) -> None:
    with pytest.raises(InputError), job.reporter.step("build"):
        raise InputError("bad")
    assert job.log == ["::group::build", "::endgroup::", "✗ build  1.0s"]


def test_a_group_left_open_is_closed(job: Job) -> None:
    step = job.reporter.step("build")
    step.__enter__()
    job.reporter.close()
    job.reporter.close()
    assert job.log == ["::group::build", "::endgroup::"]


def test_an_error_is_told_annotated_summarised_and_put_out(job: Job) -> None:
    job.reporter.warn("old database", Location("fairlead.yaml", 9))
    job.reporter.error(
        InputError("1 fault", findings=(Finding("unknown key", Location("fairlead.yaml", 2, 1)),))
    )
    job.reporter.end(2)
    assert job.log[1] == "error: 1 fault"
    assert job.log[-3:] == [
        "::error title=Fairlead::1 fault",
        "::error file=fairlead.yaml,line=2,col=1,title=1 fault::unknown key",
        "::warning file=fairlead.yaml,line=9::old database",
    ]
    assert "### ✗ 1 fault" in job.summary_file.read_text()
    assert "exit-code<<" in job.output_file.read_text()


def test_a_job_that_goes_on_is_told_what_serves(job: Job) -> None:
    """A deploy may end with 4 and be live, or with 6 and have been taken back: the step says which."""
    error = CommandFailedError("users do not get its page")
    error.document = {"schema": "x", "status": "live", "serving": "000042", "release": "000042"}
    job.reporter.error(error)
    job.reporter.end(4)
    lines = job.output_file.read_text().splitlines()
    told = {line.partition("<<")[0]: value for line, value in pairwise(lines) if "<<" in line}
    wanted = {"status": "live", "serving": "000042", "release": "000042", "exit-code": "4"}
    assert {name: told.get(name) for name in wanted} == wanted
    assert json.loads(told["document"])["status"] == "live"


def test_a_warning_speaks_of_inputs_and_of_no_file_of_the_runner(
    job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the log, as an annotation and on the page, as an error does; a line of the app stays as it was printed."""
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    job.reporter.warn(
        f"{tmp_path}/known_hosts is old: say --known-hosts FILE; /tmp/a/fairlead-ssh-a1b2c3/key of FAIRLEAD_SSH_KEY"
        " is in ~/.ssh/known_hosts of your keys; once more leaves at once"
    )
    job.reporter.line("app: --only and ~/.ssh/known_hosts of your keys")
    with job.reporter.step("build"):
        job.reporter.progress("reads /tmp/a/fairlead-login-x1_y2z3/config.json")
    job.reporter.result({"schema": "x/v1"}, "done")
    job.reporter.end(0)
    told = "\n".join(job.log) + job.summary_file.read_text()
    assert (
        told.count("known_hosts is old: set the input `known-hosts` to FILE; the key in the input `ssh-key`")
        == 2
    )
    for his in ("/tmp/", str(tmp_path), "--known-hosts", "once more leaves"):
        assert his not in told
    assert "app: --only and ~/.ssh/known_hosts of your keys" in job.log
    assert "reads a file of Fairlead's own" in job.log


def test_a_result_ends_with_the_warnings_and_the_outputs(job: Job) -> None:
    job.reporter.warn("careful")
    job.reporter.table(["image"], [["api"]])
    job.reporter.timeline([("pull", "done", 1.0)])
    job.reporter.phase("pull", "done", 1.0)
    job.reporter.result({"schema": "x/v1", "release": "000042"}, "release 000042 serves")
    job.reporter.end(0)
    assert job.log[-2:] == ["release 000042 serves", "::warning::careful"]
    summary = job.summary_file.read_text()
    assert "| api |" in summary
    assert "pull     1.0s  █" in summary
    assert "release<<" in job.output_file.read_text()


def test_without_the_files_it_only_logs() -> None:
    log = io.StringIO()
    reporter = ActionsReporter(Sink(log), {"GITHUB_OUTPUT": ""})
    reporter.result({"a": "b"}, "done")
    reporter.end(0)
    assert log.getvalue() == "done\n"


def test_a_secret_is_in_no_file_and_no_line(job: Job) -> None:
    canary = "c4n4ry%va/lue"
    redact(canary)
    try:
        with job.reporter.step(canary):
            job.reporter.progress(canary)
        job.reporter.warn(canary)
        job.reporter.table([canary], [[canary]])
        job.reporter.result({"field": canary}, canary)
        job.reporter.error(InputError(canary, why=canary, findings=(Finding(canary),), details=(canary,)))
        job.reporter.end(2)
    finally:
        forget()
    everything = job.log_stream.getvalue() + job.summary_file.read_text() + job.output_file.read_text()
    assert "c4n4ry" not in everything


def test_values_are_hidden_by_the_runner_too(job: Job) -> None:
    """Once each, line by line, escaped as commands are; what is too short would make stars of everything."""
    try:
        redact("known before%")
        tell_values(job.reporter.hide)
        redact("-----BEGIN KEY-----\nAAAAB3NzaC1yc2E\n}\n-----END KEY-----\n")
        redact("known before%")
        redact("true")
        job.reporter.line("known before%")
    finally:
        forget()
    assert job.log == [
        "::add-mask::known before%25",
        "::add-mask::-----BEGIN KEY-----%0AAAAAB3NzaC1yc2E%0A}%0A-----END KEY-----",
        "::add-mask::AAAAB3NzaC1yc2E",
        "***",
    ]


def test_a_secret_is_not_in_the_summary_either(job: Job) -> None:
    """Markdown escapes it: looked for afterwards it would not be found."""
    try:
        redact("c4n4ry_with*marks")
        job.reporter.error(InputError("no c4n4ry_with*marks", details=("c4n4ry_with*marks",)))
        job.reporter.end(2)
    finally:
        forget()
    assert "c4n4ry" not in job.summary_file.read_text()


def test_a_summary_that_cannot_be_written_is_told_once_and_the_work_goes_on(job: Job) -> None:
    job.summary_file.unlink(missing_ok=True)
    job.summary_file.mkdir()
    job.reporter.table(["a"], [["b"]])
    job.reporter.result({"schema": "x/v1", "status": "live"}, "live")
    job.reporter.end(0)
    assert "summary of the step cannot be written" in job.log[-1]
    assert "live" in job.log
    assert "status<<" in job.output_file.read_text()


def test_a_page_that_cannot_be_made_fails_nothing(job: Job) -> None:
    """A server of another version may tell things in a form that nobody thought of."""
    job.reporter.result({"schema": "fairlead.publish/v1", "images": ["web"], "status": "live"}, "published")
    job.reporter.end(0)
    assert job.log[-1].startswith("warning: the page of this step cannot be made: AttributeError")
    assert "status<<" in job.output_file.read_text()


def test_an_error_is_read_from_its_headline_on(job: Job) -> None:
    """What failed and what serves, why, the evidence, what to do; where the time went comes last."""
    error = RolledBackError(
        "web is unhealthy",
        why="it answers 503. release 000013 serves as before",
        fix="mend it",
        details=("a", "b"),
    )
    phases = [{"phase": "verify", "state": "failed", "seconds": 2.0}]
    ended = {"status": "refused", "exit": 6, "release": "000014", "serving": "000013", "previous": "000013"}
    error.document = {"schema": "fairlead.deploy/v1", "app": "board", "phases": phases, **ended}
    job.reporter.timeline([("verify", "failed", 2.0)])
    job.reporter.error(error)
    job.reporter.end(6)
    headline = "board 000014 failed: web is unhealthy; 000013 serves as before"
    assert job.log == [
        f"error: {headline}",
        "000014 was never switched to.",
        "  it answers 503. release 000013 serves as before",
        "",
        "  | a",
        "  | b",
        "",
        "  fix: mend it",
        f"verify     2.0s  {'█' * 40} FAILED",
        "total      2.0s",
        f"::error title=Fairlead::{headline}%0Ait answers 503. release 000013 serves as before%0Amend it",
    ]
    assert job.summary_file.read_text().startswith(f"### ✗ {headline}\n\n000014 was never switched to.\n\n")
    assert f"\n{headline}\n" in job.output_file.read_text()


def test_very_many_faults_are_counted_and_handed_over(job: Job) -> None:
    """A log of 28,000 lines is read by nobody, and a job has its outputs for what is to be read by a program."""
    findings = tuple(Finding(f"fault {number}", fix="mend it") for number in range(400))
    job.reporter.error(InputError("400 faults", findings=findings))
    job.reporter.end(2)
    assert len(job.log) < 800
    assert "and 200 more faults: the output `document` has all" in job.log
    outputs = job.output_file.read_text()
    assert "fault 399" in outputs
    assert "fairlead.error/v1" in outputs
    assert "what<<" not in outputs


def test_a_command_that_tells_and_then_fails_is_not_good_news(job: Job) -> None:
    """As `status` does of an app that is not served, by its exit code alone."""
    job.reporter.result({"schema": "fairlead.status/v1"}, "board 000013 serves\nand more")
    job.reporter.end(4)
    assert job.summary_file.read_text().startswith("### ✗ not all is well: board 000013 serves")
    assert "exit-code<<" in job.output_file.read_text()
    assert "\n0\n" not in job.output_file.read_text()
