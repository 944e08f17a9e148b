"""Hostile key files: none leads to more than one line of ``authorized_keys``, none to a line without the restriction.

Some by default; ``FAIRLEAD_FUZZ=100000`` for the long run, ``FAIRLEAD_FUZZ_SEED`` for another seed. A file that fails is
told by its seed and number.
"""

from __future__ import annotations

import os
import pwd
import random
import re
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from fairlead.errors import InputError
from fairlead.remote.agent import Agent
from fairlead.remote.public_key import parse_public_key
from fairlead.remote.setup import LIBRARY, Restriction, render_admission
from fairlead.remote.setup_scripts import ADMIT, WARNING
from tests.unit.remote.keys import ALL, ED25519, line_of

COUNT = int(os.environ.get("FAIRLEAD_FUZZ", "1500"))
pytestmark = pytest.mark.timeout(7200 if COUNT > 10_000 else 300)
SEED = os.environ.get("FAIRLEAD_FUZZ_SEED", "1")

_RESTRICTION = Restriction("door", Agent(b"", "0" * 64), apps=("board",), verbs=("rollback", "status"))
_OTHERS = b"# mine\nssh-rsa AAAAB3Nz other@example.com\n"
_LINE = re.compile(
    rf'restrict,command="python3 -I {LIBRARY}/door --key SHA256:[A-Za-z0-9+/]{{43}} '
    r'--apps board --verbs rollback,status" [a-z0-9@.-]+ [A-Za-z0-9+/=]+( [A-Za-z0-9@._-]+)?'
)
_PIECES = (
    *(
        "\n",
        "\r",
        "\r\n",
        "\\n",
        "\\r\\n",
        "\\012",
        "\0",
        "\t",
        "  ",
        "\x0b",
        "\x0c",
        "\x85",
        "\u2028",
        "\ufeff",
        "#",
    ),
    *("'", '"', "`id`", "$(id)", "${IFS}", ";", "|", "&&", "\\", "%s", "%b", "\x1b[2K", "\u202e", "é"),
    *("END_OF_FILE", "END_OF_AGENT", "\nEND_OF_FILE\n", "EOF", "restrict", "no-restrict", 'command="sh"'),
    *('",command="sh" ', "pty,agent-forwarding ", "cert-authority ", 'environment="A=b" ', "@revoked "),
    *(
        "ssh-ed25519",
        "ssh-rsa",
        "ssh-dss",
        "ssh-ed25519-cert-v01@openssh.com",
        "AAAA",
        "=",
        "====",
        "me@host",
    ),
)


def hostile_file(chance: random.Random) -> bytes:
    """A key file, or two in one, with things put in, taken out and doubled."""
    text = chance.choice((line_of(chance.choice(ALL)), "", f"{line_of(ED25519)} me@host"))
    for _ in range(chance.randrange(5)):
        at = chance.choice((0, len(text), text.find(" "), chance.randrange(len(text) + 1)))
        piece = chance.choice((*_PIECES, line_of(chance.choice(ALL)), f"\\n{line_of(ED25519)}"))
        keep = chance.choice((at, at, at, min(len(text), at + chance.randrange(6))))
        text = text[:at] + piece + text[keep:]
    content = text.encode("utf-8", "surrogatepass")
    if chance.random() < 0.1 and content:
        at = chance.randrange(len(content))
        content = content[:at] + bytes([chance.randrange(256)]) + content[at + 1 :]
    return content


@pytest.fixture
def admit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[list[str]], bytes]:
    """Run what the script of root has Python do, for a user whose home is here; the file of keys afterwards."""
    home = tmp_path / "home"
    home.mkdir()
    entry = pwd.struct_passwd(("deploy", "x", os.getuid(), os.getgid(), "", str(home), "/bin/sh"))
    monkeypatch.setattr(pwd, "getpwnam", lambda _name: entry)
    monkeypatch.setattr(os, "fchown", lambda *_: None)
    monkeypatch.setattr(os, "fsync", lambda _handle: None)
    file = home / ".ssh" / "authorized_keys"
    program = compile(ADMIT, "admit", "exec")

    def run(words: list[str]) -> bytes:
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(_OTHERS)
        monkeypatch.setattr(sys, "argv", ["-c", *words])
        names: dict[str, int] = {}
        try:
            exec(program, names)  # noqa: S102 - what root runs on the server
        finally:
            for handle in names.keys() & {"home", "folder"}:
                os.close(names[handle])
        return file.read_bytes()

    return run


