from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

from tests.isolation import LeftTheProcessError


def test_a_program_is_not_started() -> None:
    """Starting a program in a unit test fails it, even where the code under test swallows exceptions."""
    with pytest.raises(LeftTheProcessError, match="starts a program"):
        subprocess.run([sys.executable, "-V"], check=False)
    assert not issubclass(LeftTheProcessError, Exception)


@pytest.mark.parametrize("door", ["system", "fork", "posix_spawn", "execv"])
def test_the_doors_of_os_are_shut(door: str) -> None:
    with pytest.raises(LeftTheProcessError, match=door):
        getattr(os, door)("true")


def test_the_network_is_not_reached() -> None:
    """Neither a connection nor a look-up of a name, nor a port of one's own."""
    with socket.socket() as client:
        with pytest.raises(LeftTheProcessError, match="network"):
            client.connect(("127.0.0.1", 9))
        with pytest.raises(LeftTheProcessError, match="network"):
            client.bind(("127.0.0.1", 0))
    with pytest.raises(LeftTheProcessError, match="name"):
        socket.create_connection(("fairlead.invalid", 80))


def test_unix_sockets_stay(tmp_path: object) -> None:
    """What a test makes itself reaches nothing beyond it."""
    one, other = socket.socketpair()
    with one, other:
        one.sendall(b"x")
        assert other.recv(1) == b"x"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(f"{tmp_path}/s")
