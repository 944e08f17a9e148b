"""An app behind a front: tells what it was asked, and echoes over a WebSocket."""

import base64
import hashlib
import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

NAME, RELEASE, PORT = sys.argv[1:]
_MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_KEPT = ("Host", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "Authorization")


class App(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.headers.get("Upgrade", "").lower() == "websocket":
            self.echo()
            return
        told = {"service": NAME, "release": RELEASE, "path": self.path}
        told.update({name: self.headers[name] for name in _KEPT if self.headers[name]})
        body = json.dumps({**told, "padding": "x" * 2000}).encode()
        self.send_response(200)
        self.send_header("X-Release", RELEASE)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def echo(self) -> None:
        """Answer each frame of a WebSocket with the release and what it said."""
        accept = base64.b64encode(hashlib.sha1(self.headers["Sec-WebSocket-Key"].encode() + _MAGIC).digest())  # noqa: S324 - RFC 6455
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", accept.decode())
        self.end_headers()
        self.close_connection = True
        while True:
            head = self.rfile.read(2)
            if len(head) < 2 or head[0] & 15 == 8:
                return
            mask, masked = self.rfile.read(4), self.rfile.read(head[1] & 127)
            said = bytes(byte ^ mask[at % 4] for at, byte in enumerate(masked))
            answer = f"{NAME} {RELEASE[:4]} ".encode() + said
            self.wfile.write(bytes((0x81, len(answer))) + answer)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


ThreadingHTTPServer(("0.0.0.0", int(PORT)), App).serve_forever()
