"""A man in the middle of a connection to a registry: counts writes, and cuts the line when told to."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from types import TracebackType
from typing import Self

_WRITE = re.compile(rb"^(PUT|POST|PATCH|DELETE) (\S+) HTTP", re.MULTILINE)


class Middle:
    """Listens on a port of its own and passes everything on.

    Attributes:
        cut_at: the line is cut, for good, when a write to a path that holds this comes along.
        cut_after: so many bytes later on that connection, in the middle of what is sent.
        writes: the writes that were passed on, ``PUT /v2/…``.
    """

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads: list[threading.Thread] = []
        self._open: set[socket.socket] = set()
        self.cut_at = ""
        self.cut_after = 0
        self.is_cut = False
        self.writes: list[str] = []

    @property
    def address(self) -> str:
        """Where it listens: ``127.0.0.1:port``."""
        return f"127.0.0.1:{self._listener.getsockname()[1]}"

    def mend(self) -> None:
        """Let everything pass from now on."""
        self.cut_at, self.cut_after, self.is_cut = "", 0, False
        self.writes.clear()

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._close_all()
        for thread in self._threads:
            thread.join(5)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self.is_cut:
                client.close()
                continue
            server = socket.create_connection(self._target)
            self._open |= {client, server}
            self._start(self._pass_on, client, server, True)
            self._start(self._pass_on, server, client, False)

    def _pass_on(self, source: socket.socket, sink: socket.socket, is_request: bool) -> None:
        left = None
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if is_request and left is None and self._is_to_be_cut(data):
                    left = self.cut_after
                if left is not None:
                    sink.sendall(data[:left])
                    left -= len(data)
                    if left <= 0:
                        break
                    continue
                sink.sendall(data)
        if left is not None:
            self._cut()
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _is_to_be_cut(self, data: bytes) -> bool:
        for method, path in _WRITE.findall(data):
            if self.cut_at and self.cut_at in path.decode():
                return True
            self.writes.append(f"{method.decode()} {path.decode()}")
        return self.is_cut

    def _cut(self) -> None:
        self.is_cut = True
        self._close_all()

    def _close_all(self) -> None:
        for end in tuple(self._open):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _start(self, target: object, *arguments: object) -> None:
        assert callable(target)
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()
