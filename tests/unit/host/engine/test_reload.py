"""What a Caddy is told: whether there is one."""

from __future__ import annotations

import socket
from pathlib import Path

from fairlead.host.engine.reload import is_up


def test_a_socket_that_outlasts_who_listened_is_nobody(tmp_path: Path) -> None:
    """Nor is a link to somebody else's."""
    place, link = tmp_path / "admin.sock", tmp_path / "link.sock"
    link.symlink_to(place)
    assert not is_up(place)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caddy:
        caddy.bind(str(place))
        caddy.listen()
        assert is_up(place)
        assert not is_up(link)
    assert place.exists()
    assert not is_up(place)
