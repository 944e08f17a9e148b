"""Ports of the host that are the system's own."""

from __future__ import annotations

from fairlead.judge.policy.fault import Fault
from fairlead.judge.policy.network import is_loopback
from fairlead.judge.policy.rule import service_rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from fairlead.judge.policy.subject import View

_FIRST_OF_ALL = 1024
_WEB = frozenset((80, 443))
_OF_PROTOCOLS = frozenset((25, 53, 88, 110, 123, 143, 389, 465, 514, 587, 636, 853, 989, 990, 993, 995))
"""Where clients look for mail, names, time and directories: nobody finds them elsewhere."""


@service_rule("privileged-port")
def privileged_port(view: View) -> Iterator[Fault]:
    """Host ports below 1024, but those where a program has to be found."""
    taken = [(index, port) for index, port in enumerate(view.list("ports")) if _is_taken(port)]
    if taken:
        numbers = ", ".join(dict.fromkeys(str(port["published"]) for _, port in taken[:5]))
        what = f"the host's port {numbers} is one of the system's own: the host may serve there itself, such as sshd on 22"
        yield Fault(view.at("ports", taken[0][0]), what, "publish a port from 1024 on")


def _is_taken(port: Mapping[str, Any]) -> bool:
    published = str(port.get("published") or "").partition("-")[0]
    number = int(published) if published.isdecimal() and len(published) < 6 else _FIRST_OF_ALL
    if number >= _FIRST_OF_ALL or not number or number in _WEB or is_loopback(port):
        return False
    return number not in _OF_PROTOCOLS or str(port.get("target")) != published