def test_no_file_leads_to_more_than_one_line_or_to_one_without_the_restriction(
    admit: Callable[[list[str]], bytes],
) -> None:
    taken = 0
    for number in range(COUNT):
        chance = random.Random(f"{SEED}:{number}")  # noqa: S311 - repeatable, not secret
        content = hostile_file(chance)
        try:
            key = parse_public_key(content, "key.pub")
        except InputError:
            continue
        taken += 1
        script = render_admission("deploy", key, _RESTRICTION)
        words = shlex.split(script)
        assert words[:4] == ["python3", "-I", "-c", ADMIT], (SEED, number, content)
        assert words[4:] == ["deploy", words[5], key.line, f"{LIBRARY}/door"], (SEED, number, content)
        lines = admit(words[4:])
        assert lines.startswith(_OTHERS), (SEED, number, content)
        (line,) = lines[len(_OTHERS) :].decode("ascii").splitlines()
        assert _LINE.fullmatch(line), (SEED, number, content)
        assert key.body.encode() in content, "a key that nobody has given"
    assert taken > COUNT // 20, "nearly all were refused: nothing was tried"


@pytest.mark.parametrize(
    "before",
    [
        "{line}\n",
        "{line}",
        "{line} another comment\r\n",
        "  {kind}\t  {body}  \n",
        'command="sh",no-pty {line} x\n',
        'restrict,command="python3 -I /usr/local/lib/fairlead/door --key SHA256:x" {line}\n',
        "{line}\n{line}\n\n{line} again\n",
    ],
)
def test_the_same_key_gives_way_however_it_stood_there(
    admit: Callable[[list[str]], bytes], before: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind, body = line_of(ED25519).split()
    content = _OTHERS + before.format(line=line_of(ED25519), kind=kind, body=body).encode()
    monkeypatch.setattr(sys.modules[__name__], "_OTHERS", content)
    key = parse_public_key(line_of(ED25519).encode(), "key.pub")
    for restriction in (_RESTRICTION, None):
        lines = admit(shlex.split(render_admission("deploy", key, restriction))[4:]).decode().splitlines()
        assert lines[:2] == ["# mine", "ssh-rsa AAAAB3Nz other@example.com"]
        assert len(lines) == 3
        assert (_LINE.fullmatch(lines[2]) is not None) is (restriction is not None)


def test_who_else_gets_in_is_told(
    admit: Callable[[list[str]], bytes], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = parse_public_key(line_of(ED25519).encode(), "key.pub")
    admit(shlex.split(render_admission("deploy", key, None))[4:])
    assert capsys.readouterr().err == ""
    if os.getuid() == 0:
        (tmp_path / "home" / ".ssh" / "authorized_keys2").touch()
    admit(shlex.split(render_admission("deploy", key, _RESTRICTION))[4:])
    told = capsys.readouterr().err.splitlines()
    assert all(line.startswith(WARNING) for line in told)
    assert "1 other keys of deploy open a shell" in told[0]
    assert len(told) == (2 if os.getuid() == 0 else 1)


def test_a_link_that_the_user_has_laid_is_not_followed(
    admit: Callable[[list[str]], bytes], tmp_path: Path
) -> None:
    key = parse_public_key(line_of(ED25519).encode(), "key.pub")
    words = shlex.split(render_admission("deploy", key, _RESTRICTION))[4:]
    (tmp_path / "root.ssh").mkdir()
    (tmp_path / "home" / ".ssh").symlink_to(tmp_path / "root.ssh")
    with pytest.raises(OSError, match=r"\.ssh"):
        admit(words)
    assert not [one for one in (tmp_path / "root.ssh").iterdir() if one.name != "authorized_keys"]
