"""Who certifies the names behind the edge: root's files, or the public authorities."""

from __future__ import annotations

from pathlib import Path

import pytest

from fairlead.cli.host_setup import _authority
from fairlead.errors import InputError
from fairlead.host import policy
from fairlead.host.edge import state
from fairlead.host.edge.authority import DIRECTORY_FILE, PEM, PUBLIC, Authority, read_authority
from fairlead.host.edge.caddyfile import render_caddyfile
from fairlead.host.edge.place import ROOT_FILE, Place
from fairlead.host.edge.project import edge_hash, render_edge_project
from fairlead.host.errors import InputFault
from fairlead.remote.setup import render_setup

IMAGE = f"caddy@sha256:{'a' * 64}"
URL = "https://ca.example.com:9000/acme/acme/directory"
ROOT = f"{PEM}\nMII=\n-----END CERTIFICATE-----\n"


def test_a_host_without_the_files_asks_the_public_ones_and_its_edge_is_the_one_of_before(
    tmp_path: Path,
) -> None:
    assert read_authority(tmp_path) == PUBLIC
    assert edge_hash(IMAGE, (), PUBLIC) == edge_hash(IMAGE)
    assert "acme_ca" not in render_caddyfile()


def test_the_files_make_another_edge(tmp_path: Path) -> None:
    (tmp_path / DIRECTORY_FILE).write_text(f"{URL}\n")
    assert read_authority(tmp_path) == Authority(URL)
    (tmp_path / ROOT_FILE).write_text(ROOT)
    found = read_authority(tmp_path)
    assert found == Authority(URL, ROOT)
    text = render_caddyfile((), found)
    assert f"\tacme_ca {URL}\n\tacme_ca_root /fairlead/acme-root.pem\n" in text
    assert "acme_ca_root" not in render_caddyfile((), Authority(URL))
    marks = {
        edge_hash(IMAGE, (), one) for one in (PUBLIC, Authority(URL), found, Authority(URL, ROOT + ROOT))
    }
    assert len(marks) == 4
    project = render_edge_project(Place(tmp_path), IMAGE, authority=found)
    assert edge_hash(IMAGE, (), found) in project["services"]["edge"]["labels"].values()


@pytest.mark.parametrize("line", ["", "http://ca.example.com/", f"{URL}\n}}\nadmin :1", "https://a b/", "\0"])
def test_files_that_do_not_hold_make_no_edge_and_keep_nobody_from_looking(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / DIRECTORY_FILE).write_text(line)
    with pytest.raises(InputFault, match="cannot be gone by"):
        read_authority(tmp_path)
    monkeypatch.setattr(policy, "HOME", tmp_path)
    assert state._authority() == PUBLIC


def test_a_root_without_a_certificate_is_refused_on_both_ends(tmp_path: Path) -> None:
    (tmp_path / DIRECTORY_FILE).write_text(URL)
    (tmp_path / ROOT_FILE).write_text("nothing")
    with pytest.raises(InputFault):
        read_authority(tmp_path)
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
