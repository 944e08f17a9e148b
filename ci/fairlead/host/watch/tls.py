"""A connection to a port of this very host, asked for by its public name."""

from __future__ import annotations

import http.client
import socket
import ssl
from typing import cast

from ..engine.bounded import Bound, BoundedSocket


class LoopbackConnection(http.client.HTTPConnection):
    """HTTP or TLS to ``address:port``, with ``host`` as SNI and no look at the certificate.

    What it reaches is a container of ours on this host: nobody stands between who could pretend to be it,
    and a certificate may not have been issued yet.
    """

    def __init__(self, address: str, port: int, host: str, bound: Bound, *, tls: bool) -> None:
        super().__init__(address, port)
        self._name = host.partition(":")[0]
        self._tls = tls
        self._bound = bound

    def connect(self) -> None:
        connection = socket.create_connection((self.host, self.port), timeout=self._bound.left())
        try:
            if self._tls:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
                context.check_hostname = False
                context.verify_mode = ssl.CERT_NONE
                # Python's own deadline of a handshake is for the whole of it.
                self._bound.give(connection)
                connection = context.wrap_socket(connection, server_hostname=self._name)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except BaseException:
            connection.close()
            raise
        self.sock = cast("socket.socket", BoundedSocket(connection, self._bound))
