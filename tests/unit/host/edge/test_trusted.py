from __future__ import annotations

from pathlib import Path

import pytest

from fairlead.host.disk.place import Place
from fairlead.host.edge.caddyfile import render_caddyfile
from fairlead.host.edge.project import edge_hash, render_edge_project
from fairlead.host.edge.state import _trusted
from fairlead.host.edge.trusted import read_trusted
from fairlead.host.wire import setup
from fairlead.host.wire.errors import InputFault
from fairlead.host.wire.setup import TRUSTED_FILE

IMAGE = f"caddy@sha256:{'a' * 64}"


def test_a_host_without_a_list_trusts_nobody_and_its_edge_is_the_one_of_before(tmp_path: Path) -> None:
    assert read_trusted(tmp_path) == ()
    assert edge_hash(IMAGE, ()) == edge_hash(IMAGE)
    assert "trusted_proxies" not in render_caddyfile()


def test_the_list_is_read_and_makes_another_edge(tmp_path: Path) -> None:
    (tmp_path / TRUSTED_FILE).write_text("# the load balancer\n10.0.0.0/8\n192.0.2.7 # and this one\n\n")
    trusted = read_trusted(tmp_path)
    assert trusted == ("10.0.0.0/8", "192.0.2.7/32")
    assert edge_hash(IMAGE, trusted) != edge_hash(IMAGE)
    assert "trusted_proxies static 10.0.0.0/8 192.0.2.7/32" in render_caddyfile(trusted)
    project = render_edge_project(Place(tmp_path), IMAGE, trusted=trusted)
    assert edge_hash(IMAGE, trusted) in project["services"]["edge"]["labels"].values()


@pytest.mark.parametrize("line", ["everybody", "0.0.0.0/0", "10.0.0.1/8", "\0"])
def test_a_list_that_does_not_hold_makes_no_edge_and_keeps_nobody_from_looking(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / TRUSTED_FILE).write_text(f"10.0.0.0/8\n{line}\n")
    with pytest.raises(InputFault, match=f"{TRUSTED_FILE} cannot be read"):
        read_trusted(tmp_path)
    monkeypatch.setattr(setup, "HOME", tmp_path)
    assert _trusted() == ()
