"""An app of any shape: its environment says where it listens, where it keeps things, and what is wrong with it."""

from __future__ import annotations

import base64
import hashlib
import os
import signal
import socket
import socketserver
import sqlite3
import sys
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import h2.config
import h2.connection
import h2.events

PORT = int(os.environ.get("PORT", "8000"))
VERSION = os.environ.get("VERSION", "1")
NAME = os.environ.get("NAME", "web")
# loopback, crash, later, error, hang: what is wrong with this release.
FAULT = os.environ.get("FAULT", "")
DATABASE = os.environ.get("DATABASE", "")
UPLOADS = os.environ.get("UPLOADS", "")
UPSTREAM = os.environ.get("UPSTREAM", "")
SECURE_ONLY = os.environ.get("SECURE_ONLY", "")
PROTOCOL = os.environ.get("PROTOCOL", "http")
SECONDS_TO_CRASH = 10.0
FOREVER = 3600.0
_WEBSOCKET = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_GRPC_HEALTH = "/grpc.health.v1.Health/Check"
_SERVING = b"\0\0\0\0\2\x08\x01"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path == "/health":
            self._answer(200, "well")
        elif SECURE_ONLY and self.headers.get("X-Forwarded-Proto") != "https":
            self.send_response(301)
            self.send_header("Location", f"https://{self.headers['Host']}{self.path}")
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif FAULT == "error":
            self._answer(500, "broken")
        elif FAULT == "hang":
            time.sleep(FOREVER)
        elif self.headers.get("Upgrade", "").lower() == "websocket":
            self._chat()
        elif self.path == "/notes":
            self._answer(200, "\n".join(read_notes()))
        else:
            self._answer(200, f"{NAME} {VERSION}{ask_upstream()}")

    def do_POST(self) -> None:
        note = self.rfile.read(int(self.headers["Content-Length"])).decode()
        write_note(note)
        self._answer(201, note)

    def _answer(self, status: int, text: str) -> None:
        body = f"{text}\n".encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _chat(self) -> None:
        """Answer each short text frame of a WebSocket, until the other side closes."""
        key = self.headers["Sec-WebSocket-Key"].encode()
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header(
            "Sec-WebSocket-Accept",
            base64.b64encode(hashlib.sha1(key + _WEBSOCKET, usedforsecurity=False).digest()).decode(),
        )
        self.end_headers()
        self.close_connection = True
        while (head := self.rfile.read(6)) and head[0] == 0x81:
            self.rfile.read(head[1] & 0x7F)
            said = f"{NAME} {VERSION}".encode()
            self.wfile.write(bytes((0x81, len(said))) + said)

    def log_message(self, *words: object) -> None:
        """Say nothing."""


class Rpc(socketserver.BaseRequestHandler):
    """HTTP/2 without TLS, and nothing else, with gRPC's health check."""

    def handle(self) -> None:
        spoken = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        spoken.initiate_connection()
        self.request.sendall(spoken.data_to_send())
        paths: dict[int, str] = {}
        while received := self.request.recv(65536):
            for event in spoken.receive_data(received):
                if isinstance(event, h2.events.RequestReceived):
                    paths[event.stream_id] = dict(event.headers)[b":path"].decode()
                elif isinstance(event, h2.events.StreamEnded):
                    self._reply(spoken, event.stream_id, paths.pop(event.stream_id))
            self.request.sendall(spoken.data_to_send())

    def _reply(self, spoken: h2.connection.H2Connection, stream: int, path: str) -> None:
        healthy = path == _GRPC_HEALTH
        if FAULT == "hang" and not healthy:
            return
        status = "500" if FAULT == "error" and not healthy else "200"
        spoken.send_headers(stream, [(":status", status), ("content-type", "application/grpc")])
        spoken.send_data(stream, _SERVING if healthy else f"{NAME} {VERSION}".encode())
        spoken.send_headers(stream, [("grpc-status", "0" if status == "200" else "13")], end_stream=True)


class RpcServer(socketserver.ThreadingTCPServer):
    allow_reuse_address = True


def ask_upstream() -> str:
    """What the service behind this one says."""
    if not UPSTREAM:
        return ""
    with urllib.request.urlopen(UPSTREAM, timeout=5) as answer:
        return f" + {answer.read().decode().strip()}"


def read_notes() -> list[str]:
    """All that was kept, in order."""
    if DATABASE:
        with sqlite3.connect(DATABASE) as database:
            return [row[0] for row in database.execute("SELECT text FROM notes ORDER BY rowid")]
    return sorted(one.read_text() for one in Path(UPLOADS).glob("*.note"))


def write_note(text: str) -> None:
    """Keep it; what was answered with 201 must never be lost."""
    if DATABASE:
        with sqlite3.connect(DATABASE, timeout=20) as database:
            database.execute("INSERT INTO notes VALUES (?)", (text,))
    else:
        (Path(UPLOADS) / f"{text}.note").write_text(text)


def work() -> None:
    """A worker: it says that it lives, and is at something."""
    done = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: done.set())
    print(f"working {VERSION}", flush=True)
    while not done.wait(0.5):
        Path("/tmp/alive").touch()


def secret_of(name: str) -> str:
    """A value that only the environment holds; a twelve-factor app cannot start without."""
    value = os.environ.get(name, "")
    if not value:
        sys.exit(f"{name} is not set")
    return value


def serve() -> None:
    """Answer until SIGTERM."""
    for name in filter(None, os.environ.get("NEEDS", "").split(",")):
        secret_of(name)
    if DATABASE:
        with sqlite3.connect(DATABASE) as database:
            database.execute("CREATE TABLE IF NOT EXISTS notes (text TEXT)")
    where = ("127.0.0.1" if FAULT == "loopback" else "", PORT)
    server = RpcServer(where, Rpc) if PROTOCOL == "h2c" else ThreadingHTTPServer(where, Handler)
    server.daemon_threads = True
    if FAULT == "later":
        timer = threading.Timer(SECONDS_TO_CRASH, os._exit, (1,))
        timer.daemon = True
        timer.start()
    print(f"listening on {socket.gethostname()}:{PORT}", flush=True)
    server.serve_forever()


def check() -> None:
    """As a health check of many an app: from inside, on the loopback."""
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{PORT}/health", timeout=2)
    except OSError as error:
        sys.exit(f"not healthy: {error}")


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    if sys.argv[1:] == ["check"]:
        check()
    elif FAULT == "crash":
        sys.exit("the disk is made of cheese")
    elif sys.argv[1:] == ["work"]:
        work()
    else:
        serve()
