"""The authority of the edge's names, as `host setup` takes and writes it."""

from __future__ import annotations

from pathlib import Path

import pytest

from fairlead.cli.host.setup import _authority
from fairlead.errors import InputError
from fairlead.host.wire.setup import DIRECTORY_FILE, PEM, PUBLIC, ROOT_FILE, Authority
from fairlead.remote.setup import render_setup

URL = "https://ca.example.com:9000/acme/acme/directory"
ROOT = f"{PEM}\nMII=\n-----END CERTIFICATE-----\n"


def test_a_root_without_a_certificate_or_an_authority_is_refused(tmp_path: Path) -> None:
    (tmp_path / ROOT_FILE).write_text("nothing")
    with pytest.raises(InputError, match="no certificate"):
        _authority(URL, tmp_path / ROOT_FILE)
    with pytest.raises(InputError, match="is named"):
        _authority(None, tmp_path / ROOT_FILE)
    with pytest.raises(InputError, match="no address"):
        _authority("ca.example.com", None)


def test_setup_writes_them_or_takes_them_away(tmp_path: Path) -> None:
    assert _authority(None, None) is None
    assert _authority("none", None) == PUBLIC
    (tmp_path / "ca.pem").write_text(ROOT)
    folder = "/usr/local/lib/fairlead"
    assert "acme" not in render_setup("deploy", None)
    assert f"rm -f {folder}/acme-directory {folder}/acme-root.pem\n" in render_setup(
        "deploy", None, authority=PUBLIC
    )
    script = render_setup("deploy", None, authority=_authority(URL, tmp_path / "ca.pem"))
    for name in (DIRECTORY_FILE, ROOT_FILE):
        assert f"mv {folder}/{name}.new {folder}/{name}\n" in script
    # A root of before does not stay beside another authority.
    assert f"rm -f {folder}/acme-root.pem\n" in render_setup("deploy", None, authority=Authority(URL))
