"""What is counted of the answers that users get of a release, by the proxy that leads them to it. Pure.

Caddy's counters know no release. What its admin socket does tell for each upstream address, whatever the app's own
Caddyfile says, is how many *failures* it had in the last ``fail_duration``: so what is to be counted is declared a
failure (``unhealthy_status``, ``unhealthy_latency``), with a ``max_fails`` that is never reached, so that it has no
effect but the count. One address has one counter; a port that is written with leading zeros is another address
to Caddy and the same to the kernel. So each request, by a digit of its random id, is counted for one thing:
a quarter for the number of answers, half of them for errors, a quarter for slowness. WebSockets and server-sent
events have a port of that kind too: they are told from requests, which end by themselves and are worth waiting for.

Who asks decides what is answered: a stranger gets a 501 for `FOO /` from any release. So in a watch, while ``before`` is
there, a request without effects that failed on the new release is asked once more of the one before it, which runs on:
its answer is what the user gets, and whether it was a good one is what counts (``AGAIN``). Any other method is sent once:
while ``trial`` is there, to one of the two releases, by a digit of the request's random id (``TRIAL``). Who asks cannot
know to which, so that all he can do is to ask both of them the same. All of that is counted
by groups of networks, so that one network, however busy, is one voice.
"""

from __future__ import annotations

from dataclasses import dataclass

DARK_HEADER = "X-Fairlead-Dark"
PROBE_HEADER = "X-Fairlead-Probe"
"""Requests that carry it with the token of the day are not counted: they are not the users'."""
COUNTED_SECONDS = 1.0
"""How long Caddy remembers an answer that it counted (``fail_duration``)."""
SLOW_SECONDS = 1.0


@dataclass(frozen=True)
class Tally:
    """One thing that is counted: the leading zeros of its port, the ids that it sees, and how many of 16 those are."""

    name: str
    zeros: int
    digits: str
    share: int
    rule: str
    grouped: bool = False


TALLIES = (
    Tally("answers", 1, "[0-3]", 4, "unhealthy_status 1xx 2xx 3xx 4xx 5xx", grouped=True),
    Tally("errors", 2, "[4-9ab]", 8, "unhealthy_status 5xx"),
    Tally("slow", 3, "[c-f]", 4, f"unhealthy_latency {SLOW_SECONDS:g}s"),
)

AGAIN = Tally("differs", 9, "[4-9ab]", 8, "unhealthy_status 2xx 3xx 4xx", grouped=True)
"""What failed on the new release and was answered well by the one before: counted for the address of that one."""
TRIAL = Tally("good", 20, "[0-7]", 16, "unhealthy_status 2xx 3xx 4xx", grouped=True)
"""What each of the two releases answered well while calls are given to either by chance, for its own address."""
GROUP_ZEROS = (0, 4, 5, 6, 7)
"""Further zeros of what is counted by groups, by the number of the group."""
GROUP_DIGITS = ("[16b]", "[27c]", "[38d]", "[49e]")
"""A network belongs to a group by the last digit of its third part (/24, or /48); to the first one by any other."""
PRIVATE = r"(10|127|192\.168|172\.(1[6-9]|2[0-9]|3[01])|f[cd][0-9a-f]*)[.:]"
"""Behind these is a load balancer or the edge, whose word on who asks is taken; not that of anybody else."""

STREAM_ZEROS = 4
"""The leading zeros of the port that streams are sent to: what is open for as long as somebody listens."""
STREAMS = {
    "websocket": "header_regexp Upgrade (?i)^websocket$",
    "events": "header_regexp Accept text/event-stream",
}
"""How a stream is told from a request by what it asks for."""
