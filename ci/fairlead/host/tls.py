"""A connection to a port of this very host, asked for by its public name."""

from __future__ import annotations

import http.client
import socket
import ssl


class LoopbackConnection(http.client.HTTPConnection):
    """HTTP or TLS to ``address:port``, with ``host`` as SNI and no look at the certificate.

    What it reaches is a container of ours on this host: nobody stands between who could pretend to be it,
    and a certificate may not have been issued yet.
    """

    def __init__(self, address: str, port: int, host: str, timeout: float, *, tls: bool) -> None:
        super().__init__(address, port, timeout=timeout)
        self._name = host.partition(":")[0]
        self._tls = tls

    def connect(self) -> None:
        super().connect()
        if self._tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            plain: socket.socket = self.sock
            self.sock = context.wrap_socket(plain, server_hostname=self._name)
