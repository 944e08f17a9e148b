"""What a port speaks that was asked in HTTP and did not answer so. The recognition is pure."""

from __future__ import annotations

from ..wire.cut import cut

_MOST = 60
_H2C = "it speaks HTTP/2 without TLS (h2c), as gRPC does: say `x-fairlead: {protocol: h2c}`"
TLS = "it speaks TLS: let it speak plain HTTP, the proxy holds the certificate"
FASTCGI = "it speaks FastCGI, as php-fpm does, not HTTP: only a web server such as nginx or Caddy can ask it"
_SETTINGS = 4
_TLS_ALERT, _TLS_HANDSHAKE = 0x15, 0x16
_GREETINGS = (
    (b"SSH-", "SSH"),
    (b"220 ", "SMTP or FTP"),
    (b"* OK", "IMAP"),
    (b"+OK", "POP3 or the protocol of Redis"),
    (b"-ERR", "the protocol of Redis"),
    (b"AMQP", "AMQP"),
    (b"RFB ", "VNC"),
    (b"INFO {", "the protocol of NATS"),
)
_PAGES = ("<!doctype", "<html")


def name_first_bytes(first: bytes) -> str:
    """What a server speaks by the first bytes of its answer to HTTP; never the bytes themselves, unless they are text.

    Empty where they are a page or lines of text: an HTTP server answers so, without a status line, what it takes for
    HTTP/0.9 (Python's http.server the beginning of HTTP/2).
    """
    if len(first) >= 9 and first[0] == 0 and first[3] == _SETTINGS and first[5:9] == bytes(4):
        return _H2C
    if len(first) >= 2 and first[0] in (_TLS_ALERT, _TLS_HANDSHAKE) and first[1] == 3:
        return TLS
    if first[:2] == b"\x01\x03" or first[:2] == b"\x01\x0a":
        return FASTCGI
    for beginning, name in _GREETINGS:
        if first.startswith(beginning):
            return f"it speaks {name}, not HTTP"
    text = first.decode("ascii", "replace").strip()
    if text[:9].lower().startswith(_PAGES) or (text.isascii() and _are_lines(text)):
        return ""
    if text and text.isprintable() and text.isascii():
        return f"it answered {cut(text, _MOST)!r}, which is no HTTP"
    return "it answered with bytes that are no HTTP"


def _are_lines(text: str) -> bool:
    lines = text.splitlines()
    return len(lines) > 1 and all(line.replace("\t", " ").isprintable() for line in lines)
