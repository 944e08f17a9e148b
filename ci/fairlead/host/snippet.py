"""The Caddyfile snippets that an app's proxy imports: the way to a release, and what is counted on it. Pure.

Caddy's counters know no release. What its admin socket does tell for each upstream address, whatever the app's own
Caddyfile says, is how many *failures* it had in the last ``fail_duration``: so what is to be counted is declared a
failure (``unhealthy_status``, ``unhealthy_latency``), with a ``max_fails`` that is never reached, so that it has no
effect but the count. One address has one counter; a port that is written with leading zeros is another address
to Caddy and the same to the kernel. So each request, by a digit of its random id, is counted for one thing:
a quarter for the number of answers, half of them for errors, a quarter for slowness. WebSockets and server-sent
events have a port of that kind too: they are told from requests, which end by themselves and are worth waiting for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

DARK_HEADER = "X-Fairlead-Dark"
PROBE_HEADER = "X-Fairlead-Probe"
"""Requests that carry it are not counted: they are not the users'."""
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


TALLIES = (
    Tally("answers", 1, "[0-3]", 4, "unhealthy_status 1xx 2xx 3xx 4xx 5xx"),
    Tally("errors", 2, "[4-9ab]", 8, "unhealthy_status 5xx"),
    Tally("slow", 3, "[c-f]", 4, f"unhealthy_latency {SLOW_SECONDS:g}s"),
)

STREAM_ZEROS = 4
"""The leading zeros of the port that streams are sent to: what is open for as long as somebody listens."""
STREAMS = {
    "websocket": "header_regexp Upgrade (?i)^websocket$",
    "events": "header_regexp Accept text/event-stream",
}
"""How a stream is told from a request by what it asks for."""

_UPSTREAM = """\
(fairlead-upstream) {
	dynamic a {
		name {file./fairlead/{args[0]}/{args[1]}}
		port {args[2]}
		refresh 1s
	}
	lb_try_duration 5s
	lb_try_interval 50ms
}
"""

_WAY = """\
({name}) {{
	@fairlead-dark-{{args[0]}} {{
		header_regexp {dark} .{{32,}}
		header {dark} {{file./fairlead/run/dark-token}}
	}}
	reverse_proxy @fairlead-dark-{{args[0]}} {{
		import fairlead-upstream dark {{args[0]}} {{args[1]}}
	}}
{drained}{streams}{tallies}	reverse_proxy {{
		import fairlead-upstream {link} {{args[0]}} {{args[1]}}
	}}
}}
"""

_STREAM = """\
	@fairlead-{name}-{{args[0]}} {rule}
	reverse_proxy @fairlead-{name}-{{args[0]}} {{
		import fairlead-upstream {link} {{args[0]}} {zeros}{{args[1]}}
	}}
"""

_DRAINED = (
    """\
	@fairlead-drained-{args[0]} {
		not header %s *
		not remote_ip 127.0.0.0/8 ::1
		not path */
		file {
			root /fairlead/drained
			try_files {path}
		}
	}
	respond @fairlead-drained-{args[0]} "drained" 503
"""
    % PROBE_HEADER
)
"""For the public alone: neither our own probes nor a health check inside the proxy's container see it."""

_TALLY = """\
	@fairlead-{name}-{{args[0]}} {{
		not header {probe} *
		vars_regexp {{http.request.uuid}} ^{digits}
	}}
	reverse_proxy @fairlead-{name}-{{args[0]}} {{
		import fairlead-upstream {link} {{args[0]}} {zeros}{{args[1]}}
		fail_duration {seconds:g}s
		max_fails 1000000000
		{rule}
	}}
"""


def render_switch(routes: Mapping[str, int]) -> str:
    """The Caddyfile snippets and the internal site of each route.

    The empty header equals a missing token file, hence the pattern; ``refresh`` is the same everywhere because
    Caddy caches an address once for the process, by the first handler's setting.
    """
    parts = [
        "# Written by Fairlead. An app's Caddyfile imports this file and says: import switch SERVICE PORT\n",
        _UPSTREAM,
        _render_way("switch", "live", _DRAINED),
        _render_way("switch-inside", "inside"),
    ]
    parts += [
        f"http://{service}:{port} {{\n\timport switch-inside {service} {port}\n}}\n"
        for service, port in sorted(routes.items())
    ]
    return "\n".join(parts)


def _render_way(name: str, link: str, drained: str = "") -> str:
    tallies = "".join(
        _TALLY.format(
            name=one.name,
            probe=PROBE_HEADER,
            digits=one.digits,
            link=link,
            zeros="0" * one.zeros,
            seconds=COUNTED_SECONDS,
            rule=one.rule,
        )
        for one in TALLIES
    )
    streams = "".join(
        _STREAM.format(name=kind, rule=rule, link=link, zeros="0" * STREAM_ZEROS)
        for kind, rule in STREAMS.items()
    )
    return _WAY.format(
        name=name, dark=DARK_HEADER, streams=streams, drained=drained, tallies=tallies, link=link
    )
