"""Releases that were signed, by the ssh-keygen of this machine: whose signature holds for which release."""

from __future__ import annotations

import copy
import subprocess
from pathlib import Path
from typing import Any

import pytest

from fairlead.errors import InputError
from fairlead.host.disk.layout import make_layout
from fairlead.host.disk.paths import app_paths
from fairlead.host.plan.signers import require_signed
from fairlead.host.shape.bundle import Bundle, read_bundle, write_bundle
from fairlead.host.shape.rotation import replace_secrets
from fairlead.host.wire.document import parse_release
from fairlead.host.wire.errors import InputFault
from fairlead.host.wire.signature import Signed, parse_signature
from fairlead.remote.signing import sign_release
from tests.unit.host.samples import document

SECRET = document(secrets={"password": "a1" * 32})


@pytest.fixture
def keys(tmp_path: Path) -> tuple[Path, Path, Path]:
    """A signer's key, another key, and the file of signers: the first one may sign for board."""
    made = []
    for name in ("signer", "other"):
        file = tmp_path / name
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", file], check=True)
        made.append(file)
    signers = tmp_path / "signers"
    signers.write_text(f"board,board-* {made[0].with_suffix('.pub').read_text()}")
    return made[0], made[1], signers


def _signed(given: dict[str, Any], key: Path) -> Signed:
    return Signed(given, parse_signature(sign_release(given, key, {})))


def test_a_release_that_a_signer_has_signed_passes_with_their_fingerprint(
    keys: tuple[Path, Path, Path],
) -> None:
    signer, _, signers = keys
    found = require_signed(parse_release(SECRET), _signed(SECRET, signer), signers)
    told = subprocess.run(["ssh-keygen", "-lf", signer], capture_output=True, text=True, check=True)
    assert found == told.stdout.split()[1]


def test_the_key_may_come_in_a_variable(keys: tuple[Path, Path, Path]) -> None:
    signer, _, signers = keys
    text = sign_release(SECRET, None, {"FAIRLEAD_SIGNING_KEY": signer.read_text().rstrip()})
    assert require_signed(parse_release(SECRET), Signed(SECRET, text), signers)
    assert sign_release(SECRET, None, {}) == ""


@pytest.mark.parametrize(
    "change",
    [
        {"app": "shop"},
        {"environment": "staging"},
        {"revision": "2" * 40},
        {"source": "https://github.com/mallory/board"},
        {"secrets": {}},
        {"secrets": {"password": "a1" * 32, "more": "b2" * 32}},
        {"url": "https://other.example.com"},
    ],
)
def test_a_release_that_was_changed_after_it_was_signed_is_refused(
    keys: tuple[Path, Path, Path], change: dict[str, Any]
) -> None:
    signer, _, signers = keys
    other = {**SECRET, **change}
    for signed in (_signed(SECRET, signer), Signed(other, _signed(SECRET, signer).signature)):
        with pytest.raises(InputFault, match="not signed"):
            require_signed(parse_release(other), signed, signers)


def test_an_image_that_was_exchanged_is_refused_however_small(keys: tuple[Path, Path, Path]) -> None:
    signer, _, signers = keys
    other = copy.deepcopy(SECRET)
    other["services"]["api"]["definition"]["command"] = ["sh"]
    with pytest.raises(InputFault) as caught:
        require_signed(parse_release(other), _signed(SECRET, signer), signers)
    assert "not the release that was signed" in caught.value.why


def test_nobody_else_may_sign_and_a_signer_only_for_their_apps(keys: tuple[Path, Path, Path]) -> None:
    signer, other, signers = keys
    with pytest.raises(InputFault, match="not signed"):
        require_signed(parse_release(SECRET), _signed(SECRET, other), signers)
    shop = document(app="shop")
    with pytest.raises(InputFault, match="not signed"):
        require_signed(parse_release(shop), _signed(shop, signer), signers)
    staging = document(app="board-staging")
    assert require_signed(parse_release(staging), _signed(staging, signer), signers)


def test_a_signature_for_something_else_is_none_for_a_release(keys: tuple[Path, Path, Path]) -> None:
    """The same key signs commits and mails, too."""
    from fairlead.host.wire.signature import render_signed

    signer, _, signers = keys
    argv = ("ssh-keygen", "-Y", "sign", "-q", "-n", "git", "-f", str(signer))
    done = subprocess.run(argv, input=render_signed(SECRET), capture_output=True, check=True)
    with pytest.raises(InputFault, match="not signed"):
        require_signed(parse_release(SECRET), Signed(SECRET, done.stdout.decode()), signers)


@pytest.mark.parametrize("text", [7, [], "x", "-----BEGIN SSH SIGNATURE-----", "-" * 20_000])
def test_what_is_no_signature_is_refused_as_that(text: Any) -> None:
    with pytest.raises(InputFault, match="is none"):
        parse_signature(text)


def test_a_bundle_keeps_what_was_signed_and_new_values_of_secrets_do_not_break_it(
    keys: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    signer, _, signers = keys
    paths = app_paths(tmp_path, "board")
    make_layout(paths)
    signed, release = _signed(SECRET, signer), parse_release(SECRET)
    homes = dict.fromkeys(release.rolled, "000001")
    rotated = replace_secrets(release, {"password": "c3" * 32})
    for name, one in (("000001", release), ("000002", rotated)):
        write_bundle(paths, Bundle(name, one, homes, signed))
        found = read_bundle(paths, name)
        assert found is not None
        assert require_signed(found.release, found.signed, signers)
    (paths.release("000002") / "signed.json").unlink()
    found = read_bundle(paths, "000002")
    assert found is not None
    with pytest.raises(InputFault) as caught:
        require_signed(found.release, found.signed, signers)
    assert "no signature" in caught.value.why


def test_a_key_that_is_not_there_or_cannot_sign_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no key"):
        sign_release(SECRET, tmp_path / "missing", {})
    (tmp_path / "key").write_text("nonsense")
    with pytest.raises(InputError, match="cannot be signed"):
        sign_release(SECRET, tmp_path / "key", {})
