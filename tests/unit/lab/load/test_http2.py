"""HTTP/2 against a server of the same library, which ends connections as proxies do."""

from __future__ import annotations

from asyncio import StreamReader as Reader
from asyncio import StreamWriter as Writer

import h2.config
import h2.connection
import h2.events

from lab.load.plan import Part, Protocol
from tests.unit.lab.load.conftest import Run


class Peer:
    """A server that answers every stream, and goes away when it has answered ``limit``."""

    def __init__(self, limit: int = 10**9, *, rude: bool = False) -> None:
        self.limit, self.rude = limit, rude
        self.connections = 0

    async def serve(self, reader: Reader, writer: Writer) -> None:
        self.connections += 1
        server = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        server.initiate_connection()
        answered = 0
        while data := await reader.read(65536):
            for event in server.receive_data(data):
                if not isinstance(event, h2.events.RequestReceived):
                    continue
                if self.rude and answered >= self.limit:
                    return
                server.send_headers(event.stream_id, [(":status", "200"), ("x-release", "r2")])
                server.send_data(event.stream_id, b"ok", end_stream=True)
                answered += 1
            if answered >= self.limit and not self.rude:
                server.close_connection(last_stream_id=server.highest_inbound_stream_id)
                writer.write(server.data_to_send())
                return
            writer.write(server.data_to_send())
            await writer.drain()


def test_eight_clients_share_a_connection(run: Run) -> None:
    peer = Peer()
    report = run(peer.serve, Part(Protocol.H2, clients=16))
    assert peer.connections == 2
    requests = report.document["requests"]
    assert requests["answered"] == requests["total"] > 50
    assert report.document["parts"][0]["releases"][0]["release"] == "r2"


def test_a_server_that_goes_away_politely_loses_nothing(run: Run) -> None:
    peer = Peer(limit=5)
    report = run(peer.serve, Part(Protocol.H2, clients=1))
    assert peer.connections > 3
    assert not report.failed


def test_a_server_that_hangs_up_loses_what_was_under_way(run: Run) -> None:
    report = run(Peer(limit=5, rude=True).serve, Part(Protocol.H2, clients=1))
    assert report.document["requests"]["lost"] > 0
    assert set(report.document["parts"][0]["lost_by"]) == {"eof"}


def test_another_protocol_is_told_as_that(run: Run) -> None:
    async def serve(reader: Reader, writer: Writer) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await reader.read()

    report = run(serve, Part(Protocol.H2, clients=1))
    assert "protocol" in report.document["parts"][0]["lost_by"]
