"""A port that a test chose for its server stays there for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.ports import candidates, free_ports

ROOT = Path(__file__).parents[2]


def test_no_outgoing_connection_is_given_it() -> None:
    """Neither on a usual machine, nor where its owner moved the range to the bottom."""
    assert candidates("32768\t60999\n") == range(10_000, 32_768)
    assert candidates("1024\t50000\n") == range(50_001, 65_536)
    assert len(candidates("1024 65535")) > 50_000
    ephemeral = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text()
    assert set(free_ports(3)) <= set(candidates(ephemeral))


def test_no_other_test_is_given_it() -> None:
    """Neither in this process nor in the one of another part: both take as many as they can of the same few."""
    code = (
        "import sys; from tests import ports; ports.candidates = lambda _: range(31000, 31040);"
        "print(*ports.free_ports(15)); sys.stdin.read()"
    )
    argv = [sys.executable, "-c", code]
    given: list[str] = []
    others = [
        subprocess.Popen(argv, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for one in others:
        assert one.stdout is not None
        given += one.stdout.readline().split()
    for one in others:
        one.communicate()
    assert len(given) == len(set(given)) == 30
