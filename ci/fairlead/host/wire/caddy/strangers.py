"""What a request says of itself that only a proxy in front may say: dropped, where the request comes from outside. Pure.

Who asked, by which name and how, is told by ``X-Forwarded-For``, ``-Host`` and ``-Proto``, which Caddy writes anew.
Every other header for the same would be the stranger's own word, and some app or framework believes each of these.
One that servers of the CGI kind cannot tell from it, with ``_`` in place of ``-``, goes with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

ROUTE = "fairlead-stranger"
"""The named route that drops them: said on each site that the public reaches, and nowhere else."""
SCHEME = "fairlead-scheme"
"""The variable of a request that holds its scheme, where a trusted proxy in front has told it."""

WORDS = {
    "forwarded": "who asked, and for whom: Forwarded, X-Forwarded-For, -Host, -Proto, -Port, -Prefix, -Server, -User …",
    "real-ip": "the address of who asked: nginx",
    "client-ip": "the same: X-Client-IP, True-Client-IP, Fastly-Client-IP, X-Cluster-Client-IP",
    "clientip": "the same: X-Azure-ClientIP",
    "connecting-ip": "the same: CF-Connecting-IP",
    "remote-ip": "the same",
    "remote-addr": "the same",
    "user-ip": "the same: X-AppEngine-User-IP, X-ProxyUser-IP",
    "external-address": "the same: X-Envoy-External-Address",
    "original-url": "another path than was asked: IIS, Symfony, Zend",
    "original-uri": "the same",
    "rewrite-url": "the same",
    "original-host": "another host than was asked",
    "host-override": "the same: X-HTTP-Host-Override",
    "url-scheme": "that it came by TLS",
    "front-end-https": "the same",
    "client-cert": "that a certificate of the client's was checked: Client-Cert, X-SSL-Client-Cert",
    "clientcert": "the same: X-ARR-ClientCert",
    "ssl-client": "the same: SSL-Client-Verify, X-SSL-Client-S-DN",
    "sendfile-type": "that a proxy in front would send files: Rack",
    "accel-mapping": "the same",
}
"""A header goes whose name has one of these in it; and what it would say."""
NAMES = {
    "x-host": "another host than was asked",
    "x-scheme": "that it came by TLS",
    "proxy": "the proxy for calls of the app's own: CGI takes it for HTTP_PROXY",
}
"""A header of just this name goes."""


_SCHEME_OF_PROXY = """\
		@fairlead-{scheme} {{
			remote_ip {ranges}
			header X-Forwarded-Proto {scheme}
		}}
		vars @fairlead-{scheme} {variable} {scheme}
"""
_TAKEN = """\
		@fairlead-{scheme}-told vars {variable} {scheme}
		request_header @fairlead-{scheme}-told X-Forwarded-Proto {scheme}
"""


def render_route(trusted: Sequence[str] = ()) -> str:
    """The named route, as a Caddyfile says it. Without the inner ``route`` only its first line would count.

    Args:
        trusted: the networks of proxies in front. Of theirs, two things are heeded: the scheme, and who asked, as
            Caddy tells it from ``X-Forwarded-For`` (``trusted_proxies``). All else may have come through them.
    """
    lines = [f"\t\trequest_header -{field}\n" for field in _fields()]
    if trusted:
        ranges = " ".join(trusted)
        schemes = [
            _SCHEME_OF_PROXY.format(scheme=one, ranges=ranges, variable=SCHEME) for one in ("https", "http")
        ]
        taken = [_TAKEN.format(scheme=one, variable=SCHEME) for one in ("https", "http")]
        asker = [
            f"\t\t@fairlead-trusted remote_ip {ranges}\n",
            "\t\trequest_header @fairlead-trusted X-Forwarded-For {client_ip}\n",
        ]
        lines = [*schemes, *lines, *taken, *asker]
    return f"&({ROUTE}) {{\n\troute {{\n{''.join(lines)}\t}}\n}}\n"


def _fields() -> Iterator[str]:
    for word in WORDS:
        for spelled in _spellings(word):
            yield f"*{spelled}*"
    for name in NAMES:
        yield from _spellings(name)


def _spellings(name: str) -> list[str]:
    """With ``-`` and with ``_``, each for itself."""
    first, *rest = name.split("-")
    found = [first]
    for part in rest:
        found = [f"{one}{mark}{part}" for one in found for mark in "-_"]
    return found
