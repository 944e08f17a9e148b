"""The edge's Caddyfile. It is the same on every host, and never reloaded: what is served is told by files. Pure.

For a request, ``hosts/<hostname>/<scheme>:<name>:<port>`` is looked up: the hostname is served if such a file is
there, and its own name says where. It is replaced by one rename, so that a proxy is replaced as a release is:
from one request to the next. The same files decide for which names a certificate is asked.

Calls of gRPC are handed on in HTTP/2, without which streams in both directions would wait for each other; an app's proxy
takes that where a service of the app speaks it.

A hostname has one spelling here: lower case, and no dot at its end. Requests are free to spell it otherwise, and are put
right; what is no hostname is never looked up, whatever a file's name can be made to match.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from string import ascii_lowercase

from ..wire.caddy.counted import STREAM_ZEROS, STREAMS
from ..wire.caddy.strangers import ROUTE, SCHEME, render_route
from ..wire.setup import PUBLIC, ROOT_FILE, Authority

_LOCAL_LABELS = 4
_LOCAL_DOMAINS = ("localhost", "internal", "local", "test")
"""No public authority certifies these: names below them get certificates of Caddy's own."""

_HOSTNAME = "[a-z0-9][a-z0-9.-]*"

_STREAM = """\
			@{kind} {{
				{rule}
				vars_regexp upstream {{http.matchers.file.relative}} /https?:([^:/]+):([0-9]+)$
			}}
			reverse_proxy @{kind} {{
				import way {zeros}{{re.upstream.2}}
			}}
"""

_TRUSTED = """\
	servers {{
		trusted_proxies static {networks}
		trusted_proxies_strict
	}}
"""
_ENDED = """\
	@ended vars {scheme} https
	handle @ended {{
		import serve https
		handle {{
			respond 404
		}}
	}}
"""
"""Plain requests whose TLS ended at a proxy in front."""

_TEMPLATE = """\
# Written by Fairlead. The edge of this host: it names no app, and is never reloaded.
{
	admin unix//fairlead/run/admin.sock|0222
	skip_install_trust
	auto_https disable_redirects
AUTHORITYTRUSTED	on_demand_tls {
		ask http://127.0.0.1:9180/
	}
}

STRANGER
&(plain) {
	route {
SPELLINGS	}
}

(plainly) {
	@spelled header_regexp Host [A-Z]|[.](:[0-9]*)?$
	invoke @spelled plain
	invoke ROUTE
}

(way) {
	dynamic a {
		name {re.upstream.1}.
		port {args[0]}
		refresh 1s
	}
	lb_try_duration 10s
	lb_try_interval 50ms
}

(serve) {
	@{args[0]} {
		header_regexp Host ^HOSTNAME(:[0-9]*)?$
		file {
			root /fairlead/hosts
			try_files {host}/{args[0]}:*
		}
	}
	handle @{args[0]} {
		route {
			@upstream vars_regexp upstream {http.matchers.file.relative} /https?:([^:/]+):([0-9]+)$
STREAMS			@grpc {
				protocol http/2
				header_regexp Content-Type ^application/grpc([+;].*)?$
				vars_regexp upstream {http.matchers.file.relative} /https?:([^:/]+):([0-9]+)$
			}
			reverse_proxy @grpc {
				import way {re.upstream.2}
				transport http {
					versions h2c
				}
			}
			reverse_proxy @upstream {
				import way {re.upstream.2}
			}
			respond 502
		}
	}
}

(serve-any) {
	import plainly
	import serve http
	import serve https
	handle {
		respond 404
	}
}

http://127.0.0.1:9180 {
	bind 127.0.0.1
	@known {
		vars_regexp {query.domain} ^HOSTNAME$
		file {
			root /fairlead/hosts
			try_files {query.domain}/*
		}
	}
	respond @known 200
	respond 404
}

http:// {
	import plainly
	import serve http
ENDED	@https {
		header_regexp Host ^HOSTNAME(:[0-9]*)?$
		file {
			root /fairlead/hosts
			try_files {host}/https:*
		}
	}
	handle @https {
		redir https://{host}{uri} 308
	}
	handle {
		respond 404
	}
}

LOCAL_NAMES {
	tls internal {
		on_demand
	}
	import serve-any
}

https:// {
	tls {
		on_demand
	}
	import serve-any
}
"""


def render_caddyfile(trusted: Sequence[str] = (), authority: Authority = PUBLIC) -> str:
    """The whole text. ``trusted``: the networks of proxies in front that are heeded; ``authority``: who certifies names."""
    root = f"\tacme_ca_root /fairlead/{ROOT_FILE}\n" if authority.root else ""
    names = ["localhost"]
    for domain in _LOCAL_DOMAINS:
        names += [f"{'*.' * depth}{domain}" for depth in range(1, _LOCAL_LABELS + 1)]
    streams = "".join(
        _STREAM.format(kind=kind, rule=rule, zeros="0" * STREAM_ZEROS) for kind, rule in STREAMS.items()
    )
    spellings = [(letter.upper(), letter) for letter in ascii_lowercase] + [("[.](:[0-9]*)?$", "$1")]
    parts = {
        "STRANGER": render_route(trusted),
        "AUTHORITY": f"\tacme_ca {authority.directory}\n{root}" if authority.directory else "",
        "TRUSTED": _TRUSTED.format(networks=" ".join(trusted)) if trusted else "",
        # Within a site, no two matchers may have one name, and `serve` brings its own.
        "@https": "@sent-on" if trusted else "@https",
        "ENDED": _ENDED.format(scheme=SCHEME) if trusted else "",
        "SPELLINGS": "".join(f"\t\trequest_header Host {found} {plain}\n" for found, plain in spellings),
        "ROUTE": ROUTE,
        "STREAMS": streams,
        "HOSTNAME": _HOSTNAME,
        "LOCAL_NAMES": ", ".join(f"https://{name}" for name in names),
    }
    return re.sub("|".join(parts), lambda found: parts[found[0]], _TEMPLATE)
