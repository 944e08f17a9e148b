"""The guard that keeps unit tests inside their process: no program started, no network.

Unix sockets and socket pairs stay: they reach nothing beyond what the test itself made.
"""

from __future__ import annotations

import os
import socket
import subprocess
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

_PROCESS_DOORS = ("system", "posix_spawn", "posix_spawnp", "fork", "forkpty", "execv", "execve")


class LeftTheProcessError(BaseException):
    """A unit test started a program or used the network.

    Not an ``Exception``, so that code under test which swallows errors cannot hide it.
    """


def forbid_processes_and_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every door out of the process raise ``LeftTheProcessError`` for one test."""
    monkeypatch.setattr(subprocess.Popen, "__init__", _refuse("starts a program"))
    for door in _PROCESS_DOORS:
        monkeypatch.setattr(os, door, _refuse(f"calls os.{door}"))
    for method in ("connect", "connect_ex", "bind", "sendto"):
        monkeypatch.setattr(socket.socket, method, _unix_only(method), raising=False)
    monkeypatch.setattr(socket, "getaddrinfo", _refuse("looks a name up"))


def _refuse(what: str) -> Callable[..., NoReturn]:
    def refuse(*arguments: Any, **_: Any) -> NoReturn:
        raise LeftTheProcessError(
            f"a unit test {what} ({arguments[-1] if arguments else ''}): it belongs in tests/integration"
        )

    return refuse


def _unix_only(method: str) -> Callable[..., Any]:
    original = getattr(socket.socket, method)

    def guarded(self: socket.socket, *arguments: Any) -> Any:
        if self.family != socket.AF_UNIX:
            raise LeftTheProcessError(
                f"a unit test uses the network (socket.{method}{arguments}): it belongs in tests/integration"
            )
        return original(self, *arguments)

    return guarded
