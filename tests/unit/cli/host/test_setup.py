"""What the options of ``fairlead host setup`` come to."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from fairlead.cli.host.setup import _require_other, _restriction, _trusted
from fairlead.errors import InputError
from fairlead.host.wire.compose.reach import KINDS
from fairlead.remote.public_key import parse_public_key
from fairlead.remote.setup import Restriction, render_setup
from tests.unit.remote.keys import ECDSA, ED25519, line_of

KEY = parse_public_key(line_of(ED25519).encode(), "key.pub")


def given(
    *,
    restrict: bool = True,
    apps: str | None = None,
    verbs: str | None = None,
    signers: Path | None = None,
    forbid: str | None = None,
) -> Restriction | None:
    """What these options say."""
    return _restriction(restrict=restrict, apps=apps, verbs=verbs, signers=signers, forbid=forbid)


def test_nothing_restricts_a_key_without_the_word(tmp_path: Path) -> None:
    assert given(restrict=False) is None
    with pytest.raises(InputError, match="--apps restricts a key"):
        given(restrict=False, apps="board")
    with pytest.raises(InputError, match="--verbs restricts a key"):
        given(restrict=False, verbs="rollback")
    with pytest.raises(InputError, match="--signers restricts a key"):
        given(restrict=False, signers=tmp_path / "signers")
    with pytest.raises(InputError, match="--forbid restricts a key"):
        given(restrict=False, forbid="all")


def test_lists_are_read_with_commas_and_what_is_not_said_stays() -> None:
    found = given(apps="board, board-staging", verbs="rollback,status,")
    assert found is not None
    assert (found.apps, found.verbs) == (("board", "board-staging"), ("rollback", "status"))
    assert (found.forbid, found.signers) == (None, None)


def test_all_none_and_a_file_of_signers(tmp_path: Path) -> None:
    file = tmp_path / "signers"
    file.write_text("board x y\n")
    found, lifted = given(forbid="all", signers=file), given(forbid="none", signers=Path("none"))
    assert found is not None
    assert lifted is not None
    assert (found.forbid, found.signers) == (KINDS, b"board x y\n")
    assert (lifted.forbid, lifted.signers) == ((), b"")
    with pytest.raises(InputError, match="there is no file"):
        given(signers=tmp_path / "missing")


def test_who_deploys_is_no_signer_and_somebody_is() -> None:
    _require_other(KEY, f"# ours\nboard {line_of(ECDSA)}\n".encode())
    with pytest.raises(InputError, match="among the signers"):
        _require_other(KEY, f'board {line_of(ECDSA)}\nshop namespaces="x" {line_of(ED25519)} me\n'.encode())
    for nobody in (b"", b"# board ssh-ed25519 AAAA\n", b"board\n"):
        with pytest.raises(InputError, match="names nobody"):
            _require_other(KEY, nobody)


def test_the_proxies_in_front_of_a_host_are_said_for_its_edge() -> None:

    assert _trusted(None) is None
    assert _trusted("none") == ()
    assert _trusted("10.0.0.0/8, 192.0.2.7") == ("10.0.0.0/8", "192.0.2.7/32")
    with pytest.raises(InputError, match="is everybody"):
        _trusted("0.0.0.0/0")
    file = "/usr/local/lib/fairlead/trusted-proxies"
    assert file not in render_setup("deploy", None)
    assert f"rm -f {file}\n" in render_setup("deploy", None, trusted=())
    script = render_setup("deploy", None, trusted=("10.0.0.0/8",))
    assert f">{file}.new\n{base64.b64encode(b'10.0.0.0/8' + bytes([10])).decode()}\n" in script
