"""Connections to the target, and how their failing is told."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from typing import Protocol, TypeVar

from lab.load.plan import Target, check_loopback
from lab.load.record import Cause, LostError

_P = TypeVar("_P", bound=asyncio.Protocol)


class Connect(Protocol):
    """Opens a connection that speaks one of the given application protocols."""

    async def __call__(self, make: Callable[[], _P], alpn: str) -> tuple[asyncio.Transport, _P]:
        """Open it; raises ``OSError``."""


def connect_to(target: Target) -> Connect:
    """The way to a target.

    Raises:
        InputError: the target is not on loopback.
    """
    check_loopback(target.address)
    contexts = {alpn: _context(target, alpn) for alpn in ("http/1.1", "h2")} if target.secure else {}

    async def connect(make: Callable[[], _P], alpn: str) -> tuple[asyncio.Transport, _P]:
        transport, protocol = await asyncio.get_running_loop().create_connection(
            make,
            target.address,
            target.port,
            ssl=contexts.get(alpn),
            server_hostname=target.name if target.secure else None,
        )
        tls = transport.get_extra_info("ssl_object")
        if tls is not None and alpn == "h2" and tls.selected_alpn_protocol() != alpn:
            transport.close()
            raise LostError(Cause.PROTOCOL, "the server does not offer HTTP/2")
        return transport, protocol

    return connect


async def open_connection(connect: Connect, make: Callable[[], _P], alpn: str) -> _P:
    """A connection.

    Raises:
        LostError: there is none to be had.
    """
    return (await _open(connect, make, alpn))[1]


async def open_streams(connect: Connect) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection as a reader and a writer.

    Raises:
        LostError: there is none to be had.
    """
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    transport, protocol = await _open(connect, lambda: asyncio.StreamReaderProtocol(reader), "http/1.1")
    return reader, asyncio.StreamWriter(transport, protocol, reader, loop)


async def _open(connect: Connect, make: Callable[[], _P], alpn: str) -> tuple[asyncio.Transport, _P]:
    try:
        return await connect(make, alpn)
    except OSError as error:
        raise lost_by(error) from error


def lost_by(error: OSError) -> LostError:
    """How a request was lost when the connection failed in this way."""
    if isinstance(error, ConnectionRefusedError | FileNotFoundError):
        return LostError(Cause.REFUSED, str(error))
    if isinstance(error, TimeoutError):
        return LostError(Cause.TIMEOUT, "the kernel gave up")
    if isinstance(error, ssl.SSLError):
        return LostError(Cause.PROTOCOL, str(error))
    return LostError(Cause.RESET, str(error))


def _context(target: Target, alpn: str) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=target.ca or None)
    if not target.ca:
        # The other end is this machine, by its loopback address: there is nobody in between.
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols([alpn])
    return context
