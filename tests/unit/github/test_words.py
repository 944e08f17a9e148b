"""Errors as they are told in a job: no option, no file of the runner, no variable that nobody of the workflow has set."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.boundary import main
from fairlead.errors import CommandFailedError, FairleadError, InputError
from fairlead.findings import Finding
from fairlead.github.inputs import INPUTS
from fairlead.github.words import speak, tell_in_a_job
from fairlead.remote.ssh import Access
from fairlead.remote.ssh_failure import ScannedKey, explain
from fairlead.settings.values import Host

HOST = Host(user="deploy", name="app.acme.test")
CLONE = Path("/app")
KEY = Path("/tmp/runner/fairlead-ssh-a1b2c3/key")
SAID = {
    "name": "ssh: Could not resolve hostname app.acme.test: Name or service not known",
    "refused": "ssh: connect to host app.acme.test port 22: Connection refused",
    "denied": "deploy@app.acme.test: Permission denied (publickey).",
    "broken": f'Load key "{KEY}": error in libcrypto\ndeploy@app.acme.test: Permission denied (publickey).',
    "format": f'Load key "{KEY}": invalid format\ndeploy@app.acme.test: Permission denied (publickey).',
    "open": f"@ WARNING: UNPROTECTED PRIVATE KEY FILE! @\nPermissions 0644 for '{KEY}' are too open.",
    "closed": f'Load key "{KEY}": Permission denied',
    "unknown": "No ED25519 host key is known for app.acme.test and you have requested strict checking.",
    "changed": "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.",
    "cut": "kex_exchange_identification: Connection closed by remote host",
    "python": "sh: 1: python3: not found",
    "lost": f"client_loop: send disconnect: Broken pipe; {KEY}",
}
ACCESS = {
    "with a key": Access(HOST, None, KEY, "FAIRLEAD_SSH_KEY"),
    "with a key and host keys": Access(HOST, Path("known_hosts"), KEY, "FAIRLEAD_SSH_KEY"),
    "without a key": Access(HOST),
}


def texts(error: FairleadError) -> str:
    lines: Sequence[str] = (error.what, error.why, error.fix, *error.details)
    return "\n".join((*lines, *(f"{one.what} {one.fix}" for one in error.findings)))


@pytest.mark.parametrize("access", ACCESS)
@pytest.mark.parametrize("fault", SAID)
def test_no_failed_connection_names_what_only_the_runner_knows(fault: str, access: str) -> None:
    keys = (ScannedKey("app.acme.test ssh-ed25519 AAAA", "SHA256:abcd"),)
    told = texts(tell_in_a_job(explain(ACCESS[access], SAID[fault], keys)))
    assert "/tmp/" not in told
    assert "~/.ssh" not in told
    assert not re.search(r"--(known-hosts|identity)", told)
    assert (
        fault not in {"broken", "format", "open", "closed"}
        or "the input `ssh-key`" in told
        or access == "without a key"
    )


def test_a_job_without_a_key_is_told_that_its_secret_is_empty() -> None:
    told = tell_in_a_job(explain(ACCESS["without a key"], SAID["denied"]))
    assert "the input `ssh-key` (FAIRLEAD_SSH_KEY) is empty" in told.what


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("deploy without --only", "deploy without the input `only`"),
        ("`--to 000003` goes forward again", "the input `to` 000003 goes forward again"),
        ("say --environment NAME", "set the input `environment` to NAME"),
        ("push again, or say --allow-older", "push again, or set the input `allow-older`"),
        ("correct --identity", "correct the input `ssh-key`"),
        ("`fairlead rollback --to ID` goes back", "`fairlead rollback --to ID` goes back"),
        ("`git rm -r --cached x`", "`git rm -r --cached x`"),
        (
            "/home/runner/work/fairlead-demo-app/compose.yaml",
            "/home/runner/work/fairlead-demo-app/compose.yaml",
        ),
        ("docker run --privileged", "docker run --privileged"),
        ("set FAIRLEAD_TO", "set the input `to` (FAIRLEAD_TO)"),
        ("open /tmp/fairlead-login-x1_y2z3/auth.json: no", "open a file of Fairlead's own: no"),
        (
            "key=/tmp/a/fairlead-ssh-a1b2c3/key,x",
            "key=the key in the input `ssh-key` (FAIRLEAD_SSH_KEY),x",
        ),
        (
            "the key /tmp/a/fairlead-ssh-a1b2c3/key is",
            "the key in the input `ssh-key` (FAIRLEAD_SSH_KEY) is",
        ),
    ],
)
def test_options_and_files_are_told_as_inputs(text: str, said: str) -> None:
    assert speak(text) == said


@given(
    st.text(alphabet="a/.:=-_ ~'\"`(", max_size=8),
    st.text(alphabet="a/. ", max_size=4),
)
def test_a_file_of_the_repository_is_told_as_it_is_called_there_and_no_other_word_is_cut(
    before: str, after: str
) -> None:
    """`https://example.com/app/x` names nothing below the root `/app`."""
    said = f"{before}{CLONE}/{after}"
    begins = before[-1:] in {"", *" ='\"`("}
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("fairlead.github.words.Path.cwd", lambda: CLONE / "web")
        patched.setattr("fairlead.github.words.repository_root", lambda folder: folder.parent)
        assert speak(said) == (f"{before}{after}" if begins else said)


@pytest.mark.parametrize(
    "piece", ["/a", "/fairlead-ssh-", "a/fairlead-ssh-aaaaaa/", "the key /", "`git ", "--a "]
)
def test_the_time_for_a_text_grows_with_its_length(piece: str) -> None:
    """Evidence is what a tool printed: it can be one long word."""

    def seconds(size: int) -> float:
        error = CommandFailedError("odd", details=(piece * (size // len(piece)),))
        best = float("inf")
        for _ in range(3):
            began = time.process_time()
            tell_in_a_job(error)
            speak(error.details[0])
            best = min(best, time.process_time() - began)
        return best

    # Of twice the length about twice the time; a square would be four times.
    assert seconds(1 << 15) < 3.2 * seconds(1 << 14) + 0.05


def test_every_option_that_is_an_input_is_told_as_one() -> None:
    for name in INPUTS:
        assert "--" not in speak(f"try --{name} or not")


def test_an_error_stays_what_it_is_but_for_its_words() -> None:
    findings = (Finding("FAIRLEAD_ONLY: no", fix="--only web"),)
    error = InputError("FAIRLEAD_TO is none", findings=findings, details=("--only stays in evidence",))
    error.document = {"serving": "000001"}
    told = tell_in_a_job(error)
    assert (type(told), told.document, told.what) == (
        InputError,
        {"serving": "000001"},
        "the input `to` (FAIRLEAD_TO) is none",
    )
    assert "the input `only`" in told.findings[0].what
    assert told.findings[0].fix == "the input `only` web"
    assert told.details == error.details
    assert error.what == "FAIRLEAD_TO is none"


def test_a_bug_shows_its_traceback_in_the_log_of_a_job_as_no_file_outlives_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("odd")

    monkeypatch.setattr("fairlead.boundary._run", fail)
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    assert main(["status"]) == CommandFailedError.exit_code
    said = capsys.readouterr()
    assert "RuntimeError: odd" in said.out + said.err
    assert "Traceback" in said.out + said.err
    assert "fairlead-bug-" not in said.out + said.err
