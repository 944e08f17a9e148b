"""Where a container listens, by the kernel's own table."""

from __future__ import annotations

import ipaddress
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.host.watch.listening import Listener, judge_listeners, parse_listeners

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
PORTS = st.integers(1, 65535)
ADDRESSES = st.ip_addresses()


def row(address: str, port: int, state: str = "0A", order: str = "little") -> str:
    """A line as the kernel writes it, which takes each four bytes for a number of its own."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    raw = socket.inet_pton(family, address)
    words = [raw[start : start + 4] for start in range(0, len(raw), 4)]
    shown = "".join((word[::-1] if order == "little" else word).hex().upper() for word in words)
    return f"   0: {shown}:{port:04X} 00000000:0000 {state} 00000000:00000000 00:00000000 00000000  0 0 5034763\n"


@given(
    st.lists(st.tuples(ADDRESSES, PORTS, st.sampled_from(["0A", "01", "06"]))),
    st.sampled_from(["little", "big"]),
)
def test_each_listener_is_read_as_the_kernel_means_it(
    rows: list[tuple[ipaddress.IPv4Address | ipaddress.IPv6Address, int, str]], order: str
) -> None:
    table = HEAD + "".join(row(str(address), port, state, order) for address, port, state in rows)
    wanted = {
        (getattr(address, "ipv4_mapped", None) or address, port)
        for address, port, state in rows
        if state == "0A" and str(address) != "127.0.0.11"
    }
    assert {(one.address, one.port) for one in parse_listeners(table, order)} == wanted


@given(st.text())
def test_no_table_is_too_wild(text: str) -> None:
    parse_listeners(HEAD + text)


@pytest.mark.parametrize(
    ("listeners", "words"),
    [
        (["0.0.0.0:8000"], ""),
        (["[::]:8000"], ""),
        (["172.18.0.2:8000"], ""),
        (["127.0.0.1:8000", "0.0.0.0:8000"], ""),
        (["127.0.0.1:8000"], "it listens on 127.0.0.1:8000 only, inside of its container: make it listen on 0.0.0.0:8000"),
        (["127.0.0.1:8000", "[::1]:8000"], "it listens on 127.0.0.1:8000, [::1]:8000 only"),
        (["[::1]:8000", "0.0.0.0:9000"], "it listens on [::1]:8000 only"),
        (["0.0.0.0:3000"], "nothing listens at its port 8000, but at 3000: say `x-fairlead: {port: 3000}`"),
        (["0.0.0.0:3000", "[::]:3000"], "at 3000: say `x-fairlead: {port: 3000}`"),
        (["0.0.0.0:3000", "[::]:4000"], "nothing listens at its port 8000, but at 3000, 4000"),
        (["127.0.0.1:3000"], "but on 127.0.0.1:3000, inside of its container only: make it listen on 0.0.0.0:8000"),
        ([], "it does not listen at its port 8000, nor at any other"),
    ],
)  # fmt: skip
def test_what_a_list_of_listeners_means(listeners: list[str], words: str) -> None:
    found = set()
    for text in listeners:
        address, _, port = text.rpartition(":")
        found.add(Listener(ipaddress.ip_address(address.strip("[]")), int(port)))
    told = judge_listeners(found, 8000)
    assert words in told
    assert bool(words) == bool(told)


@given(st.sets(st.builds(Listener, ADDRESSES, PORTS)), PORTS)
def test_nothing_is_said_of_a_port_that_is_open_to_all(listeners: set[Listener], port: int) -> None:
    is_open = any(one.port == port and not one.address.is_loopback for one in listeners)
    assert (judge_listeners(listeners, port) == "") == is_open
