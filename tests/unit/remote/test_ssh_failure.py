"""Each way in which ssh fails is told in its own words, from the text that real servers and clients print."""

from __future__ import annotations

from pathlib import Path

import pytest

from fairlead.remote.ssh import Access
from fairlead.remote.ssh_failure import Cause, ScannedKey, explain, parse_cause, parse_refused_key
from fairlead.settings.values import Host

ACCESS = Access(Host(user="deploy", name="app.example.com"), Path("deploy/known_hosts"), Path("/keys/deploy"))
UNKNOWN = """\
No ED25519 host key is known for [127.0.0.2]:2222 and you have requested strict checking.
Host key verification failed.
"""
CHANGED = """\
@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @
@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
IT IS POSSIBLE THAT SOMEONE IS DOING SOMETHING NASTY!
The fingerprint for the ED25519 key sent by the remote host is
SHA256:mVPwvezndPv/ARoIadVY98vAC0g+P/5633yTC4d/wXE.
Add correct host key in /repo/known_hosts to get rid of this message.
Offending ED25519 key in /repo/known_hosts:3
Host key for app.example.com has changed and you have requested strict checking.
Host key verification failed.
"""
UNPROTECTED = """\
@         WARNING: UNPROTECTED PRIVATE KEY FILE!          @
Permissions 0644 for '/keys/deploy' are too open.
Load key "/keys/deploy": bad permissions
deploy@app.example.com: Permission denied (publickey).
"""


@pytest.mark.parametrize(
    ("stderr", "cause"),
    [
        ("ssh: Could not resolve hostname app.example.com: Name or service not known\n", Cause.NAME),
        ("ssh: connect to host 127.0.0.1 port 2222: Connection refused\n", Cause.REFUSED),
        ("ssh: connect to host 192.0.2.1 port 22: Connection timed out\n", Cause.UNREACHABLE),
        ("ssh: connect to host 192.0.2.1 port 22: No route to host\n", Cause.UNREACHABLE),
        ("ssh: connect to host 192.0.2.1 port 22: Network is unreachable\n", Cause.UNREACHABLE),
        ("Connection timed out during banner exchange\n", Cause.UNREACHABLE),
        ("kex_exchange_identification: Connection closed by remote host\n", Cause.CUT),
        ("Connection closed by 192.0.2.1 port 22\n", Cause.CUT),
        ("deploy@app.example.com: Permission denied (publickey).\n", Cause.DENIED),
        ("Received disconnect from 192.0.2.1 port 22:2: Too many authentication failures\n", Cause.DENIED),
        (UNKNOWN, Cause.UNKNOWN_HOST_KEY),
        (CHANGED, Cause.CHANGED_HOST_KEY),
        (UNPROTECTED, Cause.OPEN_KEY_FILE),
        ('Load key "/keys/deploy": error in libcrypto\nx: Permission denied (publickey).\n', Cause.KEY_FILE),
        ("bash: line 1: python3: command not found\n", Cause.NO_PYTHON),
        ("sh: 1: python3: not found\n", Cause.NO_PYTHON),
        ("client_loop: send disconnect: Broken pipe\n", Cause.LOST),
        ("", Cause.LOST),
    ],
)
def test_the_cause_is_told_from_the_text(stderr: str, cause: Cause) -> None:
    assert parse_cause(stderr) is cause


@pytest.mark.parametrize("cause", list(Cause))
def test_every_cause_says_what_and_what_to_do(cause: Cause, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fairlead.remote.ssh_failure.parse_cause", lambda _: cause)
    error = explain(ACCESS, "something\n")
    assert "app.example.com" in error.what or "/keys/deploy" in error.what
    assert error.fix


def test_an_unknown_key_is_refused_with_the_very_line_to_add() -> None:
    key = ScannedKey("app.example.com ssh-ed25519 AAAAC3Nz", "SHA256:abc")
    error = explain(ACCESS, UNKNOWN, [key])
    assert error.what == "the host key of deploy@app.example.com is not known"
    assert error.details == ("app.example.com ssh-ed25519 AAAAC3Nz", "  fingerprint SHA256:abc")
    assert "deploy/known_hosts" in error.fix
    assert "verify the fingerprint on the server itself" in error.fix


def test_a_changed_key_names_the_old_line_and_warns() -> None:
    error = explain(ACCESS, CHANGED, [ScannedKey("app.example.com ssh-ed25519 AAAAC3Nz", "SHA256:abc")])
    assert error.what == "the host key of deploy@app.example.com has changed"
    assert "/repo/known_hosts:3" in error.why
    assert "SHA256:mVPwvezndPv/ARoIadVY98vAC0g+P/5633yTC4d/wXE" in error.why
    assert error.fix.startswith("do not go on before you know which")
    assert error.details[0] == "app.example.com ssh-ed25519 AAAAC3Nz"


def test_the_host_to_ask_is_the_one_that_ssh_looked_up() -> None:
    assert parse_refused_key(UNKNOWN) == ("127.0.0.2", 2222)
    assert parse_refused_key(
        "No ECDSA host key is known for app and you have requested strict checking."
    ) == ("app", 22)
    assert parse_refused_key(CHANGED) is None


def test_a_traceback_of_the_agent_is_not_shown_to_a_user() -> None:
    error = explain(ACCESS, 'Traceback (most recent call last):\n  File "x"\nMemoryError\n')
    assert error.details == ("MemoryError",)


@pytest.mark.parametrize("stderr", [UNPROTECTED, "x: Permission denied (publickey).\n"])
def test_a_key_that_came_in_a_variable_is_called_by_it(stderr: str, tmp_path: Path) -> None:
    """Its file is ours and gone when the error is read: nobody can do anything to it."""
    passing = tmp_path / "key"
    access = Access(ACCESS.host, None, passing, origin="FAIRLEAD_SSH_KEY")
    error = explain(access, stderr)
    said = f"{error.what} {error.why} {error.fix}"
    assert str(passing) not in said
    assert "FAIRLEAD_SSH_KEY" in error.what
    assert "chmod" not in said


@pytest.mark.parametrize(
    ("said", "why", "fix"),
    [
        (UNPROTECTED, "read by others", "`chmod 600 /keys/deploy`"),
        ('Load key "/keys/deploy": Permission denied\n', "may not read it", "chown"),
        ('Load key "/keys/deploy": error in libcrypto\n', "cut off", "ssh-keygen -y -f /keys/deploy"),
        ('Load key "/keys/deploy": invalid format\n', "cut off", "ssh-keygen -y -f /keys/deploy"),
    ],
)
def test_a_key_file_is_mended_by_what_is_wrong_with_it(said: str, why: str, fix: str) -> None:
    """Modes for one that others may read, its owner for one that cannot be read, its text for one that is broken."""
    error = explain(ACCESS, said)
    assert why in error.why
    assert fix in error.fix
    assert ("chmod" in error.fix) == (said is UNPROTECTED)
