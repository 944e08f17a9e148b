"""Who certifies the names behind the edge: root's files, or the public authorities."""

from __future__ import annotations

from pathlib import Path

import pytest

from fairlead.host.disk.place import Place
from fairlead.host.edge import state
from fairlead.host.edge.authority import read_authority
from fairlead.host.edge.caddyfile import render_caddyfile
from fairlead.host.edge.project import edge_hash, render_edge_project
from fairlead.host.wire import setup
from fairlead.host.wire.errors import InputFault
from fairlead.host.wire.setup import DIRECTORY_FILE, PEM, PUBLIC, ROOT_FILE, Authority

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
    monkeypatch.setattr(setup, "HOME", tmp_path)
    assert state._authority() == PUBLIC


def test_a_root_without_a_certificate_is_refused(tmp_path: Path) -> None:
    (tmp_path / DIRECTORY_FILE).write_text(URL)
    (tmp_path / ROOT_FILE).write_text("nothing")
    with pytest.raises(InputFault):
        read_authority(tmp_path)
