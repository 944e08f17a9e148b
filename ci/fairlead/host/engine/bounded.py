"""Reading what a container, or anybody who is not us, may write: one deadline for the whole of it, and one size.

A timeout of a socket is for each piece that comes, so that who sends a byte a second is listened to for ever. Here the
clock starts once, with the connection, and what is left of it is given to each single wait. Headers count as the body does.
"""

from __future__ import annotations

import errno
import io
import math
import os
import socket
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Optional, Union

_CHECKPOINT_EVERY = 0.25


class OverdueError(TimeoutError):
    """The time for the whole is over."""


class TooLargeError(OSError):
    """It is larger than anything that belongs there."""


class Bound:
    """The bounds of one answer, from now on.

    Args:
        seconds: for the whole of it.
        size: bytes, headers included.
        idle: seconds for each single piece, where the whole may take longer.
        checkpoint: called a few times a second while nothing comes: what it raises ends the wait.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        seconds: float = math.inf,
        size: float = math.inf,
        *,
        idle: float = math.inf,
        checkpoint: Optional[Callable[[], None]] = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.seconds = seconds
        self.size = size
        self._idle = idle
        self._checkpoint = checkpoint
        self._clock = clock
        self._until = clock() + seconds
        self._taken = 0

    def left(self) -> float:
        """Seconds that are left.

        Raises:
            OverdueError: none.
        """
        left = self._until - self._clock()
        if left <= 0:
            raise OverdueError(f"it was not whole within {self.seconds:g} s")
        return left

    def take(self, count: int) -> None:
        """So many bytes have come.

        Raises:
            TooLargeError: they are more than there may be.
        """
        self._taken += count
        if self._taken > self.size:
            raise TooLargeError(errno.EFBIG, f"it is larger than {self.size:g} bytes")

    def give(self, connection: socket.socket) -> None:
        """Let the next operation of a socket take what is left. Raises as ``left`` does."""
        left = min(self.left(), self._idle)
        connection.settimeout(None if left == math.inf else left)

    def receive(self, connection: socket.socket, buffer: Any) -> int:
        """Some bytes; 0 when there are no more. Raises as ``left`` and ``take`` do, and whatever ``checkpoint`` raises."""
        began = self._clock()
        while True:
            left = min(self.left(), self._idle - (self._clock() - began))
            if self._checkpoint is not None:
                self._checkpoint()
            wait = left if self._checkpoint is None else min(left, _CHECKPOINT_EVERY)
            connection.settimeout(None if wait == math.inf else max(wait, 0.001))
            try:
                count = connection.recv_into(buffer)
            except (TimeoutError, socket.timeout) as error:  # one class since Python 3.10
                if self._clock() - began >= self._idle:
                    raise OverdueError(f"nothing came for {self._idle:g} s") from error
                continue
            self.take(count)
            return count


class BoundedSocket:
    """What ``http.client`` takes for a socket; reads and writes within a bound."""

    def __init__(self, connection: socket.socket, bound: Bound) -> None:
        self._socket = connection
        self._bound = bound

    def makefile(self, _mode: str = "rb", *_: object, **__: object) -> io.BufferedReader:
        """What answers are read from."""
        return io.BufferedReader(_Reader(self._socket, self._bound))

    def sendall(self, content: bytes) -> None:
        """Send; who does not read it is not waited for longer than for an answer."""
        self._bound.give(self._socket)
        try:
            self._socket.sendall(content)
        except (TimeoutError, socket.timeout) as error:  # one class since Python 3.10
            raise OverdueError(f"it was not read within {self._bound.seconds:g} s") from error

    def close(self) -> None:
        """Close it, as soon as no answer is read from it any more."""
        self._socket.close()


class _Reader(io.RawIOBase):
    def __init__(self, connection: socket.socket, bound: Bound) -> None:
        super().__init__()
        # Holds the connection open: http.client closes its own end while the answer is still read.
        self._hold = connection.makefile("rb", buffering=0)
        self._socket = connection
        self._bound = bound

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._bound.receive(self._socket, buffer)

    def close(self) -> None:
        self._hold.close()
        super().close()


def connect_unix(path: Union[str, Path], bound: Bound) -> socket.socket:
    """Connect to the very socket that lies there: no link to another one, no pipe, no file.

    Raises:
        OSError: there is none, or it does not answer in time.
    """
    handle = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        if not stat.S_ISSOCK(os.fstat(handle).st_mode):
            raise OSError(errno.ENOTSOCK, os.strerror(errno.ENOTSOCK), str(path))
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            bound.give(connection)
            # By the handle: between the look and this nobody can put another one in its place.
            connection.connect(f"/proc/self/fd/{handle}")
        except BaseException:
            connection.close()
            raise
    finally:
        os.close(handle)
    return connection
