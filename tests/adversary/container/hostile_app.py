"""An app that answers as nobody should. Runs in a container: ``hostile_app.py KIND REVISION``.

``KIND`` is a key of ``KINDS``, with ``later:`` before it where all is well until somebody asks for ``/turn``.
"""

import contextlib
import itertools
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator

HEAD = b"HTTP/1.1 200 OK\r\n"
KINDS: dict[str, tuple[float, Callable[[], Iterator[bytes]]]] = {
    "drips its body": (0.05, lambda: itertools.chain([HEAD + b"\r\n"], itertools.repeat(b"a"))),
    "drips its headers": (0.05, lambda: itertools.chain([HEAD + b"X-A: "], itertools.repeat(b"a"))),
    "says 100 for ever": (0.0, lambda: itertools.repeat(b"HTTP/1.1 100 Continue\r\n\r\n" * 99)),
    "has headers without an end": (0.0, lambda: itertools.chain([HEAD], itertools.repeat(b"a" * 65536))),
    "says nothing": (3600.0, lambda: itertools.repeat(b"")),
}
GOOD = HEAD + b"X-Release: %s\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
_TURNED = threading.Event()


def main() -> None:
    """Listen on port 8000 and answer."""
    kind, revision = sys.argv[1:]
    when, _, name = kind.rpartition(":")
    if not when:
        _TURNED.set()
    with socket.create_server(("", 8000)) as server:
        while True:
            connection, _ = server.accept()
            threading.Thread(target=answer, args=(connection, name, revision), daemon=True).start()


def answer(connection: socket.socket, name: str, revision: str) -> None:
    """One request."""
    with contextlib.suppress(OSError), connection:
        asked = connection.recv(65536)
        os.write(1, b"asked\n")
        if not _TURNED.is_set():
            if b" /turn " in asked:
                _TURNED.set()
            connection.sendall(GOOD % revision.encode())
            return
        pause, pieces = KINDS[name]
        for piece in pieces():
            connection.sendall(piece)
            time.sleep(pause)


if __name__ == "__main__":
    main()
