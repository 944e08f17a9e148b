"""HTTP/2 as a client speaks it: many requests at a time on one connection."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fairlead.errors import ToolMissingError
from lab.load.http1 import Answer
from lab.load.record import Cause, LostError

if TYPE_CHECKING:
    import h2.connection
    import h2.events


@dataclass
class _Stream:
    future: asyncio.Future[Answer]
    headers: dict[str, str] = field(default_factory=dict)
    pieces: list[bytes] = field(default_factory=list)


def require_h2() -> None:
    """Tell what is missing before the first request, not in the middle.

    Raises:
        ToolMissingError: the library is not installed.
    """
    try:
        import h2.connection  # noqa: F401 - whether it is there
    except ImportError as error:
        raise ToolMissingError(
            "HTTP/2 load needs the Python package `h2`",
            fix="`./bootstrap fairlead …` in a clone has it, or `pip install h2`",
        ) from error


class Connection(asyncio.Protocol):
    """A connection that carries many requests."""

    def __init__(self) -> None:
        import h2.config
        import h2.connection

        config = h2.config.H2Configuration(client_side=True, header_encoding="utf-8")
        self._h2: h2.connection.H2Connection = h2.connection.H2Connection(config)
        self._streams: dict[int, _Stream] = {}
        self._transport: asyncio.Transport | None = None
        self._going = False
        self.usable = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        assert isinstance(transport, asyncio.Transport)
        self._transport, self.usable = transport, True
        self._h2.initiate_connection()
        self._flush()

    def data_received(self, data: bytes) -> None:
        """Parse, answer what the protocol wants answered, and wake up who waits."""
        import h2.exceptions

        if data.startswith(b"HTTP/"):
            self._fail(LostError(Cause.PROTOCOL, "the server speaks HTTP/1"))
            return
        try:
            for event in self._h2.receive_data(data):
                self._handle(event)
        except h2.exceptions.ProtocolError as error:
            self._fail(LostError(Cause.PROTOCOL, f"not HTTP/2: {error}"))
            return
        self._flush()
        if self._going and not self._streams:
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """The other end has gone: nobody waits in vain."""
        cause = Cause.EOF if exc is None else Cause.RESET
        self._fail(LostError(cause, str(exc or "the connection was closed")))

    def request(
        self, method: str, path: str, authority: str, *, secure: bool, body: bytes = b""
    ) -> asyncio.Future[Answer]:
        """Send a request whose body fits into the window; the future has its answer, or a ``LostError``."""
        number = self._h2.get_next_available_stream_id()
        headers = [
            (":method", method),
            (":scheme", "https" if secure else "http"),
            (":authority", authority),
            (":path", path),
            ("user-agent", "fairlead-load"),
        ]
        stream = self._streams[number] = _Stream(asyncio.get_running_loop().create_future())
        self._h2.send_headers(number, headers, end_stream=not body)
        if body:
            self._h2.send_data(number, body, end_stream=True)
        self._flush()
        return stream.future

    def close(self) -> None:
        """Close it; it is used no more."""
        self.usable = False
        if self._transport is not None:
            self._transport.close()

    def _handle(self, event: h2.events.Event) -> None:
        import h2.events as told

        if isinstance(event, told.ResponseReceived):
            if stream := self._streams.get(event.stream_id):
                stream.headers = dict(_text(event.headers))
        elif isinstance(event, told.DataReceived):
            self._h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            if stream := self._streams.get(event.stream_id):
                stream.pieces.append(event.data)
        elif isinstance(event, told.StreamEnded):
            self._finish(event.stream_id)
        elif isinstance(event, told.StreamReset):
            self._lose(event.stream_id, LostError(Cause.RESET, f"stream reset, code {event.error_code}"))
        elif isinstance(event, told.ConnectionTerminated):
            self._go_away(event)

    def _finish(self, number: int) -> None:
        stream = self._streams.pop(number, None)
        if stream is not None and not stream.future.done():
            headers = stream.headers
            stream.future.set_result(
                Answer(int(headers.get(":status", "0")), headers, b"".join(stream.pieces))
            )

    def _go_away(self, event: h2.events.ConnectionTerminated) -> None:
        """No new requests; what the server has taken it still answers."""
        self.usable, self._going = False, True
        for number in [one for one in self._streams if one > (event.last_stream_id or 0)]:
            self._lose(number, LostError(Cause.EOF, "the server went away before it took the request"))

    def _lose(self, number: int, error: LostError) -> None:
        stream = self._streams.pop(number, None)
        if stream is not None and not stream.future.done():
            stream.future.set_exception(error)

    def _fail(self, error: LostError) -> None:
        self.close()
        for number in list(self._streams):
            self._lose(number, error)

    def _flush(self) -> None:
        assert self._transport is not None
        data = self._h2.data_to_send()
        if data and not self._transport.is_closing():
            self._transport.write(data)


def _text(headers: object) -> list[tuple[str, str]]:
    assert isinstance(headers, list)
    return [(_str(name), _str(value)) for name, value in headers]


def _str(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value
