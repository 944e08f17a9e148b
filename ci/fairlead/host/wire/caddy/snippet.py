"""The Caddyfile snippets that lead to a release, for an app's proxy and for calls inside. Pure.

What they count of the answers, and how, is told in ``counted.py``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Optional

from .counted import (
    AGAIN,
    COUNTED_SECONDS,
    DARK_HEADER,
    GROUP_DIGITS,
    GROUP_ZEROS,
    PRIVATE,
    PROBE_HEADER,
    STREAM_ZEROS,
    STREAMS,
    TALLIES,
    TRIAL,
)
from .notice import render_notice

_UPSTREAM = """\
(fairlead-address) {
	dynamic a {
		name {file./fairlead/{args[0]}/{args[1]}}
		port {args[2]}
		refresh 1s
	}
}

(fairlead-upstream) {
	import fairlead-address {args[0]} {args[1]} {args[2]}
	lb_try_duration 5s
	lb_try_interval 50ms
}
"""

_H2C_UPSTREAM = """\
(fairlead-h2c) {
	transport http {
		versions h2c
	}
}

(fairlead-address-h2c) {
	import fairlead-address {args[0]} {args[1]} {args[2]}
	import fairlead-h2c
}

(fairlead-upstream-h2c) {
	import fairlead-upstream {args[0]} {args[1]} {args[2]}
	import fairlead-h2c
}
"""
"""For what speaks HTTP/2 without TLS, as gRPC does."""

_WAY = """\
({name}) {{
{groups}	@fairlead-dark-{{args[0]}} {{
		header_regexp {dark} .{{32,}}
		header {dark} {{file./fairlead/run/dark-token}}
	}}
	reverse_proxy @fairlead-dark-{{args[0]}} {{
		import fairlead-upstream dark {{args[0]}} {{args[1]}}
	}}
{public}{streams}{trial}{tallies}	reverse_proxy {{
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

_PUBLIC = """\
	import fairlead-maintenance {args[0]}
	@fairlead-quiet-{args[0]} file {
		root /fairlead/live
		try_files /.quiet
	}
	header @fairlead-quiet-{args[0]} -X-Release
	@fairlead-drained-{args[0]} {
		not {
			header_regexp %s .{32,}
			header %s {file./fairlead/run/dark-token}
		}
		not remote_ip 127.0.0.0/8 ::1
		not path */
		file {
			root /fairlead/drained
			try_files {path}
		}
	}
	respond @fairlead-drained-{args[0]} "drained" 503
""" % (PROBE_HEADER, PROBE_HEADER)
"""For the public alone: the page of a maintenance, who does not say which release serves, and that a host is drained.
Neither our own probes nor a health check inside the proxy's container see the first and the last."""

CARRIED = "carried"
"""The folder of the app's with a Caddyfile for the calls to each service."""
LEAVING = ".leaving"
"""In it while who carries calls is about to close connections."""
_LEAVING = """\
	@fairlead-leaving-{args[0]} {
		not header Upgrade *
		file {
			root /fairlead/%s
			try_files /%s
		}
	}
	header @fairlead-leaving-{args[0]} Connection close
""" % (CARRIED, LEAVING)
"""Whoever calls by one connection again and again is told with an answer that it ends. A connection that is idle is closed
without a word: what was sent on it just then would be lost."""

_TALLY = """\
	@fairlead-{name}-{{args[0]}} {{
		not {{
			header_regexp {probe} .{{32,}}
			header {probe} {{file./fairlead/run/dark-token}}
		}}
		vars_regexp {{http.request.uuid}} ^{digits}
	}}
	reverse_proxy @fairlead-{name}-{{args[0]}} {{
		import fairlead-upstream {link} {{args[0]}} {zeros}{{args[1]}}
		fail_duration {seconds:g}s
		max_fails 1000000000
		{rule}
{again}	}}
"""

_AGAIN = """\
		@fairlead-failed status 5xx
		handle_response @fairlead-failed {
			@fairlead-again {
				method GET HEAD
				not header Content-Length *
				not header Transfer-Encoding *
				file {
					root /fairlead/before
					try_files /{args[0]}
				}
			}
			route {
				reverse_proxy @fairlead-again {
					import fairlead-address before {args[0]} %s{fairlead-group}{args[1]}
					fail_duration %gs
					max_fails 1000000000
					%s
				}
				copy_response
			}
		}
""" % ("0" * AGAIN.zeros, COUNTED_SECONDS, AGAIN.rule)
"""No trying for seconds: what does not answer at once did not answer well, and the user has waited."""


_TRIAL = """\
	@fairlead-trial-{link}-{{args[0]}} {{
		not method GET HEAD
		not {{
			header_regexp {probe} .{{32,}}
			header {probe} {{file./fairlead/run/dark-token}}
		}}
		vars_regexp {{http.request.uuid}} {digits}
		file {{
			root /fairlead/trial
			try_files /{{args[0]}}
		}}
	}}
	reverse_proxy @fairlead-trial-{link}-{{args[0]}} {{
		import fairlead-upstream {link} {{args[0]}} {zeros}{{fairlead-group}}{{args[1]}}
		fail_duration {seconds:g}s
		max_fails 1000000000
		{rule}
	}}
"""
"""The id's first digit is taken: it says what a request is counted for."""


EITHER = "either"
"""Where nobody has said what is spoken: whoever calls speaks it, HTTP/1 or HTTP/2 without TLS (gRPC)."""
_INSIDE_OPTIONS = """\
{{
	auto_https off
	https_port 1
	persist_config off
	grace_period 20s
{servers}}}
"""
_H2C_SERVERS = "\tservers {\n\t\tprotocols h1 h2c\n\t}\n"
"""A stream never ends by itself: who replaces the container waits no longer than that for it. And 443 is a port like
any other here, which takes another number for the one that Caddy keeps for TLS."""


def render_switch(*, h2c: bool = False) -> str:
    """The snippet that an app's Caddyfile imports. It names no service, and has no listener.

    The empty header equals a missing token file, hence the pattern; ``refresh`` is the same everywhere because
    Caddy caches an address once for the process, by the first handler's setting.

    Args:
        h2c: a service of the app speaks HTTP/2 without TLS, so that there is ``switch-h2c`` too. Elsewhere the text
            stays what it was: a proxy is replaced when it changes.
    """
    head = (
        "# Written by Fairlead. An app's Caddyfile imports this file and says: import switch SERVICE PORT\n"
    )
    notice = render_notice(PROBE_HEADER)
    return "\n".join([head, notice, _UPSTREAM, *_render_ways("switch", "live", _PUBLIC, h2c=h2c)])


_SITES = {
    "http": """\
http://:{port} {{
	import inside {service} {port}
}}
""",
    "h2c": """\
http://:{port} {{
	import inside-h2c {service} {port}
}}
""",
    EITHER: """\
http://:{port} {{
	@fairlead-http2 protocol http/2
	handle @fairlead-http2 {{
		import inside-h2c {service} {port}
	}}
	handle {{
		import inside {service} {port}
	}}
}}
""",
}


def render_inside(service: str, spoken: Mapping[int, str]) -> str:
    """The Caddyfile for calls to a service: which port is meant is told by where they arrive, whatever the Host.

    Args:
        service: who is called.
        spoken: what is spoken at each of its ports: ``http``, ``h2c``, or ``EITHER``.
    """
    sites = [_SITES[said].format(service=service, port=port) for port, said in sorted(spoken.items())]
    has_h2c = bool(set(spoken.values()) - {"http"})
    options = _INSIDE_OPTIONS.format(servers=_H2C_SERVERS if has_h2c else "")
    return "\n".join([options, _UPSTREAM, *_render_ways("inside", "inside", _LEAVING, h2c=has_h2c), *sites])


def read_spoken(service: str, text: str) -> Optional[dict[int, str]]:
    """What ``render_inside`` was told; None where this is none of its texts, as it makes them today."""
    kinds = {
        site.format(service=service, port=1).splitlines()[1].partition(" 1")[0]: said
        for said, site in _SITES.items()
    }
    found = re.findall(r"^http://:([0-9]{1,5}) \{\n(.*)$", text, re.MULTILINE)
    spoken = {int(port): kinds.get(re.sub(r" [0-9]+\Z", "", line), "") for port, line in found}
    return spoken if "" not in spoken.values() and render_inside(service, spoken) == text else None


def _render_ways(name: str, link: str, public: str = "", *, h2c: bool) -> Iterator[str]:
    way = _render_way(name, link, public)
    yield way
    if h2c:
        yield _H2C_UPSTREAM
        named = way.replace(f"({name})", f"({name}-h2c)", 1)
        yield re.sub(r"import fairlead-(address|upstream) ", r"import fairlead-\1-h2c ", named)


def _render_way(name: str, link: str, public: str = "") -> str:
    tallies = "".join(
        _TALLY.format(
            name=one.name,
            probe=PROBE_HEADER,
            digits=one.digits,
            link=link,
            zeros="0" * one.zeros + ("{fairlead-group}" if one.grouped else ""),
            seconds=COUNTED_SECONDS,
            rule=one.rule,
            again=_AGAIN if one.name == "errors" else "",
        )
        for one in TALLIES
    )
    trial = "".join(
        _TRIAL.format(
            link=to,
            probe=PROBE_HEADER,
            digits=f"^.{digits}",
            zeros="0" * TRIAL.zeros,
            seconds=COUNTED_SECONDS,
            rule=TRIAL.rule,
        )
        for to, digits in (("before", TRIAL.digits), (link, TRIAL.digits.replace("[", "[^")))
    )
    streams = "".join(
        _STREAM.format(name=kind, rule=rule, link=link, zeros="0" * STREAM_ZEROS)
        for kind, rule in STREAMS.items()
    )
    return _WAY.format(
        name=name,
        dark=DARK_HEADER,
        groups=_render_groups(),
        streams=streams,
        trial=trial,
        public=public,
        tallies=tallies,
        link=link,
    )


def _render_groups() -> str:
    """Which group a client is of: by its address, or by the last one that a private one in front of us tells.

    What it is mapped to is quoted: Caddy takes 0000 for a number.
    """
    lines = []
    for tail in (rf"\|{PRIVATE}[^|]*$", "$"):
        for digits, zeros in zip(GROUP_DIGITS, GROUP_ZEROS[1:]):
            network = (
                rf"[0-9]+\.[0-9]+\.[0-9]*{digits}\.[0-9]+|[0-9a-f]*:[0-9a-f]*:[0-9a-f]*{digits}:[0-9a-f:]*"
            )
            lines.append(f'\t\t"~(^|[ ,|])({network}){tail}" "{"0" * zeros}"\n')
    source = "{http.request.header.X-Forwarded-For}|{http.vars.client_ip}"
    return f'\tmap "{source}" {{fairlead-group}} {{\n{"".join(lines)}\t\tdefault ""\n\t}}\n'
